"""A network as an ONNX model: what its outputs need, checked by the library."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from brainscript.atomic import replacing
from brainscript.axes import root_of
from brainscript.diagnostic import BrainScriptError, Diagnostic, did_you_mean
from brainscript.runtime.model.container import write_error
from brainscript.runtime.model.exchange.composites import COMPOSITES, composed
from brainscript.runtime.model.exchange.emit import (
    IR_VERSION,
    OPSET,
    Arrays,
    Emitter,
    is_dynamic,
    onnx_module,
)
from brainscript.runtime.model.exchange.layers import LAYERS
from brainscript.runtime.model.exchange.loops import (
    Ring,
    groups_in_order,
    write_loop,
    write_shift,
)
from brainscript.runtime.model.exchange.operations import WRITERS
from brainscript.runtime.model.exchange.sequences import SEQUENCES, SPELT
from brainscript.runtime.model.exchange.tidy import Shape, Tidier, names_in
from brainscript.runtime.model.spelling.pieces import spelled
from brainscript.runtime.model.spelling.uncomputed import uncomputed
from brainscript.stored_graph import DELAYS, INPUT, StoredGraph, StoredNode

LARGEST = (1 << 31) - (1 << 20)
TABLE = {**WRITERS, **LAYERS, **SEQUENCES, **COMPOSITES}
STEPPED = (*DELAYS, "SequenceSlice")
"""The operations for which values have steps."""


@dataclass(frozen=True)
class Exported:
    """What was written: outputs and inputs, the nodes left out, how data are laid out, warnings."""

    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    left_out: tuple[str, ...]
    sequences: bool
    opset: int = OPSET
    remarks: tuple[Diagnostic, ...] = ()


class Writer(Emitter):
    """Writes the nodes of a network by their operations."""

    def write(self, node: StoredNode) -> None:
        """One node that is no delay."""
        if node.operation not in TABLE:
            raise self.refuse(node, "there is no such operation in ONNX")
        TABLE[node.operation](self, node)


def export(
    path: str | Path, graph: StoredGraph, arrays: Arrays, outputs: Sequence[str]
) -> Exported:
    """Write what `outputs` (default: the output group) need; what is not needed is left out.

    Raises BrainScriptError: BS0520 for what ONNX cannot say, BS0521 without the package.
    """
    names = _outputs(graph, outputs)
    nodes = _needed(graph.nodes, names)
    left = tuple(name for name in graph.nodes if name not in nodes)
    remarks = [remark for remark in uncomputed(graph, arrays) if remark.path in nodes]
    graph, arrays = _spelt(StoredGraph(graph.file, graph.precision, nodes, graph.groups), arrays)
    sequences = any(node.operation in STEPPED for node in graph.nodes.values())
    nodes = _needed(composed(_needed(graph.nodes, names), names, arrays, not sequences), names)
    found = {node.axis for node in nodes.values() if is_dynamic(node)}
    axes = {root_of(axis) for axis in found} - {"", "*"}
    writer = Writer(graph, arrays, 2 if sequences else 1)
    if len(axes) > 1 or any("/where:" in axis for axis in found):
        raise writer.refuse(graph.nodes[names[0]], "sequences of several axes are needed")
    inputs = [node for node in nodes.values() if node.operation == INPUT]
    for node in inputs:
        writer.set(node, node.name)
    _write_all(writer, nodes, set(names))
    model = _model(writer, inputs, names, sequences)
    _save(path, model)
    read = tuple(node.name for node in inputs)
    return Exported(read, tuple(names), left, sequences, remarks=tuple(remarks))


def _spelt(graph: StoredGraph, arrays: Arrays) -> tuple[StoredGraph, Arrays]:
    """The graph with nodes written out that ONNX has no counterpart of; shapes inferred."""
    groups = {g: tuple(n for n in ns if n in graph.nodes) for g, ns in graph.groups.items()}
    kept = StoredGraph(graph.file, graph.precision, graph.nodes, groups)
    found, values = spelled(kept, arrays, SPELT)
    if found.nodes.keys() == graph.nodes.keys():
        return graph, arrays
    from brainscript.passes.stored.build import build_module
    from brainscript.passes.stored.describe import describe_module

    return describe_module(build_module(found), graph.file), values


def _outputs(graph: StoredGraph, wanted: Sequence[str]) -> list[str]:
    names = list(wanted) or list(graph.groups.get("output", ()))
    for name in names:
        if name not in graph.nodes:
            title = f"the network has no node '{name}'"
            raise BrainScriptError(
                Diagnostic("BS0520", title, help=did_you_mean(name, graph.nodes))
            )
    if not names:
        title = "the network has no output node to export"
        raise BrainScriptError(Diagnostic("BS0520", title, help="name nodes with --outputs"))
    return names


def _needed(nodes: Mapping[str, StoredNode], names: Sequence[str]) -> dict[str, StoredNode]:
    """The nodes below the outputs, in the order of the network."""
    seen: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen.add(name)
            node = nodes[name]
            computed = node.operation not in ("Mean", "InvStdDev")
            below = node.inputs[:5] if node.operation == "BatchNormalization" else node.inputs
            waiting += below if computed else ()
    kept = {name: node for name, node in nodes.items() if name in seen}
    return {name: _cut(node) for name, node in kept.items()}


def _cut(node: StoredNode) -> StoredNode:
    """A node whose value is known, or that is fed less than it names, without those inputs."""
    if node.operation not in ("Mean", "InvStdDev", "BatchNormalization"):
        return node
    kept = node.inputs[:5] if node.operation == "BatchNormalization" else ()
    return StoredNode(node.name, node.operation, kept, node.options, node.dims, node.axis)


def _write_all(writer: Writer, nodes: dict[str, StoredNode], outputs: set[str]) -> None:
    users: dict[str, set[str]] = {}
    for node in nodes.values():
        for name in node.inputs:
            users.setdefault(name, set()).add(node.name)
    for group in groups_in_order(nodes):
        if isinstance(group, Ring):
            members = set(group.members)
            wanted = {m for m in members if m in outputs or users.get(m, set()) - members}
            write_loop(writer, group, nodes, wanted)
        elif nodes[group].operation in DELAYS:
            write_shift(writer, nodes[group])
        elif nodes[group].operation != INPUT:
            writer.write(nodes[group])


def _model(e: Writer, inputs: list[StoredNode], outputs: list[str], sequences: bool) -> Any:
    helper = e.helper
    kind = helper.np_dtype_to_tensor_dtype(e.dtype)

    def described(name: str) -> Any:
        value = e.value(name)
        axes = [_counted(e, name), "sequences"] if sequences else ["samples"]
        shape = [*axes[len(axes) - value.lead :], *value.shape]
        return helper.make_tensor_value_info(value.name, kind, shape)

    def made(nodes: Sequence[Any], constants: dict[str, Any], more: Sequence[Any]) -> Any:
        infos = [described(node.name) for node in inputs], [described(name) for name in outputs]
        graph = helper.make_graph(
            nodes, "network", [*infos[0], *more], infos[1], list(constants.values())
        )
        opsets = [helper.make_opsetid("", OPSET)]
        return helper.make_model(
            graph, producer_name="brainscript", ir_version=IR_VERSION, opset_imports=opsets
        )

    large = {name: tensor for name, tensor in e.constants.items() if len(tensor.dims) > 1}
    infos = [helper.make_tensor_value_info(n, t.data_type, t.dims) for n, t in large.items()]
    rest = {name: tensor for name, tensor in e.constants.items() if name not in large}
    sketch = made(e.scope.nodes, rest, infos)
    nodes = Tidier(e.scope.nodes, outputs, _shapes(sketch), e.known).tidied()
    used = {*outputs, *names_in(nodes)}
    return made(nodes, {n: t for n, t in e.constants.items() if n in used}, [])


def _counted(e: Writer, name: str) -> str:
    """What the steps of a value are called: parts of sequences have fewer of them."""
    axis = e.graph.nodes[name].axis
    return "steps" + axis.removeprefix(root_of(axis))


def _shapes(model: Any) -> dict[str, Shape]:
    """The shapes of all values; an axis that is not known is ''."""
    graph = onnx_module("onnx.shape_inference").infer_shapes(model).graph
    infos = (*graph.input, *graph.value_info, *graph.output)
    shapes = {i.name: i.type.tensor_type.shape.dim for i in infos}
    found = {name: tuple(d.dim_value or d.dim_param for d in dims) for name, dims in shapes.items()}
    return found | {tensor.name: tuple(tensor.dims) for tensor in graph.initializer}


def _save(path: str | Path, model: Any) -> None:
    if model.ByteSize() > LARGEST:
        title = "the network is larger than the 2 GiB that one ONNX file may have"
        raise BrainScriptError(Diagnostic("BS0520", title))
    checker = onnx_module("onnx.checker")
    checker.check_model(model, full_check=True)
    try:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as stream:
            stream.write(model.SerializeToString())
    except OSError as error:
        raise write_error(path, error) from None
