"""Members of records and nodes, elements of arrays, branches of conditions."""

from __future__ import annotations

from xdsl.ir import Operation, SSAValue

from brainscript.diagnostic import did_you_mean
from brainscript.dialects.bs import (
    ApplyOp,
    ArrayOp,
    BoolOp,
    EditedOp,
    FieldOp,
    GenerateOp,
    IfOp,
    IndexOp,
    LoadedOp,
    NetworkRecordOp,
    PoisonOp,
    RecordOp,
    path_of,
)
from brainscript.passes.evaluate.engine import Engine
from brainscript.passes.evaluate.failures import type_name
from brainscript.passes.evaluate.paths import move, waiting
from brainscript.passes.evaluate.plain import integer, plain
from brainscript.passes.evaluate.rules.fields import node_field
from brainscript.passes.evaluate.rules.networks import network_field
from brainscript.passes.evaluate.rules.nodes import make_node

FARTHEST = 1 << 53
"""The largest index of an array: larger numbers do not tell neighbours apart."""


def owner_of(value: SSAValue) -> Operation:
    """The operation that gives `value`; arguments of blocks never reach a rule."""
    assert isinstance(value.owner, Operation)
    return value.owner


def poison_rule(engine: Engine, op: Operation) -> SSAValue | None:
    """Somebody demands what does not exist."""
    assert isinstance(op, PoisonOp)
    label = op.label.data if op.label is not None else ""
    remedy = op.help.data if op.help is not None else ""
    raise engine.fail(op, op.code.data, op.message.data, label, remedy)


def field_rule(engine: Engine, op: Operation) -> SSAValue | None:
    """`bs.field "b" of %r` becomes the member b; names that climb outwards stand behind members."""
    assert isinstance(op, FieldOp)
    ready, needed = engine.wants(op, [op.record])
    if not ready:
        return needed
    record = owner_of(op.record)
    if isinstance(record, NetworkRecordOp):
        return engine.replace(op, engine.make(FieldOp, op, [record.record], {"field": op.field}))
    if isinstance(record, RecordOp):
        names = [name.data for name in record.names.data]
        names += [name.data for name in record.outer.data] if record.outer is not None else []
        if op.field.data in names:
            return engine.replace(op, record.members[names.index(op.field.data)])
        raise engine.fail(
            op,
            "BS0306",
            f"the record has no member '{op.field.data}'",
            f"members: {', '.join(names) or 'none'}",
            did_you_mean(op.field.data, names),
        )
    if isinstance(record, LoadedOp | EditedOp):
        return network_field(engine, op, record)
    if engine.is_node(op.record):
        return node_field(engine, op, record)
    raise engine.fail(op, "BS0305", f"a record is expected here, not {type_name(record)}")


def index_rule(engine: Engine, op: Operation) -> SSAValue | None:
    """`bs.index %a at %i` becomes the element."""
    assert isinstance(op, IndexOp)
    ready, needed = engine.wants(op, [op.array, op.index])
    if not ready:
        return needed
    array, index = owner_of(op.array), integer(op.index.owner)
    if not isinstance(array, ArrayOp):
        title = f"an array is expected here, not {type_name(array)}"
        remedy = "elements of a node are Slice (begin, end, x)" if engine.is_node(op.array) else ""
        raise engine.fail(op, "BS0305", title, help=remedy)
    if index is None:
        raise _not_integer(engine, op, op.index)
    first = array.first.value.data
    last = first + len(array.operands) - 1
    if not first <= index <= last:
        bounds = f"the indices are {first} to {last}" if last >= first else "the array is empty"
        raise engine.fail(op, "BS0307", f"index {index} is out of range", bounds)
    return engine.replace(op, array.operands[index - first])


def _not_integer(engine: Engine, op: Operation, value: SSAValue) -> Exception:
    number = plain(value.owner)
    what = f"{number:g}" if isinstance(number, float) else type_name(owner_of(value))
    return engine.fail(op, "BS0305", f"an integer is expected here, not {what}")


def generate_rule(engine: Engine, op: Operation) -> SSAValue | None:
    """`array[0..1] (f)` at path P becomes an array of two calls, at `P[0]` and `P[1]`."""
    assert isinstance(op, GenerateOp)
    ready, needed = engine.wants(op, [op.low, op.high])
    if not ready:
        return needed
    low, high = integer(op.low.owner), integer(op.high.owner)
    if low is None or high is None:
        raise _not_integer(engine, op, op.low if low is None else op.high)
    engine.check_length(op, high - low + 1)
    if abs(low) > FARTHEST:
        raise engine.fail(op, "BS0307", f"an array cannot begin with index {float(low):g}")
    path = path_of(op)
    calls: list[SSAValue] = []
    for index in range(low, high + 1):
        number = engine.literal(op, float(index))
        below = f"{path}[{index}]" if path else ""
        calls.append(engine.make(ApplyOp, op, [op.function, number], {}, below))
    return engine.replace(op, engine.array(op, calls, low))


def if_rule(engine: Engine, op: Operation) -> SSAValue | None:
    """A boolean chooses one branch; a node makes an `If` node of both."""
    assert isinstance(op, IfOp)
    ready, needed = engine.wants(op, [op.condition])
    if not ready:
        return needed
    condition, path = owner_of(op.condition), path_of(op)
    front = waiting(path, op.site.value.data)
    if isinstance(condition, BoolOp):
        number = 0 if plain(condition) else 1
        chosen = op.otherwise if number else op.then
        move(chosen, f"{front}{number}", path)
        return engine.replace(op, op.otherwise if number else op.then)
    if not engine.is_node(op.condition):
        title = f"a boolean is expected as condition, not {type_name(condition)}"
        raise engine.fail(op, "BS0305", title)
    for number, (branch, name) in enumerate(((op.then, "then"), (op.otherwise, "else"))):
        move(branch, f"{front}{number}", f"{path}.{name}" if path else name)
    ready, needed = engine.wants(op, [op.then, op.otherwise])
    if not ready:
        return needed
    inputs = [op.condition, op.then, op.otherwise]
    return engine.replace(op, make_node(engine, op, "If", inputs))
