"""Tokens: numbers, strings, comments, signs, and what starts no token."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest

from brainscript.frontend import syntax
from brainscript.frontend.lexer import tokenize
from brainscript.frontend.parser import parse_expression
from brainscript.frontend.source import Sources, SourceText


def texts(text: str) -> list[str]:
    return [token.text for token in tokenize(SourceText("t.bs", text), Sources())][:-1]


def number(text: str) -> float:
    tree = parse_expression(SourceText("t.bs", text))
    assert isinstance(tree, syntax.Number)
    return tree.value


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0..3", ["0", "..", "3"]),
        ("1.5..3", ["1.5", "..", "3"]),
        ("2.*x", ["2.", "*", "x"]),
        ("2 .* 3", ["2", ".*", "3"]),
        (".5+1.", [".5", "+", "1."]),
        ("1.5.2", ["1.5", ".2"]),
        ("1e5e", ["1e5", "e"]),
        ("1e", ["1", "e"]),
        ("0x", ["0", "x"]),
        ("a.5", ["a", ".5"]),
        ("with1 array1 _", ["with1", "array1", "_"]),
        ("[||]", ["[|", "|]"]),
        ("a**b.*c", ["a", "**", "b", ".*", "c"]),
        ("<=>", ["<=", ">"]),
        ("a=>b>=c==d!=e", ["a", "=>", "b", ">=", "c", "==", "d", "!=", "e"]),
        ("a # b\nc // d\ne /* f\n g */ h", ["a", "c", "e", "h"]),
        ("/* c **/ 1", ["1"]),
        ("/**/ 1", ["1"]),
        ("'it\"s' \"it's\"", ["'it\"s'", '"it\'s"']),
    ],
)
def test_tokens(text: str, expected: list[str]) -> None:
    assert texts(text) == expected


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0x10", 16.0),
        ("0x1.8p3", 12.0),
        ("1e-3", 0.001),
        (".5", 0.5),
        ("1.", 1.0),
        ("1e999", math.inf),
        ("0x1p99999", math.inf),
        ("9" * 5000, math.inf),
        ("0." + "1" * 5000, 1 / 9),
    ],
)
def test_numbers_are_doubles_as_strtod_reads_them(text: str, value: float) -> None:
    assert number(text) == value


def test_a_string_may_hold_a_line_end() -> None:
    tree = parse_expression(SourceText("t.bs", "'a\r\nb'"))
    assert isinstance(tree, syntax.String)
    assert tree.value == "a\nb"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('"abc', "BS0111 1:1 this string has no closing quote"),
        ("1 +\n /* c", "BS0112 2:2 this comment has no closing '*/'"),
        ("a^b", "BS0110 1:2 unexpected character '^'"),
        ("a & b", "BS0110 1:3 unexpected character '&'"),
        ("a | b", "BS0110 1:3 unexpected character '|'"),
        ("$a$", "BS0110 1:1 unexpected character '$'"),
        ("\u201ca\u201d", "BS0110 1:1 unexpected character '\u201c'"),
        ("a\u00a0b", "BS0110 1:2 unexpected character U+00A0"),
        ("\u00e4", "BS0110 1:1 unexpected character '\u00e4'"),
        ('"a" "+" "b"', "BS0123 1:5 '\"+\"' does not continue the expression before it"),
        ("{ include a }", "BS0113 1:11 'include' must be followed by a file name in quotes"),
        ("{ include", "BS0113 1:3 'include' must be followed by a file name in quotes"),
    ],
)
def test_text_that_is_no_token(refusal: Callable[[str], str], text: str, expected: str) -> None:
    assert refusal(text) == expected
