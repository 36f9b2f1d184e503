"""The nodes of a program as one graph: new nodes, those of loaded networks, those inside clones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from xdsl.dialects.builtin import StringAttr
from xdsl.ir import Block, Operation, SSAValue

from brainscript.dialects.bs import (
    VALUE,
    ClonedOp,
    CloneFunctionOp,
    CloneOp,
    LoadedNodeOp,
    NodeOp,
    ParameterOp,
    ReadOp,
    RecordOp,
)
from brainscript.dialects.net.base import NetOp
from brainscript.dialects.net.network import node_name_of
from brainscript.dialects.net.parameters import ReadOp as NetReadOp
from brainscript.dialects.net.shapes import ShapeError
from brainscript.dialects.tensors import TensorType, type_of
from brainscript.passes.edit.section import FREEZABLE, dependent, reached
from brainscript.passes.evaluate.networks.loaded import Networks
from brainscript.passes.evaluate.options import inputs_of, node_name, written_type
from brainscript.passes.evaluate.plain import flattened, plain


@dataclass(frozen=True)
class Image:
    """What the call `clone` makes of `of`."""

    clone: CloneOp
    of: Vertex


Vertex = SSAValue | Image
"""A node: a value of this level, a value of a loaded network, or one inside a clone."""


@dataclass(frozen=True)
class Section:
    """What a clone function copies."""

    inputs: tuple[Vertex, ...]
    outputs: tuple[Vertex, ...]
    mode: str
    moving: frozenset[Vertex]


class Graph:
    """Questions about nodes, wherever they are."""

    def __init__(self, block: Block, networks: Networks):
        self.networks = networks
        self._block = block
        self._sections: dict[Operation, Section] = {}
        self._values: dict[object, SSAValue] = {}
        for op in block.ops:
            if isinstance(op, LoadedNodeOp):
                self._values[(op.module.data, op.node.data)] = op.result
            elif isinstance(op, ClonedOp):
                self._values[(op.call.owner, op.node)] = op.result

    def vertex(self, value: SSAValue) -> Vertex:
        """The node that an evaluated value stands for."""
        op = value.owner
        if isinstance(op, LoadedNodeOp):
            return self.networks.nodes(op.module.data)[op.node.data]
        if isinstance(op, ClonedOp):
            assert isinstance(op.call.owner, CloneOp)
            return self.image(op.call.owner, self.vertex(op.node))
        return value

    def image(self, clone: CloneOp, vertex: Vertex) -> Vertex:
        """What stands for a node in a clone: the argument, a copy, or the node itself."""
        section = self.section(clone.function.owner)
        if vertex in section.inputs:
            return self.vertex(clone.arguments[section.inputs.index(vertex)])
        return Image(clone, vertex) if vertex in section.moving else vertex

    def inputs(self, vertex: Vertex) -> Sequence[Vertex]:
        """The nodes that a node is computed from, as far as they are known yet."""
        if isinstance(vertex, Image):
            return [self.image(vertex.clone, v) for v in self.inputs(vertex.of)]
        op = vertex.owner
        if isinstance(op, NodeOp):
            given = [value for one in inputs_of(op) for value in flattened(one)]
            return [self.vertex(v) for v in given if is_node_value(v)]
        if isinstance(vertex.type, TensorType) and isinstance(op, Operation):
            return list(op.operands)
        return ()

    def section(self, function: object) -> Section:
        """The section of an evaluated clone function."""
        assert isinstance(function, CloneFunctionOp)
        found = self._sections.get(function)
        if found is None:
            inputs = tuple(self.vertex(v) for v in flattened(function.inputs))
            outputs = tuple(self.vertex(v) for v in outputs_of(function).values())
            mode = str(plain(function.mode.owner))
            upstream = reached(outputs, self.inputs)
            starts = set(inputs)
            if mode != "shared":
                starts |= {v for v in upstream if self.is_freezable(v)}
            moving = frozenset(dependent(upstream, starts, self.inputs)) - set(inputs)
            found = self._sections[function] = Section(inputs, outputs, mode, moving)
        return found

    def upstream(self, vertices: Sequence[Vertex]) -> dict[Vertex, None]:
        """The nodes and everything that they depend on."""
        return reached(vertices, self.inputs)

    def operation(self, vertex: Vertex) -> str:
        """CNTK's name of the operation of a node."""
        if isinstance(vertex, Image):
            return self.operation(vertex.of)
        op = vertex.owner
        if isinstance(op, NodeOp):
            return op.kind.data
        if isinstance(op, NetOp):
            return op.OPERATION
        return "LearnableParameter"

    def is_freezable(self, vertex: Vertex) -> bool:
        """Whether a clone that does not share parameters copies the node in any case."""
        operation = self.operation(vertex)
        return operation == "LearnableParameter" or operation in FREEZABLE

    def name(self, vertex: Vertex) -> str:
        """The name of a node before members give it another one."""
        if isinstance(vertex, Image):
            path = node_name(vertex.clone)
            return f"{path}.{self.name(vertex.of)}".lstrip(".")
        op = vertex.owner
        if isinstance(vertex.type, TensorType):
            return node_name_of(vertex)
        return node_name(op) if isinstance(op, Operation) else ""

    def value(self, vertex: Vertex, place: Operation) -> SSAValue:
        """The value of this level for a node; the same node is always the same value."""
        if isinstance(vertex, Image):
            inner = self.value(vertex.of, place)
            return self._made((vertex.clone, inner), ClonedOp, [inner, vertex.clone.result], place)
        if not isinstance(vertex.type, TensorType):
            return vertex
        module, node = self.networks.owner(vertex), node_name_of(vertex)
        return self._made((module, node), LoadedNodeOp, [], place)

    def loaded(self, module: str, node: str, place: Operation) -> SSAValue:
        """The value for a node of a loaded network."""
        return self._made((module, node), LoadedNodeOp, [], place)

    def _made(
        self,
        key: tuple[object, object],
        kind: type[LoadedNodeOp | ClonedOp],
        operands: Sequence[SSAValue],
        place: Operation,
    ) -> SSAValue:
        found = self._values.get(key)
        if found is None:
            names = ("module", "node") if kind is LoadedNodeOp else ()
            properties = {n: StringAttr(str(k)) for n, k in zip(names, key, strict=False)}
            op = kind.create(
                operands=operands,
                result_types=(VALUE,),
                properties=properties,
                location=place.location,
            )
            self._block.add_op(op)
            found = self._values[key] = op.results[0]
        return found

    def type(self, vertex: Vertex) -> TensorType:
        """The type of a node as far as it follows from what is written; loops end at the delays."""
        known: dict[Vertex, TensorType] = {}
        todo = [vertex]
        while todo:
            current = todo[-1]
            inputs = self._typing_inputs(current)
            missing = [v for v in inputs if v not in known]
            if missing:
                todo.extend(missing)
                continue
            known[current] = self._type(current, [known[v] for v in inputs])
            todo.pop()
        return known[vertex]

    def _typing_inputs(self, vertex: Vertex) -> Sequence[Vertex]:
        if isinstance(vertex, SSAValue) and isinstance(vertex.type, TensorType):
            return ()
        delayed = self.operation(vertex) in ("PastValue", "FutureValue")
        return () if delayed else self.inputs(vertex)

    def _type(self, vertex: Vertex, inputs: Sequence[TensorType]) -> TensorType:
        if isinstance(vertex, Image):
            return self._type_of_copy(vertex.of, inputs)
        if isinstance(vertex.type, TensorType):
            return type_of(vertex)
        return written_type(vertex.owner, inputs)

    def _type_of_copy(self, vertex: Vertex, inputs: Sequence[TensorType]) -> TensorType:
        if isinstance(vertex, Image):
            return self._type_of_copy(vertex.of, inputs)
        op = vertex.owner
        if isinstance(op, NetReadOp) or (isinstance(op, NetOp) and not inputs):
            return type_of(vertex)
        if isinstance(op, NetOp):
            try:
                found = type(op).rule(inputs, op.option_values())
            except ShapeError:
                return TensorType.of(None)
            return TensorType.of(found.shape, inputs[0].element, found.axis)
        return written_type(op, inputs)


def is_node_value(value: SSAValue) -> bool:
    """Whether a value of this level is a node; nothing is, before it is evaluated."""
    return isinstance(value.owner, NodeOp | ParameterOp | ReadOp | LoadedNodeOp | ClonedOp)


def outputs_of(function: CloneFunctionOp) -> dict[str, SSAValue]:
    """The outputs of an evaluated clone function by member name; `` for one that is no record."""
    record = function.outputs.owner
    if not isinstance(record, RecordOp):
        return {"": function.outputs}
    pairs = zip((name.data for name in record.names.data), record.members, strict=False)
    return dict(sorted(pairs))
