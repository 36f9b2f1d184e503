"""Demanding the roots of a program in the order of the language."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from xdsl.dialects.builtin import ArrayAttr, StringAttr
from xdsl.ir import Operation, SSAValue

from brainscript.dialects.bs import (
    DELAYS,
    LISTS,
    ArrayOp,
    ClonedOp,
    CloneFunctionOp,
    CloneOp,
    EditedOp,
    LoadedOp,
    NetworkRecordOp,
    NodeOp,
    ParameterOp,
    RecordOp,
    RootsOp,
    root_order,
    strings,
    whole,
)
from brainscript.passes.evaluate.engine import Engine
from brainscript.passes.evaluate.plain import flattened
from brainscript.passes.evaluate.rules.networks import nodes_of


def run(engine: Engine) -> None:
    """Demand the roots, then what delays read, breadth first from the roots."""
    roots = engine.block.last_op
    assert isinstance(roots, RootsOp)
    orders = (op.order for op in engine.block.ops if isinstance(op, ParameterOp))
    engine.order = max((order.value.data for order in orders if order is not None), default=0)
    roots.detach()
    holders: list[RootsOp] = []
    try:
        if engine.network.form.data == "expression":
            _open_expression(engine, roots)
        holders = _take_apart(roots)
        _demand_roots(engine, holders)
        _fetch_delayed(engine, holders)
    finally:
        engine.wide.settle()
        if holders:
            roots.operands = [holder.operands[0] for holder in holders]
        _add_edits(engine, roots)
        for holder in holders:
            holder.drop_all_references()
        engine.block.add_op(roots)


def _take_apart(roots: RootsOp) -> list[RootsOp]:
    """One holder for each root: to replace one of many operands copies them all."""
    values = list(roots.values)
    roots.operands = []
    return [
        RootsOp.create(operands=[value], properties={"names": ArrayAttr([name])})
        for name, value in zip(roots.names.data, values, strict=True)
    ]


def _demand_roots(engine: Engine, holders: Sequence[RootsOp]) -> None:
    deep = engine.network.form.data == "value"
    for holder in holders:
        engine.demand(holder.operands[0])
        if deep:
            _demand_everything(engine, holder.operands[0])
        elif holder.names.data[0].data in LISTS:
            _demand_elements(engine, holder.operands[0])


def _demand_elements(engine: Engine, value: SSAValue) -> None:
    """Demand the nodes inside an array; `value` itself is evaluated."""
    while (needed := engine.first_unevaluated(value)) is not None:
        if engine.is_stuck(needed):
            return
        engine.demand(needed)


def _demand_everything(engine: Engine, value: SSAValue) -> None:
    """Demand what is inside records and arrays; a record may contain itself."""
    seen: set[Operation] = set()
    todo = deque([value.owner])
    while todo:
        op = todo.popleft()
        if not isinstance(op, ArrayOp | RecordOp) or op in seen:
            continue
        seen.add(op)
        count = len(op.names.data) if isinstance(op, RecordOp) else len(op.operands)
        for index in range(count):
            engine.demand(op.operands[index])
            todo.append(op.operands[index].owner)


def _open_expression(engine: Engine, roots: RootsOp) -> None:
    """The expression of a builder gives a network: its members become the roots."""
    engine.demand(roots.operands[0])
    op = roots.operands[0].owner
    assert isinstance(op, Operation)
    if engine.is_stuck(roots.operands[0]):
        return
    if isinstance(op, LoadedOp):
        nodes = list(nodes_of(engine, op).values())
        properties = {"order": whole(engine.next_edit()), "names": strings(())}
        roots.operands = [engine.make(EditedOp, op, [op.result, *nodes], properties)]
    if isinstance(op, LoadedOp | EditedOp):
        engine.network.properties = {"form": StringAttr("network")}
        return
    if not isinstance(op, NetworkRecordOp):
        raise engine.fail(op, "BS0314", "the expression of the builder must give a network")
    engine.demand(op.record)
    record = op.record.owner
    if not isinstance(record, RecordOp):
        return
    index = {name.data: i for i, name in enumerate(record.names.data)}
    names = root_order(index)
    roots.operands = [record.members[index[name]] for name in names]
    roots.properties = {"names": strings(names)}
    engine.network.properties = {"form": StringAttr("members")}


def _add_edits(engine: Engine, roots: RootsOp) -> None:
    """An edit that has been made changes the network even where only one node of it is named."""
    known = set(roots.operands)
    found = [
        op.result for op in engine.block.ops if isinstance(op, EditedOp) and op.result not in known
    ]
    if found:
        names = [name.data for name in roots.names.data] + ["edit"] * len(found)
        roots.operands = [*roots.operands, *found]
        roots.properties = {"names": strings(names)}


SOURCES = (NodeOp, ClonedOp, CloneOp, CloneFunctionOp, EditedOp, RecordOp)
"""Operations through which a node is reached that some root needs."""


def _fetch_delayed(engine: Engine, holders: Sequence[RootsOp]) -> None:
    """What delays read is evaluated while the network is put together, nodes nearest first."""
    starts = [value for holder in holders for value in flattened(holder.operands[0])]
    todo: deque[Operation] = deque(
        op for value in starts if isinstance(op := value.owner, NodeOp | ClonedOp | EditedOp)
    )
    seen: set[Operation] = set(todo)
    while todo:
        node = todo.popleft()
        if isinstance(node, NodeOp) and node.kind.data in DELAYS:
            engine.demand(node.operands[0])
            _demand_elements(engine, node.operands[0])
        for operand in node.operands:
            for value in flattened(operand):
                op = value.owner
                if isinstance(op, SOURCES) and op not in seen:
                    seen.add(op)
                    todo.append(op)
