"""The part of `bs-to-net` that deals with loaded networks, clones and edits."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from xdsl.dialects.builtin import ArrayAttr, ModuleOp, StringAttr, SymbolRefAttr
from xdsl.ir import Operation, SSAValue
from xdsl.rewriter import Rewriter

from brainscript.dialects.bs import (
    ClonedOp,
    CloneFunctionOp,
    CloneOp,
    EditedOp,
    LoadedNodeOp,
    NetworkRecordOp,
    RecordOp,
)
from brainscript.dialects.net.clone import BASE, ORIGIN, PATH, TAGS, ReplaceOp
from brainscript.dialects.net.clone import CloneOp as NetCloneOp
from brainscript.dialects.net.network import network_of, node_name_of, symbols_of
from brainscript.dialects.net.parameters import ParameterOp, ReadOp
from brainscript.dialects.tensors import Element, TensorType, type_of
from brainscript.passes.edit.names import SEPARATOR, put_name
from brainscript.passes.edit.section import inputs_of, reached
from brainscript.passes.evaluate.failures import user_location
from brainscript.passes.evaluate.networks.graph import outputs_of
from brainscript.passes.evaluate.options import node_name
from brainscript.passes.evaluate.plain import flattened, plain

SPECIAL = (CloneOp, EditedOp)
"""Operations that are carried out in the order of their numbers."""


def special_values(ops: Iterable[Operation]) -> list[SSAValue]:
    """The results of clones and edits in the order in which they were demanded."""
    found = [op for op in ops if isinstance(op, SPECIAL)]
    return [op.result for op in sorted(found, key=lambda op: op.order.value.data)]


def needs_of(op: Operation) -> Sequence[SSAValue] | None:
    """The values that must be made before a clone or what is in it; None for other operations."""
    if isinstance(op, LoadedNodeOp):
        return ()
    if isinstance(op, ClonedOp):
        return (op.call,)
    if isinstance(op, EditedOp):
        return op.nodes
    if not isinstance(op, CloneOp):
        return None
    function = op.function.owner
    assert isinstance(function, CloneFunctionOp)
    inner = [cloned.node for cloned in cloned_by(op)]
    return [*op.arguments, *flattened(function.inputs), *outputs_of(function).values(), *inner]


def cloned_by(op: CloneOp) -> list[ClonedOp]:
    """What is used of a clone, each node once, in the order in which it was first asked for."""
    return [use.operation for use in op.result.uses if isinstance(use.operation, ClonedOp)]


class Importer:
    """Makes values of level 2 for nodes of loaded networks, for clones and for edits."""

    def __init__(self, module: ModuleOp, ops: Iterable[Operation], element: Element):
        self._module = module
        self._element = element
        self._loaded: dict[tuple[str, str], SSAValue] = {}
        self.operations: list[Operation] = []
        wanted: dict[str, list[LoadedNodeOp]] = {}
        for op in ops:
            if isinstance(op, LoadedNodeOp):
                wanted.setdefault(op.module.data, []).append(op)
        for inner in list(module.ops):
            if isinstance(inner, ModuleOp) and inner.sym_name is not None:
                nodes = wanted.get(inner.sym_name.data)
                if nodes:
                    self._take(inner, inner.sym_name.data, nodes)
                inner.detach()

    def node(self, op: LoadedNodeOp, name: str) -> SSAValue:
        """The value of a loaded node; `name` is what a member calls it, or empty."""
        value = self._loaded[(op.module.data, op.node.data)]
        owner = value.owner
        assert isinstance(owner, Operation)
        if name and ORIGIN in owner.attributes:
            del owner.attributes[ORIGIN]
            if isinstance(owner, ReadOp):
                self._rename_parameter(owner, name, op.node.data)
            else:
                put_name(owner, name, op.node.data)
        return value

    def _rename_parameter(self, read: ReadOp, name: str, path: str) -> None:
        for op in self._module.ops:
            if isinstance(op, ParameterOp) and op.sym_name.data == read.target:
                op.properties["sym_name"] = StringAttr(name)
                op.attributes.pop(ORIGIN, None)
        read.properties["symbol"] = SymbolRefAttr(name)
        if path != name:
            read.attributes[PATH] = StringAttr(path)

    def _take(self, module: ModuleOp, name: str, nodes: Sequence[LoadedNodeOp]) -> None:
        """Copy the nodes, and all that they depend on, from a loaded network."""
        network = network_of(module)
        assert network is not None
        known = {op.node.data for op in nodes}
        table = {node_name_of(result): result for op in network.block.ops for result in op.results}
        needed = reached([table[node] for node in known], inputs_of)
        groups: dict[SSAValue, list[str]] = {}
        for group, value in network.roots.entries:
            groups.setdefault(value, []).append(group)
        images: dict[SSAValue, SSAValue] = {}
        pairs: list[tuple[Operation, Operation]] = []
        place = user_location(nodes[0].location)
        for old in network.block.ops:
            if not any(result in needed for result in old.results):
                continue
            new = old.clone({}, clone_operands=False)
            new.location = place
            new.attributes[ORIGIN] = StringAttr(name)
            if old.results[0] in groups:
                tags = [StringAttr(group) for group in groups[old.results[0]]]
                new.attributes[TAGS] = ArrayAttr(tags)
            if isinstance(new, ReadOp):
                new.properties["symbol"] = SymbolRefAttr(f"{name}{SEPARATOR}{new.target}")
            images |= dict(zip(old.results, new.results, strict=True))
            pairs.append((old, new))
            self.operations.append(new)
        for old, new in pairs:
            new.operands = [images[value] for value in old.operands]
            for made, original in zip(new.results, old.results, strict=True):
                made.name_hint = original.name_hint
                self._convert(made)
                self._loaded[(name, node_name_of(original))] = made
        self._take_parameters(symbols_of(network).items(), name, pairs)

    def _take_parameters(
        self,
        symbols: Iterable[tuple[str, Operation]],
        name: str,
        pairs: Sequence[tuple[Operation, Operation]],
    ) -> None:
        used = {old.target for old, _ in pairs if isinstance(old, ReadOp)}
        first = self._module.body.block.first_op
        assert first is not None
        for symbol, old in symbols:
            if symbol in used and isinstance(old, ParameterOp):
                new = old.clone()
                new.properties["sym_name"] = StringAttr(f"{name}{SEPARATOR}{symbol}")
                new.properties["type"] = self._type(new.type)
                new.attributes[ORIGIN] = StringAttr(name)
                self._module.body.block.insert_op_before(new, first)

    def _type(self, kind: TensorType) -> TensorType:
        return TensorType.of(kind.shape, self._element, kind.axis)

    def _convert(self, value: SSAValue) -> None:
        kind = type_of(value)
        if kind.element != self._element:
            Rewriter.replace_value_with_new_type(value, self._type(kind))

    def clone(
        self, op: CloneOp, made: Callable[[SSAValue], SSAValue], names: dict[SSAValue, str]
    ) -> tuple[NetCloneOp, dict[SSAValue, SSAValue]]:
        """The `net.clone` of a call, and the value of each `bs.cloned` of it."""
        function = op.function.owner
        assert isinstance(function, CloneFunctionOp)
        inputs = [made(value) for value in flattened(function.inputs)]
        arguments = [made(value) for value in op.arguments]
        cloned = cloned_by(op)
        asked = {one.node for one in cloned}
        others = [value for value in outputs_of(function).values() if value not in asked]
        outputs = [made(value) for value in (*(one.node for one in cloned), *others)]
        pairs = list(zip(inputs, arguments, strict=True))
        types = [_guess(type_of(value), pairs) for value in outputs]
        hints = [names.get(one.result, "") for one in cloned] + [""] * len(others)
        mode = str(plain(function.mode.owner))
        new = NetCloneOp(
            mode, node_name(op), outputs, pairs, types, hints, user_location(op.location)
        )
        images = list(zip(cloned, new.images, strict=False))
        for one, image in images:
            image.name_hint = one.result.name_hint
        return new, {one.result: image for one, image in images}

    def edit(self, op: EditedOp, made: Mapping[SSAValue, SSAValue]) -> list[Operation]:
        """One `net.replace` for each pair of an edit; marks what the network had before."""
        count = 2 * len(op.names.data)
        location = user_location(op.location)
        pairs = zip(op.nodes[:count:2], op.nodes[1:count:2], strict=True)
        before = [*op.nodes[:count:2], *_members(op.base)]
        for inner in reached([made[value] for value in before if value in made], inputs_of):
            owner = inner.owner
            if isinstance(owner, Operation) and ORIGIN not in owner.attributes:
                owner.attributes[BASE] = StringAttr(node_name(op) or "network")
        return [ReplaceOp(made[old], made[new], location) for old, new in pairs]

    def mark(self, op: Operation, path: str, group: str) -> None:
        """Note of a new node what its clones are called after, and the group of its tag."""
        if path and path != node_name_of(op.results[0]):
            op.attributes[PATH] = StringAttr(path)
        if group:
            op.attributes[TAGS] = ArrayAttr([StringAttr(group)])


def _members(network: SSAValue) -> list[SSAValue]:
    """The members of a network that the program itself defines, or what an edit has added."""
    if isinstance(network.owner, EditedOp):
        return list(network.owner.nodes[2 * len(network.owner.names.data) :])
    record = network.owner.record.owner if isinstance(network.owner, NetworkRecordOp) else None
    if not isinstance(record, RecordOp):
        return []
    named = record.members[: len(record.names.data)]
    return [value for member in named for value in flattened(member)]


def _guess(kind: TensorType, pairs: Sequence[tuple[SSAValue, SSAValue]]) -> TensorType:
    """The type of a copy before its shapes are inferred: the axis is that of the argument."""
    axes = {type_of(old).axis: type_of(new).axis for old, new in pairs}
    return TensorType.of(None, kind.element, axes.get(kind.axis, kind.axis))
