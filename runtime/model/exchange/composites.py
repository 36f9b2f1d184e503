"""Operations that ONNX has and BrainScript writes as several nodes: softmax along an axis, layers.

Before:  m = ReduceElements (x, 'Max', axis) ; p = Exp (x - m) ; y = p .* Reciprocal (sum of p)
After:   y = Softmax (x) along that axis

Only nodes that nothing else reads go; the one that stays has the name of the last.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import cast

from brainscript.runtime.model.exchange.emit import Arrays, Emitter, is_dynamic
from brainscript.runtime.model.exchange.operations import Write, options_of
from brainscript.stored_graph import PARAMETER, StoredNode

ALONG = {"Softmax": "SoftmaxAlong", "LogSoftmax": "LogSoftmaxAlong"}
LAYER, INSTANCE = "LayerNormalization", "InstanceNormalization"
Nodes = Mapping[str, StoredNode]


@dataclass(frozen=True)
class Normalised:
    """`(x - mean) / sqrt (variance + epsilon)` over the fastest `axes` of x."""

    x: str
    axes: int
    epsilon: float


class Finder:
    """Looks for patterns that end in a node."""

    def __init__(self, nodes: Nodes, outputs: Collection[str], arrays: Arrays, images: bool):
        self.nodes = nodes
        self.arrays = arrays
        self.images = images
        self._uses: dict[str, int] = dict.fromkeys(outputs, 2)
        for node in nodes.values():
            for name in node.inputs:
                self._uses[name] = self._uses.get(name, 0) + 1

    def node(self, name: str, kind: str, uses: int = 1) -> StoredNode | None:
        """The node of this name, if it is of this kind and is read so often."""
        node = self.nodes[name]
        return node if node.operation == kind and self._uses[name] == uses else None

    def pair(self, node: StoredNode | None, kind: str, uses: int = 1) -> tuple[str, str] | None:
        """An operand of this kind and the other one, in either order."""
        if node is None:
            return None
        for one, other in ((0, 1), (1, 0)):
            if self.node(node.inputs[one], kind, uses) is not None:
                return node.inputs[one], node.inputs[other]
        return None

    def reduced(self, name: str, kind: str) -> tuple[str, list[int]] | None:
        """What a chain of reductions starts from, and its axes."""
        axes: list[int] = []
        while True:
            node = self.node(name, "ReduceElements")
            if node is None or options_of(node)["reductionOp"] != kind:
                return (name, axes) if axes else None
            axes.append(options_of(node)["axis"])
            name = node.inputs[0]

    def number(self, name: str) -> float | None:
        """The value of a constant of one element."""
        fixed = self.nodes[name].operation == PARAMETER and name in self.arrays
        return float(self.arrays[name].reshape(-1)[0]) if fixed and self._single(name) else None

    def _single(self, name: str) -> bool:
        learns = options_of(self.nodes[name]).get("learning_rate_multiplier", 1.0)
        return not learns and self.arrays[name].size == 1

    def dims(self, name: str) -> tuple[int, ...]:
        """The dims of a node."""
        return self.nodes[name].dims or ()


def composed(
    nodes: Nodes, outputs: Collection[str], arrays: Arrays, images: bool
) -> dict[str, StoredNode]:
    """The nodes, with one in the place of every pattern.

    `images` says that the samples alone come in front of the axes of a sample.
    """
    finder = Finder(nodes, outputs, arrays, images)
    changed: dict[str, StoredNode] = {}
    for node in nodes.values():
        for rule in RULES.get(node.operation, ()):
            one = rule(finder, node)
            if one is not None:
                changed[node.name] = one
                break
    return {**nodes, **changed}


def _instead(node: StoredNode, kind: str, inputs: tuple[str, ...], **options: object) -> StoredNode:
    return StoredNode(node.name, kind, inputs, options, node.dims, node.axis, node.at)


def _powers_over_sum(f: Finder, node: StoredNode) -> StoredNode | None:
    """`e^(x - Max x) / Sum (e^(x - Max x))`."""
    parts = f.pair(node, "Reciprocal")
    if parts is None or f.node(parts[1], "Exp", 2) is None:
        return None
    total = f.reduced(f.nodes[parts[0]].inputs[0], "Sum")
    if total is None or total[0] != parts[1]:
        return None
    below = f.node(f.nodes[parts[1]].inputs[0], "Minus")
    place = _below_largest(f, below)
    return _along(node, "Softmax", below, place, total[1])


def _below_largest(f: Finder, below: StoredNode | None) -> list[int]:
    """The axes of `x - Max x`."""
    largest = None if below is None else f.reduced(below.inputs[1], "Max")
    return largest[1] if below and largest and largest[0] == below.inputs[0] else []


def _along(
    node: StoredNode, kind: str, below: StoredNode | None, one: list[int], other: list[int]
) -> StoredNode | None:
    if below is None or len(one) != 1 or one != other or one[0] < 1:
        return None
    return _instead(node, ALONG[kind], below.inputs[:1], axis=one[0])


def _below_log_of_sum(f: Finder, node: StoredNode) -> StoredNode | None:
    """`x - Max x - ln Sum (e^(x - Max x))`."""
    below, log = f.node(node.inputs[0], "Minus", 2), f.node(node.inputs[1], "Log")
    total = f.reduced(log.inputs[0], "Sum") if log else None
    powers = f.node(total[0], "Exp") if total else None
    if below is None or total is None or powers is None or powers.inputs[0] != below.name:
        return None
    return _along(node, "LogSoftmax", below, _below_largest(f, below), total[1])


def _power_below_log(f: Finder, node: StoredNode) -> StoredNode | None:
    """`e^(x - ln Sum e^x)`."""
    below = f.node(node.inputs[0], "Minus")
    total = f.reduced(below.inputs[1], "LogSum") if below else None
    if below is None or total is None or total[0] != below.inputs[0]:
        return None
    return _along(node, "Softmax", below, total[1], total[1])


def _normalised(f: Finder, name: str) -> Normalised | None:
    """What `centred .* Reciprocal (Sqrt (Mean (centred .* centred) + epsilon))` normalises."""
    parts = f.pair(f.node(name, "ElementTimes"), "Reciprocal")
    root = f.node(f.nodes[parts[0]].inputs[0], "Sqrt") if parts else None
    shifted = f.node(root.inputs[0], "Plus") if root else None
    if parts is None or shifted is None:
        return None
    for variance, constant in (shifted.inputs, shifted.inputs[::-1]):
        epsilon, mean = f.number(constant), f.reduced(variance, "Mean")
        square = f.node(mean[0], "ElementTimes") if mean else None
        if epsilon is None or mean is None or square is None:
            continue
        if square.inputs == (parts[1], parts[1]):
            return _centred(f, parts[1], mean[1], epsilon)
    return None


def _centred(f: Finder, name: str, axes: list[int], epsilon: float) -> Normalised | None:
    """The same for `x - mean of x`, over axes from the fastest on."""
    node = f.node(name, "Minus", 3)
    mean = f.reduced(node.inputs[1], "Mean") if node else None
    if node is None or mean is None or mean[0] != node.inputs[0]:
        return None
    if sorted(mean[1]) != sorted(axes) or sorted(axes) != list(range(1, len(axes) + 1)):
        return None
    return Normalised(node.inputs[0], len(axes), epsilon)


def _scaled(f: Finder, node: StoredNode | None) -> tuple[Normalised, str] | None:
    """What is normalised and then scaled by a parameter."""
    if node is None or node.operation != "ElementTimes":
        return None
    for one, other in ((0, 1), (1, 0)):
        if f.nodes[node.inputs[other]].operation == PARAMETER:
            inner = _normalised(f, node.inputs[one])
            if inner is not None:
                return inner, node.inputs[other]
    return None


def _layer(f: Finder, node: StoredNode) -> StoredNode | None:
    """A normalised value, scaled and shifted by parameters."""
    parts = f.pair(node, "ElementTimes")
    if parts is None or f.nodes[parts[1]].operation != PARAMETER:
        return None
    inner = _scaled(f, f.nodes[parts[0]])
    return _chosen(f, node, inner, parts[1]) if inner else None


def _layer_without_shift(f: Finder, node: StoredNode) -> StoredNode | None:
    inner = _scaled(f, node)
    return _chosen(f, node, inner, "") if inner else None


def _chosen(
    f: Finder, node: StoredNode, inner: tuple[Normalised, str], shift: str
) -> StoredNode | None:
    """As ONNX has it: numbers for all elements that are normalised, or one for each channel."""
    of, scale = inner
    dims = f.dims(of.x)
    inputs = (of.x, scale, shift) if shift else (of.x, scale)
    sizes = {f.dims(name) for name in inputs[1:]}
    if sizes == {dims[: of.axes]}:
        return _instead(node, LAYER, inputs, axes=of.axes, epsilon=of.epsilon)
    fit = f.images and is_dynamic(f.nodes[of.x]) and of.axes == len(dims) - 1 and shift
    if fit and sizes == {(*[1] * of.axes, dims[-1])}:
        return _instead(node, INSTANCE, inputs, epsilon=of.epsilon)
    return None


def _write_along(kind: str) -> Write:
    def write(e: Emitter, node: StoredNode) -> None:
        x = e.value(node.inputs[0])
        place = x.lead + len(x.dims) - cast("int", node.options["axis"])
        e.set(node, e.op(kind, [x.name], node.name, axis=place), x.dims)

    return write


def _write_layer(e: Emitter, node: StoredNode) -> None:
    x, *rest = e.inputs(node)
    axis = x.lead + len(x.dims) - cast("int", node.options["axes"])
    names, epsilon = [x.name, *(v.name for v in rest)], node.options["epsilon"]
    e.set(node, e.op(LAYER, names, node.name, axis=axis, epsilon=epsilon), x.dims)


def _write_instance(e: Emitter, node: StoredNode) -> None:
    x, *rest = e.inputs(node)
    names, epsilon = [x.name, *map(e.flat, rest)], node.options["epsilon"]
    e.set(node, e.op(INSTANCE, names, node.name, epsilon=epsilon), x.dims)


Rule = Callable[[Finder, StoredNode], StoredNode | None]
RULES: dict[str, tuple[Rule, ...]] = {
    "ElementTimes": (_powers_over_sum, _layer_without_shift),
    "Exp": (_power_below_log,),
    "Minus": (_below_log_of_sum,),
    "Plus": (_layer,),
}
"""What may end in a node of each operation."""
COMPOSITES: dict[str, Write] = {
    **{inner: _write_along(kind) for kind, inner in ALONG.items()},
    INSTANCE: _write_instance,
    LAYER: _write_layer,
}
"""What writes each operation that was found."""
