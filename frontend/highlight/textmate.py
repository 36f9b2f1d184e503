"""The TextMate grammar: run as a module it prints `editors/brainscript.tmLanguage.json`."""

from __future__ import annotations

import json

from brainscript.frontend.highlight.words import (
    CONSTANTS,
    CONTROL,
    any_of,
    layer_words,
    library_words,
    list_words,
)
from brainscript.literals import DECIMAL, HEXADECIMAL

Rule = dict[str, object]


def grammar() -> Rule:
    """The grammar as data; the first pattern that matches at a place wins."""
    return {
        "$schema": "https://raw.githubusercontent.com/martinring/tmlanguage/master/tmlanguage.json",
        "name": "BrainScript",
        "scopeName": "source.brainscript",
        "fileTypes": ["bs", "cntk", "ndl", "mel"],
        "patterns": [*_comments(), *_strings(), *_words(), *_signs()],
    }


def text() -> str:
    """The grammar as the file has it."""
    return json.dumps(grammar(), indent=2) + "\n"


def _rule(scope: str, match: str) -> Rule:
    return {"name": f"{scope}.brainscript", "match": match}


def _comments() -> list[Rule]:
    block: Rule = {"name": "comment.block.brainscript", "begin": r"/\*", "end": r"\*/"}
    return [block, _rule("comment.line", r"(?://|(?<![^\s;{}\[\]()])#).*$")]


def _strings() -> list[Rule]:
    variable = _rule("variable.other.substitution", r"\$[A-Za-z_][A-Za-z0-9_.]*\$")
    strings: list[Rule] = [
        {
            "name": f"string.quoted.{kind}.brainscript",
            "begin": quote,
            "end": quote,
            "patterns": [variable],
        }
        for kind, quote in (("double", '"'), ("single", "'"))
    ]
    return [*strings, variable]


def _words() -> list[Rule]:
    member = r"\b([A-Za-z_]\w*)\s*(?=(?:\[[^\]=]*\]\s*)?(?:[({][^(){}]*[)}]\s*)?=(?![=>]))"
    return [
        _rule("keyword.control", any_of(CONTROL)),
        _rule("constant.language", any_of(CONSTANTS)),
        _rule("variable.language", any_of(list_words())),
        _rule("support.class", any_of(layer_words())),
        _rule("support.function", any_of(library_words())),
        {"match": member, "captures": {"1": {"name": "entity.name.function.brainscript"}}},
        _rule("constant.numeric", rf"(?<!\w)(?:{HEXADECIMAL}|{DECIMAL})"),
    ]


def _signs() -> list[Rule]:
    signs = r"=>|\[\||\|\]|\.\.|\*\*|\.\*|\|\||&&|<<|>>|[=!<>]=|[-+*/%!<>:=]|\bwith\b"
    return [_rule("keyword.operator", signs)]


if __name__ == "__main__":
    print(text(), end="")
