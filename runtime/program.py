"""A compiled step as a callable: its machine code, its memory, the arrays it reads and writes."""

from __future__ import annotations

import ctypes
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from brainscript.codegen.jit import Linked
from brainscript.codegen.timing.clock import TIMES
from brainscript.codegen.timing.trace import Spent
from brainscript.diagnostic import BrainScriptError, Diagnostic, did_you_mean
from brainscript.linear import ALIGNMENT, evaluate, round_up
from brainscript.program_image import (
    ARENA,
    BARRIER,
    COLUMNS,
    LAYOUT_STEPS,
    WORKSPACE,
    WORKSPACE_STRIDE,
    ProgramImage,
    Slot,
    layouts_place,
    states_place,
)
from brainscript.runtime.layouts import Layout, Sequences, bases_of, check_complaints
from brainscript.runtime.memory import Bytes, aligned_bytes, memory_of_machine, room_for
from brainscript.runtime.native_library import function_address
from brainscript.runtime.sparse_inputs import RECORD_WORDS, UNBOUNDED, Records, SparseInputs
from brainscript.runtime.state_arena import DTYPES, Array, StateArena, bytes_of
from brainscript.runtime.threads import shared_pool
from brainscript.runtime.tile_registers import allow_tiles

BARRIER_SYMBOL = "bs_barrier"
SEQUENCES = ("bs_find_steps", "bs_find_rows", "bs_scratch")
"""What kernels of sequences and sparse inputs call: for the steps of `Where`, for the rows of a
table that are touched, and for memory."""

DRAWS = ("bs_draw_uniform", "bs_draw_classes", "bs_draw_count")
"""What kernels call for random numbers."""

BESIDE = "look for windows with a large kernel, stride or padding; or use fewer threads"
"""What helps against much memory that kernels use and leave."""

__all__ = ["Program", "StateArena"]


class Program:
    """One step of a network, ready to run.

    `set_columns` says how many columns each axis has, `input` gives the arrays to fill, `run`
    computes, `output` gives the arrays to read. Arrays are views of the arena: they are valid
    until the next `set_columns`, and the outputs until the next `run`. `prepare` comes before the
    first `run`, and again when parameters have changed. Results do not depend on `threads`, which
    is only the most that may be used.
    """

    def __init__(
        self,
        image: ProgramImage,
        objects: Mapping[str, bytes],
        state: StateArena,
        threads: int = 1,
    ):
        self.image = image
        self.state = state
        if image.tiles:
            allow_tiles()
        self._pool = shared_pool(threads) if threads > 1 else None
        self._most = 1 if self._pool is None else self._pool.threads
        symbols = (BARRIER_SYMBOL, *SEQUENCES, *DRAWS)
        imports = {name: function_address(name) for name in symbols}
        exports = [image.step, *([TIMES] if image.timed else ())]
        linked = Linked([objects[key] for key in image.objects], exports, imports)
        words = (ctypes.c_void_p, ctypes.c_int64, ctypes.c_int64)
        self._step: Any = linked.function(image.step, *words)
        self.step_address = linked.address(image.step)
        self._times = linked.address(TIMES) if image.timed else 0
        self._stride = round_up(image.workspace) + ALIGNMENT
        self._workspace = room_for(self._stride * self._most, "a step of this network", BESIDE)
        self._frame: NDArray[np.int64] = np.zeros(
            states_place(len(image.axes)) + len(image.states), np.int64
        )
        self.layouts = tuple(Layout() for _ in image.axes)
        self._made = bases_of(image.axes)
        self._finds = tuple(n for n, (how, _) in self._made.items() if how.kind == "found")
        self._arena: Bytes = aligned_bytes(0)
        self._columns = (0,) * len(image.axes)
        self.capacity = (0,) * len(image.axes)
        self._elements = UNBOUNDED
        self._sparse = SparseInputs()
        self._inputs = {slot.name: slot for slot in image.inputs}
        self._outputs = {slot.name: slot for slot in image.outputs}
        state.extend(image.states)
        self._fill_frame()
        self.reserve(self.capacity)
        self._once = Program(image.once, objects, state, threads) if image.once else None

    def _fill_frame(self) -> None:
        frame = self._frame
        frame[WORKSPACE] = self._workspace.ctypes.data
        frame[WORKSPACE_STRIDE] = self._stride
        frame[BARRIER] = 0 if self._pool is None else self._pool.barrier
        axes = len(self.image.axes)
        for number, layout in enumerate(self.layouts, layouts_place(axes)):
            frame[number] = layout.address
        for number, slot in enumerate(self.image.states, states_place(axes)):
            frame[number] = self.state.address(slot.name)

    @property
    def frame_address(self) -> int:
        """Where the frame lies that native code is handed."""
        return int(self._frame.ctypes.data)

    @property
    def columns(self) -> dict[str, int]:
        """The number of columns of each axis, found ones included after `run`."""
        counts = list(self._columns)
        for number in self._finds:
            counts[number] = self.layouts[number].found
        return dict(zip(self.image.axes, counts, strict=True))

    def layout(self, axis: str) -> Layout:
        """The layout of an axis."""
        return self.layouts[self.image.axes.index(axis)]

    @property
    def threads(self) -> int:
        """How many threads a step of the present size is worth."""
        if self._most == 1:
            return 1
        steps = [int(layout.words[LAYOUT_STEPS]) for layout in self.layouts]
        return self.image.threads(self._columns, self._most, steps)

    @property
    def pool_handle(self) -> int:
        """The pool as native code knows it; 0 when there is only the calling thread."""
        return 0 if self._pool is None else self._pool.handle

    def reserve(self, columns: tuple[int, ...]) -> None:
        """Make the arena large enough for this many columns; views made before are void."""
        wanted = tuple(max(a, b) for a, b in zip(columns, self.capacity, strict=True))
        size = evaluate(self.image.arena, wanted)
        if size > self._arena.size:
            if size > memory_of_machine():
                raise _too_large(size, max(wanted))
            self._arena = aligned_bytes(0)
            try:
                self._arena = aligned_bytes(size)
            except MemoryError as error:
                self._arena = aligned_bytes(evaluate(self.image.arena, self.capacity))
                raise _too_large(size, max(wanted)) from error
        self.capacity = wanted
        for layout, most in zip(self.layouts, wanted, strict=True):
            layout.reserve(most)
        self._frame[ARENA] = self._arena.ctypes.data

    def set_columns(self, columns: Mapping[str, int] | int) -> None:
        """Sequences of one sample: the number of columns of each axis; one number for all axes."""
        if isinstance(columns, int):
            columns = dict.fromkeys(self.image.axes, columns)
        counts = [columns.get(axis, 0) for axis in self.image.axes]
        if min(counts, default=0) < 0:
            raise ValueError(f"a number of columns is negative: {counts}")
        self._make_room(counts, self._elements)
        for layout, count in zip(self.layouts, counts, strict=True):
            layout.set_frames(count)
        self._set_made(counts)

    def set_layouts(self, layouts: Mapping[str, Sequences]) -> None:
        """The sequences of each axis that is made from no other."""
        given = {a: s for a, s in layouts.items() if a in self.image.axes}
        sizes = {axis: int(np.sum(s.lengths)) for axis, s in given.items()}
        counts = [sizes.get(axis, 0) for axis in self.image.axes]
        self._make_room(
            [
                max(n, len(given[a].lengths) if a in given else 0)
                for a, n in zip(self.image.axes, counts, strict=True)
            ],
            self._elements,
        )
        for axis, layout in zip(self.image.axes, self.layouts, strict=True):
            if axis in given:
                layout.set_sequences(given[axis])
        self._set_made(counts)

    def make_room(self, columns: Mapping[str, int]) -> None:
        """Make room for so many columns of each axis, to be laid out by native code.

        Axes that are made from no other get the layout of frames.
        """
        counts = [columns.get(axis, 0) for axis in self.image.axes]
        self._make_room(counts, 0)
        for number, layout in enumerate(self.layouts):
            if number not in self._made:
                layout.set_frames(counts[number])
        self._columns = tuple(counts)
        self._frame[COLUMNS : COLUMNS + len(counts)] = counts

    def take_columns(self) -> None:
        """Take over the numbers of columns that native code has put into the frame."""
        self._columns = tuple(self._frame[COLUMNS : COLUMNS + len(self.image.axes)].tolist())

    def _make_room(self, counts: Sequence[int], elements: int) -> None:
        """Room for these columns, and for the most that axes made from others can have."""
        wanted = list(counts)
        for number, (how, base) in self._made.items():
            found = how.kind == "found"
            most = how.most(wanted[base], elements) if found else wanted[base]
            wanted[number] = max(wanted[number], most)
        if any(n > most for n, most in zip(wanted, self.capacity, strict=True)):
            self.reserve(tuple(wanted))

    def _set_made(self, counts: list[int]) -> None:
        """Layouts of the axes that are made from others; then the frame."""
        for number, (how, base) in self._made.items():
            layout = self.layouts[number]
            if how.kind == "found":
                counts[number] = layout.set_found(how.most(counts[base], self._elements))
            else:
                counts[number] = layout.set_made(how, self.layouts[base], counts[base])
        self._sparse.clear()
        self._columns = tuple(counts)
        self._frame[COLUMNS : COLUMNS + len(counts)] = counts

    def spent(self) -> Spent:
        """What each kernel has taken since the last call of this; nothing unless it is timed."""
        names = self.image.timed
        if not names:
            return ()
        table = (ctypes.c_int64 * (2 * len(names))).from_address(self._times)
        sums: dict[str, tuple[int, int]] = {}
        for i, name in enumerate(names):
            time, calls = sums.get(name, (0, 0))
            sums[name] = (time + table[2 * i], calls + table[2 * i + 1])
        ctypes.memset(table, 0, ctypes.sizeof(table))
        return [(name, time, calls) for name, (time, calls) in sums.items() if calls]

    def spoil(self) -> None:
        """Fill the arena with NaN, so that a test sees what is read before it is written."""
        self._arena[:] = 0xFF
        self._workspace[:] = 0xFF

    def input(self, name: str) -> Array:
        """The [columns, ...reversed dims] view of an input, to be filled before `run`.

        Of a sparse input it is an array apart; those of its elements count that are not 0 when the
        step runs.
        """
        slot = _find(self._inputs, name, "input")
        return (
            self._sparse.dense(slot, self._columns[slot.axis]) if slot.sparse else self._view(slot)
        )

    @property
    def sparse_inputs(self) -> tuple[str, ...]:
        """The inputs that `records` and `put_sparse` fill."""
        return tuple(name for name, slot in self._inputs.items() if slot.sparse)

    def expect_elements(self, count: int = UNBOUNDED) -> None:
        """How many elements the sparse inputs have in all, before columns are set from now on."""
        self._elements = count

    def records(self, name: str) -> Records:
        """The [columns, 3] records of a sparse input, to be pointed to data that stays."""
        self._sparse.forget(name)
        return self._records(name)

    def put_sparse(
        self, name: str, rows: NDArray[np.integer], values: Array, starts: NDArray[np.integer]
    ) -> None:
        """Fill a sparse input: column i has the elements `starts[i]` to `starts[i + 1]` of `rows`
        and `values`."""
        slot, records = _find(self._inputs, name, "input"), self.records(name)
        size, count = math.prod(slot.dims), len(records)
        rising = len(starts) == count + 1 and starts[0] >= 0 and np.all(np.diff(starts) >= 0)
        if not rising or len(values) != len(rows) or starts[-1] > len(rows):
            raise ValueError(f"the elements of '{name}' are not those of {count} columns")
        if len(rows) and not 0 <= rows.min() <= rows.max() < size:
            raise ValueError(f"an index of '{name}' is not below {size}")
        arrays = (
            np.ascontiguousarray(rows, np.int32),
            np.ascontiguousarray(values, DTYPES[slot.element]),
            np.ascontiguousarray(starts, np.int64),
        )
        self._sparse.put(name, records, *arrays)

    def _records(self, name: str) -> Records:
        slot = _find(self._inputs, name, "input")
        start, count = evaluate(slot.place, self._columns), self._columns[slot.axis]
        words = self._arena[start : start + 8 * RECORD_WORDS * count].view(np.int64)
        return words.reshape(count, RECORD_WORDS)

    def output(self, name: str) -> Array:
        """The [columns, ...reversed dims] view of an output; [...reversed dims] without axis."""
        slot = _find(self._outputs, name, "output")
        if slot.state >= 0:
            return self.state.view(self.image.states[slot.state].name)
        return self._view(slot)

    def run(self, threads: int = 0) -> None:
        """Compute the step, on as many threads as it is worth unless told otherwise."""
        count = threads or self.threads
        self._sparse.settle(self._records)
        if count == 1 or self._pool is None:
            self._step(self.frame_address, 0, 1)
        else:
            self._pool.run(self.step_address, self.frame_address, count)
        check_complaints(self.image.axes, self.layouts)

    def prepare(self) -> None:
        """Compute what depends on parameters alone, with the values that they have now."""
        if self._once is not None:
            self._once.run()

    def _view(self, slot: Slot) -> Array:
        start = evaluate(slot.place, self._columns)
        size, shape = bytes_of(slot.dims, slot.element), slot.dims[::-1]
        if slot.axis >= 0:
            found = slot.axis in self._finds
            count = self.layouts[slot.axis].found if found else self._columns[slot.axis]
            size, shape = size * count, (count, *shape)
        return self._arena[start : start + size].view(DTYPES[slot.element]).reshape(shape)


def _find(slots: Mapping[str, Slot], name: str, what: str) -> Slot:
    slot = slots.get(name)
    if slot is not None:
        return slot
    raise BrainScriptError(
        Diagnostic("BS0813", f"the step has no {what} '{name}'", help=did_you_mean(name, slots))
    )


def _too_large(size: int, columns: int) -> BrainScriptError:
    title = f"a minibatch of {columns} columns needs {size / 2**30:.1f} GiB"
    return BrainScriptError(
        Diagnostic("BS0812", title, help="use a smaller minibatchSize or shorter sequences")
    )
