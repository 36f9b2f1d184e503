"""Expressions: operator precedence as a table, and the parser that climbs it.

Chains of operators and of postfixes are loops, so their length is free; only brackets, prefixes,
branches and lambdas nest, up to the limit 'expression-nesting'.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import NoReturn

from brainscript.diagnostic import BrainScriptError, Diagnostic, Note, Span
from brainscript.frontend import syntax
from brainscript.frontend.lexer import Kind, Token
from brainscript.frontend.syntax import Argument, Expression
from brainscript.limits import exceeded, limit
from brainscript.literals import number_of

PREFIX = 90
"""The level at which the operand of `-`, `+` and `!` is parsed."""

LEVELS: dict[str, int] = {
    sign: level
    for level, signs in (
        (10, "* / .* ** %"),
        (9, "+ - with"),
        (8, "== != < <= > >="),
        (7, "&&"),
        (6, "||"),
        (5, ">> <<"),
        (4, ":"),
        (0, "=>"),
    )
    for sign in signs.split()
}
"""Infix operators; the higher level binds tighter; all but `=>` group to the left."""

CLOSERS = {"(": ")", "[": "]", "{": "}", "[|": "|]"}
WORDS = {"and": "write '&&'", "or": "write '||'", "not": "write '!'", "elif": "write 'else if'"}
"""Operators of other languages, and what they are here."""
FRAMES_PER_NESTING = 28
"""Python calls that one level of nesting can take, the whole precedence table included."""


def duplicate(what: str, name: str, span: Span, first: Span) -> BrainScriptError:
    """The error for a name that is given twice in one list or record."""
    title = f"{what} '{name}' is given twice"
    note = Note("the first one is here", first)
    code = "BS0124" if what == "member" else "BS0125"
    return BrainScriptError(Diagnostic(code, title, span, "again here", (note,)))


class TokenReader:
    """The position in a list of tokens, and the errors for what was expected there."""

    def __init__(self, tokens: list[Token]):
        self._tokens = tokens
        self._at = 0
        self._depth = 0

    @property
    def token(self) -> Token:
        """The token that comes next."""
        return self._tokens[self._at]

    def next(self) -> Token:
        """Take the next token; the last one, of kind 'end', stays."""
        token = self._tokens[self._at]
        if token.kind != "end":
            self._at += 1
        return token

    def sees(self, *texts: str) -> bool:
        """Whether one of these signs or keywords comes next."""
        token = self._tokens[self._at]
        return token.text in texts and token.kind in ("sign", "keyword")

    def sees_kind(self, kind: Kind, ahead: int = 0) -> bool:
        """Whether a token of this kind comes next, or `ahead` tokens after that."""
        at = min(self._at + ahead, len(self._tokens) - 1)
        return self._tokens[at].kind == kind

    def names_argument(self) -> bool:
        """Whether `name =` comes next."""
        if not self.sees_kind("name") or not self.sees_kind("sign", 1):
            return False
        return self._tokens[self._at + 1].text == "="

    def accept(self, text: str) -> bool:
        """Take the sign or keyword `text` if it comes next."""
        if self.sees(text):
            self._at += 1
            return True
        return False

    def expect(self, text: str, opener: Token | None = None, help: str = "") -> Token:
        """Take the sign or keyword `text`; `opener` is the bracket that it closes."""
        if not self.sees(text):
            title = f"'{text}' expected, found {self.token}"
            self.fail("BS0120", title, opener=opener, help=help)
        return self.next()

    def name(self, what: str) -> Token:
        """Take an identifier; `what` says what it names."""
        if not self.sees_kind("name"):
            remedy = ""
            if self.sees_kind("keyword"):
                remedy = f"'{self.token.text}' is a keyword; choose another name"
            self.fail("BS0122", f"{what} expected, found {self.token}", help=remedy)
        return self.next()

    def fail(
        self, code: str, title: str, label: str = "", opener: Token | None = None, help: str = ""
    ) -> NoReturn:
        """Raise a diagnostic at the next token."""
        notes: tuple[Note, ...] = ()
        if opener is not None:
            text = f"it belongs to this '{opener.text}'"
            if opener.text in CLOSERS:
                text = "opened here"
            elif opener.kind == "name":
                text = f"'{opener.text}' is read as the name of a member"
            notes = (Note(text, opener.span),)
        help = help or WORDS.get(self.token.text, "")
        raise BrainScriptError(Diagnostic(code, title, self.token.span, label, notes, help))

    def enter(self, token: Token) -> None:
        """Go one level of nesting down; `leave` comes back."""
        self._depth += 1
        most = limit("expression-nesting")
        if self._depth > most:
            title = f"expressions are nested more than {most} deep"
            raise exceeded("expression-nesting", "BS0127", title, token.span)

    def leave(self) -> None:
        """Come back from one level of nesting."""
        self._depth -= 1


class ExpressionParser(TokenReader, ABC):
    """Everything below a member: operators, operands, postfixes, argument lists."""

    @abstractmethod
    def record(self, opener: Token) -> Expression:
        """The record whose opening bracket was taken."""

    def expression(self, level: int = 0) -> Expression:
        """An expression of operators that bind at least as tight as `level`."""
        left = self._operand()
        while True:
            token = self.token
            if token.kind not in ("sign", "keyword"):
                return left
            if token.text in _POSTFIXES:
                left = self._postfix(left)
            elif LEVELS.get(token.text, -1) >= level:
                left = self._infix(left, self.next())
            else:
                return left

    def _infix(self, left: Expression, sign: Token) -> Expression:
        span, text = sign.span, sign.text
        if text == "=>":
            return self._lambda(left, sign)
        if text == ":":
            return self._colon(left, span)
        return syntax.Binary(span, text, left, self.expression(LEVELS[text] + 1))

    def _colon(self, left: Expression, span: Span) -> Expression:
        """`left : b : c`; a left side that is itself such a chain or an array literal grows."""
        grows = isinstance(left, syntax.Colon | syntax.ArrayLiteral)
        items: list[Expression] = list(left.items) if grows else [left]
        items.append(self.expression(LEVELS[":"] + 1))
        while self.accept(":"):
            items.append(self.expression(LEVELS[":"] + 1))
        if isinstance(left, syntax.ArrayLiteral):
            return syntax.ArrayLiteral(left.span, tuple(items))
        return syntax.Colon(span, tuple(items))

    def _lambda(self, left: Expression, arrow: Token) -> Expression:
        if not isinstance(left, syntax.Name):
            title = "the left side of '=>' must be one parameter name"
            remedy = "for several parameters define a function: f (a, b) = ..."
            raise BrainScriptError(Diagnostic("BS0126", title, arrow.span, help=remedy))
        self.enter(arrow)
        body = self.expression()
        self.leave()
        parameter = syntax.Parameter(left.span, left.name, None)
        return syntax.Lambda(arrow.span, (parameter,), body)

    def _postfix(self, left: Expression) -> Expression:
        token = self.next()
        if token.text == ".":
            name = self.name("a field name")
            return syntax.Field(name.span, left, name.text)
        self.enter(token)
        if token.text == "[":
            index = self.expression()
            self.expect("]", token)
            result = syntax.Index(token.span, left, index)
        else:
            result = syntax.Call(token.span, left, self._arguments(token))
        self.leave()
        return result

    def _arguments(self, opener: Token) -> tuple[Argument, ...]:
        closer = CLOSERS[opener.text]
        found: list[Argument] = []
        names: dict[str, Span] = {}
        if not self.accept(closer):
            while True:
                found.append(self._argument(names))
                if not self.accept(","):
                    break
            more = self.sees_kind("name") or self.sees_kind("number") or self.sees_kind("string")
            self.expect(closer, opener, "arguments are separated by ','" if more else "")
        return tuple(found)

    def _argument(self, names: dict[str, Span]) -> Argument:
        start = self.token.span
        if not self.names_argument():
            return Argument(start, None, self.expression())
        name = self.next().text
        self.next()
        if name in names:
            raise duplicate("argument", name, start, names[name])
        names[name] = start
        return Argument(start, name, self.expression())

    def _operand(self) -> Expression:
        token = self.next()
        text = token.text
        match token.kind:
            case "number":
                return syntax.Number(token.span, number_of(text))
            case "string":
                return syntax.String(token.span, text[1:-1])
            case "name":
                return syntax.Name(token.span, text)
            case "keyword" if text in ("true", "false"):
                return syntax.Bool(token.span, text == "true")
            case "sign" | "keyword" if text in _NESTING:
                self.enter(token)
                result = self._nested(token)
                self.leave()
                return result
            case _:
                return self._no_operand(token)

    def _no_operand(self, token: Token) -> NoReturn:
        if token.kind != "end":
            self._at -= 1
        remedy = "a keyword is no name" if token.kind == "keyword" else ""
        before = self._tokens[self._at - 1] if self._at else None
        if before and before.text == ";" and token.text == "|]":
            remedy = "the last item of an array literal has no ';' behind it"
        elif before and before.text == "(" and token.text == ")":
            remedy = "an array of no elements is [| |]"
        self.fail("BS0121", f"an operand is expected, found {token}", help=remedy)

    def _nested(self, token: Token) -> Expression:
        match token.text:
            case "(":
                return self._parentheses(token)
            case "{" | "[":
                return self.record(token)
            case "[|":
                return self._array(token)
            case "if":
                return self._if(token)
            case "new":
                kind = self.name("the name of a class")
                return syntax.New(token.span, kind.text, self._operand())
            case "array":
                return self._generate(token)
            case sign:
                return syntax.Unary(token.span, sign, self.expression(PREFIX))

    def _parentheses(self, opener: Token) -> Expression:
        inner = self.expression()
        if self.sees(","):
            remedy = "a list is written (a : b), a function of several parameters f (a, b) = ..."
            self.fail("BS0120", f"')' expected, found {self.token}", opener=opener, help=remedy)
        self.expect(")", opener)
        return inner

    def _if(self, token: Token) -> Expression:
        condition = self.expression()
        self.expect("then", token)
        then = self.expression()
        self.expect("else", token, "an 'if' always has an 'else': both give a value")
        return syntax.If(token.span, condition, then, self.expression())

    def _array(self, opener: Token) -> Expression:
        items: list[Expression] = []
        if not self.accept("|]"):
            items.append(self.expression())
            while self.accept(";"):
                items.append(self.expression())
            self.expect("|]", opener)
        return syntax.ArrayLiteral(opener.span, tuple(items))

    def _generate(self, token: Token) -> Expression:
        opener = self.expect("[", help=GENERATOR)
        low = self.expression()
        self.expect("..", opener, GENERATOR)
        high = self.expression()
        self.expect("]", opener)
        opener = self.expect("(")
        function = self.expression()
        self.expect(")", opener)
        return syntax.Generate(token.span, low, high, function)


GENERATOR = "array [0..9] (i => VALUE) is made by a function; a list is written (a : b)"
_POSTFIXES = frozenset((".", "[", "(", "{"))
_NESTING = frozenset(("(", "{", "[", "[|", "if", "new", "array", "-", "+", "!"))
