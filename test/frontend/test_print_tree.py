"""The printed form of the syntax tree: one node a line, '|' stands for the line's start."""

from __future__ import annotations

import pytest

from brainscript.frontend.parser import parse_members
from brainscript.frontend.print_tree import tree_text
from brainscript.frontend.source import SourceText

CALL = """
| []
| a =
|  (
|   f
|   ()
|    x
|
|    k =
|     'v'
|
|
| b =
|  1.5
|
"""
ARRAY_OF_FUNCTIONS = """
| []
| v =
|  array .
|   0
|   3
|   =>
|    ()
|     i
|
|    =>
|     ()
|      x
|
|      s =
|       1
|
|     -(
|      i
|
|
|
|
|
"""
RECORDS_AND_ARRAYS = """
| []
| p =
|  new A
|   []
|    q =
|     :
|      [
|       . s
|        r
|
|       2
|
|      [|
|       true
|
|      []
|
|
|
|
"""
BRANCHES = """
| []
| c =
|  if
|   !(
|    a
|
|   (
|    f
|    ()
|
|   'x\\ny'
|
|
"""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("b = 1.5 a = f (x, k='v')", CALL),
        ("v[i:0..3](x, s=1) = -i", ARRAY_OF_FUNCTIONS),
        ("p = new A [ q = r.s[2] : [|true|] : {} ]", RECORDS_AND_ARRAYS),
        ("c = if !a then f () else 'x\ny'", BRANCHES),
    ],
)
def test_trees(text: str, expected: str) -> None:
    lines = [line.removeprefix("|") for line in expected.strip().splitlines()]
    wanted = [line.removesuffix(".") if "array" in line else line for line in lines]
    assert tree_text(parse_members(SourceText("t", text))).split("\n")[:-1] == wanted


def test_members_are_sorted_by_code_point() -> None:
    text = tree_text(parse_members(SourceText("t", "b=1 a=1 _=1 B=1 a1=1")))
    assert [line.split()[0] for line in text.splitlines() if "=" in line] == [
        "B",
        "_",
        "a",
        "a1",
        "b",
    ]
