"""The graph that a rows kernel computes for one sample, and where its values lie in memory."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from math import prod
from typing import Literal

from xdsl.ir import SSAValue

from brainscript.dialects.tensors import Element, Shape
from brainscript.passes.lower.scalar_bodies import Body

COSTLY = frozenset(
    {"exp", "decay", "log", "ln", "log_sum", "tanh", "sigmoid", "stable_sigmoid", "log_plus"}
    | {"sin", "cosine", "sinh", "cosh", "asin", "acos", "sqrt", "reciprocal", "quotient"}
)
"""Maps that are kept rather than computed twice."""


@dataclass(frozen=True)
class View:
    """Where a sample lies in memory that holds more, or in another order.

    Element `i, j, ..` of sample n is at `n * pitch + start + i * strides[0] + j * strides[1] ..`.
    """

    start: int
    strides: Shape
    pitch: int

    def is_strided(self, shape: Shape) -> bool:
        """Whether elements beside each other along the first axis lie apart."""
        return bool(shape) and shape[0] > 1 and self.strides[0] != 1


@dataclass(frozen=True)
class Target:
    """Where a result goes: the pointer, counted among the outputs, and the place in its memory."""

    pointer: int
    view: View | None = None


@dataclass(eq=False)
class Node:
    """One value of a sample, with `shape` over the axes of the program (1: the same along it).

    `local` values differ from sample to sample. A load reads pointer `number`; a constant is
    `value`; a place is the index of the element; a map applies `body` to its operands, broadcast;
    a fold reduces its operand along every axis where `shape` is 1, a total also over all samples.
    """

    kind: Literal["load", "constant", "place", "map", "fold", "total"]
    shape: Shape
    local: bool
    operands: tuple[Node, ...] = ()
    name: str = ""
    body: Body | None = None
    number: int = 0
    value: float = 0.0
    view: View | None = None

    @property
    def pitch(self) -> int:
        """Elements of memory from one sample of a load to the next."""
        return prod(self.shape) if self.view is None else self.view.pitch

    @property
    def start(self) -> int:
        """The first element of a sample of a load in its memory."""
        return 0 if self.view is None else self.view.start

    @property
    def wide(self) -> bool:
        """Whether there is more than one element in a sample."""
        return prod(self.shape) > 1

    @property
    def costly(self) -> bool:
        """Whether it is worth keeping."""
        return self.kind == "map" and self.name in COSTLY


@dataclass
class Program:
    """Inputs, in the order of the pointers, then outputs; `sizes` are the axes of a sample."""

    element: Element
    sizes: Shape
    local: bool
    inputs: list[Node] = field(default_factory=list[Node])
    outputs: list[Node] = field(default_factory=list[Node])
    targets: list[Target] = field(default_factory=list["Target"])
    uneven: bool = False

    @property
    def results(self) -> int:
        """How many values the kernel writes; a splice is one, whatever its parts."""
        return 1 + max(target.pointer for target in self.targets)

    def stores(self, pointers: Sequence[SSAValue]) -> list[tuple[SSAValue, Node, View | None]]:
        """Pointer, value and place of every result; `pointers` are all those of the kernel."""
        first = len(self.inputs)
        pairs = zip(self.outputs, self.targets, strict=True)
        return [(pointers[first + t.pointer], node, t.view) for node, t in pairs]

    @property
    def moves(self) -> bool:
        """Whether memory is read or written at other places than one value after the other."""
        return any(t.view for t in self.targets) or any(n.view for n in self.nodes())

    @property
    def strided(self) -> bool:
        """Whether elements beside each other in a sample lie apart in memory."""
        seen = [(node.shape, node.view) for node in self.nodes()]
        seen += [(n.shape, t.view) for n, t in zip(self.outputs, self.targets, strict=True)]
        return any(view and view.is_strided(shape) for shape, view in seen)

    @property
    def elements(self) -> int:
        """Elements of the widest value of a sample."""
        return prod(self.sizes)

    def nodes(self) -> list[Node]:
        """Every node that an output needs, operands first."""
        return made_of(self.outputs)

    def folds(self) -> bool:
        """Whether anything is reduced within a sample."""
        return any(node.kind == "fold" for node in self.nodes())


def made_of(results: Iterable[Node]) -> list[Node]:
    """These nodes and all that they are made of, operands first."""
    found: dict[Node, None] = {}

    def visit(node: Node) -> None:
        if node not in found:
            for operand in node.operands:
                visit(operand)
            found[node] = None

    for result in results:
        visit(result)
    return list(found)
