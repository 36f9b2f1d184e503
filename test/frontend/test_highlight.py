"""The grammar for editors, and the lexer of Pygments: what they call the words of a program."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, cast

import pytest
from pygments.token import Token

from brainscript.frontend.highlight.pygments_lexer import BrainScriptLexer
from brainscript.frontend.highlight.textmate import grammar

FILE = Path(__file__).resolve().parents[2] / "editors" / "brainscript.tmLanguage.json"
PROGRAM = """z = DenseLayer {10, activation=ReLU} (x) # a layer
f (x) = if x > 0x1F then 2.5 else $k$ // '
outputNodes = ("a#b" : z.W)
"""


def test_the_file_is_a_grammar_of_the_same_rules() -> None:
    stored = json.loads(FILE.read_text())
    made = cast("list[dict[str, Any]]", grammar()["patterns"])
    assert [rule.get("name") for rule in stored["patterns"]] == [r.get("name") for r in made]


@pytest.mark.parametrize(
    ("word", "scope"),
    [
        ("if", "keyword.control"),
        ("true", "constant.language"),
        ("outputNodes", "variable.language"),
        ("DenseLayer", "support.class"),
        ("Sigmoid", "support.function"),
        ("0x1F", "constant.numeric"),
        ("h1 (x, k=2) =", ""),
        ("# text", "comment.line"),
        ("=>", "keyword.operator"),
    ],
)
def test_the_first_pattern_that_matches(word: str, scope: str) -> None:
    patterns = cast("list[dict[str, Any]]", grammar()["patterns"])
    hit = next(p for p in patterns if re.match(str(p.get("match") or p.get("begin")), word))
    assert hit.get("name", "") == (f"{scope}.brainscript" if scope else "")


def test_tokens_of_pygments() -> None:
    found = [
        (str(kind).removeprefix("Token."), word)
        for kind, word in BrainScriptLexer().get_tokens(PROGRAM)
    ]
    for expected in [
        ("Name.Class", "DenseLayer"),
        ("Name.Builtin", "ReLU"),
        ("Comment.Single", "# a layer"),
        ("Keyword", "then"),
        ("Literal.Number", "0x1F"),
        ("Name.Variable", "$k$"),
        ("Comment.Single", "// '"),
        ("Literal.String", '"a#b"'),
        ("Name.Builtin.Pseudo", "outputNodes"),
    ]:
        assert expected in found
    assert all(kind is not Token.Error for kind, _ in BrainScriptLexer().get_tokens(PROGRAM))
    assert "".join(word for _, word in found).strip() == PROGRAM.strip()
