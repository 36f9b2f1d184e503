"""Pass `bs-to-net`: evaluated nodes become operations of level 2, with their final names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import LocationAttr, ModuleOp, StringAttr
from xdsl.ir import Operation, SSAValue
from xdsl.passes import ModulePass
from xdsl.rewriter import Rewriter

from brainscript.diagnostic import BrainScriptError, did_you_mean
from brainscript.dialects.bs import (
    DELAYS,
    ClonedOp,
    CloneOp,
    EditedOp,
    LoadedNodeOp,
    NetworkOp,
    NodeOp,
    ReadOp,
    RecordOp,
    RootsOp,
)
from brainscript.dialects.net.base import NetOp
from brainscript.dialects.net.clone import KeepOp
from brainscript.dialects.net.kinds import KINDS, Kind
from brainscript.dialects.net.leaves import make_input
from brainscript.dialects.net.network import GROUPS
from brainscript.dialects.net.network import NetworkOp as NetNetworkOp
from brainscript.dialects.net.network import RootsOp as NetRootsOp
from brainscript.dialects.net.parameters import ParameterOp as NetParameterOp
from brainscript.dialects.net.parameters import ReadOp as NetReadOp
from brainscript.dialects.net.recurrence import DelayOp, unlinked
from brainscript.dialects.net.shapes import compatible
from brainscript.dialects.tensors import Element, TensorType, type_of
from brainscript.passes.evaluate.failures import failure, spans, type_name, user_location
from brainscript.passes.evaluate.instantiate import element_of
from brainscript.passes.evaluate.names import Assembly, assemble
from brainscript.passes.evaluate.networks.importing import Importer, needs_of, special_values
from brainscript.passes.evaluate.options import inputs_of, node_name, options_of
from brainscript.passes.evaluate.plain import flattened, network_of
from brainscript.passes.infer.loops import strongly_connected

TAGS = {"criteria": "criterion", "eval": "evaluation"} | {group: group for group in GROUPS}
"""What the option `tag` of a node may say, and the group it means."""


@dataclass(frozen=True)
class BsToNet(ModulePass):
    """One operation of `net` for each node that the roots reach.

    Before: `%z = bs.node "Sigmoid"(%x, %tag) {path = "z", options = ["tag"]}`.
    After: `%z = net.sigmoid %x {node = "z"} : !net.t<[2], f32, @"*">`.

    An operation stands after its operands, but what a delay reads may follow later: rings stay.
    """

    name = "bs-to-net"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        """Put a `net.network` in the place of the program of the module."""
        network = network_of(op)
        if network is not None:
            _convert(op, network)


def _convert(module: ModuleOp, network: NetworkOp) -> None:
    roots = network.body.block.last_op
    assert isinstance(roots, RootsOp)
    if network.form.data not in ("members", "network"):
        raise failure(roots, "BS0314", "this program is a value, not a network")
    assembly = assemble(roots)
    symbols = {op.sym_name.data: op for op in module.ops if isinstance(op, NetParameterOp)}
    element = element_of(module)
    importer = Importer(module, network.body.block.ops, element) if assembly.edited else None
    maker = _Maker(assembly, element, symbols, importer)
    specials = special_values(network.body.block.ops)
    for value in _inputs_first([*specials, *assembly.nodes, *assembly.sections]):
        maker.make(value)
    maker.close_rings()
    entries = [(group, maker.value(value)) for group, value in _groups(assembly, importer is None)]
    end = NetRootsOp(entries)
    if importer is not None:
        maker.operations.append(KeepOp([maker.value(value) for value in assembly.members]))
    made = NetNetworkOp([*maker.operations, end], network.location)
    module.body.block.insert_op_before(made, network)
    network.detach()
    network.erase()
    _keep_symbols(module, symbols, maker)


def _keep_symbols(module: ModuleOp, symbols: dict[str, NetParameterOp], maker: _Maker) -> None:
    """Rename the parameters that are used, in the order of their names; drop the others."""
    for old, symbol in symbols.items():
        symbol.detach()
        if old in maker.used:
            symbol.properties = {**symbol.properties, "sym_name": StringAttr(maker.used[old])}
    kept = sorted((symbols[old] for old in maker.used), key=lambda op: op.sym_name.data)
    first = module.body.block.first_op
    assert first is not None
    module.body.block.insert_ops_before(kept, first)


def _inputs_first(nodes: list[SSAValue]) -> list[SSAValue]:
    """The nodes, each after its inputs; on a ring, what a delay reads counts as none."""
    rings = _rings(nodes)
    order: dict[SSAValue, None] = {}
    for start in nodes:
        stack: list[SSAValue] = [start]
        while stack:
            value = stack[-1]
            missing = [v for v in _early_inputs(value, rings) if v not in order]
            if missing and value not in order:
                stack.extend(reversed(missing))
                continue
            order[stack.pop()] = None
    return list(order)


def _rings(nodes: list[SSAValue]) -> dict[SSAValue, int]:
    """For each node that the given ones need the number of its ring; other nodes are alone."""
    found = dict.fromkeys(nodes)
    for value in (queue := list(found)):
        new = [v for v in _all_inputs(value) if v not in found]
        found.update(dict.fromkeys(new))
        queue.extend(dict.fromkeys(new))
    place = {value: i for i, value in enumerate(found)}
    edges = [[place[v] for v in _all_inputs(value)] for value in found]
    values = list(found)
    return {values[i]: n for n, part in enumerate(strongly_connected(edges)) for i in part}


def _all_inputs(value: SSAValue) -> Sequence[SSAValue]:
    op = value.owner
    if isinstance(op, NodeOp):
        _known(op)
        return _inputs(op)
    return (needs_of(op) or ()) if isinstance(op, Operation) else ()


def _early_inputs(value: SSAValue, rings: dict[SSAValue, int]) -> Sequence[SSAValue]:
    """What must be made before a node: all inputs, except on a ring that of a delay."""
    inputs = _all_inputs(value)
    op = value.owner
    if (
        isinstance(op, NodeOp)
        and op.kind.data in DELAYS
        and inputs
        and rings[inputs[0]] == rings[value]
    ):
        return inputs[1:]
    return inputs


def _inputs(op: NodeOp) -> list[SSAValue]:
    """The inputs one by one; those of a delay may still be written as a list."""
    return [value for given in inputs_of(op) for value in flattened(given)]


def _known(op: NodeOp) -> None:
    """Refuse what does not exist at level 2."""
    if op.kind.data not in KINDS and op.kind.data != "InputValue":
        title = f"the operation '{op.kind.data}' is not supported"
        raise failure(op, "BS0322", title)


class _Maker:
    """Makes the operations of level 2, inputs before what uses them."""

    def __init__(
        self,
        assembly: Assembly,
        element: Element,
        symbols: dict[str, NetParameterOp],
        importer: Importer | None,
    ):
        self.operations: list[Operation] = list(importer.operations) if importer else []
        self._importer = importer
        self.used: dict[str, str] = {}
        self._names = assembly.names
        self._element = element
        self._symbols = symbols
        self._made: dict[SSAValue, SSAValue] = {}
        self._open: list[tuple[DelayOp, SSAValue]] = []

    def value(self, value: SSAValue) -> SSAValue:
        """The value of level 2 for one of level 1."""
        return self._made[value]

    def make(self, value: SSAValue) -> None:
        """The operation for one evaluated node."""
        op = value.owner
        if self._importer is not None and self._edit(value, self._importer):
            return
        name = self._names[value]
        if isinstance(op, ReadOp):
            made = self._read(op, name)
        elif isinstance(op, NodeOp):
            made = self._node(op, name)
        else:
            assert isinstance(op, Operation)
            title = f"a node is expected here, not {type_name(op)}"
            raise failure(_user(op), "BS0312", title, help=_members_of(op))
        self.operations.append(made)
        result = made.results[0]
        result.name_hint = value.name_hint
        self._made[value] = result
        if self._importer is not None:
            self._importer.mark(made, node_name(op), _tag(value))

    def _edit(self, value: SSAValue, importer: Importer) -> bool:
        """Make what an edit or a clone stands for, or find a node of a loaded network."""
        op, names = value.owner, self._names
        if isinstance(op, LoadedNodeOp):
            self._made[value] = importer.node(op, names.get(value, ""))
        elif isinstance(op, CloneOp):
            clone, images = importer.clone(op, self.value, names)
            self.operations.append(clone)
            self._made |= images
        elif isinstance(op, EditedOp):
            self.operations += importer.edit(op, self._made)
        return isinstance(op, LoadedNodeOp | CloneOp | ClonedOp | EditedOp)

    def _read(self, op: ReadOp, name: str) -> Operation:
        symbol = op.symbol.root_reference.data
        if symbol not in self._symbols:
            raise failure(op, "BS0312", f"there is no parameter '{symbol}'")
        self.used[symbol] = name
        return NetReadOp(name, self._symbols[symbol].type, user_location(op.location))

    def _node(self, op: NodeOp, name: str) -> Operation:
        options = options_of(op)
        options.pop("tag", None)
        location = user_location(op.location)
        if op.kind.data == "InputValue":
            return make_input(name, options, self._element, location)
        given = _inputs(op)
        late = [value for value in given if value not in self._made]
        open_end = unlinked(TensorType.of(None, self._element))
        inputs = [self._made.get(value, open_end) for value in given]
        kind = KINDS[op.kind.data]
        try:
            made = kind.make(inputs, options, name, location, self._element)
        except BrainScriptError:
            if not self._open:
                raise
            made = self._hoped(kind, inputs, options, name, location)
        if late:
            assert isinstance(made, DelayOp)
            self._open.append((made, late[0]))
        return made

    def _hoped(
        self,
        kind: Kind,
        inputs: Sequence[SSAValue],
        options: Mapping[str, object],
        name: str,
        location: LocationAttr,
    ) -> NetOp:
        """An operation whose shapes do not fit yet.

        What was written for a delay is a hint, which its operand may contradict. The shapes are
        looked at again when those of all operands are known.
        """
        types = [type_of(value) for value in inputs]
        unknown = [unlinked(TensorType.of(None, t.element, t.axis)) for t in types]
        made = kind.make(unknown, options, name, location, self._element)
        made.operands = list(inputs)
        return made

    def close_rings(self) -> None:
        """Let the delays whose operand was made after them read it.

        Where the shape of that is another one than was written for the delay, it is left open.
        """
        for delay, value in self._open:
            delay.operands[0] = self._made[value]
            given = type_of(delay.result)
            if not compatible(delay.infer().shape, given.shape):
                unknown = TensorType.of(None, given.element, given.axis)
                Rewriter.replace_value_with_new_type(delay.result, unknown)


def _groups(assembly: Assembly, tags: bool) -> list[tuple[str, SSAValue]]:
    """Groups and their nodes: those of the lists, then (`tags`) those that a tag puts there."""
    found: dict[tuple[str, SSAValue], None] = {}
    for name, values in assembly.lists.items():
        for value in values:
            found[(name.removesuffix("Nodes"), value)] = None
    for value in assembly.nodes if tags else ():
        group = _tag(value)
        if group:
            found[(group, value)] = None
    return sorted(found, key=lambda entry: GROUPS.index(entry[0]))


def _user(op: Operation) -> Operation:
    """What stands for `op` in a message: of the library, the first user that the source shows."""
    uses = [use.operation for result in op.results for use in result.uses]
    return op if spans(op)[0] else next((user for user in uses if spans(user)[0]), op)


def _tag(value: SSAValue) -> str:
    op = value.owner
    if isinstance(op, ReadOp):
        tag = op.tag.data if op.tag is not None else ""
    else:
        assert isinstance(op, Operation)
        tag = "" if not isinstance(op, NodeOp) else str(options_of(op).get("tag", ""))
    if tag and tag not in TAGS:
        title = f"'{tag}' is not a group of nodes"
        help = did_you_mean(tag, GROUPS) or f"groups: {', '.join(GROUPS)}"
        raise failure(op, "BS0312", title, help=help)
    return TAGS[tag] if tag else ""


def _members_of(op: Operation) -> str:
    """What to write where a record stands for one of its members."""
    if not isinstance(op, RecordOp) or not op.names.data:
        return ""
    names = ", ".join(f"'.{name.data}'" for name in op.names.data[:8])
    return f"name one of its members: {names}"
