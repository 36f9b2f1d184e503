"""The arrays that a model takes and gives: samples, or lists of sequences, of numpy or DLPack."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray

from brainscript.diagnostic import BrainScriptError, Diagnostic, did_you_mean
from brainscript.runtime.layouts import Sequences
from brainscript.runtime.network import Array, InputSpec, Step, numpy_type

Data = ArrayLike | Sequence[ArrayLike]
"""An array [samples, ...reversed dims], or a list of arrays [steps, ...reversed dims]."""


@dataclass(frozen=True)
class Batch:
    """Input data: all samples of each input one after the other, and the sequences of each axis.

    `lists` holds the axes whose data came as lists of sequences.
    """

    samples: Mapping[str, Array]
    lengths: Mapping[str, tuple[int, ...]]
    lists: frozenset[str]

    @property
    def count(self) -> int:
        """The number of samples of the longest axis."""
        return max((sum(lengths) for lengths in self.lengths.values()), default=0)

    def put(self, step: Step, inputs: Sequence[InputSpec]) -> None:
        """Lay the axes out and fill the inputs of a step."""
        step.set_layouts({axis: Sequences(lengths) for axis, lengths in self.lengths.items()})
        for spec in inputs:
            view = step.input(spec.name)
            columns = step.layout(spec.axis).columns_in_order()
            view[columns] = self.samples[spec.name].reshape(len(columns), *view.shape[1:])

    def take(self, step: Step, name: str, axis: str) -> Array | list[Array]:
        """The values of a node: samples, or a list of sequences where the data came so."""
        values = step.output(name)
        if not axis:
            return values.copy()
        layout = step.layout(axis)
        ordered = values[layout.columns_in_order()]
        if axis.partition("/")[0] not in self.lists:
            return ordered
        ends = np.cumsum(layout.lengths)
        return list(np.split(ordered, ends[:-1])) if len(ends) else []


def batch_of(needed: Sequence[InputSpec], data: Mapping[str, Data]) -> Batch:
    """The data of all inputs that are needed, checked; raises BrainScriptError (BS0916)."""
    wanted = [spec.name for spec in needed]
    for name in data:
        if name not in wanted:
            raise misuse(f"'{name}' is no input of these outputs", did_you_mean(name, wanted))
    samples: dict[str, Array] = {}
    lengths: dict[str, tuple[int, ...]] = {}
    lists: set[str] = set()
    for spec in needed:
        if spec.name not in data:
            raise misuse(f"the input '{spec.name}' is missing", f"pass {spec.name}=array")
        parts, listed = _parts(spec, data[spec.name])
        samples[spec.name] = np.concatenate(parts) if len(parts) > 1 else parts[0]
        found = tuple(len(p) for p in parts) if listed else (1,) * len(parts[0])
        if lengths.setdefault(spec.axis, found) != found:
            title = f"'{spec.name}' has samples {_few(found)}, other inputs have "
            raise misuse(title + _few(lengths[spec.axis]))
        lists |= {spec.axis} if listed else set()
    return Batch(samples, lengths, frozenset(lists))


def as_numpy(value: Any) -> NDArray[Any]:
    """Anything with DLPack or numpy's protocols as an array, without a copy where that goes."""
    if hasattr(value, "__dlpack__") and not isinstance(value, np.ndarray):
        try:
            return cast("NDArray[Any]", np.from_dlpack(value))
        except (BufferError, RuntimeError, TypeError) as error:
            raise misuse(f"an array cannot be taken over: {error}", "move it to the CPU") from None
    try:
        return np.asarray(cast("ArrayLike", value))
    except (TypeError, ValueError) as error:
        raise misuse(f"no array can be made of this data: {error}") from None


def _parts(spec: InputSpec, value: Data) -> tuple[list[Array], bool]:
    """The samples of each sequence; whether the data came as a list of sequences."""
    if isinstance(value, list | tuple):
        items = cast("Sequence[Any]", value)
        if items and all(_is_sequence(spec, item) for item in items):
            return [_samples(spec, as_numpy(item)) for item in items], True
    return [_samples(spec, as_numpy(value))], False


def _is_sequence(spec: InputSpec, item: Any) -> bool:
    """Whether an item of a list is a sequence of samples, not a sample."""
    array = as_numpy(item)
    return array.ndim > 1 or (array.ndim == 1 and spec.dims == (1,) and hasattr(item, "shape"))


def _samples(spec: InputSpec, value: NDArray[Any]) -> Array:
    try:
        array = cast("Array", np.asarray(value, numpy_type(spec.element)))
    except (TypeError, ValueError) as error:
        raise misuse(f"'{spec.name}' takes numbers: {error}") from None
    size = int(np.prod(spec.dims))
    if not array.ndim or array.size != array.shape[0] * size:
        shape = (len(array) if array.ndim else "samples", *spec.dims[::-1])
        raise misuse(f"'{spec.name}' has shape {array.shape}, expected {shape}")
    return array.reshape(len(array), *spec.dims[::-1])


def _few(lengths: tuple[int, ...]) -> str:
    if all(length == 1 for length in lengths):
        return str(len(lengths))
    return f"{list(lengths[:4])}{'...' if len(lengths) > 4 else ''}"


def misuse(title: str, help: str = "") -> BrainScriptError:
    """The error for arrays that do not fit."""
    return BrainScriptError(Diagnostic("BS0916", title, help=help))
