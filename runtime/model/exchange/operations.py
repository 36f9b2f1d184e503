"""Operations on single elements, reductions and shapes as ONNX nodes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, cast

import numpy as np

from brainscript.runtime.model.exchange.emit import END, Emitter, Value
from brainscript.stored_graph import StoredNode

Write = Callable[[Emitter, StoredNode], None]

UNARY = {
    "Abs": "Abs",
    "Acos": "Acos",
    "Asin": "Asin",
    "Cosh": "Cosh",
    "Cosine": "Cos",
    "Exp": "Exp",
    "ExponentialLinearUnit": "Elu",
    "Floor": "Floor",
    "Negate": "Neg",
    "RectifiedLinear": "Relu",
    "Sigmoid": "Sigmoid",
    "StableSigmoid": "Sigmoid",
    "Sin": "Sin",
    "Sinh": "Sinh",
    "Tanh": "Tanh",
}
SAME = ("Dropout", "LabelsToGraph", "Pass", "StopGradient", "Trace")
BINARY = {"Plus": "Add", "Minus": "Sub", "ElementTimes": "Mul", "DiagTimes": "Mul"}
COMPARED = {
    "Equal": ("Equal", False),
    "NotEqual": ("Equal", True),
    "Less": ("Less", False),
    "GreaterEqual": ("Less", True),
    "Greater": ("Greater", False),
    "LessEqual": ("Greater", True),
}
WHOLE = {"Softmax": "Softmax", "LogSoftmax": "LogSoftmax", "Hardmax": "Hardmax"}
REDUCED = {
    "Sum": "ReduceSum",
    "Mean": "ReduceMean",
    "Max": "ReduceMax",
    "Min": "ReduceMin",
    "Prod": "ReduceProd",
    "LogSum": "ReduceLogSumExp",
}
SMALLEST, LEAST_LOG = 1e-37, -85.1


def options_of(node: StoredNode) -> Mapping[str, Any]:
    """The options of a node."""
    return cast("Mapping[str, Any]", node.options)


def _unary(e: Emitter, node: StoredNode) -> None:
    x = e.value(node.inputs[0])
    e.set(node, e.op(UNARY[node.operation], [x.name], node.name), x.dims)


def _same(e: Emitter, node: StoredNode) -> None:
    x = e.value(node.inputs[0])
    e.set(node, e.op("Identity", [x.name], node.name), x.dims)


def _log(e: Emitter, node: StoredNode) -> None:
    """The logarithm; -85.1 of numbers below 1e-37."""
    x, least = e.value(node.inputs[0]), e.number(SMALLEST)
    found = e.op("Log", [e.op("Max", [x.name, least])])
    below = e.op("Less", [x.name, least])
    e.set(node, e.op("Where", [below, e.number(LEAST_LOG), found], node.name), x.dims)


def _root(e: Emitter, node: StoredNode) -> None:
    """The root; 0 of negative numbers."""
    x = e.value(node.inputs[0])
    source = x.name if _never_negative(e, node.inputs[0]) else e.op("Relu", [x.name])
    e.set(node, e.op("Sqrt", [source], node.name), x.dims)


def _reciprocal(e: Emitter, node: StoredNode) -> None:
    """The reciprocal; 0 of 0."""
    x = e.value(node.inputs[0])
    if _never_zero(e, node.inputs[0]):
        e.set(node, e.op("Reciprocal", [x.name], node.name), x.dims)
        return
    zero = e.number(0.0)
    inputs = [e.op("Equal", [x.name, zero]), zero, e.op("Reciprocal", [x.name])]
    e.set(node, e.op("Where", inputs, node.name), x.dims)


def _never_zero(e: Emitter, name: str, depth: int = 8) -> bool:
    """Whether a node surely has no zeros."""
    node = e.graph.nodes[name]
    if node.operation == "LearnableParameter":
        return name in e.arrays and bool(np.all(e.arrays[name] != 0))
    if not depth or node.operation not in ("Pass", "Plus", "Reshape", "Sqrt"):
        return False
    signed = node.operation in ("Pass", "Reshape")
    above = signed or all(_never_negative(e, below) for below in node.inputs)
    return above and any(_never_zero(e, below, depth - 1) for below in node.inputs)


def _never_negative(e: Emitter, name: str, depth: int = 8) -> bool:
    """Whether a node surely has no negative values."""
    node = e.graph.nodes[name]
    if node.operation in ("Abs", "Exp", "RectifiedLinear", "Sigmoid", "Softmax") or not depth:
        return depth > 0
    if node.operation == "LearnableParameter":
        return name in e.arrays and bool(np.all(e.arrays[name] >= 0))
    if node.operation == "ElementTimes" and node.inputs[0] == node.inputs[1]:
        return True
    if node.operation == "ReduceElements" and options_of(node)["reductionOp"] == "LogSum":
        return False
    passing = node.operation in ("ElementTimes", "Pass", "Plus", "ReduceElements", "Reshape")
    return passing and all(_never_negative(e, below, depth - 1) for below in node.inputs)


def aligned(e: Emitter, node: StoredNode) -> list[str]:
    """The inputs with as many axes as the result."""
    rank = max(len(node.dims or ()), *(len(x.dims) for x in e.inputs(node)))
    return [e.padded(x, rank) for x in e.inputs(node)]


def _binary(e: Emitter, node: StoredNode) -> None:
    e.set(node, e.op(BINARY[node.operation], aligned(e, node), node.name))


def _compared(e: Emitter, node: StoredNode) -> None:
    kind, negated = COMPARED[node.operation]
    found = e.op(kind, aligned(e, node))
    found = e.op("Not", [found]) if negated else found
    e.set(node, cast_to_number(e, found, node.name))


def cast_to_number(e: Emitter, name: str, output: str = "") -> str:
    """Truth values or indices as numbers of the network's type."""
    return e.op("Cast", [name], output, to=e.helper.np_dtype_to_tensor_dtype(e.dtype))


def _log_plus(e: Emitter, node: StoredNode) -> None:
    """`max + ln (1 + e^-|a - b|)`."""
    a, b = aligned(e, node)
    distance = e.op("Neg", [e.op("Abs", [e.op("Sub", [a, b])])])
    rest = e.op("Log", [e.op("Add", [e.op("Exp", [distance]), e.number(1.0)])])
    e.set(node, e.op("Add", [e.op("Max", [a, b]), rest], node.name))


def _if(e: Emitter, node: StoredNode) -> None:
    condition, yes, no = aligned(e, node)
    chosen = e.op("Not", [e.op("Equal", [condition, e.number(0.0)])])
    e.set(node, e.op("Where", [chosen, yes, no], node.name))


def _clip(e: Emitter, node: StoredNode) -> None:
    """One operation for bounds that are numbers; where they cross, it takes the other one."""
    arrays = [e.known.get(value.name) for value in e.inputs(node)[:2]]
    bounds = [array.item() for array in arrays if array is not None and array.size == 1]
    if len(bounds) == 2 and bounds[0] <= bounds[1]:
        x, limits = e.value(node.inputs[2]), [e.number(bound) for bound in bounds]
        if x.dims == node.dims:
            e.set(node, e.op("Clip", [x.name, *limits], node.name))
        else:
            e.finish(node, e.op("Clip", [x.name, *limits]))
        return
    low, high, x = aligned(e, node)
    e.set(node, e.op("Max", [e.op("Min", [x, high]), low], node.name))


def _normalised(e: Emitter, node: StoredNode) -> None:
    x, mean, scale = aligned(e, node)
    e.set(node, e.op("Mul", [e.op("Sub", [x, mean]), scale], node.name))


def _denormalised(e: Emitter, node: StoredNode) -> None:
    x, mean, scale = aligned(e, node)
    e.set(node, e.op("Add", [e.op("Div", [x, scale]), mean], node.name))


def _whole(e: Emitter, node: StoredNode) -> None:
    """Over all elements of a sample."""
    x = e.value(node.inputs[0])
    kind = WHOLE[node.operation]
    if len(x.dims) == 1:
        e.set(node, e.op(kind, [x.name], node.name, axis=-1))
    else:
        e.finish(node, e.op(kind, [e.flat(x)], axis=-1))


def _reduce(e: Emitter, node: StoredNode) -> None:
    x, axis = e.value(node.inputs[0]), options_of(node)["axis"]
    if axis < 0:
        raise e.refuse(node, "it reduces over samples")
    kind = options_of(node)["reductionOp"]
    source = e.flat(x) if axis == 0 else e.padded(x, axis)
    rank = 1 if axis == 0 else max(len(x.dims), axis)
    place = x.lead + (0 if axis == 0 else rank - axis)
    if kind in ("Argmax", "Argmin"):
        index = e.op(f"Arg{kind[3:].title()}", [source], axis=place, keepdims=1)
        e.finish(node, cast_to_number(e, index))
    elif kind == "Sum":
        e.finish(node, e.op("ReduceSum", [source, e.whole(place)], keepdims=1))
    else:
        e.finish(node, e.op(REDUCED[kind], [source], axes=[place], keepdims=1))


def _sum_columns(e: Emitter, node: StoredNode) -> None:
    x = e.value(node.inputs[0])
    e.finish(node, e.op("ReduceSum", [e.flat(x), e.whole(x.lead)], keepdims=1))


def _reshape(e: Emitter, node: StoredNode) -> None:
    e.finish(node, e.value(node.inputs[0]).name)


def _transpose(e: Emitter, node: StoredNode) -> None:
    x, o = e.value(node.inputs[0]), options_of(node)
    rank = max(len(x.dims), o["axis1"], o["axis2"])
    order = list(range(x.lead + rank))
    one, other = (x.lead + rank - o[name] for name in ("axis1", "axis2"))
    order[one], order[other] = order[other], order[one]
    source = e.padded(x, rank) if x.lead else e.reshaped(x, (1,) * (rank - len(x.dims)) + x.shape)
    e.set(node, e.op("Transpose", [source], node.name, perm=order))


def _slice(e: Emitter, node: StoredNode) -> None:
    x, o = e.value(node.inputs[0]), options_of(node)
    if o["axis"] < 1:
        raise e.refuse(node, "it slices along a sequence")
    place = x.lead + len(x.dims) - o["axis"]
    end = END if o["endIndex"] == 0 else o["endIndex"]
    bounds = [e.whole(o["beginIndex"]), e.whole(end), e.whole(place)]
    e.set(node, e.op("Slice", [x.name, *bounds], node.name))


def _row_stack(e: Emitter, node: StoredNode) -> None:
    """Concatenation; a value without dynamic axis is repeated for all samples."""
    rank, axis = len(node.dims or ()), options_of(node).get("axis", 1)
    lead = e.lead_of(node)
    values = e.inputs(node)
    first = next((v for v in values if v.lead == lead), values[0])
    parts = [spread(e, v, first, rank) for v in values]
    e.set(node, e.op("Concat", parts, node.name, axis=lead + rank - axis))


def spread(e: Emitter, value: Value, like: Value, rank: int) -> str:
    """A value with leading axes and as many axes of a sample as others."""
    shape = (1,) * (rank - len(value.dims)) + value.shape
    if value.lead == like.lead:
        return e.reshaped(value, shape)
    leading = e.op("Slice", [e.op("Shape", [like.name]), e.whole(0), e.whole(like.lead)])
    target = e.op("Concat", [leading, e.whole(*shape)], axis=0)
    return e.op("Expand", [e.reshaped(value, shape), target])


def _row_repeat(e: Emitter, node: StoredNode) -> None:
    x = e.value(node.inputs[0])
    counts = [1] * (x.lead + len(x.dims))
    counts[x.lead] = options_of(node)["numRepeats"]
    e.set(node, e.op("Tile", [x.name, e.whole(*counts)], node.name))


def _statistic(e: Emitter, node: StoredNode) -> None:
    """`Mean`, `InvStdDev`: what was found before training."""
    if node.name not in e.arrays:
        raise e.refuse(node, "it has no value yet")
    array = np.asarray(e.arrays[node.name], e.dtype).reshape((node.dims or ())[::-1])
    e.set(node, e.constant(array, node.name))


WRITERS: dict[str, Write] = {
    **dict.fromkeys(UNARY, _unary),
    **dict.fromkeys(SAME, _same),
    **dict.fromkeys(BINARY, _binary),
    **dict.fromkeys(COMPARED, _compared),
    **dict.fromkeys(WHOLE, _whole),
    "Clip": _clip,
    "If": _if,
    "InvStdDev": _statistic,
    "LearnableParameter": _statistic,
    "LegacyReshape": _reshape,
    "Log": _log,
    "LogPlus": _log_plus,
    "Mean": _statistic,
    "PerDimMeanVarDeNormalization": _denormalised,
    "PerDimMeanVarNormalization": _normalised,
    "ReduceElements": _reduce,
    "Reshape": _reshape,
    "Reciprocal": _reciprocal,
    "RowRepeat": _row_repeat,
    "RowStack": _row_stack,
    "Slice": _slice,
    "Sqrt": _root,
    "SumColumnElements": _sum_columns,
    "TransposeDimensions": _transpose,
}
