"""`net-to-sched`: from a fused network to kernels and the list of their calls."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import ArrayAttr, BoolAttr, IntegerAttr, ModuleOp, StringAttr
from xdsl.ir import Attribute, Block, Operation, Region, SSAValue
from xdsl.passes import ModulePass
from xdsl.rewriter import Rewriter
from xdsl.utils.hints import isa

from brainscript.axes import with_bases
from brainscript.dialects.net.network import (
    ONCE,
    NetworkOp,
    networks_of,
    node_name_of,
    symbols_of,
)
from brainscript.dialects.net.parameters import (
    InputOp,
    ParameterOp,
    ReadOp,
    StateOp,
    SymbolOp,
    WriteOp,
)
from brainscript.dialects.net.recurrence import DelayOp, RecurrenceOp
from brainscript.dialects.net.sequence import layouts_of
from brainscript.dialects.net.sparse import MinusSparseOp
from brainscript.dialects.sched import (
    BufferOp,
    CallOp,
    DelayedOp,
    LoopOp,
    OutputOp,
    ProgramOp,
)
from brainscript.dialects.tensors import type_of
from brainscript.passes.lower.fuse import fuse
from brainscript.passes.lower.fusion.families import memory_of
from brainscript.passes.lower.outline import Outlined, Outliner

KEPT = ("criterion", "evaluation", "output")
"""The groups of roots that the caller can read after a step."""


@dataclass(frozen=True)
class NetToSched(ModulePass):
    """Turn the network into kernels and a program; fuses it first where that was not done.

    Before: `%t = net.times %w, %x {kernel = 0, family = "gemm"}`,
    `%h = net.sigmoid %t {kernel = 0, family = "gemm"}`
    After: `sched.kernel @gemm0 gemm(...)` with both operations in it, and in
    `sched.program @step` buffers for `%w`, `%x`, `%h` and `sched.call @gemm0(%w, %x) -> (%h)`.

    A value that is written to a symbol lives where the symbol lives: its kernel works in place.
    """

    name = "net-to-sched"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        """Replace the networks and their symbols."""
        networks, outliner = networks_of(op), Outliner()
        programs: list[ProgramOp] = []
        for network in networks:
            if not any("kernel" in o.attributes for o in network.block.ops):
                fuse(network)
            programs.append(build_program(network, outliner))
        for symbol in symbols_of(networks[0]).values() if networks else ():
            Rewriter.erase_op(symbol)
        for network in networks:
            network.detach()
            network.erase()
        op.body.block.add_ops([*outliner.kernels.values(), *programs])


def groups_of(block: Block) -> Iterator[tuple[list[Operation], str]]:
    """The operations of each kernel with its family, in the order in which the kernels run."""
    groups: dict[int, list[Operation]] = {}
    for op in block.ops:
        number = op.attributes.get("kernel")
        if isinstance(number, IntegerAttr):
            groups.setdefault(number.value.data, []).append(op)
    for _, operations in sorted(groups.items()):
        family = operations[0].attributes["family"]
        assert isinstance(family, StringAttr)
        yield operations, family.data


def build_program(network: NetworkOp, outliner: Outliner) -> ProgramOp:
    """Buffers for all values that cross a border between kernels, then the calls and loops."""
    buffers = _Buffers(network)
    for op in network.block.ops:
        if isinstance(op, MinusSparseOp) and op.is_alone:
            op.in_place = BoolAttr.from_bool(True)
            buffers.alias(op.result, op.z)
    listed = [
        build_loop(first, outliner, buffers)
        if isinstance(first := operations[0], RecurrenceOp)
        else build_call(outliner.outline(operations, family), buffers)
        for operations, family in groups_of(network.block)
    ]
    outputs = [OutputOp(name, buffers.of(value)) for name, value in outputs_of(network)]
    body = Region(Block([*buffers.made, *listed, *outputs]))
    axes = dict.fromkeys(type_of(b.memory).axis for b in buffers.made)
    calls = (op for op in listed if isinstance(op, CallOp))
    axes |= dict.fromkeys(axis for call in calls for axis in call.layout_axes)
    named = tuple(axis for axis in axes if axis is not None)
    name = ONCE if ONCE in network.attributes else "step"
    return ProgramOp(name, with_bases(named), body)


def build_call(call: Outlined, buffers: _Buffers) -> CallOp:
    """The call of a kernel."""
    reads = [buffers.of(v) for v in call.reads]
    layouts = layouts_of(call.kernel.steps[0])
    return CallOp(call.kernel.sym_name.data, reads, buffers.written_by(call), layouts)


def build_loop(loop: RecurrenceOp, outliner: Outliner, buffers: _Buffers) -> LoopOp:
    """The loop: what its steps yield lies where the results of the whole loop are read."""
    for inner, outer in zip(loop.block.args, loop.inputs, strict=True):
        buffers.alias(inner, outer)
    for inner, outer in zip(loop.terminator.values, loop.outputs, strict=True):
        buffers.alias(outer, inner)
    delays = [op for op in loop.block.ops if isinstance(op, DelayOp)]
    made: list[Operation] = []
    for op in delays:
        assert op.initial is not None
        made.append(DelayedOp(buffers.of(op.x), buffers.of(op.initial), op.steps))
        buffers.put(op.result, made[-1].results[0])
    for operations, family in groups_of(loop.block):
        made.append(build_call(outliner.outline(operations, family), buffers))
    return LoopOp(loop.direction.data, loop.axis, Region(Block(made)))


def outputs_of(network: NetworkOp) -> Iterator[tuple[str, SSAValue]]:
    """The roots that the caller may read, each name once."""
    roots = network.roots
    names = roots.attributes["names"]
    assert isa(names, ArrayAttr[StringAttr])
    seen: set[str] = set()
    for (group, value), name in zip(roots.entries, names.data, strict=True):
        if group in KEPT and name.data not in seen:
            seen.add(name.data)
            yield name.data, value


class _Buffers:
    """One buffer for each value; inputs first, then states in the order of their symbols."""

    def __init__(self, network: NetworkOp):
        self.made: list[BufferOp] = []
        self.values: dict[SSAValue, SSAValue] = {}
        self.symbols: dict[str, SSAValue] = {}
        operations = list(network.block.ops)
        for op in operations:
            if isinstance(op, InputOp):
                self.values[op.result] = self._add("input", op.node_name, op.result.type)
        used = {op.target for op in operations if isinstance(op, ReadOp | WriteOp)}
        for name, symbol in symbols_of(network).items():
            if name in used:
                self.symbols[name] = self._add("state", name, symbol.type, role_of(symbol))
        for op in operations:
            if isinstance(op, ReadOp):
                self.values[op.result] = self.symbols[op.target]
        for op in operations:
            if isinstance(op, WriteOp) and is_in_place(op):
                self.values.setdefault(op.value, self.symbols[op.target])

    def of(self, value: SSAValue) -> SSAValue:
        """The buffer of a value, new for one not seen before; a reshape lies in its operand."""
        source = memory_of(value)
        if source is not value:
            return self.of(source)
        if value not in self.values:
            self.values[value] = self._add("temporary", label_of(value), value.type)
        return self.values[value]

    def alias(self, value: SSAValue, other: SSAValue) -> None:
        """Let a value lie where another one lies."""
        self.values[value] = self.of(other)

    def put(self, value: SSAValue, memory: SSAValue) -> None:
        """Say where a value lies."""
        self.values[value] = memory

    def written_by(self, call: Outlined) -> list[SSAValue]:
        """The buffers that a call writes."""
        if call.symbol:
            return [self.symbols[call.symbol]]
        return [self.of(v) for v in call.writes]

    def _add(self, kind: str, label: str, type: Attribute, role: str = "") -> SSAValue:
        buffer = BufferOp(kind, label, type, role)
        self.made.append(buffer)
        return buffer.memory


def is_in_place(write: WriteOp) -> bool:
    """Whether the kernel that makes the value writes it to the symbol."""
    maker = write.value.owner
    assert isinstance(maker, Operation)
    number = maker.attributes.get("kernel")
    return number is not None and number == write.attributes.get("kernel")


def label_of(value: SSAValue) -> str:
    """What to call a buffer: the node it holds, or the operation that fills it."""
    owner = value.owner
    assert isinstance(owner, Operation)
    return node_name_of(value) or owner.name.removeprefix("net.")


def role_of(symbol: SymbolOp) -> str:
    """What a symbol holds."""
    if isinstance(symbol, ParameterOp):
        return "parameter"
    assert isinstance(symbol, StateOp)
    return symbol.role.data
