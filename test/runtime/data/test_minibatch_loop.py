"""The native minibatch loop against the same minibatches fetched one by one."""

from __future__ import annotations

import ctypes
import time
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from brainscript.axes import made
from brainscript.diagnostic import BrainScriptError
from brainscript.linear import evaluate
from brainscript.program_image import (
    ARENA,
    COLUMNS,
    LAYOUT_BEGINS,
    LAYOUT_ENDS,
    LAYOUT_LENGTHS,
    LAYOUT_OFFSETS,
    LAYOUT_ORDER,
    LAYOUT_RANK,
    LAYOUT_STEPS,
    ProgramImage,
    Slot,
    StateSlot,
    layouts_place,
    states_place,
)
from brainscript.runtime.data.minibatch import Reader
from brainscript.runtime.data.minibatch_loop import HYPER, MinibatchLoop
from brainscript.runtime.layouts import Layout
from brainscript.runtime.memory import aligned_bytes
from brainscript.runtime.native_library import library
from brainscript.runtime.network import InputSpec
from brainscript.runtime.state_arena import StateArena
from test.runtime.data.support import text_reader

STEP = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_int64, ctypes.c_int64)


class Recorder:
    """A program whose step copies its inputs and hyper scalars to Python."""

    def __init__(self, inputs: tuple[InputSpec, ...], made_axes: tuple[str, ...] = ()):
        self.axes = (*dict.fromkeys(spec.axis for spec in inputs), *made_axes)
        slots: list[Slot] = []
        arena = [128] + [0] * len(self.axes)
        for spec in inputs:
            axis = self.axes.index(spec.axis)
            slots.append(Slot(spec.name, spec.dims, "f32", axis, tuple(arena)))
            arena[1 + axis] += 64 * spec.dims[0]
        states = tuple(StateSlot(name, (1,), "f32", "hyper") for name in HYPER)
        self.image = ProgramImage(
            self.axes, tuple(slots), (), states, tuple(arena), 0, (0,), 0, "step", ()
        )
        self.state = StateArena(states)
        self.capacity = (0,) * len(self.axes)
        self.columns = self.capacity
        self.frame = np.zeros(states_place(len(self.axes)) + len(states), np.int64)
        self.layouts = tuple(Layout() for _ in self.axes)
        for number, layout in enumerate(self.layouts, layouts_place(len(self.axes))):
            self.frame[number] = layout.address
        self.arena = aligned_bytes(0)
        self.seen: list[tuple[dict[str, list[float]], list[float]]] = []
        self._callback = STEP(self._record)
        self.step_address = ctypes.cast(self._callback, ctypes.c_void_p).value or 0
        self.frame_address = int(self.frame.ctypes.data)
        self.pool_handle = 0
        self.threads = 1

    def make_room(self, columns: Mapping[str, int]) -> None:
        self.columns = tuple(columns[axis] for axis in self.axes)
        if any(n > most for n, most in zip(self.columns, self.capacity, strict=True)):
            self.capacity = tuple(map(max, self.columns, self.capacity))
            self.arena = aligned_bytes(evaluate(self.image.arena, self.capacity))
            self.frame[ARENA] = self.arena.ctypes.data
        for layout, count in zip(self.layouts, self.columns, strict=True):
            layout.set_frames(count)

    def take_columns(self) -> None:
        self.columns = tuple(self.frame[COLUMNS : COLUMNS + len(self.axes)].tolist())

    def _record(self, frame: int, tid: int, nt: int) -> None:
        assert (frame, tid, nt) == (self.frame_address, 0, 1)
        columns = self.frame[COLUMNS : COLUMNS + len(self.axes)].tolist()
        values: dict[str, list[float]] = {}
        for slot in self.image.inputs:
            start = evaluate(slot.place, columns)
            size = 4 * slot.dims[0] * columns[slot.axis]
            values[slot.name] = self.arena[start : start + size].view(np.float32).tolist()
        self.seen.append((values, [float(self.state.view(name)[0]) for name in HYPER]))


SPECS = (InputSpec("w", (3,), axis="words"), InputSpec("l", (2,)), InputSpec("m", (1,)))
STREAMS = "w = [dim=3;format=sparse] ; l = [dim=2;format=dense] ; m = [dim=1;format=dense]"


def data(count: int) -> str:
    """Sequences of 1 to 4 words with one label and one weight."""
    rows: list[str] = []
    for s in range(count):
        rows.append(f"{s} |w {s % 3}:{s} |l {s} 1 |m {s}.5")
        rows += [f"{s} |w {(s + t) % 3}:1" for t in range(s % 4)]
    return "\n".join(rows)


def slow(reader: Reader, size: int, momentum: float) -> list[tuple[dict[str, list[float]], int]]:
    """Inputs and packed word columns of each minibatch of epoch 0."""
    reader.start_epoch(0, 0, size)
    found: list[tuple[dict[str, list[float]], int]] = []
    while (batch := reader.next()) is not None:
        values: dict[str, list[float]] = {}
        for spec in SPECS:
            out = np.empty((batch.columns[spec.axis], spec.dims[0]), np.float32)
            batch.fill(spec.name, out)
            values[spec.name] = out.reshape(-1).tolist()
        found.append((values, batch.padded["words"]))
    return found


def test_loop_hands_over_what_the_slow_path_does(tmp_path: Path):
    reader = text_reader(tmp_path, data(100), STREAMS, inputs=SPECS)
    expected = slow(reader, 17, 0.9)
    program = Recorder(SPECS)
    assert MinibatchLoop.suits(reader, program)
    loop = MinibatchLoop(reader, program, counted_inputs=("w", "l"))
    loop.set_rates(0.01, 0.99)
    reader.start_epoch(0, 0, 17)
    first = loop.run(3)
    assert (first.minibatches, first.finished) == (3, False)
    rest = loop.run(10**6)
    assert rest.finished
    assert [values for values, _ in program.seen] == [values for values, _ in expected]
    for (_, hyper), (_, counted) in zip(program.seen, expected, strict=True):
        assert hyper == [np.float32(0.01), np.float32(0.99**counted), counted]
    assert first.counted + rest.counted == sum(n for _, n in expected)
    assert first.columns["*"] + rest.columns["*"] == 100
    assert first.samples + rest.samples == 250
    assert program.columns == (len(expected[-1][0]["w"]) // 3, len(expected[-1][0]["l"]) // 2)


def test_samples_of_the_update_may_be_those_of_an_axis(tmp_path: Path):
    reader = text_reader(tmp_path, data(20), STREAMS, inputs=SPECS)
    program = Recorder(SPECS)
    loop = MinibatchLoop(reader, program, counted_axis="*")
    reader.start_epoch(0, 0, 10**6)
    assert loop.run(5).counted == 20
    assert program.seen[0][1][2] == 20


def test_program_must_get_all_its_inputs_from_the_reader(tmp_path: Path):
    reader = text_reader(tmp_path, data(5), STREAMS, inputs=SPECS)
    assert not MinibatchLoop.suits(reader, Recorder((*SPECS, InputSpec("other", (1,)))))


def test_time_limit_ends_a_call_after_a_minibatch(tmp_path: Path):
    reader = text_reader(tmp_path, "|a 1\n" * 1000)
    program = Recorder((InputSpec("a", (1,)),))
    loop = MinibatchLoop(reader, program)
    reader.start_epoch(0, 0, 1)
    start = time.process_time()
    done = loop.run(10**6, seconds=1e-9)
    assert (done.minibatches, done.finished) == (1, False)
    assert time.process_time() - start < 1


class Idle(Recorder):
    """A program whose step is native and does nothing."""

    def __init__(self, inputs: tuple[InputSpec, ...]):
        super().__init__(inputs)
        self.step_address = int(library().bs_idle_step())


def test_a_small_minibatch_costs_little(tmp_path: Path):
    count = 1000
    inputs = (InputSpec("x", (2,)), InputSpec("y", (2,)))
    rows = "|x 0.5 1.5 |y 0 1\n" * 5000
    reader = text_reader(
        tmp_path, rows, "x = [dim=2;format=dense] ; y = [dim=2;format=dense]", inputs=inputs
    )
    loop = MinibatchLoop(reader, Idle(inputs), counted_inputs=("x",))
    loop.set_rates(0.1, 0.9)
    best = 1.0
    for _ in range(50):
        reader.start_epoch(0, 25 * count, 25)
        loop.run(1)
        start = time.perf_counter()
        done = loop.run(count)
        best = min(best, (time.perf_counter() - start) / done.minibatches)
    assert best < 5e-6  # 0.2 us on a free core; loose, for busy machines


LAID_OUT = (LAYOUT_OFFSETS, LAYOUT_LENGTHS, LAYOUT_ORDER, LAYOUT_RANK, LAYOUT_BEGINS, LAYOUT_ENDS)


def laid_out(layout: Layout) -> list[list[int]]:
    """All that a layout says, as lists."""
    sizes = [layout.words[LAYOUT_STEPS] + 1, *[layout.count] * (len(LAID_OUT) - 1)]
    arrays = (layout.array(place) for place in LAID_OUT)
    return [array[:size].tolist() for array, size in zip(arrays, sizes, strict=True)]


def test_native_code_lays_axes_out_as_python_does(tmp_path: Path):
    reader = text_reader(tmp_path, data(40), STREAMS, inputs=SPECS)
    extra = ("words/first", "words/slice:0:2", "words/slice:-2:0", "words/slice:0:2/first")
    program = Recorder(SPECS, extra)
    loop = MinibatchLoop(reader, program)
    reader.start_epoch(0, 0, 23)
    seen = 0
    while loop.run(1).minibatches:
        reader_again = text_reader(tmp_path, data(40), STREAMS, inputs=SPECS)
        reader_again.start_epoch(0, 0, 23)
        batch = None
        for _ in range(seen + 1):
            batch = reader_again.next()
        assert batch is not None
        mine = {axis: Layout() for axis in program.axes}
        for axis, layout in mine.items():
            how = made(axis)
            if how.kind == "stream":
                layout.set_sequences(batch.layouts[axis])
            else:
                layout.set_made(how, mine[how.base], 0)
            native = program.layouts[program.axes.index(axis)]
            assert laid_out(native) == laid_out(layout), axis
        seen += 1
    assert seen > 2


def test_a_slice_that_leaves_nothing_of_a_sequence(tmp_path: Path):
    reader = text_reader(tmp_path, data(40), STREAMS, inputs=SPECS)
    loop = MinibatchLoop(reader, Recorder(SPECS, ("words/slice:2:0",)))
    reader.start_epoch(0, 0, 100)
    with pytest.raises(BrainScriptError) as error:
        loop.run(1)
    assert error.value.diagnostics[0].code == "BS0634"
