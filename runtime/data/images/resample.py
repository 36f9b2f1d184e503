"""Resizing by weighted sums of neighbours, as OpenCV defines its interpolations.

Pixel centres lie at half-integers: output i takes its weights around `(i + 0.5) * scale - 0.5`.
Pixels beyond the border are those of the border. No smoothing when an image gets smaller.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.float32]
Weights = Callable[[NDArray[Any]], NDArray[Any]]

CUBIC = -0.75
LOBES = 4


def _linear(x: NDArray[Any]) -> NDArray[Any]:
    return np.maximum(0, 1 - np.abs(x))


def _cubic(x: NDArray[Any]) -> NDArray[Any]:
    d, a = np.abs(x), CUBIC
    near = ((a + 2) * d - (a + 3)) * d * d + 1
    far = ((a * d - 5 * a) * d + 8 * a) * d - 4 * a
    return np.where(d <= 1, near, np.where(d < 2, far, 0))


def _lanczos(x: NDArray[Any]) -> NDArray[Any]:
    return np.where(np.abs(x) < LOBES, np.sinc(x) * np.sinc(x / LOBES), 0)


KERNELS: dict[str, tuple[int, Weights]] = {
    "linear": (1, _linear),
    "cubic": (2, _cubic),
    "lanczos": (LOBES, _lanczos),
}
"""For each interpolation how many neighbours count on either side, and their weights."""
INTERPOLATIONS = ("linear", "nearest", "cubic", "lanczos")


@lru_cache(maxsize=512)
def taps(size: int, wanted: int, kind: str) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """The pixels that each output needs and their weights, both [wanted, neighbours]."""
    scale = size / wanted
    if kind == "nearest":
        places = np.minimum((np.arange(wanted) * scale).astype(np.int64), size - 1)
        return places[:, None], np.ones((wanted, 1), np.float32)
    radius, weights = KERNELS[kind]
    centre = (np.arange(wanted) + 0.5) * scale - 0.5
    places = np.floor(centre).astype(np.int64)[:, None] + np.arange(1 - radius, radius + 1)
    values = weights(centre[:, None] - places)
    values = values / values.sum(axis=1, keepdims=True)
    return np.clip(places, 0, size - 1), values.astype(np.float32)


def resize(image: Image, width: int, height: int, kind: str) -> Image:
    """An image [height, width, channels] at another size; values are whole numbers 0..255."""
    if image.shape[:2] == (height, width):
        return image
    rows, row_weights = taps(image.shape[0], height, kind)
    columns, column_weights = taps(image.shape[1], width, kind)
    tall = np.zeros((height, *image.shape[1:]), np.float32)
    for k in range(rows.shape[1]):
        tall += image[rows[:, k]] * row_weights[:, k, None, None]
    out = np.zeros((height, width, image.shape[2]), np.float32)
    for k in range(columns.shape[1]):
        out += tall[:, columns[:, k]] * column_weights[:, k, None]
    return np.clip(np.rint(out), 0, 255)
