"""The table of expressions in `docs/language/differences.md`: each gives what is shown."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from brainscript.diagnostic import BrainScriptError
from brainscript.dialects.registry import make_context
from brainscript.frontend.build import build_value
from brainscript.frontend.parser import parse_expression
from brainscript.frontend.source import SourceText
from brainscript.passes.evaluate.plain import value_of
from brainscript.passes.registry import load_pass

PAGE = Path(__file__).resolve().parents[2] / "docs" / "language" / "differences.md"
ROW = re.compile(r"^\| `(.+?)` \| .+? \| (`.+?`|BS\d{4}) \| .+ \|$", re.MULTILINE)
TABLE = PAGE.read_text().partition("| expression |")[2].partition("\n\n")[0]
ROWS = [(text.replace(r"\|", "|"), here) for text, here in ROW.findall(TABLE)]


def outcome(text: str) -> object:
    """The value of an expression, or the code of its diagnostic."""
    try:
        module = build_value(parse_expression(SourceText("t.bs", text)))
        load_pass("bs-evaluate")().apply(make_context(), module)
    except BrainScriptError as error:
        return error.diagnostics[0].code
    return value_of(module)


def expected(here: str) -> object:
    """What the page shows, BrainScript's booleans in lower case."""
    if here.startswith("BS"):
        return here
    text = here.strip("`")
    return (
        {"true": True, "false": False}[text]
        if text in ("true", "false")
        else ast.literal_eval(text)
    )


@pytest.mark.parametrize(("text", "here"), ROWS, ids=[text for text, _ in ROWS])
def test_row(text: str, here: str) -> None:
    assert outcome(text) == expected(here)


def test_the_table_was_found() -> None:
    assert len(ROWS) == TABLE.count("\n") - 1 == 13
