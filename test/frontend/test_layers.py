"""The library of layers: each public name with its parameters, and what its calls create.

`layers.txt` has a block for each name: its parameters with their defaults as a function is
written, or `= NAME` for another name of a function; then calls, two blanks in front, and behind
each, four blanks in front, the parameters that the network gets, sorted: name, shape, first value
(for random ones the distribution, its scale and the seed), and the factor of the learning rate
unless it is 1. `python -m test.frontend.test_layers` writes what calls create anew.
"""

from __future__ import annotations

import sys
from functools import cache
from pathlib import Path

import pytest

from brainscript.dialects.net.network import network_of
from brainscript.dialects.net.parameters import RANDOM_INITS, ParameterOp
from brainscript.dialects.registry import make_context
from brainscript.dialects.tensors import shape_text
from brainscript.frontend import syntax
from brainscript.frontend.build import build_network
from brainscript.frontend.building.library import library_members
from brainscript.frontend.parser import parse_expression, parse_members
from brainscript.frontend.print_tree import tree_text
from brainscript.frontend.source import SourceText
from brainscript.passes.registry import load_pass

TABLE = Path(__file__).parent / "layers.txt"
HEAD = "v = Input {4} ; image = Input {(6:5:2)} ; hot = Input {9, sparse=true} ; flag = Input {1}\n"
PASSES = (
    *("bs-evaluate", "bs-prune", "bs-instantiate-parameters", "bs-to-net"),
    "net-infer-shapes",
)


def blocks() -> list[tuple[str, list[tuple[str, list[str]]]]]:
    """The head of each block, and its calls with the lines behind them."""
    found: list[tuple[str, list[tuple[str, list[str]]]]] = []
    for line in TABLE.read_text().splitlines():
        if line.startswith("    "):
            found[-1][1][-1][1].append(line.strip())
        elif line.startswith("  "):
            found[-1][1].append((line.strip(), []))
        elif line and not line.startswith("#"):
            found.append((line, []))
    return found


@cache
def functions() -> dict[str, syntax.Expression]:
    """The members of the library by their path."""
    known = {member.name: member.value for member in library_members()}
    found: dict[str, syntax.Expression] = {}
    todo = [("", member) for member in library_members()]
    while todo:
        path, member = todo.pop()
        value = member.value
        if isinstance(value, syntax.Name) and isinstance(known.get(value.name), syntax.Record):
            value = known[value.name]
        found[path + member.name] = value
        if isinstance(value, syntax.Record):
            todo += [(f"{path}{member.name}.", inner) for inner in value.members]
    return found


def parameters(function: syntax.Expression) -> list[tuple[str, str]]:
    """Names and defaults, as trees without places."""
    assert isinstance(function, syntax.Lambda)
    return [
        (p.name, "" if p.default is None else tree_text(p.default)) for p in function.parameters
    ]


@pytest.mark.parametrize("head", [head for head, _ in blocks()])
def test_the_parameters_of(head: str) -> None:
    path = head.split()[0]
    text = path.rpartition(".")[2] + head[len(path) :] + ("" if " = " in head else " = 0")
    (wanted,) = parse_members(SourceText("table", text)).members
    found = functions()[path]
    if isinstance(wanted.value, syntax.Lambda):
        assert parameters(found) == parameters(wanted.value)
    else:
        assert tree_text(found) == tree_text(wanted.value)


def test_every_layer_has_a_block() -> None:
    wanted = {
        path
        for path, value in functions().items()
        if path.endswith("Layer")
        or (path.startswith("BS.") and not isinstance(value, syntax.Record))
    }
    assert wanted <= {head.split()[0] for head, _ in blocks()}


def created(call: str) -> list[str]:
    """What a network with this call has for parameters, without the numbers that operators use."""
    module = build_network(parse_expression(SourceText("call", "{" + HEAD + call + "}")))
    for name in PASSES:
        load_pass(name)().apply(make_context(), module)
    assert network_of(module) is not None
    found = [op for op in module.ops if isinstance(op, ParameterOp)]
    kept = [op for op in found if not (op.multiplier == 0 and op.sym_name.data.startswith("_"))]
    return sorted(_line(op) for op in kept)


def _line(op: ParameterOp) -> str:
    init = op.init.data
    words = [op.sym_name.data, shape_text(op.type.shape)]
    if init == "constant":
        assert op.value is not None
        words.append(f"{op.value.value.data:g}")
    elif init in RANDOM_INITS:
        assert op.seed is not None
        words += [
            init,
            f"{op.range.value.data:.4g}" if op.range else "",
            f"seed {op.seed.value.data}",
        ]
    else:
        words.append(init)
    return " ".join(words + ([f"rate {op.multiplier:g}"] if op.multiplier != 1 else []))


CALLS = [(call, lines) for _, calls in blocks() for call, lines in calls]


@pytest.mark.parametrize(("call", "lines"), CALLS, ids=[call for call, _ in CALLS])
def test_what_is_created_by(call: str, lines: list[str]) -> None:
    assert created(call) == lines


def _write() -> None:
    text: list[str] = []
    for line in TABLE.read_text().splitlines():
        if line.startswith("    "):
            continue
        text.append(line)
        if line.startswith("  "):
            text += [f"    {created_line}" for created_line in created(line.strip())]
    TABLE.write_text("\n".join(text) + "\n")


if __name__ == "__main__":
    sys.exit(_write())
