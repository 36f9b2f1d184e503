"""Many minibatches of a step in one native call, so that small networks do not wait for Python."""

from __future__ import annotations

import ctypes
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from brainscript.axes import KINDS, known_base, made
from brainscript.linear import Form
from brainscript.program_image import ProgramImage
from brainscript.runtime import native_library
from brainscript.runtime.data.minibatch import Reader
from brainscript.runtime.layouts import (
    Layout,
    check_complaints,
    check_countable,
    dependency_order,
    empty_sequence,
)
from brainscript.runtime.native_library import library
from brainscript.runtime.state_arena import StateArena

HYPER = ("hyper.learning_rate", "hyper.momentum", "hyper.samples")


class Program(Protocol):
    """What the loop needs of a compiled step (`runtime.program.Program` is one)."""

    image: ProgramImage
    state: StateArena
    step_address: int
    capacity: tuple[int, ...]
    layouts: tuple[Layout, ...]

    @property
    def frame_address(self) -> int:
        """Where the frame lies."""
        ...

    @property
    def pool_handle(self) -> int:
        """The pool of threads; 0 for none."""
        ...

    @property
    def threads(self) -> int:
        """How many threads a step of the present size is worth."""
        ...

    def make_room(self, columns: Mapping[str, int]) -> None:
        """Make room for so many columns of each axis; layouts are those of frames."""
        ...

    def take_columns(self) -> None:
        """Take over the numbers of columns that native code has put into the frame."""
        ...


@dataclass(frozen=True)
class Progress:
    """What one call did: minibatches run, their samples, the samples N of their updates, the
    columns of each axis in total, and whether the epoch is over.
    """

    minibatches: int
    samples: int
    counted: int
    columns: Mapping[str, int]
    finished: bool


class MinibatchLoop:
    """A program that takes its inputs straight from a reader.

    Each minibatch: its columns go into the frame, its samples into the inputs, the hyper scalars
    into the state, then the step runs. N is the number of columns of `counted_axis` if given, else
    the most columns of `counted_inputs` in CNTK's packed layout, gaps included. A call ends with a
    minibatch after which the state `watched` is not finite.
    """

    def __init__(
        self,
        reader: Reader,
        program: Program,
        counted_inputs: Sequence[str] = (),
        counted_axis: str = "",
        watched: str = "",
    ):
        self.reader = reader
        self.program = program
        self.axes = program.image.axes
        self._plan = native_library.Loop()
        self._largest = dict.fromkeys(self.axes, 0)
        self._inputs = self._describe_inputs()
        self._capacity = (ctypes.c_int64 * max(1, len(self.axes)))()
        streams = [reader.binding[name] for name in counted_inputs]
        self._counted = (ctypes.c_int64 * max(1, len(streams)))(*streams)
        plan = self._plan
        plan.counted_streams, plan.counted_stream_count = self._counted, len(streams)
        self._counted_axis = counted_axis
        plan.counted_axis = self.axes.index(counted_axis) if counted_axis else -1
        plan.step, plan.frame = program.step_address, program.frame_address
        plan.axes, plan.capacity = len(self.axes), self._capacity
        self._axis = self._describe_axes()
        order = dependency_order(self.axes)
        self._order = (ctypes.c_int64 * max(1, len(order)))(*order)
        plan.axis, plan.order = self._axis, self._order
        plan.inputs, plan.input_count = self._inputs, len(program.image.inputs)
        self._place_scalars()
        if watched:
            plan.element_bytes = program.state.view(watched).itemsize
            plan.watched_at = program.state.address(watched)

    @staticmethod
    def suits(reader: Reader, program: Program) -> bool:
        """Whether the reader determines all axes and inputs of the program."""
        inputs = program.image.inputs
        axes = program.image.axes
        return (
            len(axes) <= native_library.MAX_AXES
            and all(made(axis).kind != "stream" or axis in reader.axes for axis in axes)
            and all(slot.name in reader.binding for slot in inputs)
            and all(
                not slot.sparse or reader.corpus.streams[reader.binding[slot.name]].sparse
                for slot in inputs
            )
            and all(
                slot.element == ("f64" if reader.dtype.itemsize == 8 else "f32") for slot in inputs
            )
        )

    def _describe_axes(self) -> ctypes.Array[native_library.Axis]:
        described = (native_library.Axis * max(1, len(self.axes)))()
        for native, axis in zip(described, self.axes, strict=False):
            how = made(axis)
            native.kind, native.begin, native.end = KINDS.index(how.kind), how.begin, how.end
            stream = how.kind == "stream"
            native.source = self.reader.axes[axis] if stream else self.axes.index(known_base(axis))
        return described

    def _describe_inputs(self) -> ctypes.Array[native_library.Input]:
        slots = self.program.image.inputs
        inputs = (native_library.Input * max(1, len(slots)))()
        for native, slot in zip(inputs, slots, strict=False):
            factors = _factors(slot.place, len(self.axes))
            native.stream, native.axis = self.reader.binding[slot.name], slot.axis
            native.base, native.coefficients = (
                slot.place[0],
                (ctypes.c_int64 * len(factors))(*factors),
            )
            native.sparse = slot.sparse
        return inputs

    def _place_scalars(self) -> None:
        """Where the hyper scalars lie; a step that does not learn has none."""
        state = self.program.state
        present = set(state.names())
        places = [state.address(name) if name in present else None for name in HYPER]
        first = next((name for name in HYPER if name in present), None)
        self._plan.element_bytes = state.view(first).itemsize if first else 4
        self._plan.learning_rate_at, self._plan.momentum_at, self._plan.samples_at = places

    def set_rates(self, learning_rate: float, momentum_per_sample: float) -> None:
        """The rate per sample and the momentum per sample of the minibatches to come."""
        check_countable(self._counted_axis)
        self._plan.learning_rate = learning_rate
        self._plan.momentum_per_sample = momentum_per_sample

    def run(self, count: int, seconds: float = 0.0) -> Progress:
        """Up to `count` minibatches; stops at the end of the epoch or when `seconds` (0: no limit)
        are over, so that signals are served."""
        totals = dict.fromkeys(self.axes, 0)
        done = samples = counted = 0
        while True:
            progress = self._call(count - done, seconds)
            done += int(progress.minibatches)
            samples += int(progress.samples)
            counted += int(progress.counted)
            for axis, columns in zip(self.axes, progress.columns, strict=False):
                totals[axis] += int(columns)
            last = dict(zip(self.axes, progress.last_columns, strict=False))
            self._largest = {axis: max(n, last[axis]) for axis, n in self._largest.items()}
            if progress.status == native_library.NO_MEMORY:
                raise MemoryError("no memory for the order of the data")
            self._check(progress)
            if progress.status != native_library.NEEDS_CAPACITY:
                break
        if done:
            self.program.take_columns()
        finished = progress.status == native_library.END_OF_EPOCH
        return Progress(done, samples, counted, totals, finished)

    def _call(self, count: int, seconds: float) -> native_library.Progress:
        program, plan = self.program, self._plan
        program.make_room(self._largest)
        self._capacity[: len(self.axes)] = program.capacity
        plan.pool, plan.threads = program.pool_handle or None, program.threads
        progress = native_library.Progress()
        library().bs_run_minibatches(
            self.reader.handle, ctypes.byref(plan), count, seconds, ctypes.byref(progress)
        )
        for axis, layout in zip(self.axes, program.layouts, strict=True):
            if not self._frames(axis):
                layout.spoil()
        return progress

    def _frames(self, axis: str) -> bool:
        """Whether the native loop leaves the arrays of a layout as they are for frames."""
        reader = self.reader
        if made(axis).kind != "stream":
            return False
        return not reader.truncation and reader.corpus.single(reader.axes[axis])

    def _check(self, progress: native_library.Progress) -> None:
        """Raise for what a minibatch holds that the network cannot work on."""
        if progress.status == native_library.EMPTY_SEQUENCE:
            raise empty_sequence()
        if progress.status == native_library.COMPLAINT:
            check_complaints(self.axes, self.program.layouts)


def _factors(form: Form, axes: int) -> tuple[int, ...]:
    """The factors of a form, one for each axis."""
    given = form[1:]
    return (*given, *(0,) * (axes - len(given)))
