"""Matrices in OpenCV's XML files: mean images, and the eigenvectors of colours."""

from __future__ import annotations

from math import prod
from xml.etree import ElementTree

import numpy as np
from numpy.typing import NDArray

from brainscript.diagnostic import BrainScriptError, Diagnostic, Span
from brainscript.literals import read_integer
from brainscript.runtime.data.sources import read_bytes


class Storage:
    """One file."""

    def __init__(self, path: str, span: Span):
        self.path, self.span = path, span
        try:
            self._root = ElementTree.fromstring(read_bytes(path, span))
        except ElementTree.ParseError as error:
            raise self.wrong(f"it is no XML file: {error}") from None

    def number(self, name: str) -> int:
        """A whole number."""
        found = read_integer(self._root.findtext(name, ""))
        if found is None or found < 0:
            raise self.wrong(f"it has no number '{name}'")
        return found

    def matrix(self, name: str) -> NDArray[np.float32]:
        """A matrix of numbers, by rows."""
        node = self._root.find(name)
        if node is None:
            raise self.wrong(f"it has no matrix '{name}'")
        sizes = [node.findtext(part, "").strip() for part in ("rows", "cols")]
        try:
            values = np.array(node.findtext("data", "").split(), np.float32)
            return values.reshape([int(size) for size in sizes])
        except ValueError:
            raise self.wrong(f"the matrix '{name}' does not have the size it says") from None

    def wrong(self, why: str) -> BrainScriptError:
        """The error for a file that does not hold what is looked for."""
        return BrainScriptError(Diagnostic("BS0642", f"'{self.path}': {why}", self.span))


def mean_image(path: str, span: Span) -> NDArray[np.float32]:
    """`MeanImg` as [rows, columns, channels]."""
    storage = Storage(path, span)
    shape = tuple(storage.number(name) for name in ("Row", "Col", "Channel"))
    values = storage.matrix("MeanImg")
    if values.size != prod(shape):
        raise storage.wrong(f"MeanImg has {values.size} values, not {' x '.join(map(str, shape))}")
    return values.reshape(shape)


def colour_axes(path: str, span: Span) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """`EigVal` (3 numbers) and `EigVec` (3 x 3)."""
    storage = Storage(path, span)
    values, vectors = storage.matrix("EigVal"), storage.matrix("EigVec")
    if values.size != 3 or vectors.shape != (3, 3):
        raise storage.wrong("EigVal must have 3 values and EigVec 3 x 3")
    return values.reshape(3), vectors
