"""BrainScript text to its syntax tree: members, records and the two entry points."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from brainscript.diagnostic import Span
from brainscript.frontend import syntax
from brainscript.frontend.expressions import (
    CLOSERS,
    FRAMES_PER_NESTING,
    WORDS,
    ExpressionParser,
    duplicate,
)
from brainscript.frontend.lexer import Token, tokenize
from brainscript.frontend.source import Sources
from brainscript.frontend.syntax import Expression, Member, Parameter, Record
from brainscript.limits import limit, recursion
from brainscript.placed import Text

Tree = TypeVar("Tree")
BRACKETS = "'[ ]' is a record like '{ }'; an array is written (a : b) or [| a ; b |]"
INCOMPLETE = "a member is NAME = VALUE or NAME (A, B) = VALUE; is the member before it complete?"


class Parser(ExpressionParser):
    """The whole grammar on one list of tokens."""

    def record(self, opener: Token) -> Record:
        """`{ members }` or `[ members ]`, the opening bracket taken."""
        members = self.members(BRACKETS if opener.text == "[" else INCOMPLETE)
        if not self.sees(CLOSERS[opener.text]):
            self._no_member(f"'{CLOSERS[opener.text]}'", opener)
        self.next()
        return Record(opener.span, members)

    def members(self, remedy: str = INCOMPLETE) -> tuple[Member, ...]:
        """Members as long as names follow, each with at most one ';' behind it.

        The remedy is for a first member that is none.
        """
        found: dict[str, Member] = {}
        while self.sees_kind("name"):
            member = self._member(INCOMPLETE if found else remedy)
            if member.name in found:
                first = found[member.name].span
                raise duplicate("member", member.name, member.span, first)
            found[member.name] = member
            self.accept(";")
        return tuple(found.values())

    def source(self) -> Record:
        """A text that is the members of a record."""
        start = self.token.span
        members = self.members()
        if not self.sees_kind("end"):
            self._no_member("a member or the end of the text", None, first=not members)
        return Record(start, members)

    def only_expression(self) -> Expression:
        """A text that is one expression."""
        value = self.expression()
        if not self.sees_kind("end"):
            self.fail("BS0123", f"{self.token} does not continue the expression before it")
        return value

    def _no_member(self, what: str, opener: Token | None, first: bool = False) -> None:
        remedy = ""
        if self.sees(","):
            remedy = "members are separated by a line end or one ';', not by ','"
        elif self.sees(";"):
            remedy = "one ';' may follow a member; a second one is an error"
        elif self.sees("if"):
            remedy = "an 'if' gives a value: NAME = if CONDITION then A else B"
        elif self.sees_kind("keyword"):
            remedy = f"'{self.token.text}' is a keyword and cannot name a member"
        elif opener is not None and opener.text == "[":
            remedy = BRACKETS
        elif first and self.sees("{", "["):
            remedy = "the text is the members themselves, without brackets around them"
        elif opener is None and self.sees(*CLOSERS.values()):
            remedy = f"nothing is open that {self.token} could close"
        code = "BS0120" if opener else "BS0123"
        self.fail(code, f"{what} expected, found {self.token}", opener=opener, help=remedy)

    def _member(self, remedy: str) -> Member:
        name = self.next()
        index: tuple[Token, Expression, Expression] | None = None
        if self.sees("["):
            index = self._index_range()
        parameters: tuple[Parameter, ...] | None = None
        if self.sees("(", "{"):
            parameters = self._parameters()
        if parameters is not None and self.sees("("):
            remedy = "a function that gives a function is written NAME (A) = B => VALUE"
        lone = self.sees_kind("end") or self.token.span.line != name.span.line
        self.expect("=", name if lone else None, WORDS.get(name.text, remedy))
        value = self.expression()
        if parameters is not None:
            value = syntax.Lambda(name.span, parameters, value)
        if index is not None:
            variable, low, high = index
            each = (Parameter(variable.span, variable.text, None),)
            function = syntax.Lambda(variable.span, each, value)
            value = syntax.Generate(name.span, low, high, function)
        return Member(name.span, name.text, value)

    def _index_range(self) -> tuple[Token, Expression, Expression]:
        """`[i : lo .. hi]` of an array member."""
        opener = self.next()
        variable = self.name("an index name")
        self.expect(":")
        low = self.expression()
        self.expect("..")
        high = self.expression()
        nested = "an array has one index: write NAME[i:0..2] = array[0..3](j => VALUE)"
        self.expect("]", opener, nested if self.sees(",") else "")
        return variable, low, high

    def _parameters(self) -> tuple[Parameter, ...]:
        opener = self.next()
        closer = CLOSERS[opener.text]
        found: list[Parameter] = []
        seen: dict[str, Span] = {}
        if not self.accept(closer):
            while True:
                if not self.sees_kind("name"):
                    remedy = "NAME (A, B) = ... defines a function; an array is written (a : b)"
                    title = f"a parameter name expected, found {self.token}"
                    self.fail("BS0122", title, help=remedy)
                name = self.next()
                if name.text in seen:
                    raise duplicate("parameter", name.text, name.span, seen[name.text])
                seen[name.text] = name.span
                default = self.expression() if self.accept("=") else None
                found.append(Parameter(name.span, name.text, default))
                if not self.accept(","):
                    break
            self.expect(closer, opener)
        return tuple(found)


def parse_members(source: Text, sources: Sources | None = None) -> Record:
    """The tree of a text that is the members of a record: a `.bs` file, a library."""
    return _parse(source, sources, Parser.source)


def parse_expression(source: Text, sources: Sources | None = None) -> Expression:
    """The tree of a text that is one expression."""
    return _parse(source, sources, Parser.only_expression)


def _parse(source: Text, sources: Sources | None, rule: Callable[[Parser], Tree]) -> Tree:
    tokens = tokenize(source, sources or Sources())
    with recursion(limit("expression-nesting") * FRAMES_PER_NESTING):
        return rule(Parser(tokens))
