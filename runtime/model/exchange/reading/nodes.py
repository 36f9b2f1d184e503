"""What the readers of ONNX operations share: making nodes, products along one axis."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from brainscript.runtime.model.exchange.reading.importer import Importer
from brainscript.runtime.model.exchange.source.folding import LARGEST, once
from brainscript.runtime.model.spelling.foreign import FOREIGN, Foreign
from brainscript.runtime.model.spelling.pieces import Pieces
from brainscript.runtime.model.spelling.selected import SELECTED
from brainscript.stored_graph import StoredNode

LARGEST_MATRIX = 1 << 24


def make(i: Importer, name: str, operation: str, inputs: list[str], **options: object) -> None:
    """One node of a network."""
    i.add(StoredNode(name, operation, tuple(inputs), options))


def pieces(i: Importer, output: str, inputs: list[str], kind: str = "") -> Pieces:
    """Nodes that stand for one operation."""
    return Pieces(StoredNode(output, kind, tuple(i.name(n) for n in inputs)), i.nodes)


def finish(i: Importer, made: Pieces) -> None:
    """Give the pieces to the network."""
    for name, array in made.values.items():
        i.values.add(name, np.asarray(array, i.dtype))
    for node in made.nodes.values():
        i.add(node)


def foreign(
    i: Importer, output: str, kind: str, inputs: list[str], options: dict[str, object]
) -> None:
    """What a function of the CNTK 2 library does, too."""
    names = tuple(i.name(n) for n in inputs)
    found = Foreign(StoredNode(output, kind, names, options), i.nodes)
    arrays = dict(zip(names, (i.arrays.get(n) for n in inputs), strict=True))
    shapes = dict(zip(names, inputs, strict=True))

    def number(name: str) -> float | None:
        array = arrays.get(name)
        return float(array.reshape(-1)[0]) if array is not None and array.size == 1 else None

    def dims(name: str) -> tuple[int, ...] | None:
        array = arrays.get(name)
        return array.shape[::-1] if array is not None else i.sample(shapes[name])[::-1]

    found.number_of, found.dims_of = number, dims
    try:
        (FOREIGN | SELECTED)[kind](found)
    except ValueError as error:
        raise i.refuse(output, f"it has an unknown {error}") from None
    finish(i, found)


def pad(i: Importer, output: str, x: str, options: dict[str, object]) -> None:
    """A node with more elements at the ends of its axes."""
    found = Foreign(StoredNode(output, "Pad", (x,), options), i.nodes)
    try:
        FOREIGN["Pad"](found)
    except ValueError as error:
        raise i.refuse(output, f"it has an unknown {error}") from None
    finish(i, found)


def text(value: Any) -> str:
    """An attribute that is a text."""
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def reshaped(i: Importer, name: str, x: str, dims: list[int]) -> str:
    """A node seen with other dims; its name."""
    make(i, name, "Reshape", [x], dims=dims or [1], beginAxis=0, endAxis=0)
    return name


def settled(i: Importer, output: str, x: str) -> None:
    """`x` as the value `output`: without an axis of one that stands for the one sample."""
    if i.batch == 1:
        reshaped(i, output, x, i.dims(output))
    else:
        make(i, output, "Pass", [x])


def permuted(i: Importer, name: str, x: str, order: list[int]) -> str:
    """A node with its axes, counted from 1, in this order; its name."""
    make(i, name, "TransposeDimensions", [x], permutation=order)
    return name


def along(i: Importer, output: str, x: str, place: int, matrix: NDArray[Any]) -> str:
    """`matrix` (a row for each new element) times the elements along an axis, counted from 1."""
    bounded(i, output, matrix.size)
    weights = i.parameter(f"{output}/weights", np.ascontiguousarray(matrix.T), learns=False)
    if place == 1:
        make(i, output, "Times", [weights, x], outputRank=1)
        return output
    make(i, f"{output}/turned", "TransposeDimensions", [x], axis1=1, axis2=place)
    make(i, f"{output}/product", "Times", [weights, f"{output}/turned"], outputRank=1)
    make(i, output, "TransposeDimensions", [f"{output}/product"], axis1=1, axis2=place)
    return output


def picked(
    i: Importer, output: str, x: str, place: int, size: int, indices: NDArray[np.int64]
) -> str:
    """The elements that `indices` name along an axis of this size, counted from 1; its name."""
    found = np.where(indices < 0, indices + size, indices)
    if found.size == 0 or found.min() < 0 or found.max() >= size:
        raise i.refuse(output, f"it takes elements from outside of an axis of {size}")
    step = int(found[1] - found[0]) if found.size > 1 else 1
    chosen = range(int(found[0]), int(found[-1]) + 1, max(1, step))
    if found.size == size and np.array_equal(found, range(size)):
        make(i, output, "Pass", [x])
    elif found.size == len(chosen) and np.array_equal(found, chosen):
        cut(i, output, x, place, chosen)
    else:
        bounded(i, output, found.size * size)
        matrix = np.zeros((found.size, size))
        matrix[np.arange(found.size), found] = 1.0
        along(i, output, x, place, matrix)
    return output


def cut(i: Importer, output: str, x: str, place: int, chosen: range) -> str:
    """Elements in even steps along an axis, counted from 1; the name of that."""
    begin, end, step = chosen[0], chosen[-1] + 1, chosen.step
    make(i, output, "Slice", [x], axis=place, beginIndex=begin, endIndex=end, stride=step)
    return output


def small_constant(i: Importer, output: str, value: str) -> NDArray[Any]:
    """A constant of which all elements may be looked at."""
    array = i.constant(value)
    if array.size > max(LARGEST, once(array).size):
        raise i.refuse(output, f"it takes a constant of {array.size} elements")
    return array


def bounded(i: Importer, output: str, elements: int) -> None:
    """Refuse matrices that no network of this size should have."""
    if elements > LARGEST_MATRIX:
        raise i.refuse(output, f"it takes a matrix of more than {LARGEST_MATRIX} elements")
