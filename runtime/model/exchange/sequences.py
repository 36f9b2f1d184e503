"""Steps of sequences, distances, parts of images and groups of channels as ONNX nodes."""

from __future__ import annotations

from math import prod

from brainscript.runtime.model.exchange.emit import END, Emitter
from brainscript.runtime.model.exchange.operations import Write, options_of, spread
from brainscript.runtime.model.spelling import written
from brainscript.runtime.model.spelling.pieces import Spell
from brainscript.stored_graph import StoredNode

SMALLEST = 1e-30


def _sequence_slice(e: Emitter, node: StoredNode) -> None:
    """Steps along the first axis; of one step the axis goes."""
    x, o = e.value(node.inputs[0]), options_of(node)
    begin, end = o["beginIndex"], o["endIndex"]
    if e.lead_of(node) == 1:
        index = e.constant(e.index(begin))
        e.set(node, e.op("Gather", [x.name, index], node.name, axis=0))
        return
    bounds = [e.whole(begin), e.whole(end or END), e.whole(0)]
    e.set(node, e.op("Slice", [x.name, *bounds], node.name))


def _reconciled(e: Emitter, node: StoredNode) -> None:
    """A value repeated for all steps, or for all samples."""
    x, like = e.inputs(node)
    wanted = e.lead_of(node)
    if x.lead == wanted:
        e.set(node, e.op("Identity", [x.name], node.name), x.dims)
    elif wanted == 1 or x.lead == 0:
        e.finish(node, spread(e, x, like, len(node.dims or ())))
    else:
        steps = e.op("Slice", [e.op("Shape", [like.name]), e.whole(0), e.whole(1)])
        shape = e.op("Concat", [steps, e.op("Shape", [x.name])], axis=0)
        e.set(node, e.op("Expand", [x.name, shape], node.name), x.dims)


def _cosine(e: Emitter, node: StoredNode) -> None:
    """`a . b / (|a| |b|)` of whole samples."""
    a, b = e.inputs(node)
    lead = max(a.lead, b.lead)
    left, right = e.flat(a), e.flat(b)

    def total(one: str, other: str, place: int) -> str:
        return e.op("ReduceSum", [e.op("Mul", [one, other]), e.whole(place)], keepdims=1)

    norms = [
        e.op("Max", [e.op("Sqrt", [total(v, v, value.lead)]), e.number(SMALLEST)])
        for v, value in ((left, a), (right, b))
    ]
    e.finish(node, e.op("Div", [total(left, right, lead), e.op("Mul", norms)]))


def _crop(e: Emitter, node: StoredNode) -> None:
    """A slice along the two fastest axes."""
    x, o = e.value(node.inputs[0]), options_of(node)
    begins = [o["xOffset"], o["yOffset"]]
    if min(begins) < 0:
        raise e.refuse(node, "its offsets follow from the rest of the network")
    ends = [b + size for b, size in zip(begins, (node.dims or ())[:2], strict=True)]
    last = x.lead + len(x.dims) - 1
    bounds = [e.whole(*begins), e.whole(*ends), e.whole(last, last - 1)]
    e.set(node, e.op("Slice", [x.name, *bounds], node.name))


def _sum_elements(e: Emitter, node: StoredNode) -> None:
    """The sum of all elements of what has no samples."""
    x = e.value(node.inputs[0])
    if x.lead:
        raise e.refuse(node, "it adds samples up")
    total = e.op("ReduceSum", [x.name], keepdims=0)
    e.set(node, e.op("Reshape", [total, e.whole(prod(node.dims or (1,)))], node.name))


SEQUENCES: dict[str, Write] = {
    "CosDistance": _cosine,
    "Crop": _crop,
    "ReconcileDynamicAxis": _reconciled,
    "SequenceSlice": _sequence_slice,
    "SumElements": _sum_elements,
}
SPELT: dict[str, Spell] = {
    "AveragePooling": written.turned_image_pooling,
    "MaxPooling": written.turned_image_pooling,
} | {
    name: written.CNTK2[name]
    for name in (
        "BatchNormalization",
        "Convolution",
        "DiagTimes",
        "Diagonal",
        "KhatriRaoProduct",
        "LookupTable",
        "MatrixL1Reg",
        "MatrixL2Reg",
        "Pooling",
    )
}
"""What is written as other nodes first."""
