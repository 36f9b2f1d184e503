"""Nodes and parameters: their inputs and options are evaluated, numbers become constants."""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.dialects.builtin import StringAttr, UnitAttr
from xdsl.ir import Operation, SSAValue

from brainscript.dialects.bs import (
    DELAYS,
    BoolOp,
    NodeOp,
    NumberOp,
    ParameterOp,
    path_of,
    strings,
    whole,
)
from brainscript.dialects.net.leaves import takes_seed
from brainscript.dialects.net.shapes import ShapeError
from brainscript.passes.evaluate.engine import Engine
from brainscript.passes.evaluate.failures import type_name
from brainscript.passes.evaluate.options import options_of
from brainscript.passes.evaluate.plain import flattened, plain


def node_rule(engine: Engine, op: Operation) -> SSAValue | None:
    """A node whose inputs and options are evaluated stands; what a delay reads comes later.

    `bs.node "Plus" (%x, %one)` gets a constant for a number, named `inputs.arr[1].res`.
    """
    assert isinstance(op, NodeOp)
    skip = 1 if op.kind.data in DELAYS else 0
    ready, needed = engine.wants_deep(op, op.arguments[skip:])
    if not ready:
        return needed
    count = len(op.arguments) - len(op.option_names())
    if skip:
        return None
    inputs = [value for given in op.arguments[:count] for value in flattened(given)]
    inputs = [_input(engine, op, value, index) for index, value in enumerate(inputs)]
    operands = [*inputs, *op.arguments[count:]]
    if operands != list(op.arguments):
        op.operands = operands
    return None


def _input(engine: Engine, op: NodeOp, value: SSAValue, index: int) -> SSAValue:
    if engine.is_node(value):
        return value
    literal = value.owner
    if isinstance(literal, NumberOp | BoolOp):
        return constant(engine, op, value, f"/inputs.arr[{index}].res", (1.0, 1.0))
    assert isinstance(literal, Operation)
    title = f"input {index + 1} of '{op.kind.data}' must be a node, not {type_name(literal)}"
    raise engine.fail(op, "BS0305", title)


def constant(
    engine: Engine, op: Operation, value: SSAValue, path: str, dims: Sequence[float]
) -> SSAValue:
    """The constant parameter that a number or boolean beside a node stands for."""
    number = plain(value.owner)
    assert isinstance(number, float | bool)
    options = {
        "dims": engine.array(op, [engine.literal(op, dim) for dim in dims])
        if len(dims) > 1
        else engine.literal(op, dims[0]),
        "learningRateMultiplier": engine.literal(op, 0.0),
        "initValue": engine.literal(op, float(number)),
    }
    properties = {"options": strings(options), "hidden": UnitAttr()}
    return engine.made_node(engine.make(ParameterOp, op, list(options.values()), properties, path))


def make_node(engine: Engine, op: Operation, kind: str, inputs: Sequence[SSAValue]) -> SSAValue:
    """Replace an operator by the node that it makes; its constants share its path."""
    path = path_of(op)
    nodes: list[SSAValue] = []
    for value in inputs:
        if isinstance(value.owner, NumberOp | BoolOp):
            value = constant(engine, op, value, path, (1.0,))
        elif not engine.is_node(value):
            assert isinstance(value.owner, Operation)
            title = f"'{kind}' takes nodes and numbers, not {type_name(value.owner)}"
            raise engine.fail(op, "BS0305", title)
        nodes.append(value)
    properties = {"kind": StringAttr(kind)}
    return engine.replace(op, engine.made_node(engine.make(NodeOp, op, nodes, properties, path)))


def parameter_rule(engine: Engine, op: Operation) -> SSAValue | None:
    """A parameter that draws random numbers takes its place in the creation order."""
    assert isinstance(op, ParameterOp)
    ready, needed = engine.wants_deep(op, op.arguments)
    if not ready:
        return needed
    if engine.complete and op.order is None and _draws(op):
        op.properties = {**op.properties, "order": whole(engine.next_order())}
    return None


def _draws(op: ParameterOp) -> bool:
    try:
        return takes_seed(options_of(op))
    except ShapeError:
        return False  # the error is reported when the parameter is made
