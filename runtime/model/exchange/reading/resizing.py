"""The weights with which `Resize` makes each element of an axis from the old ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import ceil, floor
from typing import Any

import numpy as np
from numpy.typing import NDArray

from brainscript.runtime.model.exchange.reading.nodes import text

MOST_ELEMENTS = 1 << 14
Number = float | np.float32
Place = Callable[[Number, int, int, Number], Number]
"""From the place of a new element, the sizes and the scale to the place among the old ones.

Single precision decides which element is the nearest, as in other programs.
"""


def _asymmetric(x: Number, size: int, target: int, scale: Number) -> Number:
    return x / scale


def _half_pixel(x: Number, size: int, target: int, scale: Number) -> Number:
    return (x + 0.5) / scale - 0.5


def _pytorch(x: Number, size: int, target: int, scale: Number) -> Number:
    return (x + 0.5) / scale - 0.5 if target > 1 else 0.0


def _symmetric(x: Number, size: int, target: int, scale: Number) -> Number:
    offset = size / 2 * (1 - target / (scale * size))
    return offset + (x + 0.5) / scale - 0.5


def _corners(x: Number, size: int, target: int, scale: Number) -> Number:
    return x * (size - 1) / (target - 1) if target > 1 else 0.0


PLACES: dict[str, Place] = {
    "align_corners": _corners,
    "asymmetric": _asymmetric,
    "half_pixel": _half_pixel,
    "half_pixel_symmetric": _symmetric,
    "pytorch_half_pixel": _pytorch,
}
NEAREST: dict[str, Callable[[float], int]] = {
    "ceil": ceil,
    "floor": floor,
    "round_prefer_ceil": lambda x: floor(x + 0.5),
    "round_prefer_floor": lambda x: ceil(x - 0.5),
}


def _linear(distance: float, factor: float) -> float:
    return max(0.0, 1.0 - abs(distance))


def _cubic(distance: float, factor: float) -> float:
    d, a = abs(distance), factor
    if d <= 1:
        return (a + 2) * d**3 - (a + 3) * d**2 + 1
    return a * d**3 - 5 * a * d**2 + 8 * a * d - 4 * a if d < 2 else 0.0


def resize_matrix(
    size: int, target: int, scale: float, a: Mapping[str, Any]
) -> NDArray[np.float64]:
    """A row of weights over the old elements for each new one; ValueError for unknown modes."""
    mode = text(a.get("mode", "nearest"))
    transform = text(a.get("coordinate_transformation_mode", "half_pixel"))
    if mode not in ("nearest", "linear", "cubic") or transform not in PLACES:
        raise ValueError(f"it resizes in the way '{mode}' with '{transform}'")
    if max(size, target) > MOST_ELEMENTS or size * target > MOST_ELEMENTS * 64:
        raise ValueError(f"it resizes an axis of {size} elements to {target}")
    found = np.zeros((target, size))
    for row in range(target):
        place = float(PLACES[transform](np.float32(row), size, target, np.float32(scale)))
        if mode == "nearest":
            rounded = NEAREST[text(a.get("nearest_mode", "round_prefer_floor"))](place)
            found[row, min(max(rounded, 0), size - 1)] = 1.0
        else:
            _spread(found[row], place, scale, mode, a)
    return found


def _spread(
    row: NDArray[np.float64], place: float, scale: float, mode: str, a: Mapping[str, Any]
) -> None:
    """The weights of the elements around a place; those over the ends fall on the last ones."""
    size, factor = len(row), float(a.get("cubic_coeff_a", -0.75))
    kernel, reach = (_linear, 1) if mode == "linear" else (_cubic, 2)
    width = min(1.0, scale) if a.get("antialias", 0) else 1.0
    outside = bool(a.get("exclude_outside", 0))
    if mode == "linear" and width == 1.0 and not outside:
        place = min(max(place, 0.0), size - 1.0)
    first = floor(place - reach / width) + 1
    last = ceil(place + reach / width) - 1
    for index in range(first, max(first, last) + 1):
        if outside and not 0 <= index < size:
            continue
        row[min(max(index, 0), size - 1)] += kernel((index - place) * width, factor)
    row /= row.sum()
