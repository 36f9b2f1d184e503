"""From a module to its text, and back to a verified module."""

from __future__ import annotations

import re
from io import StringIO

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.parser import Parser, ParserState
from xdsl.printer import Printer
from xdsl.utils.exceptions import ParseError, VerifyException
from xdsl.utils.lexer import Input, Position
from xdsl.utils.mlir_lexer import MLIRLexer, MLIRToken, MLIRTokenKind

from brainscript.diagnostic import BrainScriptError, Diagnostic, Span

_SAFE = re.compile(r"[ !#-\[\]-~]*")
"""Characters that stand for themselves in a literal."""


class _Printer(Printer):
    """xDSL's printer; most texts go out in one piece."""

    def print_string_literal(self, string: str) -> None:
        """Print a text between quotes."""
        if _SAFE.fullmatch(string):
            self.print_string(f'"{string}"')
        else:
            super().print_string_literal(string)


class _Lexer(MLIRLexer):
    """xDSL's lexer; a literal of escaped UTF-8 is a text, as it was when it was printed."""

    def _lex_string_literal(self, start_pos: Position) -> MLIRToken:
        token = super()._lex_string_literal(start_pos)
        return MLIRToken(MLIRTokenKind.STRING_LIT, token.span)


class _Parser(Parser):
    """xDSL's parser with our lexer."""

    def __init__(self, context: Context, text: str, name: str):
        super().__init__(context, "", name)
        self._parser_state = ParserState(_Lexer(Input(text, name)))


def ir_text(module: ModuleOp) -> str:
    """The module as text, one line break at the end."""
    stream = StringIO()
    _Printer(stream).print_op(module)
    return stream.getvalue() + "\n"


def parse_ir(context: Context, text: str, name: str, verify: bool = True) -> ModuleOp:
    """The module that IR text describes, verified; raises BrainScriptError with the place."""
    parser: Parser | None = None
    try:
        parser = _Parser(context, text, name)
        module = parser.parse_module()
    except ParseError as error:
        raise _unparsable(_place(text, name, error.span.start, error.span.end), error.msg) from None
    except (VerifyException, ValueError) as error:  # xDSL: parameters, names of blocks
        at = 0 if parser is None else parser.pos
        raise _unparsable(_place(text, name, at, at), str(error)) from None
    if verify:
        try:
            module.verify()
        except VerifyException as error:
            reason = str(error).strip().splitlines()[-1]
            raise BrainScriptError(
                Diagnostic("BS0903", f"the IR does not verify: {reason}")
            ) from None
    return module


def _unparsable(span: Span, reason: str) -> BrainScriptError:
    return BrainScriptError(Diagnostic("BS0903", "cannot parse this IR", span, reason))


def _place(text: str, name: str, start: int, end: int) -> Span:
    line = text.count("\n", 0, start) + 1
    column = start - (text.rfind("\n", 0, start) + 1) + 1
    return Span(name, line, column, max(1, end - start))
