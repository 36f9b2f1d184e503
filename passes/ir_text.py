"""From a module to its text, and back to a verified module."""

from __future__ import annotations

import re
from bisect import bisect_left
from io import StringIO

from xdsl.context import Context
from xdsl.dialects.builtin import FileLineColLoc, IntAttr, ModuleOp, StringAttr, UnknownLoc
from xdsl.ir import Attribute, BlockArgument, Operation
from xdsl.parser import Parser, ParserState
from xdsl.printer import Printer
from xdsl.utils.exceptions import ParseError, VerifyException
from xdsl.utils.lexer import Input, Position
from xdsl.utils.mlir_lexer import MLIRLexer, MLIRToken, MLIRTokenKind

from brainscript.diagnostic import BrainScriptError, Diagnostic, Span, did_you_mean
from brainscript.dialects.net.base import short_number
from brainscript.dialects.net.places import span_of

_SAFE = re.compile(r"[ !#-\[\]-~]*")
"""Characters that stand for themselves in a literal."""
_COMMENT = re.compile(r"//[^\n]*")
_UNREGISTERED = re.compile(r"Operation ([\w.]+) is not registered")
_SOMEWHERE = re.compile(r" loc\((?:\"|callsite).*\)$", re.MULTILINE)
_NOWHERE = re.compile(r" loc\(unknown\)$", re.MULTILINE)


class _Printer(Printer):
    """xDSL's printer; most texts go out in one piece, and numbers of default type are short."""

    def print_attribute(self, attribute: Attribute) -> None:
        """Print an attribute; `1` is one of i64, `1.0` of f64, as they are read."""
        if short := short_number(attribute):
            self.print_string(short)
        else:
            super().print_attribute(attribute)

    def print_string_literal(self, string: str) -> None:
        """Print a text between quotes."""
        if _SAFE.fullmatch(string):
            self.print_string(f'"{string}"')
        else:
            super().print_string_literal(string)

    def print_block_argument(self, arg: BlockArgument, print_type: bool = True) -> None:
        """Print `%arg: type`; arguments have no locations."""
        shown, self.print_debuginfo = self.print_debuginfo, False
        super().print_block_argument(arg, print_type)
        self.print_debuginfo = shown


class _Lexer(MLIRLexer):
    """xDSL's lexer; a literal of escaped UTF-8 is a text, as it was when it was printed."""

    def _lex_string_literal(self, start_pos: Position) -> MLIRToken:
        token = super()._lex_string_literal(start_pos)
        return MLIRToken(MLIRTokenKind.STRING_LIT, token.span)


class _Parser(Parser):
    """xDSL's parser with our lexer; an operation without location stands where it was read."""

    def __init__(self, context: Context, text: str, name: str, places: bool):
        super().__init__(context, "", name)
        self._parser_state = ParserState(_Lexer(Input(text, name)))
        self._name = StringAttr(name)
        self._ends = [at.start() for at in re.finditer("\n", text)] if places else None

    def parse_operation(self) -> Operation:
        """One operation with all inside it."""
        start = self._current_token.span.start
        op = super().parse_operation()
        if self._ends is not None and isinstance(op.location, UnknownLoc):
            before = bisect_left(self._ends, start)
            column = start - (self._ends[before - 1] if before else -1)
            op.location = FileLineColLoc(self._name, IntAttr(before + 1), IntAttr(column))
        return op


def ir_text(module: ModuleOp, places: bool = False) -> str:
    """The module as text, one line break at the end; with `places` also the known locations."""
    stream = StringIO()
    _Printer(stream, print_debuginfo=places).print_op(module)
    text = stream.getvalue() + "\n"
    return _NOWHERE.sub("", text) if places else text


def parse_ir(
    context: Context, text: str, name: str, verify: bool = True, places: bool = False
) -> ModuleOp:
    """The module that IR text describes, verified; raises BrainScriptError with the place.

    With `places` operations stand where they stand in the text, if it gives no locations.
    """
    parser: Parser | None = None
    try:
        parser = _Parser(context, text, name, places and not _SOMEWHERE.search(text))
        module = parser.parse_module()
    except ParseError as error:
        if not _COMMENT.sub("", text).strip():
            raise _unparsable(Span(name, 1, 1), "the text is empty") from None
        if unknown := _UNREGISTERED.fullmatch(error.msg):
            at = max(0, text.rfind(unknown[1], 0, error.span.start))
            span = _place(text, name, at, at + len(unknown[1]))
            near = did_you_mean(unknown[1], [op.name for op in context.loaded_ops])
            raise _unparsable(span, "there is no such operation", near) from None
        raise _unparsable(_place(text, name, error.span.start, error.span.end), error.msg) from None
    except (VerifyException, ValueError) as error:  # xDSL: parameters, names of blocks
        at = 0 if parser is None else parser.pos
        raise _unparsable(_place(text, name, at, at), str(error)) from None
    if verify:
        try:
            module.verify()
        except VerifyException as error:
            reason = _reason(error)
            title, span = f"the IR does not verify: {reason}", _culprit(module, reason)
            raise BrainScriptError(Diagnostic("BS0903", title, span)) from None
    return module


def _reason(error: VerifyException) -> str:
    return str(error).strip().splitlines()[-1]


def _culprit(module: ModuleOp, reason: str) -> Span | None:
    """Where the first operation stands that does not verify for this reason."""
    for op in module.walk():
        try:
            op.verify(verify_nested_ops=False)
        except VerifyException as error:
            if _reason(error) == reason:
                return span_of(op.location)
    return None


def _unparsable(span: Span, reason: str, help: str = "") -> BrainScriptError:
    return BrainScriptError(Diagnostic("BS0903", "cannot parse this IR", span, reason, help=help))


def _place(text: str, name: str, start: int, end: int) -> Span:
    line = text.count("\n", 0, start) + 1
    column = start - (text.rfind("\n", 0, start) + 1) + 1
    return Span(name, line, column, max(1, end - start))
