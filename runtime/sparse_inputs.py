"""Sparse inputs of a step: for each column where its elements lie that are not 0.

A record is three words: the address of the indices of the elements (i32), that of their values,
and how many there are. A reader points them into its own data; arrays are kept here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from brainscript.program_image import Slot
from brainscript.runtime.state_arena import DTYPES, Array

RECORD_WORDS = 3

UNBOUNDED = 2**62
"""So many elements that only the size of a table bounds how many of its columns they touch."""

Records = NDArray[np.int64]


class SparseInputs:
    """The arrays behind the records of a step that came as arrays."""

    def __init__(self) -> None:
        self._dense: dict[str, Array] = {}
        self._kept: dict[str, tuple[NDArray[Any], ...]] = {}

    def clear(self) -> None:
        """Forget all arrays: the columns are new ones."""
        self._dense.clear()
        self._kept.clear()

    def dense(self, slot: Slot, columns: int) -> Array:
        """An array [columns, ...reversed dims] to be filled; its elements that are not 0 count."""
        if slot.name not in self._dense:
            self._dense[slot.name] = np.zeros((columns, *slot.dims[::-1]), DTYPES[slot.element])
        return self._dense[slot.name]

    def forget(self, name: str) -> None:
        """An input is filled in another way."""
        self._dense.pop(name, None)

    def put(
        self,
        name: str,
        records: Records,
        rows: NDArray[np.int32],
        values: Array,
        starts: NDArray[np.int64],
    ) -> None:
        """Column i has the elements `starts[i]` up to `starts[i + 1]` of `rows` and `values`."""
        self._kept[name] = rows, values
        records[:, 0] = rows.ctypes.data + rows.itemsize * starts[:-1]
        records[:, 1] = values.ctypes.data + values.itemsize * starts[:-1]
        records[:, 2] = np.diff(starts)

    def settle(self, records: Callable[[str], Records]) -> None:
        """Point the records of the inputs that were filled densely to their elements."""
        for name, array in self._dense.items():
            flat = array.reshape(len(array), -1)
            columns, rows = np.nonzero(flat)
            starts = np.searchsorted(columns, np.arange(len(array) + 1)).astype(np.int64)
            self.put(name, records(name), rows.astype(np.int32), flat[columns, rows], starts)
