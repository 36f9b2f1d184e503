"""Elements of ONNX values that indices name one by one: put there, taken from there, marked.

The indices are known, and the same for all samples; what they say becomes a matrix of zeros and
ones. `OneHot` alone takes indices that are computed.
"""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from brainscript.runtime.model.exchange.reading.forms import Form
from brainscript.runtime.model.exchange.reading.importer import Attributes, Importer, Reader
from brainscript.runtime.model.exchange.reading.nodes import (
    along,
    bounded,
    finish,
    make,
    pieces,
    reshaped,
    small_constant,
    text,
)

Places = NDArray[np.int64]


def _one_hot(i: Importer, output: str, inputs: list[str], a: Attributes) -> None:
    """`off + (on - off) (x == place or x + depth == place)` along a new axis of places."""
    depth = int(i.constant(inputs[1]).reshape(-1)[0])
    off, on = (float(n) for n in small_constant(i, output, inputs[2]).reshape(-1))
    axis, dims = i.axis(output, a.get("axis", -1)), i.dims(output)
    bounded(i, output, depth)
    ramp = np.arange(depth).reshape(depth, *[1] * (axis - 1))
    places = i.parameter(f"{output}/places", ramp, learns=False)
    dims[axis - 1] = 1
    index = reshaped(i, f"{output}/index", i.name(inputs[0]), dims)
    p = pieces(i, output, [])
    shifted = p.add("Plus", index, p.number(float(depth)))
    found = p.add("Plus", p.add("Equal", index, places), p.add("Equal", shifted, places))
    p.end("Plus", p.add("ElementTimes", found, p.number(on - off)), p.number(off))
    finish(i, p)


def _scattered_nd(i: Importer, output: str, inputs: list[str], a: Attributes) -> None:
    """Parts of a value replaced at places on its first axes."""
    data, index = i.form(inputs[0]), small_constant(i, output, inputs[1]).astype(np.int64)
    place, count = _place(i, data), index.shape[-1]
    sizes = np.array(data.shape[:count])
    index = np.where(index < 0, index + sizes, index)
    if np.any((index < 0) | (index >= sizes)):
        raise i.refuse(output, "its places lie outside of the value")
    if place is None:
        moved, columns = None, list(range(count))
    elif place >= count:
        moved, columns = index.ndim - 1 + place - count, list(range(count))
    else:
        moved = _axis_of_samples(i, output, index, place)
        index = index.take(0, axis=moved)
        columns = [n for n in range(count) if n != place]
    flat = _numbered(i, output, data, place)
    found = flat[tuple(index[..., n] for n in columns)]
    _scatter(i, output, inputs, found, moved, a)


def _place(i: Importer, form: Form) -> int | None:
    """The axis of the samples; none in a file for one sample, where it is an axis like all."""
    return None if i.batch == 1 else form.place


def _numbered(i: Importer, output: str, form: Form, place: int | None) -> Places:
    """The elements of a sample, numbered."""
    shape = [size for axis, size in enumerate(form.shape) if axis != place]
    bounded(i, output, prod(shape))
    return np.arange(prod(shape)).reshape(shape)


def _axis_of_samples(i: Importer, output: str, index: Places, place: int) -> int:
    """The axis of the indices along which they name one sample after the other."""
    for axis in range(index.ndim - 1):
        line = np.moveaxis(index, axis, 0)
        numbers = np.arange(len(line)).reshape(-1, *[1] * (index.ndim - 2))
        rest = np.delete(line, place, axis=-1)
        if len(line) == i.batch and np.all(line[..., place] == numbers):
            if np.all(rest == rest[:1]):
                return axis
    raise i.refuse(output, "its places differ from sample to sample")


def _scattered(i: Importer, output: str, inputs: list[str], a: Attributes) -> None:
    """Single elements replaced at places along an axis."""
    found, place = _along(i, output, inputs, a)
    _scatter(i, output, inputs, found, place, a)


def _gathered(i: Importer, output: str, inputs: list[str], a: Attributes) -> None:
    """Single elements from places along an axis."""
    found, _ = _along(i, output, inputs, a)
    size = prod(i.form(inputs[0]).sample)
    bounded(i, output, found.size * size)
    matrix = np.zeros((found.size, size))
    matrix[np.arange(found.size), found.reshape(-1)] = 1.0
    flat = reshaped(i, f"{output}/flat", i.name(inputs[0]), [size])
    reshaped(i, output, along(i, f"{output}/taken", flat, 1, matrix), i.dims(output))


def _along(i: Importer, output: str, inputs: list[str], a: Attributes) -> tuple[Places, int | None]:
    """The numbers of the elements that indices along an axis name, and the axis of the samples."""
    data, index = i.form(inputs[0]), small_constant(i, output, inputs[1]).astype(np.int64)
    place, axis = _place(i, data), data.axis(a.get("axis", 0))
    if axis == place:
        raise i.refuse(output, "it works along the samples")
    if place is not None:
        if index.shape[place] != data.shape[place]:
            raise i.refuse(output, "it takes some samples alone")
        index = i.aligned(index, Form(index.shape, place), inputs[1])
        axis -= axis > place
    flat = _numbered(i, output, data, place)
    index = np.where(index < 0, index + flat.shape[axis], index)
    if np.any((index < 0) | (index >= flat.shape[axis])):
        raise i.refuse(output, "its places lie outside of the value")
    grid = np.indices(index.shape, sparse=True)
    return flat[(*grid[:axis], index, *grid[axis + 1 :])], place


def _scatter(
    i: Importer,
    output: str,
    inputs: list[str],
    found: Places,
    moved: int | None,
    a: Attributes,
) -> None:
    """The numbered elements replaced by new ones, or the new ones added to them."""
    reduction = text(a.get("reduction", "none"))
    numbers, size = found.reshape(-1), prod(i.form(inputs[0]).sample)
    many = np.unique(numbers).size < numbers.size
    if reduction not in ("none", "add") or (many and reduction == "none"):
        why = "names a place twice" if reduction == "none" else f"reduces in the way '{reduction}'"
        raise i.refuse(output, f"it {why}")
    dims = i.dims(inputs[0])
    new = _new_elements(i, output, inputs[2], (numbers, size), moved)
    spread, x = reshaped(i, f"{output}/new", new, dims), i.name(inputs[0])
    if reduction == "add":
        make(i, output, "Plus", [x, spread])
        return
    mask = np.zeros(size)
    mask[numbers] = 1.0
    chosen = i.parameter(f"{output}/mask", mask.reshape(dims[::-1]), learns=False)
    make(i, output, "If", [chosen, spread, x])


def _new_elements(
    i: Importer, output: str, value: str, at: tuple[Places, int], moved: int | None
) -> str:
    """A list of all elements of the result, zero where nothing new is."""
    numbers, size = at
    if value in i.arrays:
        array: NDArray[Any] = small_constant(i, output, value)
        if moved is not None:
            array = i.aligned(array, Form(array.shape, moved), value)
        whole = np.zeros(size)
        np.add.at(whole, numbers, array.reshape(-1))
        return i.parameter(f"{output}/values", whole, learns=False)
    if moved is not None and i.form(value).place != moved:
        raise i.refuse(output, "its new elements have their samples in another axis")
    bounded(i, output, size * numbers.size)
    matrix = np.zeros((size, numbers.size))
    matrix[numbers, np.arange(numbers.size)] = 1.0
    flat = reshaped(i, f"{output}/flat", i.name(value), [numbers.size])
    return along(i, f"{output}/spread", flat, 1, matrix)


SCATTERED: dict[str, Reader] = {
    "GatherElements": _gathered,
    "OneHot": _one_hot,
    "ScatterElements": _scattered,
    "ScatterND": _scattered_nd,
}
"""What reads each operation."""
