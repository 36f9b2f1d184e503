"""Shapes of ONNX: other axes for the same elements, axes in another order, blocks of channels."""

from __future__ import annotations

from brainscript.runtime.model.exchange.reading.forms import SAMPLES
from brainscript.runtime.model.exchange.reading.importer import Attributes, Importer, Reader
from brainscript.runtime.model.exchange.reading.nodes import make, permuted, reshaped


def _reshape(i: Importer, output: str, inputs: list[str], a: Attributes) -> None:
    """Any change of shape that keeps the samples and the order of the elements."""
    before, shape = i.form(inputs[0]), i.shapes.get(output, ())
    if i.batch == SAMPLES:
        try:
            i.outers[output] = before.moved(shape)
        except ValueError as error:
            raise i.refuse(output, str(error)) from None
    if not i.same_size(inputs[0], output):
        raise i.refuse(output, "it mixes samples")
    reshaped(i, output, i.name(inputs[0]), i.dims(output))


def _transpose(i: Importer, output: str, inputs: list[str], a: Attributes) -> None:
    """A permutation; the axis of the samples may move with it."""
    before, after, x = i.form(inputs[0]), i.form(output), i.name(inputs[0])
    rank = len(after.shape)
    order = list(a.get("perm", range(rank - 1, -1, -1)))
    place = None if after.place is None else order[after.place]
    if place != before.place:
        if i.batch != 1:
            raise i.refuse(output, "it moves the samples")
        whole = reshaped(i, f"{output}/whole", x, list(before.shape[::-1]))
        turned = permuted(i, f"{output}/turned", whole, [rank - p for p in order[::-1]])
        reshaped(i, output, turned, after.dims)
        return
    kept = [before.kept.index(order[axis]) for axis in after.kept]
    permuted(i, output, x, [len(kept) - p for p in kept[::-1]])


def _expanded(i: Importer, output: str, inputs: list[str], a: Attributes) -> None:
    """A value repeated along axes of one element."""
    x, target = i.form(inputs[0]).sample, i.form(output).sample
    operand = i.operand(inputs[0], output)
    if x == target:
        make(i, output, "Pass", [operand])
        return
    old = (1,) * (len(target) - len(x)) + x
    ones = tuple(n if n != o else 1 for n, o in zip(target, old, strict=True))
    factor = i.ones(f"{output}/ones", ones)
    make(i, output, "ElementTimes", [operand, factor])


def _turned(i: Importer, name: str, x: str, dims: list[int], order: list[int]) -> str:
    """`x` seen with these dims, its axes (counted from 1) in this order; the name of that."""
    return permuted(i, f"{name}/turned", reshaped(i, f"{name}/apart", x, dims), order)


def _depth_to_space(i: Importer, output: str, inputs: list[str], a: Attributes) -> None:
    """Blocks of channels become blocks of elements."""
    channels, height, width = i.image(inputs[0])
    block = int(a["blocksize"])
    outer = channels // (block * block)
    columns_first = a.get("mode", b"DCR") in (b"CRD", "CRD")
    if columns_first:
        dims, order = [width, height, block, block, outer], [3, 1, 4, 2, 5]
    else:
        dims, order = [width, height, outer, block, block], [4, 1, 5, 2, 3]
    found = _turned(i, output, i.name(inputs[0]), dims, order)
    reshaped(i, output, found, [width * block, height * block, outer])


def _space_to_depth(i: Importer, output: str, inputs: list[str], a: Attributes) -> None:
    """Blocks of elements become blocks of channels."""
    channels, height, width = i.image(inputs[0])
    block = int(a["blocksize"])
    dims = [block, width // block, block, height // block, channels]
    found = _turned(i, output, i.name(inputs[0]), dims, [2, 4, 5, 1, 3])
    reshaped(i, output, found, [width // block, height // block, channels * block * block])


SHAPES: dict[str, Reader] = {
    "DepthToSpace": _depth_to_space,
    "Expand": _expanded,
    "Flatten": _reshape,
    "Reshape": _reshape,
    "SpaceToDepth": _space_to_depth,
    "Squeeze": _reshape,
    "Transpose": _transpose,
    "Unsqueeze": _reshape,
}
"""What reads each operation."""
