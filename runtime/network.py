"""A network as the runtime sees it: specifications, values, and steps compiled on demand.

The tools build an object that satisfies `Network` from level-2 IR and hand it over through an
`Environment`; nothing here knows the front end or the passes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, TextIO

import numpy as np
from numpy.typing import NDArray

from brainscript.diagnostic import Diagnostic, Span
from brainscript.runtime.layouts import Layout, Sequences
from brainscript.runtime.model.loaded import LoadedModel
from brainscript.runtime.state_arena import StateArena
from brainscript.runtime.train.metrics import Recorder
from brainscript.runtime.train.parallel.world import World
from brainscript.settings import Settings

Array = NDArray[np.floating[Any]]
Element = Literal["f32", "f64"]
Mode = Literal["train", "gradient", "update", "criterion", "test", "write", "precompute"]
DEFAULT_AXIS = "*"
Share = tuple[int, int]
"""The part `i` of `n` of each minibatch."""
ALL: Share = (0, 1)


def numpy_type(element: Element) -> np.dtype[Any]:
    """The numpy type of an element name."""
    return np.dtype(np.float32 if element == "f32" else np.float64)


@dataclass(frozen=True)
class ParameterSpec:
    """One parameter symbol and how its first values come about.

    `dims` is column-major as BrainScript writes it; its value in memory is the C array of the
    reversed shape. `init`, `range` and the rest are the properties of `net.parameter` after
    `net-infer-shapes`: `range` is half the width of a uniform distribution or the standard
    deviation of a normal one. With init `fromModel` the value is that of the parameter `source` of
    the model `file`. `learning_rate_multiplier` 0 means that it never moves.
    """

    name: str
    dims: tuple[int, ...]
    element: Element = "f32"
    init: str = "uniform"
    value: float = 0.0
    range: float = 0.0
    seed: int = 1
    file: str = ""
    literal: str = ""
    source: str = ""
    learning_rate_multiplier: float = 1.0
    span: Span | None = None

    @property
    def count(self) -> int:
        """The number of elements."""
        product = 1
        for dim in self.dims:
            product *= dim
        return product


@dataclass(frozen=True)
class InputSpec:
    """One input of the network: sample dims (column-major) and the axis its columns run over."""

    name: str
    dims: tuple[int, ...]
    axis: str = DEFAULT_AXIS
    sparse: bool = False
    element: Element = "f32"
    span: Span | None = None


@dataclass(frozen=True)
class NodeSpec:
    """One computation node: CNTK's name and operation, its sample dims, its axis ('' for none).

    `detail` is what dumps say of it beside its inputs; `log`, of a Trace node, what it says, the
    first minibatches it says it of, every how many after that, the most rows, the most steps,
    whether gradients are said too, then names and values of a format.
    """

    name: str
    operation: str
    dims: tuple[int, ...] = ()
    axis: str = ""
    inputs: tuple[str, ...] = ()
    detail: str = ""
    log: tuple[str | int, ...] = ()


@dataclass(frozen=True)
class PrecomputeSpec:
    """A node whose value is estimated from the data before training (Mean, InvStdDev).

    `state` is the symbol (role 'statistic') that the step of mode 'precompute' updates. With a
    `file` the value is known: it is that of the node `source` of this model.
    """

    name: str
    operation: str
    state: str
    file: str = ""
    source: str = ""


@dataclass(frozen=True)
class UpdateRule:
    """Which code moves the parameters: the options of `net-update`.

    All numbers are states of shape [1] that the host writes: before each minibatch
    `hyper.learning_rate` (per sample), `hyper.momentum` (already raised to the samples of the
    minibatch) and `hyper.samples` (the count N of momentum, clipping and regularisation); once,
    the constants of the rule. The gradient of each node of `towards` is an output `<node>.grad`;
    the values of the nodes `traced` are outputs as well.
    """

    rule: str = "sgd"
    clip: str = ""
    l1: bool = False
    l2: bool = False
    average: bool = True
    normalised: bool = True
    dropout: bool = False
    noise: bool = False
    towards: tuple[str, ...] = ()
    traced: tuple[str, ...] = ()


class Step(Protocol):
    """A compiled step (`runtime.program.Program` is one)."""

    def set_columns(self, columns: Mapping[str, int]) -> None:
        """The number of columns of each dynamic axis, before the inputs are filled; every
        sequence has one sample."""
        ...

    def set_layouts(self, layouts: Mapping[str, Sequences]) -> None:
        """The sequences of each dynamic axis, before the inputs are filled."""
        ...

    @property
    def columns(self) -> Mapping[str, int]:
        """The number of columns of each dynamic axis of the step."""
        ...

    def layout(self, axis: str) -> Layout:
        """How the columns of an axis are divided into sequences."""
        ...

    def input(self, name: str) -> Array:
        """The [columns, ...reversed dims] view of an input, to be filled."""
        ...

    @property
    def sparse_inputs(self) -> Sequence[str]:
        """The inputs that are handed over as records of their elements."""
        ...

    def expect_elements(self, count: int) -> None:
        """How many elements the sparse inputs have in all, before columns are set."""
        ...

    def records(self, name: str) -> NDArray[np.int64]:
        """The [columns, 3] records of a sparse input, to be pointed to data that stays."""
        ...

    def run(self) -> None:
        """Compute the step."""
        ...

    def output(self, name: str) -> Array:
        """The [columns, ...reversed dims] view of an output; [...reversed dims] without axis."""
        ...


@dataclass(frozen=True)
class Facts:
    """What a network holds, without values.

    `ir_text` is the level-2 module, compact: what a model file stores. `parameters` are sorted by
    name, the order in which the optimiser visits them. `criteria` and `metrics` are the criterion
    and evaluation groups in order (metrics without the ones that are criteria too), `outputs` the
    output group, `features` the feature inputs (all inputs when no group names them). `nodes`
    holds every node of the network as written. `roots` maps a group name (feature, label,
    criterion, evaluation, output) to node names.
    """

    ir_text: str
    precision: Element
    parameters: tuple[ParameterSpec, ...]
    inputs: tuple[InputSpec, ...]
    features: tuple[str, ...]
    criteria: tuple[NodeSpec, ...]
    metrics: tuple[NodeSpec, ...]
    outputs: tuple[NodeSpec, ...]
    nodes: Mapping[str, NodeSpec]
    precomputed: tuple[PrecomputeSpec, ...] = ()
    roots: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])


class Network(Protocol):
    """One network: what it holds, its values, and its steps.

    `state` holds all values by the symbols of the level-2 IR: parameters under their own names
    from the beginning; `momentum.<parameter>` and other state of the optimiser, `hyper.*`, the
    running sum `criterion.<node>` of each criterion and metric, and statistics from the first
    `compile` that needs them.
    """

    facts: Facts
    state: StateArena

    def inputs_of(self, mode: Mode, outputs: Sequence[str] = ()) -> Sequence[InputSpec]:
        """The inputs that the step `compile(mode, outputs)` reads."""
        ...

    def compile(
        self, mode: Mode, outputs: Sequence[str] = (), update: UpdateRule | None = None
    ) -> Step:
        """The compiled step. Those of 'test' and 'write' use the parameters as they are now.

        'train': forward, backward, update by `update`, sums of `outputs`; the first name of
        `outputs` is the criterion that trains, the others are only summed.
        'gradient', 'update': the same in two halves; between them lie the states of the role
        'gradient'.
        'criterion': training-mode forward and the sums, nothing moves.
        'test': inference forward and the sums. 'write': inference, `outputs` readable.
        'precompute': one minibatch of the estimates of `precomputed`.
        """
        ...


class Minibatch(Protocol):
    """What a reader gives: the columns of each axis and the data of each stream."""

    @property
    def keys(self) -> Sequence[str]:
        """The keys of the sequences, as the files have them."""
        ...

    @property
    def whole(self) -> Minibatch:
        """The minibatch that this one is a part of; itself if it is none."""
        ...

    @property
    def samples(self) -> int:
        """The count that `minibatchSize` bounds."""
        ...

    @property
    def columns(self) -> Mapping[str, int]:
        """The real samples of each axis."""
        ...

    @property
    def padded(self) -> Mapping[str, int]:
        """The columns of each axis in CNTK's packed layout, gaps included."""
        ...

    @property
    def frames(self) -> bool:
        """Whether every sequence has one sample, on every axis."""
        ...

    @property
    def layouts(self) -> Mapping[str, Sequences]:
        """The sequences of each axis, in the order of the minibatch."""
        ...

    def fill(self, name: str, target: Array) -> None:
        """Write the stream of this input, densely, into a [columns, ...] view, in the order that
        the layout of its axis gives the columns."""
        ...

    def refer(self, name: str, element_bytes: int, records: NDArray[np.int64]) -> bool:
        """Point records to the elements of a sparse stream; False where that cannot be done."""
        ...

    def elements(self, names: Sequence[str]) -> int:
        """How many elements the samples of these sparse inputs have in all."""
        ...


class Reader(Protocol):
    """Minibatches of one epoch after another, in CNTK's order; of each the part `share`."""

    share: Share

    def prefetch(self) -> None:
        """Begin to read the data while the caller goes on."""
        ...

    def start_epoch(self, index: int, epoch_size: int, minibatch_size: int) -> None:
        """Seek to epoch `index` of `epoch_size` samples (0: one full sweep)."""
        ...

    def next(self) -> Minibatch | None:
        """The next minibatch, or None at the end of the epoch."""
        ...


Factorised = tuple[Network, Mapping[str, tuple[str, str]]]
"""A network without values, and the names of the two factors of each matrix."""


@dataclass
class Environment:
    """What an action may call. `recorders` take what training measures.

    `build_network(settings)` makes the network of the builder that is visible from a command
    section (its parameters have no values yet; seeds are drawn from one counter of the process),
    `stored_network(model)` the one that a model file holds, without its values.
    `open_reader(settings, inputs, randomize)` checks and opens the reader section; `randomize` is
    the default for a section that does not say, None for file order whatever it says. `warn`
    shows a diagnostic and goes on. `run_script(settings)` runs the model editing script of a
    section and gives each file it has saved with its number of nodes. `factorised(model, ranks)` is
    the network of a model with matrices split in two of these ranks, and the names of the two.
    `describe(settings)` says what the network of the builder holds, without its seeds being used.
    `world` is this process among those of `mpiexec`. With `dry_run` everything is built and
    checked, no data read; `planned` then holds the networks that earlier commands would have
    saved, by model path.
    """

    build_network: Callable[[Settings], Network]
    stored_network: Callable[[LoadedModel], Network]
    open_reader: Callable[[Settings, Sequence[InputSpec], bool | None], Reader]
    warn: Callable[[Diagnostic], None]
    stderr: TextIO
    stdout: TextIO
    run_script: Callable[[Settings], Sequence[tuple[str, int]]] | None = None
    factorised: Callable[[LoadedModel, Mapping[str, int]], Factorised] | None = None
    dry_run: bool = False
    planned: dict[str, Network] = field(default_factory=dict[str, Network])
    recorders: tuple[Recorder, ...] = ()
    world: World = field(default_factory=World)
    describe: Callable[[Settings], Facts] | None = None
