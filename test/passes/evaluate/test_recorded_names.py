"""Names, operations and inputs of nodes against dumps that CNTK 2.7 wrote of the same configs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from xdsl.dialects.builtin import ModuleOp

from brainscript.diagnostic import BrainScriptError
from brainscript.dialects.net.network import network_of, node_name_of
from brainscript.dialects.net.parameters import InputOp
from brainscript.dialects.registry import make_context
from brainscript.frontend.build import build_network
from brainscript.frontend.source import Sources
from brainscript.passes.registry import load_pass
from brainscript.tools.frontdoor import network_of_config
from brainscript.tools.loading import module_of_file

RECORDED = Path(__file__).resolve().parents[4] / "shared" / "golden"
LINE = re.compile(r"^([^\s=]+)=([A-Z]\w+) (?:\( (.*) \))?")
OPAQUE, OPAQUE_NAME = re.compile(r"unnamed\d+|AutoName\d+"), "anonymous"
Nodes = dict[str, tuple[str, tuple[str, ...]]]
PASSES = (
    "bs-evaluate",
    "bs-prune",
    "bs-instantiate-parameters",
    "bs-to-net",
    "net-clone-function",
    "net-edit",
)
UNSUPPORTED = {"BS0317", "BS0319", "BS0322", "BS0906", "BS0911"}
CASES = sorted(
    folder.parent.parent
    for folder in RECORDED.glob("*/*/expected/out")
    if (folder.parent.parent / "case.cntk").exists()
)


def recorded(file: Path) -> Nodes:
    text = OPAQUE.sub(OPAQUE_NAME, file.read_text(errors="replace"))
    found = (LINE.match(line) for line in text.splitlines())
    return {m[1]: (m[2], tuple(m[3].split(" , ")) if m[3] else ()) for m in found if m}


def ours(module: ModuleOp) -> Nodes:
    network = network_of(module)
    assert network is not None
    nodes: Nodes = {}
    for op in network.block.ops:
        if op.results:
            kind = getattr(op, "OPERATION", "") or "LearnableParameter"
            kind = f"Sparse{kind}" if isinstance(op, InputOp) and bool(op.sparse) else kind
            names = [OPAQUE.sub(OPAQUE_NAME, node_name_of(v)) for v in (*op.results, *op.operands)]
            nodes[names[0]] = (kind, tuple(names[1:]))
    return nodes


def compiled(case: Path) -> ModuleOp:
    expression, precision = network_of_config(str(case / "case.cntk"), [], None, Sources())
    module = build_network(expression, precision=precision)
    for name in PASSES:
        load_pass(name)().apply(make_context(module_of_file), module)
    return module


def ours_or_refused(case: Path) -> Nodes | None:
    """The nodes of our network; None when the config uses what is not supported."""
    try:
        return ours(compiled(case))
    except BrainScriptError as error:
        if error.diagnostics[0].code not in UNSUPPORTED:
            raise
        return None


@pytest.mark.skipif(not RECORDED.exists(), reason="the recorded runs are not beside the checkout")
@pytest.mark.parametrize("area", ["editing", "operations", "programs", "training"])
def test_names_are_those_of_cntk(area: str, monkeypatch: pytest.MonkeyPatch) -> None:
    compared = 0
    for case in (case for case in CASES if case.parent.name == area):
        dumps = [d for f in (case / "expected" / "out").glob("*.txt") if len(d := recorded(f)) > 1]
        if not dumps:
            continue
        monkeypatch.chdir(case)
        mine = ours_or_refused(case)
        if mine is None:
            continue
        compared += 1
        assert any(all(mine.get(n) == node for n, node in d.items()) for d in dumps), case.name
    assert compared > 0
