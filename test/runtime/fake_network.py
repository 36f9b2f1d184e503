"""A network in numpy with the interface of the compiled one: softmax regression, SGD, momentum."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from brainscript.diagnostic import Diagnostic
from brainscript.program_image import StateSlot
from brainscript.runtime.layouts import Layout, Sequences
from brainscript.runtime.network import (
    ALL,
    Array,
    Environment,
    Facts,
    InputSpec,
    Mode,
    NodeSpec,
    ParameterSpec,
    PrecomputeSpec,
    Share,
    UpdateRule,
)
from brainscript.runtime.state_arena import StateArena
from brainscript.settings import Settings

FEATURES, LABELS = 2, 3
PARAMETERS = (
    ParameterSpec("z.W", (LABELS, FEATURES), init="constant", value=0.25),
    ParameterSpec("z.b", (LABELS,), init="constant", value=0.0),
)
NODES = (
    NodeSpec("ce", "CrossEntropyWithSoftmax", (1,), "", ("labels", "z")),
    NodeSpec("errs", "ClassificationError", (1,), "", ("labels", "z")),
    NodeSpec("features", "InputValue", (FEATURES,), "*"),
    NodeSpec("labels", "InputValue", (LABELS,), "*"),
    NodeSpec("z", "Plus", (LABELS,), "*", ("z.PlusArgs[0]", "z.b")),
    NodeSpec("z.PlusArgs[0]", "Times", (LABELS,), "*", ("z.W", "features")),
    NodeSpec("z.W", "LearnableParameter", (LABELS, FEATURES)),
    NodeSpec("z.b", "LearnableParameter", (LABELS,)),
    NodeSpec("mean", "Mean", (FEATURES,), "", ("features",)),
)


def fake_facts(text: str = "the network") -> Facts:
    nodes = {node.name: node for node in NODES}
    return Facts(
        ir_text=text,
        precision="f32",
        parameters=PARAMETERS,
        inputs=(InputSpec("features", (FEATURES,)), InputSpec("labels", (LABELS,))),
        features=("features",),
        criteria=(nodes["ce"],),
        metrics=(nodes["errs"],),
        outputs=(nodes["z"],),
        nodes=nodes,
        precomputed=(PrecomputeSpec("mean", "Mean", "mean"),),
        roots={"criterion": ("ce",), "evaluation": ("errs",), "output": ("z",)},
    )


class FakeNetwork:
    """Parameters, momentum and sums in a state arena; steps computed by numpy."""

    def __init__(self, text: str = "the network"):
        self.facts = fake_facts(text)
        self.state = StateArena(StateSlot(p.name, p.dims, "f32", "parameter") for p in PARAMETERS)
        self.state.extend([StateSlot("mean", (FEATURES,), "f32", "statistic")])
        self.compiled: list[tuple[Mode, tuple[str, ...], UpdateRule | None]] = []

    def inputs_of(self, mode: Mode, outputs: Sequence[str] = ()) -> Sequence[InputSpec]:
        needed = 1 if mode in ("write", "precompute") else 2
        return self.facts.inputs[:needed]

    def compile(
        self, mode: Mode, outputs: Sequence[str] = (), update: UpdateRule | None = None
    ) -> FakeStep:
        self.compiled.append((mode, tuple(outputs), update))
        if mode == "train":
            slots = [StateSlot(f"momentum.{p.name}", p.dims, "f32", "momentum") for p in PARAMETERS]
            names = ("learning_rate", "momentum", "samples")
            slots += [StateSlot(f"hyper.{n}", (1,), "f32", "hyper") for n in names]
            self.state.extend(slots)
        if mode == "precompute":
            weights = ("hyper.old_weight", "hyper.new_weight")
            self.state.extend(StateSlot(name, (1,), "f32", "hyper") for name in weights)
        if mode in ("train", "criterion", "test"):
            self.state.extend(
                StateSlot(f"criterion.{n}", (1,), "f32", "criterion") for n in outputs
            )
        return FakeStep(self.state, mode)


class FakeStep:
    """One step of the network above."""

    def __init__(self, state: StateArena, mode: Mode):
        self.state, self.mode = state, mode
        self.columns: Mapping[str, int] = {}
        self.arrays: dict[str, Array] = {}
        self._layout = Layout()
        self.sparse_inputs: tuple[str, ...] = ()

    def expect_elements(self, count: int) -> None:
        raise AssertionError("no input is sparse")

    def records(self, name: str) -> NDArray[np.int64]:
        raise AssertionError(f"'{name}' is not sparse")

    def set_columns(self, columns: Mapping[str, int] | int) -> None:
        assert not isinstance(columns, int)
        n = columns["*"]
        self.columns = {"*": n}
        self._layout.set_frames(n)
        self.arrays = {
            "features": np.zeros((n, FEATURES), np.float32),
            "labels": np.zeros((n, LABELS), np.float32),
            "ce": np.zeros(1, np.float32),
        }

    def set_layouts(self, layouts: Mapping[str, Sequences]) -> None:
        self.set_columns({axis: len(s.lengths) for axis, s in layouts.items()})

    def layout(self, axis: str) -> Layout:
        assert axis == "*"
        return self._layout

    def input(self, name: str) -> Array:
        return self.arrays[name]

    def output(self, name: str) -> Array:
        return self.arrays[name]

    def run(self) -> None:
        x, labels, state = self.arrays["features"], self.arrays["labels"], self.state
        if self.mode == "precompute":
            old, new = (state.view(f"hyper.{n}_weight")[0] for n in ("old", "new"))
            state.view("mean")[:] = old * state.view("mean") + new * x.sum(axis=0)
            return
        w, b = state.view("z.W"), state.view("z.b")
        self.arrays["z"] = z = x @ w + b
        if self.mode == "write":
            return
        p = np.exp(z - z.max(axis=1, keepdims=True))
        p /= p.sum(axis=1, keepdims=True)
        self._add("ce", float(-np.sum(labels * np.log(p))))
        self._add("errs", float(np.sum(z.argmax(axis=1) != labels.argmax(axis=1))))
        if self.mode == "train":
            self.arrays["features.grad"] = (p - labels) @ w.T
            self.arrays["labels.grad"] = -np.log(p)
            self._update("z.W", x.T @ (p - labels))
            self._update("z.b", (p - labels).sum(axis=0))

    def _add(self, name: str, value: float) -> None:
        if f"criterion.{name}" in self.state.names():
            self.state.view(f"criterion.{name}")[0] += np.float32(value)

    def _update(self, name: str, gradient: Array) -> None:
        rate, m = (self.state.view(f"hyper.{n}")[0] for n in ("learning_rate", "momentum"))
        v = self.state.view(f"momentum.{name}")
        v[:] = m * v + (1 - m) * rate * gradient
        self.state.view(name)[:] -= v


class FakeMinibatch:
    def __init__(self, data: Array):
        self.data = data
        self.whole = self
        self.samples = len(data)
        self.columns: Mapping[str, int] = {"*": len(data)}
        self.padded: Mapping[str, int] = {"*": len(data)}
        self.frames = True
        self.keys = [str(i) for i in range(len(data))]
        self.layouts: Mapping[str, Sequences] = {"*": Sequences([1] * len(data))}

    def fill(self, name: str, target: Array) -> None:
        target[:] = self.data[:, :FEATURES] if name == "features" else self.data[:, FEATURES:]

    def refer(self, name: str, element_bytes: int, records: NDArray[np.int64]) -> bool:
        return False

    def elements(self, names: Sequence[str]) -> int:
        return 0


class FakeReader:
    """Points of three classes, shuffled by the epoch's number when asked to."""

    def __init__(self, count: int = 50, randomize: bool = True):
        generator = np.random.default_rng(7)
        kinds = generator.integers(0, LABELS, count)
        points = generator.normal(size=(count, FEATURES)) + kinds[:, None]
        self.data = np.hstack([points, np.eye(LABELS)[kinds]]).astype(np.float32)
        self.randomize = randomize
        self.share: Share = ALL
        self.calls: list[tuple[int, int, int]] = []

    def prefetch(self) -> None:
        pass

    def start_epoch(self, index: int, epoch_size: int, minibatch_size: int) -> None:
        self.calls.append((index, epoch_size, minibatch_size))
        order = np.arange(len(self.data))
        if self.randomize:
            np.random.default_rng(index).shuffle(order)
        order = order[: epoch_size or None]
        self.rest = [order[i : i + minibatch_size] for i in range(0, len(order), minibatch_size)]

    def next(self) -> FakeMinibatch | None:
        return FakeMinibatch(self.data[self.rest.pop(0)]) if self.rest else None


class FakeWorld:
    """An environment over the classes above; remembers what was opened and warned of."""

    def __init__(self, stderr: Any, stdout: Any, count: int = 50):
        self.count = count
        self.readers: list[FakeReader] = []
        self.networks: list[FakeNetwork] = []
        self.warnings: list[Diagnostic] = []
        self.environment = Environment(
            build_network=lambda settings: self.network("built"),
            stored_network=lambda model: self.network(str(model.text)),
            open_reader=self.open_reader,
            warn=self.warnings.append,
            stderr=stderr,
            stdout=stdout,
        )

    def network(self, text: str) -> FakeNetwork:
        self.networks.append(FakeNetwork(text))
        return self.networks[-1]

    def open_reader(
        self, settings: Settings, inputs: Sequence[InputSpec], randomize: bool | None
    ) -> FakeReader:
        shuffled = randomize is not None and settings.boolean("randomize", randomize)
        self.readers.append(FakeReader(self.count, shuffled))
        return self.readers[-1]


def manifest_of(path: Any) -> dict[str, Any]:
    """The manifest beside a model path."""
    return json.loads(open(f"{path}.manifest", encoding="utf-8").read())
