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
    given = tuple(op.operands)
    delayed = op.kind.data in DELAYS
    ready, needed = engine.wants_deep(op, given[1:] if delayed else given)
    if not ready or delayed:
        return needed
    count = len(given) - len(op.option_names())
    inputs = [value for operand in given[:count] for value in flattened(operand)]
    inputs = [_input(engine, op, value, index) for index, value in enumerate(inputs)]
    if len(inputs) != count or any(a is not b for a, b in zip(inputs, given, strict=False)):
        op.operands = [*inputs, *given[count:]]
    return None


def _input(engine: Engine, op: NodeOp, value: SSAValue, index: int) -> SSAValue:
    if engine.is_node(value):
        return value
    literal = value.owner
    if isinstance(literal, NumberOp | BoolOp):
        return constant(engine, op, value, f"/inputs.arr[{index}].res", (1.0, 1.0))
    assert isinstance(literal, Operation)
    title = f"input {index + 1} of '{op.kind.data}' must be a node, not {type_name(literal)}"
    raise engine.fail(op, "BS0305", title, help=_applied(literal))


def _applied(op: Operation) -> str:
    """What to do about a function where a node is meant."""
    function = type_name(op) == "a function"
    return (
        "a function is applied to its input: LinearLayer {10} (x), Sigmoid (x)" if function else ""
    )


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


def make_node(
    engine: Engine, op: Operation, kind: str, inputs: Sequence[SSAValue], path: str | None = None
) -> SSAValue:
    """The node that an operator makes, at its path or the one given; constants share the path."""
    path = path_of(op) if path is None else path
    nodes: list[SSAValue] = []
    for value in inputs:
        if isinstance(value.owner, NumberOp | BoolOp):
            value = constant(engine, op, value, path, (1.0,))
        elif not engine.is_node(value):
            assert isinstance(value.owner, Operation)
            title = f"'{kind}' takes nodes and numbers, not {type_name(value.owner)}"
            raise engine.fail(op, "BS0305", title, help=_applied(value.owner))
        nodes.append(value)
    properties = {"kind": StringAttr(kind)}
    return engine.made_node(engine.make(NodeOp, op, nodes, properties, path))


def parameter_rule(engine: Engine, op: Operation) -> SSAValue | None:
    """A parameter that draws random numbers takes its place in the creation order."""
    assert isinstance(op, ParameterOp)
    ready, needed = engine.wants_deep(op, tuple(op.operands))
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
