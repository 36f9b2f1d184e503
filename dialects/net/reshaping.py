"""Shape rules of the shape family: reshapes, slices, splices, transpositions and the like."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import cast

from brainscript.dialects.net.shapes import (
    Inferred,
    Options,
    ShapeError,
    broadcast,
    is_known,
    join_axes,
    padded,
)
from brainscript.dialects.tensors import UNKNOWN, Shape, TensorType, shape_text
from brainscript.limits import limit


def whole(options: Options, name: str) -> int:
    """An option that is a whole number."""
    value = options[name]
    assert isinstance(value, int)
    return value


def reshape_rule(inputs: Sequence[TensorType], options: Options) -> Inferred:
    """The axes from `begin` up to but not including `end` replaced by `dims`; one may be open."""
    shape, dims = inputs[0].shape, options["dims"]
    assert isinstance(dims, tuple)
    given = cast("Shape", dims)
    if given.count(UNKNOWN) > 1:
        label = f"the dimensions {shape_text(given)}"
        raise ShapeError("BS0420", "a reshape can infer one dimension only", label)
    if shape is None:
        return Inferred(None, inputs[0].axis)
    begin, end = _range(shape, whole(options, "begin"), whole(options, "end"))
    taken = shape[begin:end]
    if is_known(taken):
        given = _filled(given, taken)
    return Inferred((*shape[:begin], *given, *shape[end:]), inputs[0].axis)


def _range(shape: Shape, begin: int, end: int) -> tuple[int, int]:
    """The axes as a range from 0; they are given from 1, and 0 is the first or past the last."""
    low, high = max(begin, 1) - 1, (end or len(shape) + 1) - 1
    if begin < 0 or end < 0 or not low <= high <= len(shape):
        label = f"axes {begin} to {end} of {shape_text(shape)}"
        raise ShapeError("BS0407", "there is no such axis", label, "axes are counted from 1")
    return low, high


def _filled(dims: Shape, taken: Shape) -> Shape:
    """The dimensions with the open one set so that the number of elements stays."""
    total, rest = prod(taken), prod(d for d in dims if d != UNKNOWN)
    if UNKNOWN in dims and rest and total % rest == 0:
        return tuple(total // rest if d == UNKNOWN else d for d in dims)
    if UNKNOWN in dims or total != rest:
        label = f"{shape_text(taken)} cannot become {shape_text(dims)}"
        raise ShapeError("BS0420", "a reshape keeps the number of elements", label)
    return dims


def legacy_reshape_rule(inputs: Sequence[TensorType], options: Options) -> Inferred:
    """`[numRows]`, or as an image of as many elements; frames are not joined or split."""
    rows, layout = whole(options, "rows"), options["layout"]
    image = tuple(whole(options, name) for name in ("width", "height", "channels"))
    shape = _image(rows, image, str(layout)) if any(image) else (rows,)
    given = inputs[0].shape
    if is_known(given) and given is not None and prod(given) != rows:
        label = f"{shape_text(given)} has {prod(given)} elements, numRows is {rows}"
        help = "frames joined or split by a reshape are not supported: splice delayed frames"
        raise ShapeError("BS0420", "this reshape would change the number of frames", label, help)
    return Inferred(shape, inputs[0].axis)


def _image(rows: int, image: Sequence[int], layout: str) -> Shape:
    width, height, channels = _filled(tuple(d or UNKNOWN for d in image), (rows,))
    return (channels, width, height) if layout in HWC else (width, height, channels)


HWC = ("HWC", "legacy")
"""The layout of images with the channel fastest."""


def slice_rule(inputs: Sequence[TensorType], options: Options) -> Inferred:
    """Elements `begin` to `end` along an axis: half open, negative from the end, 0 the end."""
    shape, axis = inputs[0].shape, whole(options, "axis")
    if shape is None:
        return Inferred(None, inputs[0].axis)
    check_axis(shape, axis)
    size = shape[axis - 1]
    if size == UNKNOWN:
        return Inferred((*shape[: axis - 1], UNKNOWN, *shape[axis:]), inputs[0].axis)
    begin, end = slice_range(size, whole(options, "begin"), whole(options, "end"))
    if not 0 <= begin < end <= size:
        label = f"elements {begin} to {end} of axis {axis} of {shape_text(shape)}"
        help = "the first element has the number 0, the end is not included, end=0 is the last"
        raise ShapeError("BS0421", "a slice beyond the elements that there are", label, help)
    return Inferred((*shape[: axis - 1], end - begin, *shape[axis:]), inputs[0].axis)


def slice_range(size: int, begin: int, end: int) -> tuple[int, int]:
    """The range of a slice counted from the first element."""
    return begin + size if begin < 0 else begin, end + size if end <= 0 else end


def check_axis(shape: Shape, axis: int) -> None:
    """Raise unless the static axis exists."""
    if not 1 <= axis <= len(shape):
        label = f"axis {axis} of {shape_text(shape)}"
        raise ShapeError("BS0407", "there is no such axis", label, "axes are counted from 1")


def check_rank(axis: int) -> None:
    """Raise unless there may be as many axes."""
    if axis > limit("rank"):
        help = f"the most axes of a tensor: --limit rank=N (now {limit('rank')})"
        raise ShapeError("BS0407", "there is no such axis", f"axis {axis}", help)


def splice_rule(inputs: Sequence[TensorType], options: Options) -> Inferred:
    """The sum of the sizes along `axis`, which may be a new one; other axes broadcast."""
    axis, dynamic = whole(options, "axis"), join_axes(inputs)
    if axis < 1:
        label = f"the axis is {axis}"
        raise ShapeError("BS0407", "values are spliced along a static axis", label)
    check_rank(axis)
    shapes = [t.shape for t in inputs]
    if any(s is None for s in shapes):
        return Inferred(None, dynamic)
    rank = max(axis, *(len(s or ()) for s in shapes))
    full = [padded(s or (), rank) for s in shapes]
    sizes = [s[axis - 1] for s in full]
    others = broadcast([(*s[: axis - 1], 1, *s[axis:]) for s in full])
    assert others is not None
    total = UNKNOWN if UNKNOWN in sizes else sum(sizes)
    return Inferred((*others[: axis - 1], total, *others[axis:]), dynamic)


def splice_places(op_shapes: Sequence[Shape], axis: int) -> list[int]:
    """Where each operand of a splice begins along the axis, then where the last one ends."""
    places = [0]
    for shape in op_shapes:
        places.append(places[-1] + padded(shape, axis)[axis - 1])
    return places


def repeat_rule(inputs: Sequence[TensorType], options: Options) -> Inferred:
    """The last axis `count` times as long."""
    shape, count = inputs[0].shape, whole(options, "count")
    if count < 1:
        raise ShapeError("BS0402", "'numRepeats' must be 1 or more", f"it is {count}")
    if shape is None:
        return Inferred(None, inputs[0].axis)
    full = shape or (1,)
    last = full[-1] if full[-1] == UNKNOWN else full[-1] * count
    return Inferred((*full[:-1], last), inputs[0].axis)


def transpose_rule(inputs: Sequence[TensorType], options: Options) -> Inferred:
    """Two axes swapped; one of them may be the one behind the last, of size 1."""
    shape = inputs[0].shape
    first, second = whole(options, "axis1"), whole(options, "axis2")
    if shape is None:
        return Inferred(None, inputs[0].axis)
    check_axis(shape, min(first, second))
    check_rank(max(first, second))
    full = padded(shape, max(len(shape), first, second))
    if len(full) > len(shape) + 1:
        check_axis(shape, max(first, second))
    order = list(range(len(full)))
    order[first - 1], order[second - 1] = second - 1, first - 1
    return Inferred(tuple(full[k] for k in order), inputs[0].axis)


def diagonal_of_rule(inputs: Sequence[TensorType], options: Options) -> Inferred:
    """A square matrix `[n x n]` gives a row `[1 x n]`."""
    shape = inputs[0].shape
    if shape is None:
        return Inferred(None, inputs[0].axis)
    square = len(shape) == 2 and (shape[0] == shape[1] or UNKNOWN in shape)
    if not square or inputs[0].axis is not None:
        label = f"it is {shape_text(shape)}" + (" for each sample" if inputs[0].axis else "")
        raise ShapeError("BS0401", "a diagonal is that of one square matrix", label)
    size = max(shape)
    done = (size, size) if size != UNKNOWN else shape
    return Inferred((1, size), None, (done,))
