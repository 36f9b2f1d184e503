"""Real configs that CNTK ran: all parse, and every name of their networks has its true place."""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from brainscript.builders import BRAINSCRIPT, find_builder
from brainscript.diagnostic import BrainScriptError
from brainscript.frontend import syntax
from brainscript.frontend.config import load_config
from brainscript.frontend.network_section import network_expression
from brainscript.frontend.source import Sources
from brainscript.runtime.actions.run import command_sections

RECORDED = Path(__file__).resolve().parents[2] / "../shared/golden"
REFUSED = {
    "refused-config-unknown-command": "BS0712",
    "refused-config-unknown-variable": "BS0208",
    "refused-duplicate-member": "BS0124",
    "refused-include-missing": "BS0101",
    "refused-missing-block": "BS0712",
    "refused-newline-in-variable": "BS0218",
}

pytestmark = pytest.mark.skipif(not RECORDED.exists(), reason="the recorded runs are not here")


def networks(arguments: list[str], sources: Sources) -> Iterator[syntax.Expression]:
    for section in command_sections(load_config(arguments, sources)):
        for key in section.own_keys():
            section.raw(key)
        if find_builder(section) in BRAINSCRIPT:
            yield network_expression(section, sources)


def signs_of(tree: syntax.Expression) -> Iterator[tuple[syntax.Node, str]]:
    """The nodes that stand at a name or sign of the text, with that text."""
    waiting: list[object] = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, tuple):
            waiting += list(node)  # pyright: ignore[reportUnknownArgumentType]
        elif isinstance(node, syntax.Node | syntax.Member | syntax.Parameter | syntax.Argument):
            waiting += [getattr(node, field.name) for field in dataclasses.fields(node)]
            if isinstance(node, syntax.Name | syntax.Field):
                yield node, node.name
            elif isinstance(node, syntax.Binary | syntax.Unary):
                yield node, node.sign


@pytest.mark.parametrize("area", ["editing", "operations", "programs", "training"])
def test_recorded_configs_parse(area: str, monkeypatch: pytest.MonkeyPatch) -> None:
    refused: dict[str, str] = {}
    names = 0
    for folder in sorted((RECORDED / area).iterdir()):
        if not (folder / "expected.json").is_file():
            continue
        facts = json.loads((folder / "expected.json").read_text())
        for arguments in facts.get("runs") or [facts["args"]]:
            monkeypatch.chdir(folder)
            sources = Sources()
            try:
                for tree in networks(arguments, sources):
                    names += check_places(tree, sources)
            except BrainScriptError as error:
                refused[folder.name] = error.diagnostics[0].code
            assert not [w for w in sources.warnings if w.code not in ("BS0361", "BS0362")]
            os.chdir(folder)
    assert refused.items() <= REFUSED.items()
    assert names > 100


def check_places(tree: syntax.Expression, sources: Sources) -> int:
    count = 0
    for node, text in signs_of(tree):
        span = node.span
        line = sources.line_of(span.file, span.line)
        found = line[span.column - 1 : span.column - 1 + span.length]
        assert found == text or found.startswith("$"), (str(span), text)
        count += 1
    return count
