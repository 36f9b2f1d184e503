"""What a rows kernel computes for one sample: a graph of maps and reductions.

Composite operations are taken apart (`softmax` is a maximum, an exponential, a sum and a quotient)
and equal parts are shared. Shapes are reduced to the axes that matter: neighbouring axes that
every value either has or broadcasts along together become one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from math import inf, prod
from typing import Literal

from xdsl.ir import Operation, SSAValue

from brainscript.dialects.net.parameters import IndexOp, SplatOp
from brainscript.dialects.net.reduce import ReduceOp
from brainscript.dialects.sched import KernelOp, aligned_values, is_sample_product
from brainscript.dialects.tensors import Element, Shape, shape_of, type_of
from brainscript.passes.lower.rows.products import contraction_of
from brainscript.passes.lower.scalar_bodies import BODIES, Body, comparison, unary
from brainscript.passes.lower.vectors import Vectors

Fold = Literal["add", "mul", "max", "min", "argmax", "argmin"]

COSTLY = frozenset(
    {"exp", "log", "ln", "tanh", "sigmoid", "stable_sigmoid", "log_plus", "sin", "cosine", "sinh"}
    | {"cosh", "asin", "acos", "sqrt", "reciprocal", "quotient"}
)
"""Maps that are kept rather than computed twice."""


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

    @property
    def elements(self) -> int:
        """Elements of the widest value of a sample."""
        return prod(self.sizes)

    def nodes(self) -> list[Node]:
        """Every node that an output needs, operands first."""
        found: dict[Node, None] = {}

        def visit(node: Node) -> None:
            if node not in found:
                for operand in node.operands:
                    visit(operand)
                found[node] = None

        for output in self.outputs:
            visit(output)
        return list(found)

    def folds(self) -> bool:
        """Whether anything is reduced within a sample."""
        return any(node.kind == "fold" for node in self.nodes())


class Axes:
    """The axes that matter among the shapes of some values."""

    def __init__(self, shapes: Sequence[Shape]):
        rank = max((len(s) for s in shapes), default=0)
        padded = [(*s, *(1,) * (rank - len(s))) for s in shapes]
        full = [max(s[d] for s in padded) for d in range(rank)]
        self.groups: list[list[int]] = []
        last: tuple[bool, ...] = ()
        for axis in (d for d in range(rank) if full[d] > 1):
            pattern = tuple(s[axis] > 1 for s in padded)
            if self.groups and pattern == last:
                self.groups[-1].append(axis)
            else:
                self.groups.append([axis])
            last = pattern
        self.sizes = tuple(prod(full[d] for d in group) for group in self.groups)

    def shape(self, written: Shape) -> Shape:
        """A shape in terms of the groups."""
        return tuple(prod(written[d] for d in group if d < len(written)) for group in self.groups)


class Reading:
    """Turns the operations of a kernel into nodes."""

    def __init__(self, kernel: KernelOp):
        values = [*kernel.inputs, *(r for op in kernel.steps for r in op.results)]
        self.contraction = contraction_of(kernel.steps)
        shapes = [self.widened(v) for v in aligned_values(kernel.steps)]
        if self.contraction is not None:
            shapes += [self.contraction.left, self.contraction.right]
        self.axes = Axes(shapes)
        self.made: dict[tuple[object, ...], Node] = {}
        self.node_of: dict[SSAValue, Node] = {}
        local = any(type_of(v).axis is not None for v in values)
        first = type_of(kernel.outputs[0])
        self.program = Program(first.element, self.axes.sizes, local)
        for number, value in enumerate(kernel.inputs):
            node = self.load(value, number)
            self.node_of[value] = node
            self.program.inputs.append(node)
        for op in kernel.steps:
            self.node_of[op.results[0]] = self.read(op)
        self.program.outputs = [self.output(v) for v in kernel.outputs]

    def widened(self, value: SSAValue) -> Shape:
        """The shape of a value along the axes of the results, with the one that is summed over."""
        shape = shape_of(value)
        return shape if self.contraction is None else self.contraction.widen(shape)

    def load(self, value: SSAValue, number: int) -> Node:
        """A value that is read; a factor of a product gets its shape from there."""
        aligned = any(not is_sample_product(use.operation) for use in value.uses)
        shape = self.axes.shape(self.widened(value)) if aligned else ()
        return Node("load", shape, type_of(value).axis is not None, number=number)

    def factor(self, value: SSAValue, shape: Shape) -> Node:
        """What is read as a factor of a product."""
        node, seen = self.node_of[value], self.axes.shape(shape)
        if node.shape == seen:
            return node
        return Node("load", seen, node.local, number=node.number)

    def product(self, op: Operation, shape: Shape) -> Node:
        """A product of every sample by itself."""
        assert self.contraction is not None
        factors = (self.contraction.left, self.contraction.right)
        pairs = zip(op.operands, factors, strict=True)
        left, right = (self.factor(value, written) for value, written in pairs)
        return self.fold("add", self.map("element_times", Vectors.mul, left, right), shape)

    def output(self, value: SSAValue) -> Node:
        """The node of a value that is written, filled up to the shape of its type."""
        kind, node = type_of(value), self.node_of[value]
        shape, local = self.axes.shape(self.widened(value)), kind.axis is not None
        if node.shape == shape and node.local == local:
            return node
        return self.make("map", shape, local, (node,), "broadcast_to", BODIES["net.broadcast_to"])

    def read(self, op: Operation) -> Node:
        """The node of the result of an operation."""
        kind = type_of(op.results[0])
        shape, local = self.axes.shape(self.widened(op.results[0])), kind.axis is not None
        if is_sample_product(op):
            return self.product(op, shape)
        if isinstance(op, SplatOp):
            return self.constant(op.value.value.data)
        if isinstance(op, IndexOp):
            wide = prod(shape) > 1
            return self.make("place", shape, False) if wide else self.constant(0.0)
        operands = tuple(self.node_of[v] for v in op.operands)
        name = op.name.removeprefix("net.")
        if name in COMPOSITES:
            return COMPOSITES[name](self, operands[0])
        if isinstance(op, ReduceOp):
            return self.reduction(op.op.data, operands[0], shape)
        if name == "sum_to" and operands[0].local and not local:
            return self.make("total", shape, False, operands, "add")
        if name == "sum_to":
            return self.fold("add", operands[0], shape)
        return self.make("map", shape, local, operands, name, BODIES[op.name])

    def make(
        self,
        kind: Literal["constant", "place", "map", "fold", "total"],
        shape: Shape,
        local: bool,
        operands: tuple[Node, ...] = (),
        name: str = "",
        body: Body | None = None,
        value: float = 0.0,
    ) -> Node:
        """A node, or the equal one made before."""
        key = (kind, shape, operands, name, value)
        if key not in self.made:
            self.made[key] = Node(kind, shape, local, operands, name, body, 0, value)
        return self.made[key]

    def map(self, name: str, body: Body, *operands: Node) -> Node:
        """`body` of the operands, broadcast against each other."""
        shape = tuple(max(sizes) for sizes in zip(*(o.shape for o in operands), strict=True))
        local = any(o.local for o in operands)
        return self.make("map", shape, local, operands, name, body)

    def constant(self, value: float) -> Node:
        """A number."""
        return self.make("constant", (1,) * len(self.axes.sizes), False, value=value)

    def fold(self, name: Fold, x: Node, shape: Shape | None = None) -> Node:
        """`x` reduced along the axes where `shape` is 1; by default along all."""
        shape = (1,) * len(x.shape) if shape is None else shape
        if shape == x.shape:
            return x if name not in ("argmax", "argmin") else self.constant(0.0)
        return self.make("fold", shape, x.local, (x,), name)

    def reduction(self, name: str, x: Node, shape: Shape) -> Node:
        """`net.reduce`."""
        simple: dict[str, Fold] = {"Sum": "add", "Prod": "mul", "Max": "max", "Min": "min"}
        simple |= {"Argmax": "argmax", "Argmin": "argmin"}
        if name in simple:
            return self.fold(simple[name], x, shape)
        if name == "Mean":
            count = prod(x.shape) // prod(shape)
            total = self.fold("add", x, shape)
            return self.map("divide", Vectors.div, total, self.constant(float(count)))
        top = self.map("finite", finite_or_zero, self.fold("max", x, shape))
        total = self.fold("add", self.shifted_exp(x, top), shape)
        return self.map("plus", Vectors.add, top, self.map("ln", unary("log"), total))

    def shifted_exp(self, x: Node, top: Node) -> Node:
        """`exp(x - top)`"""
        return self.map("exp", unary("exp"), self.map("minus", Vectors.sub, x, top))


def finite_or_zero(v: Vectors, x: SSAValue) -> SSAValue:
    """`x`, or 0 where it is infinite."""
    return v.choose("oeq", v.unary("abs", x), v.constant(inf), v.constant(0.0), x)


def softmax(reading: Reading, x: Node) -> Node:
    """`e / sum e` with `e = exp(x - max x)`."""
    e = reading.shifted_exp(x, reading.fold("max", x))
    total = reading.fold("add", e)
    scale = reading.map("divide", Vectors.div, reading.constant(1.0), total)
    return reading.map("element_times", Vectors.mul, e, scale)


def log_softmax(reading: Reading, x: Node) -> Node:
    """`(x - max x) - log(sum exp(x - max x))`"""
    top = reading.fold("max", x)
    total = reading.fold("add", reading.shifted_exp(x, top))
    shifted = reading.map("minus", Vectors.sub, x, top)
    return reading.map("minus", Vectors.sub, shifted, reading.map("ln", unary("log"), total))


def hardmax(reading: Reading, x: Node) -> Node:
    """1 at the place of the first largest element."""
    place = reading.make("place", x.shape, False) if x.wide else reading.constant(0.0)
    return reading.map("equal", comparison("oeq"), place, reading.fold("argmax", x))


COMPOSITES: dict[str, Callable[[Reading, Node], Node]] = {
    "softmax": softmax,
    "log_softmax": log_softmax,
    "hardmax": hardmax,
}


def read_program(kernel: KernelOp) -> Program:
    """The program of a kernel of the family `rows`."""
    return Reading(kernel).program
