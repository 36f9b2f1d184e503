"""Short forms of trees and of diagnostics for the tests of the front end."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from brainscript.diagnostic import BrainScriptError, Diagnostic
from brainscript.frontend import syntax
from brainscript.frontend.config import load_config
from brainscript.frontend.parser import parse_expression
from brainscript.frontend.source import Sources, SourceText
from brainscript.settings import Settings


def short(tree: syntax.Expression) -> str:
    """The tree in prefix form: `1+2*x` is `(+ 1 (* 2 x))`."""
    match tree:
        case syntax.Number(_, value):
            return repr(value).removesuffix(".0")
        case syntax.String(_, value):
            return f"'{value}'"
        case syntax.Bool(_, value):
            return str(value).lower()
        case syntax.Name(_, name):
            return name
        case syntax.Field(_, record, name):
            return f"(. {short(record)} {name})"
        case syntax.New(_, kind, operand):
            return f"(new {kind} {short(operand)})"
        case syntax.Record(_, members):
            return "{" + " ".join(f"{m.name}={short(m.value)}" for m in members) + "}"
        case _:
            return short_operator(tree)


def short_operator(tree: syntax.Expression) -> str:
    match tree:
        case syntax.Unary(_, sign, operand):
            parts = [sign, short(operand)]
        case syntax.Binary(_, sign, left, right):
            parts = [sign, short(left), short(right)]
        case syntax.Colon(_, items):
            parts = [":", *map(short, items)]
        case syntax.ArrayLiteral(_, items):
            parts = ["[|]", *map(short, items)]
        case syntax.Generate(_, low, high, function):
            parts = ["array", short(low), short(high), short(function)]
        case syntax.If(_, condition, then, otherwise):
            parts = ["if", short(condition), short(then), short(otherwise)]
        case syntax.Index(_, array, index):
            parts = ["at", short(array), short(index)]
        case syntax.Call(_, function, arguments):
            parts = [short(function), *(named(a.name, a.value) for a in arguments)]
        case syntax.Lambda(_, parameters, body):
            names = (named(p.default and p.name, p.default or p) for p in parameters)
            parts = ["=>", f"[{' '.join(names)}]", short(body)]
        case _:
            raise AssertionError(tree)
    return f"({' '.join(parts)})"


def named(name: object, value: syntax.Expression | syntax.Parameter) -> str:
    if isinstance(value, syntax.Parameter):
        return value.name
    return f"{name}={short(value)}" if name else short(value)


def first_diagnostic(action: Callable[[], object]) -> Diagnostic:
    with pytest.raises(BrainScriptError) as caught:
        action()
    return caught.value.diagnostics[0]


@pytest.fixture
def shape() -> Callable[[str], str]:
    """Text of an expression -> its tree in prefix form."""
    return lambda text: short(parse_expression(SourceText("t.bs", text)))


@pytest.fixture
def refusal() -> Callable[[str], str]:
    """Text of an expression that is refused -> 'code line:column title'."""

    def refuse(text: str) -> str:
        source = SourceText("t.bs", text)
        found = first_diagnostic(lambda: parse_expression(source))
        assert found.span is not None
        return f"{found.code} {found.span.line}:{found.span.column} {found.title}"

    return refuse


@pytest.fixture
def failing() -> Callable[[Callable[[], object]], Diagnostic]:
    """An action that raises -> its first diagnostic."""
    return first_diagnostic


@pytest.fixture
def load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Settings]:
    """Text of a config file and further arguments -> the settings, read in an empty folder."""
    monkeypatch.chdir(tmp_path)

    def settings(text: str, *arguments: str, sources: Sources | None = None) -> Settings:
        (tmp_path / "f.cntk").write_text(text)
        return load_config(["configFile=f.cntk", *arguments], sources or Sources())

    return settings
