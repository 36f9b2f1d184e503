"""More of ONNX in terms of nodes: smooth activations, places of elements, channels."""

from __future__ import annotations

from math import pi, sqrt

from brainscript.runtime.model.exchange.importer import Attributes, Importer, Reader
from brainscript.runtime.model.exchange.layer_readers import MORE
from brainscript.runtime.model.exchange.readers import make
from brainscript.runtime.model.spelling.pieces import Pieces
from brainscript.stored_graph import StoredNode

READ_ERF = MORE["Erf"]


def _pieces(i: Importer, output: str, inputs: list[str]) -> Pieces:
    return Pieces(StoredNode(output, "", tuple(i.name(n) for n in inputs)), i.nodes)


def _finish(i: Importer, pieces: Pieces) -> None:
    for name, array in pieces.values.items():
        i.values.add(name, array.astype(i.dtype))
    for node in pieces.nodes.values():
        i.add(node)


def _celu(i: Importer, output: str, inputs: list[str], a: Attributes) -> None:
    """x above 0, else `alpha (e^(x / alpha) - 1)`."""
    alpha, p = float(a.get("alpha", 1.0)), _pieces(i, output, inputs)
    (x,) = p.node.inputs
    grown = p.add("Exp", p.add("ElementTimes", x, p.number(1 / alpha)))
    below = p.add("ElementTimes", p.number(alpha), p.add("Minus", grown, p.number(1.0)))
    p.end("If", p.add("Greater", x, p.number(0.0)), x, below)
    _finish(i, p)


def _gelu(i: Importer, output: str, inputs: list[str], a: Attributes) -> None:
    """`x (1 + erf (x / sqrt 2)) / 2`, or with tanh in the place of erf."""
    p = _pieces(i, output, inputs)
    (x,) = p.node.inputs
    if a.get("approximate", b"none") in (b"tanh", "tanh"):
        cube = p.add("ElementTimes", p.add("ElementTimes", x, x), x)
        bent = p.add("Plus", x, p.add("ElementTimes", cube, p.number(0.044715)))
        curve = p.add("Tanh", p.add("ElementTimes", bent, p.number(sqrt(2 / pi))))
    else:
        scaled = p.add("ElementTimes", x, p.number(sqrt(0.5)))
        _finish(i, p)
        curve = f"{output}/erf"
        READ_ERF(i, curve, [scaled], {})
    half = p.add("ElementTimes", x, p.number(0.5))
    p.end("ElementTimes", half, p.add("Plus", curve, p.number(1.0)))
    _finish(i, p)


def _mish(i: Importer, output: str, inputs: list[str], a: Attributes) -> None:
    """`x tanh (ln (1 + e^x))`."""
    p = _pieces(i, output, inputs)
    (x,) = p.node.inputs
    p.end("ElementTimes", x, p.add("Tanh", p.add("LogPlus", x, p.number(0.0))))
    _finish(i, p)


def _sign(i: Importer, output: str, inputs: list[str], a: Attributes) -> None:
    p = _pieces(i, output, inputs)
    (x,) = p.node.inputs
    zero = p.number(0.0)
    p.end("Minus", p.add("Greater", x, zero), p.add("Less", x, zero))
    _finish(i, p)


def _thresholded(i: Importer, output: str, inputs: list[str], a: Attributes) -> None:
    """x above a threshold, else 0."""
    p = _pieces(i, output, inputs)
    (x,) = p.node.inputs
    above = p.add("Greater", x, p.number(float(a.get("alpha", 1.0))))
    p.end("If", above, x, p.number(0.0))
    _finish(i, p)


def _shrunk(i: Importer, output: str, inputs: list[str], a: Attributes) -> None:
    """`x - bias` above a bound, `x + bias` below its negative, else 0."""
    bound, bias = float(a.get("lambd", 0.5)), float(a.get("bias", 0.0))
    p = _pieces(i, output, inputs)
    (x,) = p.node.inputs
    low = p.add(
        "If", p.add("Less", x, p.number(-bound)), p.add("Plus", x, p.number(bias)), p.number(0.0)
    )
    p.end("If", p.add("Greater", x, p.number(bound)), p.add("Minus", x, p.number(bias)), low)
    _finish(i, p)


def _turned(i: Importer, name: str, x: str, dims: list[int], order: list[int]) -> str:
    """`x` seen with these dims, its axes (counted from 1) in this order; the name of that."""
    make(i, f"{name}/apart", "Reshape", [x], dims=dims, beginAxis=0, endAxis=0)
    make(i, f"{name}/turned", "TransposeDimensions", [f"{name}/apart"], permutation=order)
    return f"{name}/turned"


def _depth_to_space(i: Importer, output: str, inputs: list[str], a: Attributes) -> None:
    """Blocks of channels become blocks of elements."""
    channels, height, width = i.sample(inputs[0])
    block = int(a["blocksize"])
    outer = channels // (block * block)
    columns_first = a.get("mode", b"DCR") in (b"CRD", "CRD")
    if columns_first:
        dims, order = [width, height, block, block, outer], [3, 1, 4, 2, 5]
    else:
        dims, order = [width, height, outer, block, block], [4, 1, 5, 2, 3]
    found = _turned(i, output, i.name(inputs[0]), dims, order)
    shape = [width * block, height * block, outer]
    make(i, output, "Reshape", [found], dims=shape, beginAxis=0, endAxis=0)


def _space_to_depth(i: Importer, output: str, inputs: list[str], a: Attributes) -> None:
    """Blocks of elements become blocks of channels."""
    channels, height, width = i.sample(inputs[0])
    block = int(a["blocksize"])
    dims = [block, width // block, block, height // block, channels]
    found = _turned(i, output, i.name(inputs[0]), dims, [2, 4, 5, 1, 3])
    shape = [width // block, height // block, channels * block * block]
    make(i, output, "Reshape", [found], dims=shape, beginAxis=0, endAxis=0)


def _local_response(i: Importer, output: str, inputs: list[str], a: Attributes) -> None:
    """`x / (bias + alpha / size * sum of the squares of near channels) ^ beta`."""
    channels = i.sample(inputs[0])[0]
    rank, size = len(i.sample(inputs[0])), int(a["size"])
    p = _pieces(i, output, inputs)
    (x,) = p.node.inputs
    square = p.add("ElementTimes", x, x)
    along, before = {"axis": rank}, (size - 1) // 2
    zero = p.add("Greater", x, x)
    total = zero
    for shift in range(-before, size - before):
        if abs(shift) < channels:
            begin, end = max(0, shift), channels + min(0, shift)
            near = p.add("Slice", square, options={"beginIndex": begin, "endIndex": end, **along})
            if shift:
                edge = {"beginIndex": 0, "endIndex": abs(shift), **along}
                none = p.add("Slice", zero, options=edge)
                near = p.add(
                    "RowStack", *((near, none) if shift > 0 else (none, near)), options=along
                )
            total = p.add("Plus", total, near)
    scaled = p.add("ElementTimes", total, p.number(float(a.get("alpha", 1e-4)) / size))
    base = p.add("Log", p.add("Plus", scaled, p.number(float(a.get("bias", 1.0)))))
    power = p.add("Exp", p.add("ElementTimes", base, p.number(-float(a.get("beta", 0.75)))))
    p.end("ElementTimes", x, power)
    _finish(i, p)


FURTHER: dict[str, Reader] = {
    "Celu": _celu,
    "DepthToSpace": _depth_to_space,
    "Gelu": _gelu,
    "LRN": _local_response,
    "Mish": _mish,
    "Shrink": _shrunk,
    "Sign": _sign,
    "SpaceToDepth": _space_to_depth,
    "ThresholdedRelu": _thresholded,
}
"""What reads each operation."""
