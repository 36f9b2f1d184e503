"""A network at level 2 as BrainScript text: `bs-opt --emit brainscript`."""

from __future__ import annotations

from collections.abc import Mapping

from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Operation, SSAValue

from brainscript.diagnostic import CommandLineError, Diagnostic
from brainscript.dialects.net.base import NetOp
from brainscript.dialects.net.network import NetworkOp, network_of, node_name_of
from brainscript.dialects.net.parameters import ParameterOp, ReadOp
from brainscript.frontend.writing.nodes import NodeWriter
from brainscript.frontend.writing.places import Path, Places

HEAD = "# Printed by bs-opt. Seeds are written out, so that the parameters start as they did.\n"
STORED = "# The network of a stored model; the values of its parameters are in the model file.\n"


def brainscript_text(module: ModuleOp, stored: bool = False) -> str:
    """The members of a network record that builds an equal network.

    The text does not have the values of a `stored` model, only its network, and says so.
    Raises CommandLineError (BS0910) for a module that is a step, or holds values of a model.
    """
    network = network_of(module)
    if network is None:
        raise _cannot("there is no network in this module")
    nodes = {name: op for op in network.block.ops if (name := _name(op)) is not None}
    inputs = {name: [node_name_of(v) for v in op.operands] for name, op in nodes.items()}
    groups = _groups(network)
    places = Places(inputs, [name for names in groups.values() for name in names])
    parameters = {op.sym_name.data: op for op in module.ops if isinstance(op, ParameterOp)}
    features = frozenset(groups.get("feature", ()))
    writer = NodeWriter(places, parameters, features)
    text = STORED if stored or "net.weights" in module.attributes else HEAD
    text += _members(places, {name: writer.text(name, op) for name, op in nodes.items()})
    for group, names in groups.items():
        shown = " : ".join(str(places.reference((), name)) for name in names)
        text += f"{group}Nodes = ({shown})\n"
    return text


def _name(op: Operation) -> str | None:
    """The name of the node that an operation makes; None for the roots."""
    if isinstance(op, ReadOp):
        return op.target
    if isinstance(op, NetOp) and (op.node is not None or op.OPERATION == "InputValue"):
        return op.node_name
    if not op.results:
        return None
    raise _cannot(f"'{op.name}' is nothing that BrainScript can say")


def _groups(network: NetworkOp) -> dict[str, list[str]]:
    groups: dict[str, list[str]] = {}
    for group, value in network.roots.entries:
        groups.setdefault(group, []).append(_node_of(value))
    return groups


def _node_of(value: SSAValue) -> str:
    return node_name_of(value)


def _members(places: Places, texts: Mapping[str, str]) -> str:
    """All members; a record stands where its first member stands."""
    below: dict[Path, list[tuple[Path, str]]] = {}
    for name, text in texts.items():
        path = places.of[name].path
        for depth in range(len(path)):
            entry = (path[: depth + 1], text if depth == len(path) - 1 else "")
            entries = below.setdefault(path[:depth], [])
            if entry not in entries:
                entries.append(entry)
    return "".join(_lines((), below, ""))


def _lines(record: Path, below: Mapping[Path, list[tuple[Path, str]]], indent: str) -> list[str]:
    lines: list[str] = []
    for path, text in below[record]:
        if text:
            lines.append(f"{indent}{path[-1]} = {text}\n")
        else:
            lines.append(f"{indent}{path[-1]} = {{\n")
            lines += _lines(path, below, indent + "    ")
            lines.append(f"{indent}}}\n")
    return lines


def _cannot(title: str) -> CommandLineError:
    return CommandLineError(Diagnostic("BS0910", title, help="levels go down: ast, bs, net, ..."))
