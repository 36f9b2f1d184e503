"""Depth and size: deep nesting meets a limit, long chains are no nesting at all."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from brainscript.diagnostic import LimitError
from brainscript.frontend import syntax
from brainscript.frontend.parser import parse_expression
from brainscript.frontend.print_tree import tree_text
from brainscript.frontend.source import SourceText
from brainscript.settings import Settings

MANY = 100_000


def parse(text: str) -> syntax.Expression:
    return parse_expression(SourceText("t", text))


@pytest.mark.parametrize(
    "opener", ["(", "{a=", "[a=", "[|", "-", "!", "f(", "a[", "if ", "new A ", "x=>", "f(a=", "1+("]
)
def test_deep_nesting_meets_the_limit_quickly(opener: str) -> None:
    start = time.process_time()
    with pytest.raises(LimitError) as caught:
        parse(opener * MANY)
    assert caught.value.diagnostics[0].code == "BS0127"
    assert time.process_time() - start < 2


def test_a_sum_of_many_terms_parses() -> None:
    assert parse("a" + "+a" * MANY)


@pytest.mark.parametrize(
    ("start", "more"), [("a", ":a"), ("a", ".b"), ("f", "(1)"), ("a", "[0]"), ("f(a", ",a")]
)
def test_long_chains_parse(start: str, more: str) -> None:
    assert parse(start + more * 10_000 + ")" * start.count("("))


@pytest.mark.parametrize(
    "level", ["(@)", "{a=@}", "[|@|]", "f(@)", "1||1&&2==3+4*(@)", "if c then 1 else (@)"]
)
def test_every_construct_nests_400_deep(level: str) -> None:
    head, tail = level.split("@")
    assert parse(head * 400 + "1" + tail * 400)


def test_a_deep_tree_prints_or_meets_the_limit() -> None:
    assert tree_text(parse("a" + "+a" * 2000)).count("\n") == 6001
    with pytest.raises(LimitError):
        tree_text(parse("a" + "+a" * MANY))


@pytest.mark.parametrize("opener", ["[", "(", "{"])
def test_deep_brackets_in_a_config(load: Callable[..., Settings], opener: str) -> None:
    with pytest.raises(LimitError) as caught:
        load("a = " + opener * MANY)
    assert caught.value.diagnostics[0].code == "BS0220"
