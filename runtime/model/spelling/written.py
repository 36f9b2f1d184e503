"""What CNTK's files have no node for, as nodes that they have.

A row leaves a node alone by adding nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from typing import Any, cast

import numpy as np

from brainscript.runtime.model.spelling.pieces import Pieces, Spell, reshaping
from brainscript.stored_graph import INPUT, StoredGraph

FIRST = ("HWC", "legacy")
MOST_COPIES = 1 << 16
"""How often one value may be stacked on itself."""


def _options(p: Pieces) -> Mapping[str, Any]:
    return cast("Mapping[str, Any]", p.node.options)


def _dims(graph: StoredGraph, name: str) -> tuple[int, ...]:
    return graph.nodes[name].dims or ()


def _sequence_slice(p: Pieces, graph: StoredGraph) -> None:
    """The steps that flags of 0 and 1 mark, gathered; the flags come from delayed zeros."""
    (x,) = p.node.inputs
    source = _source_of_axis(graph, x)
    total = p.add("ReduceElements", source, options={"reductionOp": "Sum", "axis": 0})
    zero = p.add("Minus", total, total)
    begin, end = _options(p)["beginIndex"], _options(p)["endIndex"]
    flags: list[str] = []
    if begin:
        near = _near_end(p, zero, begin)
        flags.append(near if begin < 0 else p.add("Equal", near, zero))
    if end:
        near = _near_end(p, zero, end)
        flags.append(near if end > 0 else p.add("Equal", near, zero))
    mark = flags[0] if flags else p.add("Equal", zero, zero)
    if len(flags) == 2:
        mark = p.add("ElementTimes", *flags)
    where = p.add("Where", mark)
    p.end("GatherPacked", p.add("PackedIndex", x, where), x)


def _near_end(p: Pieces, zero: str, count: int) -> str:
    """1 in the first `count` steps, or in the last ones for a negative number."""
    operation = "PastValue" if count > 0 else "FutureValue"
    options = {"timeStep": abs(count), "defaultHiddenActivation": 1.0}
    return p.add(operation, zero, dims=(1,), options=options)


def _source_of_axis(graph: StoredGraph, x: str) -> str:
    """An input on the axis of a node, so that equal slices get equal conditions; or the node."""
    axis = graph.nodes[x].axis or "*"
    inputs = (n for n in graph.nodes.values() if n.operation == INPUT)
    return next((n.name for n in inputs if (n.axis or "*") == axis), x)


def _cross_entropy(p: Pieces, graph: StoredGraph) -> None:
    """`-sum y .* Log (p)`."""
    label, predicted = p.node.inputs
    product = p.add("ElementTimes", label, p.add("Log", predicted))
    p.end("Negate", p.add("SumElements", product))


def _lookup(p: Pieces, graph: StoredGraph) -> None:
    """The table times each piece of a sample."""
    table, x = p.node.inputs
    rows, width = (*_dims(graph, table), 1)[:2]
    pieces = prod(_dims(graph, x)) // width
    product = p.add("Times", table, p.reshape(x, (width, pieces)), options={"outputRank": 1})
    p.end("Reshape", product, options=reshaping(p.node.dims or (rows * pieces,)))


def _sum_columns(p: Pieces, graph: StoredGraph) -> None:
    p.end("ReduceElements", *p.node.inputs, options={"reductionOp": "Sum", "axis": 0})


def _diagonal_times(p: Pieces, graph: StoredGraph) -> None:
    p.end("ElementTimes", *p.node.inputs)


def _diagonal(p: Pieces, graph: StoredGraph) -> None:
    """The columns of `x .* identity`, summed."""
    size = _dims(graph, p.node.inputs[0])[0]
    kept = p.add("ElementTimes", p.node.inputs[0], p.constant(np.eye(size)))
    p.end("ReduceElements", kept, options={"reductionOp": "Sum", "axis": 1})


def _khatri_rao(p: Pieces, graph: StoredGraph) -> None:
    a, b = p.node.inputs
    left = p.reshape(a, (prod(_dims(graph, a)), 1))
    right = p.reshape(b, (1, prod(_dims(graph, b))))
    product = p.add("ElementTimes", left, right)
    p.end("Reshape", product, options=reshaping(p.node.dims or ()))


def _l1(p: Pieces, graph: StoredGraph) -> None:
    p.end("SumElements", p.add("Abs", *p.node.inputs))


def _l2(p: Pieces, graph: StoredGraph) -> None:
    (x,) = p.node.inputs
    p.end("Sqrt", p.add("SumElements", p.add("ElementTimes", x, x)))


def _denormalised(p: Pieces, graph: StoredGraph) -> None:
    """`x / scale + mean`."""
    x, mean, scale = p.node.inputs
    p.end("Plus", p.add("ElementTimes", x, p.add("Reciprocal", scale)), mean)


def _normalised(p: Pieces, graph: StoredGraph) -> None:
    """`(x - mean) .* scale`."""
    x, mean, scale = p.node.inputs
    p.end("ElementTimes", p.add("Minus", x, mean), scale)


def _repeat(p: Pieces, graph: StoredGraph) -> None:
    count = _options(p)["numRepeats"]
    if count > MOST_COPIES:
        raise ValueError(f"'{p.node.name}' repeats its rows {count} times")
    p.end("RowStack", *p.node.inputs * count, options={"axis": 1})


def _legacy_reshape(p: Pieces, graph: StoredGraph) -> None:
    p.end("Reshape", *p.node.inputs, options=reshaping(p.node.dims or ()))


def _trace(p: Pieces, graph: StoredGraph) -> None:
    p.end("Pass", *p.node.inputs)


def _image_pooling(p: Pieces, graph: StoredGraph) -> None:
    """Windows of two axes as windows of three, whichever axis the channels are."""
    o = _options(p)
    window = [o["windowWidth"], o["windowHeight"]]
    step = [o["horizontalSubsample"], o["verticalSubsample"]]
    first = o["imageLayout"] in FIRST
    kind = "max" if p.node.operation == "MaxPooling" else "average"
    kernel = [1, *window] if first else [*window, 1]
    rank = len(p.node.dims or kernel)
    if any(size != 1 for size in kernel[rank:]):
        raise ValueError(f"'{p.node.name}' has windows of more axes than its image")
    options = {
        "kernelShape": kernel[:rank],
        "strideShape": ([1, *step] if first else [*step, 1])[:rank],
        "dimPadding": [0],
        "poolKind": kind,
    }
    p.end("Pooling", *p.node.inputs, options=options)


def turned_image_pooling(p: Pieces, graph: StoredGraph) -> None:
    """The same with the channels behind, for a format that has windows of images alone."""
    if not _has_channels_first(p):
        return
    o = _options(p)
    rank, (x,) = len(p.node.dims or ()), p.node.inputs
    for axis in range(1, rank):
        x = _exchanged(p, x, axis)
    options = {
        "kernelShape": [o["windowWidth"], o["windowHeight"], 1],
        "strideShape": [o["horizontalSubsample"], o["verticalSubsample"], 1],
        "dimPadding": [0],
        "poolKind": "max" if p.node.operation == "MaxPooling" else "average",
    }
    x = p.add("Pooling", x, options=options)
    for axis in range(rank - 1, 1, -1):
        x = _exchanged(p, x, axis)
    p.end("TransposeDimensions", x, options={"axis1": 1, "axis2": 2})


def _convolution(p: Pieces, graph: StoredGraph) -> None:
    """A matrix of weights as kernels, the same memory; channels in front moved behind."""
    weights, x = p.node.inputs
    matrix, kernel = _dims(graph, weights), tuple(_options(p)["kernelShape"])
    maps = prod(matrix) // prod(kernel)
    if _has_channels_first(p):
        weights = p.reshape(weights, (maps, kernel[-1], *kernel[:-1]))
        for end in (len(kernel), len(kernel) - 1):
            for axis in range(1, end + 1):
                weights = _exchanged(p, weights, axis)
        _turned(p, (weights,), (x,))
    elif len(matrix) not in (len(kernel) + 1, len(_dims(graph, x)) + 1):
        weights = p.reshape(weights, (*kernel, maps))
        p.end("Convolution", weights, x, options=p.node.options)


def _windows(p: Pieces, graph: StoredGraph) -> None:
    if _has_channels_first(p):
        _turned(p, (), p.node.inputs)


def _batch_normalization(p: Pieces, graph: StoredGraph) -> None:
    x, *statistics = p.node.inputs
    if _options(p)["spatial"] and _has_channels_first(p):
        _turned(p, (), (x,), tuple(statistics))


def _has_channels_first(p: Pieces) -> bool:
    return _options(p).get("imageLayout", "CHW") in FIRST and len(p.node.dims or ()) > 1


def _turned(
    p: Pieces,
    before: tuple[str, ...],
    images: tuple[str, ...],
    behind: tuple[str, ...] = (),
) -> None:
    """Images `[C x W x H]` turned to `[W x H x C]`, the node on those, its result turned back."""
    rank = len(p.node.dims or ())
    moved = images
    for axis in range(1, rank):
        moved = tuple(_exchanged(p, x, axis) for x in moved)
    options = {**_options(p), "imageLayout": "CHW"}
    result = p.add(p.node.operation, *before, *moved, *behind, options=options)
    for axis in range(rank - 1, 1, -1):
        result = _exchanged(p, result, axis)
    p.end("TransposeDimensions", result, options={"axis1": 1, "axis2": 2})


def _exchanged(p: Pieces, x: str, axis: int) -> str:
    return p.add("TransposeDimensions", x, options={"axis1": axis, "axis2": axis + 1})


def _negative_samples(p: Pieces, graph: StoredGraph) -> None:
    """The numbers of shifts and samples are constants that the node takes as inputs."""
    o = _options(p)
    counts = [p.number(float(o[name])) for name in ("numShifts", "numNegSamples")]
    p.end(p.node.operation, *p.node.inputs, *counts)


CNTK1: dict[str, Spell] = {
    "CosDistanceWithNegativeSamples": _negative_samples,
    "LegacyReshape": _legacy_reshape,
    "SequenceSlice": _sequence_slice,
}
"""What version 1 has no node for, or has one that CNTK does not read back."""

CNTK2: dict[str, Spell] = {
    **CNTK1,
    "AveragePooling": _image_pooling,
    "BatchNormalization": _batch_normalization,
    "Convolution": _convolution,
    "CrossEntropy": _cross_entropy,
    "DiagTimes": _diagonal_times,
    "Diagonal": _diagonal,
    "KhatriRaoProduct": _khatri_rao,
    "LookupTable": _lookup,
    "MatrixL1Reg": _l1,
    "MatrixL2Reg": _l2,
    "MaxPooling": _image_pooling,
    "MaxUnpooling": _windows,
    "PerDimMeanVarDeNormalization": _denormalised,
    "PerDimMeanVarNormalization": _normalised,
    "Pooling": _windows,
    "RowRepeat": _repeat,
    "SumColumnElements": _sum_columns,
    "Trace": _trace,
}
"""What the CNTK 2 library has no function for."""
