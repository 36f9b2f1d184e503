"""What a rows kernel computes for one sample: a graph of maps and reductions.

Composite operations are taken apart (`softmax` is a maximum, an exponential, a sum and a quotient)
and equal parts are shared. Shapes are reduced to the axes that matter: neighbouring axes that
every value either has or broadcasts along together become one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import inf, prod
from typing import Literal

from xdsl.ir import Operation, SSAValue

from brainscript.dialects.net.parameters import IndexOp, SplatOp
from brainscript.dialects.net.reduce import ReduceOp
from brainscript.dialects.sched import (
    SPLICE,
    KernelOp,
    aligned_shapes,
    is_sample_product,
    is_view,
    share_a_sample,
)
from brainscript.dialects.tensors import Shape, shape_of, type_of
from brainscript.passes.lower.rows.graph import Node, Program, Target, View
from brainscript.passes.lower.rows.moving import Place, all_places, part_places, view_places
from brainscript.passes.lower.rows.products import contraction_of
from brainscript.passes.lower.scalar_bodies import BODIES, Body, comparison, unary
from brainscript.passes.lower.vectors import Vectors

Fold = Literal["add", "mul", "max", "maximum", "minimum", "argmax", "argmin"]


class Axes:
    """The axes that matter among the shapes of some values.

    `places` are shapes with the strides that they have in memory: axes that do not follow each
    other there stay apart. So do axes beside one along which values have several sizes.
    """

    def __init__(self, shapes: Sequence[Shape], places: Sequence[tuple[Shape, Shape]] = ()):
        rank = max((len(s) for s in shapes), default=0)
        padded = [(*s, *(1,) * (rank - len(s))) for s in shapes]
        full = [max(s[d] for s in padded) for d in range(rank)]
        self.groups: list[list[int]] = []
        last: tuple[bool, ...] = ()
        for axis in (d for d in range(rank) if full[d] > 1):
            pattern = tuple(s[axis] > 1 for s in padded)
            joined = self.groups and pattern == last
            if joined and self._follow(self.groups[-1][-1], axis, padded, places):
                self.groups[-1].append(axis)
            else:
                self.groups.append([axis])
            last = pattern
        self.sizes = tuple(prod(full[d] for d in group) for group in self.groups)

    @staticmethod
    def _follow(
        low: int, high: int, shapes: Sequence[Shape], places: Sequence[tuple[Shape, Shape]]
    ) -> bool:
        """Whether the elements of axis `high` follow those of axis `low` wherever both matter."""
        if len({s[low] for s in shapes if s[low] > 1}) > 1:
            return False
        both = [(s, st) for s, st in places if len(s) > high and s[low] > 1 and s[high] > 1]
        return all(strides[high] == shape[low] * strides[low] for shape, strides in both)

    def shape(self, written: Shape) -> Shape:
        """A shape in terms of the groups."""
        return tuple(prod(written[d] for d in group if d < len(written)) for group in self.groups)

    def strides(self, written: Shape, strides: Shape) -> Shape:
        """The strides of a shape in terms of the groups; 0 along an axis of size 1."""
        found: list[int] = []
        for group in self.groups:
            wide = [strides[d] for d in group if d < len(written) and written[d] > 1]
            found.append(wide[0] if wide else 0)
        return tuple(found)


class Reading:
    """Turns the operations of a kernel into nodes."""

    def __init__(self, kernel: KernelOp):
        values = [*kernel.inputs, *(r for op in kernel.steps for r in op.results)]
        self.contraction = contraction_of(kernel.steps)
        written = aligned_shapes(kernel.steps)
        shapes = [self.widened(shape) for shape in written]
        if self.contraction is not None:
            shapes += [self.contraction.left, self.contraction.right]
        places = all_places(kernel.steps)
        if self.contraction is not None:
            places = [(self.widened(s), self.contraction.widen(t)) for s, t in places]
        self.axes = Axes(shapes, places)
        self.places = view_places(kernel.steps)
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
            if is_view(op):
                self.node_of[op.results[0]] = self.view(op.results[0])
            elif op.name != SPLICE:
                self.node_of[op.results[0]] = self.read(op)
        for number, value in enumerate(kernel.outputs):
            self.write(number, value)
        self.program.uneven = not share_a_sample(written)

    def widened(self, shape: Shape) -> Shape:
        """A shape along the axes of the results, with the one that is summed over."""
        return shape if self.contraction is None else self.contraction.widen(shape)

    def load(self, value: SSAValue, number: int) -> Node:
        """A value that is read; a factor of a product gets its shape from there."""
        users = (use.operation for use in value.uses)
        aligned = any(not (is_sample_product(user) or is_view(user)) for user in users)
        shape = self.axes.shape(self.widened(shape_of(value))) if aligned else ()
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

    def view(self, value: SSAValue) -> Node:
        """A part of a value that is read, or the value in another order."""
        place = self.places[value]
        source = self.node_of[place.source]
        shape = self.axes.shape(self.widened(place.shape))
        view = self.seen(place)
        return Node("load", shape, source.local, number=source.number, view=view)

    def seen(self, place: Place) -> View:
        """A place along the axes of the program."""
        shape, strides = self.widened(place.shape), self.widened(place.strides)
        return View(place.start, self.axes.strides(shape, strides), place.pitch)

    def write(self, number: int, value: SSAValue) -> None:
        """Where the result with this number goes: the parts of a splice next to each other."""
        op = value.owner
        if not isinstance(op, Operation) or op.name != SPLICE:
            self.program.outputs.append(self.output(value, shape_of(value)))
            self.program.targets.append(Target(number))
            return
        for place in part_places(op):
            local = type_of(value).axis is not None
            self.program.outputs.append(self.output(place.source, place.shape, local=local))
            self.program.targets.append(Target(number, self.seen(place)))

    def output(self, value: SSAValue, written: Shape, *, local: bool | None = None) -> Node:
        """The node of a value that is written, filled up to a shape as written."""
        node = self.node_of[value]
        shape = self.axes.shape(self.widened(written))
        local = type_of(value).axis is not None if local is None else local
        if node.shape == shape and node.local == local:
            return node
        return self.make("map", shape, local, (node,), "broadcast_to", BODIES["net.broadcast_to"])

    def read(self, op: Operation) -> Node:
        """The node of the result of an operation."""
        kind = type_of(op.results[0])
        shape = self.axes.shape(self.widened(shape_of(op.results[0])))
        local = kind.axis is not None
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
        if name == "add" and prod(shape) == 1:
            x, late = self.without_late(x)
            if late is not None:
                early = self.make("fold", shape, x.local, (x,), name)
                return self.map("minus", Vectors.sub, early, late)
        return self.make("fold", shape, x.local, (x,), name)

    def without_late(self, x: Node) -> tuple[Node, Node | None]:
        """What can be summed before `b` is known, and what the sum then is too large by.

        `sum y * (a - b)` is `sum y * a - b * sum y` for a `b` that the whole sample shares; the
        logarithm of a softmax has the logarithm of a sum there. One pass over the sample less
        reads `a`.
        """
        if x.name != "element_times" or any(o.shape != x.shape for o in x.operands):
            return x, None
        for y, other in (x.operands, x.operands[::-1]):
            if other.name == "minus" and other.operands[1].name == "ln":
                a, b = other.operands
                early = self.map("element_times", Vectors.mul, y, a)
                return early, self.map("element_times", Vectors.mul, b, self.fold("add", y))
        return x, None

    def reduction(self, name: str, x: Node, shape: Shape) -> Node:
        """`net.reduce`."""
        simple: dict[str, Fold] = {"Sum": "add", "Prod": "mul"}
        simple |= {"Max": "maximum", "Min": "minimum", "Argmax": "argmax", "Argmin": "argmin"}
        if name in simple:
            return self.fold(simple[name], x, shape)
        if name == "Mean":
            count = prod(x.shape) // prod(shape)
            total = self.fold("add", x, shape)
            return self.map("divide", Vectors.div, total, self.constant(float(count)))
        powers = Powers.of(self, x, shape)
        return self.map("log_sum", log_sum, powers.top, powers.total)


@dataclass(frozen=True)
class Powers:
    """`exp(x - top)` with `top` the largest element, and their sum.

    Softmax, its logarithm and `LogSum` of one value share them.
    """

    top: Node
    shifted: Node
    each: Node
    total: Node

    @staticmethod
    def of(reading: Reading, x: Node, shape: Shape | None = None) -> Powers:
        """Those of `x` along the axes where `shape` is 1; by default along all."""
        top = reading.map("above", above, reading.fold("max", x, shape))
        shifted = reading.map("minus", Vectors.sub, x, top)
        each = reading.map("decay", unary("decay"), shifted)
        return Powers(top, shifted, each, reading.fold("add", each, shape))


def above(v: Vectors, top: SSAValue) -> SSAValue:
    """The largest element, or 0 where all are minus infinity: any number is not below them."""
    return v.choose("oeq", top, v.constant(-inf), v.constant(0.0), top)


def log_sum(v: Vectors, top: SSAValue, total: SSAValue) -> SSAValue:
    """`top + log(total)`; infinity where the largest element is that."""
    value = v.add(top, v.unary("log", total))
    return v.choose("oeq", top, v.constant(inf), top, value)


def softmax(reading: Reading, x: Node) -> Node:
    """`e / sum e` with `e = exp(x - max x)`."""
    powers = Powers.of(reading, x)
    scale = reading.map("divide", Vectors.div, reading.constant(1.0), powers.total)
    return reading.map("element_times", Vectors.mul, powers.each, scale)


def log_softmax(reading: Reading, x: Node) -> Node:
    """`(x - max x) - log(sum exp(x - max x))`"""
    powers = Powers.of(reading, x)
    total = reading.map("ln", unary("log"), powers.total)
    return reading.map("minus", Vectors.sub, powers.shifted, total)


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
