"""The nodes of an ONNX graph without those that undo each other, or that do nothing.

Every node of a network is written by itself, with all that it asks of its inputs. What two of them
ask may cancel out: a change of shape and the way back, truth values as numbers and as truth again.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from brainscript.runtime.model.exchange.emit import onnx_module

Shape = tuple[int | str, ...]
MADE = re.compile(r"[A-Za-z]+/\d+_*")
"""Names that stand for no node of the network."""
TRUTHS = ("And", "Equal", "Greater", "Less", "Not", "Or")
ROUNDS = 100


class Tidier:
    """Goes over the nodes, in order, until nothing is left to leave out."""

    def __init__(
        self,
        nodes: Iterable[Any],
        outputs: Collection[str],
        shapes: Mapping[str, Shape],
        constants: Mapping[str, NDArray[Any]],
    ):
        self.nodes = list(nodes)
        self.constants = constants
        self._outputs = outputs
        self._shapes = dict(shapes)
        self._made: dict[str, Any] = {}
        self._helper = onnx_module("onnx.helper")

    def tidied(self) -> list[Any]:
        """The nodes that stay."""
        for _ in range(ROUNDS):
            count = len(self.nodes)
            self._made = {name: node for node in self.nodes for name in node.output}
            for node in self.nodes:
                if node.op_type in RULES:
                    RULES[node.op_type](self, node)
            self._leave_out_copies()
            self._drop_unused()
            if len(self.nodes) == count:
                break
        return self.nodes

    def _leave_out_copies(self) -> None:
        """Either name of a copy stays: that of an output, or one that the network knows."""
        names: dict[str, str] = {}
        kept: list[Any] = []
        for node in self.nodes:
            _rename(node, names)
            if node.op_type != "Identity":
                kept.append(node)
                continue
            source, name = node.input[0], node.output[0]
            free = source in self._made and source not in self._outputs
            if name not in self._outputs and not (free and _is_made(source)):
                names[name] = source
            elif free:
                names[source] = name
                self._made[name] = self._made[source]
                self._shapes[name] = self._shapes.get(source, ())
            else:
                kept.append(node)
        for node in kept:
            _rename(node, names)
            node.name = _last(node.name, names)
            for place, name in enumerate(node.output):
                node.output[place] = _last(name, names)
        self.nodes = kept

    def _drop_unused(self) -> None:
        used = set(self._outputs)
        kept: list[Any] = []
        for node in reversed(self.nodes):
            if used.intersection(node.output):
                used.update(names_in([node]))
                kept.append(node)
        self.nodes = kept[::-1]

    def maker(self, name: str, *kinds: str) -> Any:
        """The node of one of these operations that makes a value; None for any other."""
        node = self._made.get(name)
        return node if node is not None and node.op_type in kinds else None

    def same_shape(self, one: str, other: str) -> bool:
        """Whether two values surely have the same shape."""
        shape = self._shapes.get(one, ("",))
        return all(shape) and shape == self._shapes.get(other)

    def order(self, node: Any) -> list[int]:
        """The permutation of a transposition; none where it is left out."""
        found = [a for a in node.attribute if a.name == "perm"]
        return list(self._helper.get_attribute_value(found[0])) if found else []

    def change(self, node: Any, kind: str, inputs: list[str], **attributes: Any) -> None:
        """Make another operation of a node, with the same output."""
        node.CopyFrom(self._helper.make_node(kind, inputs, node.output, node.name, **attributes))


def names_in(nodes: Iterable[Any]) -> Iterator[str]:
    """The names that nodes take, also inside of loops."""
    for node in nodes:
        yield from node.input
        for attribute in node.attribute:
            yield from names_in(attribute.g.node)


def _is_made(name: str) -> bool:
    return MADE.fullmatch(name) is not None


def _last(name: str, names: Mapping[str, str]) -> str:
    """What a value is called in the end."""
    while name in names:
        name = names[name]
    return name


def _rename(node: Any, names: Mapping[str, str]) -> None:
    """Let a node, and the loop in it, take values by their new names."""
    for place, name in enumerate(node.input):
        if name in names:
            node.input[place] = _last(name, names)
    for attribute in node.attribute:
        for inner in attribute.g.node:
            _rename(inner, names)


def _reshape(t: Tidier, node: Any) -> None:
    """One change of shape for two, none where there is none."""
    before, target = t.maker(node.input[0], "Reshape"), t.constants.get(node.input[1])
    if before is not None and target is not None:
        first = t.constants.get(before.input[1])
        if first is not None and _copied(target) <= _copied(first):
            node.input[0] = before.input[0]
    if t.same_shape(node.input[0], node.output[0]):
        t.change(node, "Identity", [node.input[0]])


def _copied(target: NDArray[Any]) -> int:
    """How many leading axes a change of shape takes over, as 0 says it."""
    return int(np.argmax(np.append(target, 1) != 0))


def _transpose(t: Tidier, node: Any) -> None:
    """One permutation for two, none where all axes stay."""
    order, before = t.order(node), t.maker(node.input[0], "Transpose")
    first = t.order(before) if before is not None else []
    if order and len(first) == len(order):
        order = [first[place] for place in order]
        assert before is not None
        t.change(node, "Transpose", [before.input[0]], perm=order)
    if order and order == sorted(order):
        t.change(node, "Identity", [node.input[0]])


def _equal(t: Tidier, node: Any) -> None:
    """A truth value that was written as a number is zero where it is not true."""
    zero, cast = t.constants.get(node.input[1]), t.maker(node.input[0], "Cast")
    if zero is not None and zero.shape == () and not zero and cast is not None:
        if t.maker(cast.input[0], *TRUTHS) is not None:
            t.change(node, "Not", [cast.input[0]])


def _not(t: Tidier, node: Any) -> None:
    before = t.maker(node.input[0], "Not")
    if before is not None:
        t.change(node, "Identity", [before.input[0]])


def _slice(t: Tidier, node: Any) -> None:
    """All elements, in their order."""
    steps = t.constants.get(node.input[4]) if len(node.input) > 4 else np.ones(1)
    whole = t.same_shape(node.input[0], node.output[0])
    if whole and steps is not None and np.all(steps == 1):
        t.change(node, "Identity", [node.input[0]])


RULES: dict[str, Callable[[Tidier, Any], None]] = {
    "Equal": _equal,
    "Not": _not,
    "Reshape": _reshape,
    "Slice": _slice,
    "Transpose": _transpose,
}
"""What may become of a node."""
