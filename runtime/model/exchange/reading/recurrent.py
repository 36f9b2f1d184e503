"""Recurrent layers of ONNX, step by step: `LSTM`, `GRU`, `RNN` over a known number of steps.

A file has the steps as an axis of fixed size, so every step has nodes of its own; the products with
the input are made for all steps at once. Gates follow one another in the rows of W, R and B.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from brainscript.runtime.model.exchange.reading.activations import ACTIVATIONS
from brainscript.runtime.model.exchange.reading.forms import Form
from brainscript.runtime.model.exchange.reading.importer import Attributes, Importer, Reader
from brainscript.runtime.model.exchange.reading.nodes import (
    finish,
    make,
    reshaped,
    small_constant,
    text,
)
from brainscript.runtime.model.exchange.source.folding import once
from brainscript.runtime.model.spelling.pieces import Pieces
from brainscript.stored_graph import StoredNode

MOST_STEPS = 512
DIRECTIONS = {"forward": (1,), "reverse": (-1,), "bidirectional": (1, -1)}
SIMPLE = {"Relu": "RectifiedLinear", "Sigmoid": "Sigmoid", "Tanh": "Tanh"}
OTHER = ("HardSigmoid", "Softplus", "Softsign")
DEFAULTS = {"LSTM": ("Sigmoid", "Tanh", "Tanh"), "GRU": ("Sigmoid", "Tanh"), "RNN": ("Tanh",)}
GATES = {"LSTM": 4, "GRU": 3, "RNN": 1}


@dataclass(frozen=True)
class Layer:
    """One direction of a layer: its place among them, the sizes, the constants of that place."""

    i: Importer
    kind: str
    name: str
    number: int
    sizes: tuple[int, int, int]
    """Steps, elements of the input and of the state."""
    constants: dict[str, NDArray[Any]]
    activations: list[str]
    attributes: Attributes

    @property
    def hidden(self) -> int:
        """The elements of the state."""
        return self.sizes[2]

    def parameter(self, name: str, array: NDArray[Any]) -> str:
        """A parameter of this direction."""
        return self.i.parameter(f"{self.name}/{name}", array)

    def gate(self, p: Pieces, x: str, number: int, count: int = 1) -> str:
        """The part of a value that belongs to a gate, or to some that follow one another."""
        begin, end = number * self.hidden, (number + count) * self.hidden
        if self.kind == "RNN":
            return x
        return p.add("Slice", x, options={"axis": 1, "beginIndex": begin, "endIndex": end})

    def activate(self, p: Pieces, place: int, x: str) -> str:
        """The activation at this place of the list."""
        kind = self.activations[place]
        if kind in SIMPLE:
            return p.add(SIMPLE[kind], x)
        finish(self.i, p)
        name = f"{p.node.name}/{kind}{len(p.nodes)}"
        ACTIVATIONS[kind](self.i, name, [x], {})
        return name


Step = Callable[[Layer, Pieces, str, list[str]], list[str]]
"""One step: from the input's part and the states before it to the states behind it."""


def _recurrent(kind: str) -> Reader:
    def read(i: Importer, output: str, inputs: list[str], a: Attributes) -> None:
        given = dict(zip(("X", "W", "R", "B", "lengths", "h", "c", "P"), inputs, strict=False))
        given = {role: name for role, name in given.items() if name}
        base = next((name for name in i.outputs if name), "")
        if not base:
            return
        layers = _layers(i, base, kind, given, a)
        steps = layers[0].sizes[0]
        x = reshaped(i, f"{base}/steps", i.name(given["X"]), [layers[0].sizes[1], steps])
        count = 2 if kind == "LSTM" else 1
        found = [_run(layer, x, given, count) for layer in layers]
        _results(i, base, found, layers[0].hidden)

    return read


def _layers(i: Importer, base: str, kind: str, given: dict[str, str], a: Attributes) -> list[Layer]:
    """The directions; what cannot be said is refused."""
    constants = {n: small_constant(i, base, given[n]) for n in ("W", "R", "B", "P") if n in given}
    form, first = i.form(given["X"]), bool(a.get("layout", 0))
    if i.batch != 1 and (form.place != (0 if first else 1) or form.factor > 1):
        raise i.refuse(base, "its samples are not where it has them")
    signs, defaults = DIRECTIONS.get(text(a.get("direction", "forward"))), DEFAULTS[kind]
    if signs is None:
        raise i.refuse(base, f"its direction is none of {', '.join(DIRECTIONS)}")
    steps, size = form.shape[1 if first else 0], form.shape[2]
    if steps * len(signs) > MOST_STEPS:
        raise i.refuse(base, f"it has more than {MOST_STEPS} steps")
    if "clip" in a:
        raise i.refuse(base, "it clips what comes into its activations")
    hidden = int(a.get("hidden_size", constants["R"].shape[-1]))
    _check_shapes(i, base, constants, (len(signs), GATES[kind], size, hidden))
    names = [text(name) for name in a.get("activations", [])] or list(defaults * len(signs))
    if len(names) != len(defaults) * len(signs):
        wanted = len(defaults) * len(signs)
        raise i.refuse(base, f"it has {len(names)} activations, where {wanted} are expected")
    for name in names:
        if name not in (*SIMPLE, *OTHER) or a.get("activation_alpha") or a.get("activation_beta"):
            raise i.refuse(base, f"its activation '{name}' is not known here, or not with numbers")
    return [
        Layer(
            i,
            kind,
            f"{base}/backward" if sign < 0 else f"{base}/forward",
            n,
            (steps, size, hidden),
            {role: array[n] for role, array in constants.items()},
            names[n * len(defaults) : (n + 1) * len(defaults)],
            {**a, "sign": sign},
        )
        for n, sign in enumerate(signs)
    ]


def _check_shapes(
    i: Importer, base: str, constants: dict[str, NDArray[Any]], sizes: tuple[int, int, int, int]
) -> None:
    """Refuse constants that do not fit the directions, the gates, the input and the state."""
    count, gates, size, hidden = sizes
    rows = gates * hidden
    wanted = {"W": (count, rows, size), "R": (count, rows, hidden)}
    wanted |= {"B": (count, 2 * rows), "P": (count, 3 * hidden)}
    for role, array in constants.items():
        if array.shape != wanted[role]:
            found, expected = list(array.shape), list(wanted[role])
            raise i.refuse(base, f"its {role} is {found}, where {expected} is expected")


def _run(layer: Layer, x: str, given: dict[str, str], count: int) -> tuple[list[str], list[str]]:
    """The first state behind every step, in the order of the steps, and the last states."""
    i, (steps, _, hidden), name = layer.i, layer.sizes, layer.name
    weights = layer.parameter("W", np.ascontiguousarray(layer.constants["W"].T))
    make(i, f"{name}/product", "Times", [weights, x], outputRank=1)
    bias = layer.constants.get("B", np.zeros(2 * GATES[layer.kind] * hidden))
    make(i, f"{name}/input", "Plus", [f"{name}/product", layer.parameter("b", _bias(layer, bias))])
    turned = np.ascontiguousarray(layer.constants["R"].T)
    if layer.kind == "GRU" and not layer.attributes.get("linear_before_reset", 0):
        layer.parameter("R", turned[:, : 2 * hidden])
        layer.parameter("Rh", turned[:, 2 * hidden :])
    else:
        layer.parameter("R", turned)
    states = [_initial(layer, role, given) for role in ("h", "c")[:count]]
    found: dict[int, str] = {}
    for t in range(steps)[:: layer.attributes["sign"]]:
        p = Pieces(StoredNode(f"{name}/step{t}", "", ()), i.nodes)
        part = p.add(
            "Slice", f"{name}/input", options={"axis": 2, "beginIndex": t, "endIndex": t + 1}
        )
        part = p.reshape(part, (GATES[layer.kind] * hidden,))
        after = STEPS[layer.kind](layer, p, part, states)
        found[t], states = _kept(layer, p, t, (states, after), given)
        finish(i, p)
    return [found[t] for t in range(steps)], states


def _bias(layer: Layer, bias: NDArray[Any]) -> NDArray[Any]:
    """Both biases as one; a GRU may hold back that of its last gate."""
    half, hidden = bias.size // 2, layer.hidden
    total = bias[:half] + bias[half:]
    if layer.kind == "GRU" and layer.attributes.get("linear_before_reset", 0):
        total[2 * hidden :] = bias[2 * hidden : half]
        layer.parameter("Rb", bias[half + 2 * hidden :])
    return total


def _initial(layer: Layer, role: str, given: dict[str, str]) -> str:
    """The state before the first step: zero, or what the file gives this direction."""
    i, hidden, name = layer.i, layer.hidden, f"{layer.name}/{role}0"
    if role not in given:
        return i.parameter(name, np.zeros(hidden), learns=False)
    value, place = given[role], 0 if layer.attributes.get("layout", 0) else 1
    if value in i.arrays:
        array = i.arrays[value]
        if array.shape[-1:] != (hidden,):
            why = f"its initial state is {list(array.shape)}, where {hidden} elements are expected"
            raise i.refuse(layer.name, why)
        whole = i.aligned(array, Form(array.shape, place), value)
        return i.parameter(name, whole.reshape(-1, hidden)[layer.number], learns=False)
    if i.batch != 1 and i.form(value).place != place:
        raise i.refuse(layer.name, "its initial state has its samples in another axis")
    count = len(DIRECTIONS[text(layer.attributes.get("direction", "forward"))])
    all = reshaped(i, f"{name}/all", i.name(value), [hidden * count])
    begin = layer.number * hidden
    make(i, name, "Slice", [all], axis=1, beginIndex=begin, endIndex=begin + hidden)
    return name


def _kept(
    layer: Layer, p: Pieces, t: int, states: tuple[list[str], list[str]], given: dict[str, str]
) -> tuple[str, list[str]]:
    """Behind the end of a sample its states stay, and its result is zero."""
    before, after = states
    if "lengths" not in given:
        return after[0], after
    i, value = layer.i, given["lengths"]
    if value in i.arrays:
        lengths = np.unique(once(i.arrays[value]))
        if lengths.size != 1:
            raise i.refuse(layer.name, "its samples have several lengths, that the file fixes")
        length = p.number(float(lengths[0]))
    else:
        length = i.name(value)
    inside = p.add("Greater", length, p.number(float(t)))
    result = p.add("If", inside, after[0], p.number(0.0))
    kept = [p.add("If", inside, n, o) for n, o in zip(after, before, strict=True)]
    return result, kept


def _plain(layer: Layer, p: Pieces, x: str, states: list[str]) -> list[str]:
    """`f (W x + R h + b)`."""
    product = p.add("Times", f"{layer.name}/R", states[0])
    return [layer.activate(p, 0, p.add("Plus", x, product))]


def _gru(layer: Layer, p: Pieces, x: str, states: list[str]) -> list[str]:
    """`(1 - z) .* g (...) + z .* h`, with the update gate z and the reset gate r."""
    (h,) = states
    late = layer.attributes.get("linear_before_reset", 0)
    product = p.add("Times", f"{layer.name}/R", h)
    both = layer.gate(p, x, 0, 2)
    total = p.add("Plus", both, layer.gate(p, product, 0, 2) if late else product)
    gates = layer.activate(p, 0, total)
    z, r = layer.gate(p, gates, 0), layer.gate(p, gates, 1)
    if late:
        inner = p.add("Plus", layer.gate(p, product, 2), f"{layer.name}/Rb")
        inner = p.add("ElementTimes", r, inner)
    else:
        inner = p.add("Times", f"{layer.name}/Rh", p.add("ElementTimes", r, h))
    new = layer.activate(p, 1, p.add("Plus", layer.gate(p, x, 2), inner))
    kept = p.add("ElementTimes", z, p.add("Minus", h, new))
    return [p.add("Plus", new, kept)]


def _lstm(layer: Layer, p: Pieces, x: str, states: list[str]) -> list[str]:
    """`c = f .* c + i .* g (...)`, `h = o .* h (c)`; the gates come as i, o, f, c."""
    h, c = states
    total = p.add("Plus", x, p.add("Times", f"{layer.name}/R", h))
    parts = [layer.gate(p, total, n) for n in range(4)]
    peep = layer.constants.get("P")

    def gate(number: int, state: str) -> str:
        value = parts[number]
        if peep is not None:
            weights = p.constant(peep[number * layer.hidden : (number + 1) * layer.hidden])
            value = p.add("Plus", value, p.add("ElementTimes", weights, state))
        return layer.activate(p, 0, value)

    entry = gate(0, c)
    if layer.attributes.get("input_forget", 0):
        forget = p.add("Minus", p.number(1.0), entry)
    else:
        forget = gate(2, c)
    new = p.add("ElementTimes", entry, layer.activate(p, 1, parts[3]))
    cell = p.add("Plus", p.add("ElementTimes", forget, c), new)
    return [p.add("ElementTimes", gate(1, cell), layer.activate(p, 2, cell)), cell]


def _results(
    i: Importer, base: str, found: Sequence[tuple[list[str], list[str]]], hidden: int
) -> None:
    """All steps as [steps, directions, state], and the last states as [directions, state]."""
    steps = [part for parts in zip(*(all for all, _ in found), strict=True) for part in parts]
    last = zip(*(states for _, states in found), strict=True)
    for name, parts in zip(i.outputs, (steps, *last), strict=False):
        if not name:
            continue
        joined = f"{name}/joined"
        if len(parts) > 1:
            make(i, joined, "RowStack", list(parts), axis=1)
        else:
            make(i, joined, "Pass", list(parts))
        reshaped(i, name, joined, i.dims(name))


STEPS: dict[str, Step] = {"GRU": _gru, "LSTM": _lstm, "RNN": _plain}
RECURRENT: dict[str, Reader] = {kind: _recurrent(kind) for kind in STEPS}
"""What reads each operation."""
