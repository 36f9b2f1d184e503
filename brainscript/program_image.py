"""A compiled step as plain data: what the runtime needs to run it without the compiler.

The layout of the frame that native code is handed (an array of 64-bit words): arena, start of
the state block, workspace, bytes of workspace of one thread, barrier, then the number of columns
of each axis, then the address of the layout of each axis, then the address of each state.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from brainscript.linear import Form, evaluate

FORMAT = 4
"""The version of this layout; part of every cache key."""

ARENA, STATE, WORKSPACE, WORKSPACE_STRIDE, BARRIER, COLUMNS = range(6)
"""Places in the frame; the columns of the first axis stand at `COLUMNS`."""

LAYOUT_STEPS, LAYOUT_SEQUENCES = 0, 1
"""Words of a layout: the length of the longest sequence (T), the number of sequences (S)."""

LAYOUT_OFFSETS, LAYOUT_LENGTHS, LAYOUT_ORDER, LAYOUT_RANK = 2, 3, 4, 5
"""Words that point to arrays of 64-bit words: the first column of each step and the end [T + 1];
by rank the length of each sequence and its number in the minibatch [S]; by number its rank [S]."""

LAYOUT_BEGINS, LAYOUT_ENDS, LAYOUT_SLOT = 6, 7, 8
"""Words that point to arrays by rank [S]: whether the sequence begins in this minibatch and whether
it ends in it (1 or 0), and the number of the state that is carried over for it."""

LAYOUT_COLUMNS, LAYOUT_CAPACITY, LAYOUT_COMPLAINT = 9, 10, 11
"""For axes that a step makes: their number of columns, while the frame has the most that there may
be; how many there is room for; and what is wrong (0: nothing)."""

LAYOUT_WORDS = 16
"""The words of a layout; those without a name are 0."""

Element = Literal["f32", "f64"]


def layouts_place(axes: int) -> int:
    """The place in the frame of the layout of the first of so many axes."""
    return COLUMNS + axes


def states_place(axes: int) -> int:
    """The place in the frame of the first state, behind columns and layouts of so many axes."""
    return COLUMNS + 2 * axes


SECONDS_PER_FLOP = 1 / 50e9
SECONDS_PER_BARRIER = 2e-6
SECONDS_TO_WAKE = 8e-6


@dataclass(frozen=True)
class Slot:
    """An input or output of the step: a named array in the arena, or a state read as an output.

    `dims` is column-major; `axis` the number of its dynamic axis, -1 without one; `place` its
    first byte in the arena; `state` the number of the state it is, -1 for one in the arena. A
    `sparse` input has a record for each column, see `runtime/sparse_inputs.py`.
    """

    name: str
    dims: tuple[int, ...]
    element: Element
    axis: int
    place: Form
    state: int = -1
    sparse: bool = False


@dataclass(frozen=True)
class StateSlot:
    """One value that lives from step to step; `role` as in `dialects/sched`."""

    name: str
    dims: tuple[int, ...]
    element: Element
    role: str


@dataclass(frozen=True)
class ProgramImage:
    """Everything about a compiled step except its machine code.

    `objects` are the keys of the object files to link, `step` the symbol to call; `arena` the
    size of the arena, `workspace` the bytes of scratch of one thread, `flops` the work of one
    step, `barriers` how often its threads meet, `meetings` how often they meet once more for each
    step of an axis whose sequences are longer than one step. `tiles`: it uses the tile registers
    of AMX. `timed` has the kernel of each pair
    of words in the table of times of a step that is timed. `once` is what must have run before the
    first step, and again when parameters have changed.
    """

    axes: tuple[str, ...]
    inputs: tuple[Slot, ...]
    outputs: tuple[Slot, ...]
    states: tuple[StateSlot, ...]
    arena: Form
    workspace: int
    flops: Form
    barriers: int
    step: str
    objects: tuple[str, ...]
    meetings: tuple[int, ...] = ()
    timed: tuple[str, ...] = ()
    once: ProgramImage | None = None
    tiles: bool = False

    def threads(self, columns: tuple[int, ...], most: int, steps: Sequence[int] = ()) -> int:
        """How many threads are worth waking for these sizes; never affects the results.

        `steps` are the lengths of the longest sequences of the axes.
        """
        seconds = evaluate(self.flops, columns) * SECONDS_PER_FLOP
        saved = seconds * (1 - 1 / most)
        longer = zip(self.meetings, steps, strict=False)
        barriers = self.barriers + sum(count * (length - 1) for count, length in longer)
        return most if saved > barriers * SECONDS_PER_BARRIER + SECONDS_TO_WAKE else 1

    def as_json(self) -> dict[str, Any]:
        """The same facts as plain data."""
        return {"format": FORMAT} | asdict(self)

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> ProgramImage:
        """The image written by `as_json`; ValueError or KeyError when the data is another thing."""
        if data["format"] != FORMAT:
            raise ValueError("another version of the program image")
        return ProgramImage._from_plain(data)

    @staticmethod
    def _from_plain(data: Mapping[str, Any]) -> ProgramImage:
        once = data.get("once")
        slots = {name: tuple(_slot(s) for s in data[name]) for name in ("inputs", "outputs")}
        states = tuple(
            StateSlot(s["name"], tuple(s["dims"]), s["element"], s["role"]) for s in data["states"]
        )
        return ProgramImage(
            axes=tuple(data["axes"]),
            inputs=slots["inputs"],
            outputs=slots["outputs"],
            states=states,
            arena=tuple(data["arena"]),
            workspace=int(data["workspace"]),
            flops=tuple(data["flops"]),
            barriers=int(data["barriers"]),
            step=str(data["step"]),
            objects=tuple(data["objects"]),
            meetings=tuple(data["meetings"]),
            timed=tuple(data.get("timed", ())),
            once=None if once is None else ProgramImage._from_plain(once),
            tiles=bool(data.get("tiles", False)),
        )


def _slot(data: Mapping[str, Any]) -> Slot:
    place, dims = tuple(data["place"]), tuple(data["dims"])
    sparse = bool(data.get("sparse", False))
    return Slot(data["name"], dims, data["element"], data["axis"], place, data["state"], sparse)
