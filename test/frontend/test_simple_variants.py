"""Every variant of SimpleNetworkBuilder: its nodes, parameters, shapes, seeds and groups.

`simple.txt` has a block for each variant: the options, then a line for each parameter, with its
shape and first values, a line for each node, with its operation, inputs and shape, and a line for
each group. Run as a script this file writes `simple.txt` anew; read the difference.
"""

from __future__ import annotations

import tempfile
from contextlib import chdir
from pathlib import Path

import pytest
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Attribute

from brainscript.dialects.net.base import NetOp, plain
from brainscript.dialects.net.network import network_of, node_name_of
from brainscript.dialects.net.parameters import ParameterOp, ReadOp
from brainscript.dialects.registry import make_context
from brainscript.frontend.build import build_network
from brainscript.frontend.config import load_config
from brainscript.frontend.network_section import network_expression
from brainscript.frontend.simple.options import EVALUATION, KINDS, LAYERS, TRAINING
from brainscript.frontend.source import Sources
from brainscript.passes.pipeline import PIPELINES
from brainscript.passes.registry import load_pass

DATA = Path(__file__).parent / "simple.txt"
SHOWN = ("init", "scale", "seed", "value")
OPTIONS = ("time_step", "outside", "sparse")


def blocks() -> list[tuple[str, str]]:
    """The options and the expected lines of each variant."""
    found = [part.partition("\n") for part in DATA.read_text().strip().split("\n\n")]
    return [(options.removeprefix("# "), lines) for options, _, lines in found]


def built(options: str) -> ModuleOp:
    """The network of a section, with shapes."""
    Path("f.cntk").write_text(f"SimpleNetworkBuilder = [ {options} ]")
    settings = load_config(["configFile=f.cntk"], Sources())
    module = build_network(network_expression(settings))
    for name in PIPELINES["evaluate"]:
        load_pass(name)().apply(make_context(), module)
    return module


def described(options: str) -> str:
    """The lines of a variant."""
    module = built(options)
    network = network_of(module)
    assert network is not None
    lines = [parameter(op) for op in module.ops if isinstance(op, ParameterOp)]
    for op in network.block.ops:
        if isinstance(op, NetOp) and not isinstance(op, ReadOp):
            lines.append(node(op))
    groups: dict[str, list[str]] = {}
    for group, value in network.roots.entries:
        groups.setdefault(group, []).append(node_name_of(value))
    lines += [f"{group}: {', '.join(names)}" for group, names in groups.items()]
    return "\n".join(lines)


def parameter(op: ParameterOp) -> str:
    """`W0 [3 x 2] init=uniform scale=0.5 seed=1`."""
    facts = {key: plain(value) for key, value in op.properties.items() if key in SHOWN}
    first = " ".join(f"{key}={facts[key]}" for key in SHOWN if key in facts)
    return f"{op.sym_name.data} {shape(op.properties['type'])} {first}"


def node(op: NetOp) -> str:
    """`H1 = Sigmoid W0*features+B0 [2]`, and the options that a value before needs."""
    inputs = [node_name_of(value) for value in op.operands]
    facts = {key: value for key in OPTIONS if (value := option(op, key)) not in (None, False)}
    given = [f"{key}={value}" for key, value in facts.items()]
    words = [op.node_name, "=", op.OPERATION, *inputs, *given, shape(op.results[0].type)]
    return " ".join(words)


def option(op: NetOp, key: str) -> object:
    return plain(op.properties[key]) if key in op.properties else None


def shape(kind: Attribute) -> str:
    """The dimensions of a type."""
    return str(kind).partition("<")[2].partition("]")[0] + "]"


@pytest.mark.parametrize(("options", "lines"), blocks())
def test_variant(options: str, lines: str, tmp_path: Path) -> None:
    with chdir(tmp_path):
        assert described(options) == lines


def test_every_kind_criterion_and_layer_has_a_block() -> None:
    text = "\n".join(options.lower() for options, _ in blocks())
    for word in (*KINDS, *TRAINING, *EVALUATION, *filter(None, LAYERS)):
        assert word.lower() in text, word


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder, chdir(folder):
        parts = [f"# {options}\n{described(options)}\n" for options, _ in blocks()]
    DATA.write_text("\n".join(parts))
