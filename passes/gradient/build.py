"""The reverse sweep: gradients of the training criterion with respect to the parameters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Operation, SSAValue
from xdsl.passes import ModulePass
from xdsl.rewriter import Rewriter

from brainscript.dialects.net import elementwise as ew
from brainscript.dialects.net.base import NetOp
from brainscript.dialects.net.network import (
    NetworkOp,
    RootsOp,
    network_of,
    node_name_of,
    symbols_of,
)
from brainscript.dialects.net.parameters import GradientOp, InputOp, ParameterOp, ReadOp
from brainscript.dialects.net.places import failure, name_of
from brainscript.dialects.net.recurrence import DelayOp
from brainscript.dialects.tensors import Element, TensorType, shape_of, type_of
from brainscript.passes.gradient import (
    convolution,
    criteria,
    elementwise,
    linear,
    normalise,
    reduce,
    sequence,
    shape,
)
from brainscript.passes.gradient.cases import Case, Rule, Table, key_of
from brainscript.passes.gradient.recurrence import DelayGradients, learning_values
from brainscript.passes.gradient.terms import Term, Writer
from brainscript.passes.infer.select import remove_dead

SUFFIX = ".grad"
"""What the output that holds the gradient of a node is called, behind the name of the node."""

TABLES: tuple[Table, ...] = (
    elementwise.TABLE,
    linear.TABLE,
    reduce.TABLE,
    shape.TABLE,
    convolution.TABLE,
    normalise.TABLE,
    sequence.TABLE,
    criteria.TABLE,
)


@dataclass(frozen=True)
class NetGradient(ModulePass):
    """Append the gradient of the first criterion for every parameter that learns.

    The gradient is that of the sum over all samples of the minibatch. Only values on a path from a
    parameter with a learning-rate multiplier above 0 to the criterion get one.

    Before: `%z = net.times %w, %x` and `%c = net.square_error %y, %z`.
    After, behind them: `%d = net.minus %z, %y`, `%g = net.element_times %two, %d`,
    `%dw = net.times_gradient_left %g, %x : T` and `net.gradient @W, %dw`.

    With `towards=x` the gradient with respect to that node is one more output, `x.grad`.
    """

    name = "net-gradient"

    towards: tuple[str, ...] = ()

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        """Find what needs a gradient, then sweep backwards."""
        network = network_of(op)
        if network is None:
            return
        criteria_of = network.roots.group("criterion")
        if not criteria_of:
            raise failure(network, "BS0411", "the network has no criterion to train")
        for step in network.block.ops:
            _check_known(step)
        Sweep(network, criteria_of[0], self.towards).run()


def _check_known(op: Operation) -> None:
    """A gradient is made from the shapes of what it is the gradient of."""
    for result in op.results:
        if isinstance(result.type, TensorType) and not result.type.known:
            title = f"the shape of '{name_of(op)}' is not known"
            raise failure(op, "BS0408", title, help="run net-infer-shapes before net-gradient")


class Sweep:
    """One reverse sweep over a network."""

    def __init__(self, network: NetworkOp, criterion: SSAValue, towards: Sequence[str] = ()):
        self.network = network
        self.criterion = criterion
        self.symbols = symbols_of(network)
        results = (r for op in network.block.ops for r in op.results)
        self.wanted = [value for value in results if node_name_of(value) in towards]
        element = type_of(criterion).element
        self.writer = Writer(network.roots, element)
        self.learning = self._learning()
        self.delays = DelayGradients(self.writer)
        self.parts: dict[SSAValue, list[SSAValue]] = {}
        self.gradients: dict[str, list[SSAValue]] = {}

    def _learning(self) -> set[SSAValue]:
        """The values that depend on a parameter that learns, or on a node that was asked for."""
        sources: set[SSAValue] = set(self.wanted)
        for op in self.network.block.ops:
            if isinstance(op, ReadOp):
                symbol = self.symbols.get(op.target)
                if isinstance(symbol, ParameterOp) and symbol.multiplier > 0:
                    sources.add(op.result)
        return learning_values(self.network.block.ops, sources)

    def run(self) -> None:
        """Write the gradients of all operations, last first, and hand those of parameters over."""
        if self.criterion not in self.learning:
            name = node_name_of(self.criterion)
            title = f"the criterion '{name}' depends on no parameter that learns"
            raise failure(owner_of(self.criterion), "BS0411", title)
        operations = list(self.network.block.ops)
        self.parts[self.criterion] = [self.writer.number(1.0)]
        for value, part in self.delays.open(operations, self.learning, self.criterion):
            self.parts.setdefault(value, []).append(part)
        for op in reversed(operations):
            if isinstance(op, ReadOp) and op.result in self.parts:
                total = self.writer.fit(self._total(op.result), type_of(op.result))
                self.gradients.setdefault(op.target, []).append(total)
            elif isinstance(op, InputOp):
                continue
            elif isinstance(op, NetOp) and op.result in self.parts:
                self._visit(op)
        self.delays.close_others()
        self._show()
        self._hand_over()

    def _visit(self, op: NetOp) -> None:
        """Add the contributions of one operation to the gradients of its operands."""
        if isinstance(op, DelayOp):
            self._delay(op)
            return
        key = key_of(op)
        row = next((table[key] for table in TABLES if key in table), None)
        if row is None:
            title = f"'{name_of(op)}' cannot be trained through: {op.OPERATION} has no gradient"
            raise failure(op, "BS0415", title)
        self.writer.location = op.location
        gradient: SSAValue | None = None
        for index, operand in enumerate(op.operands):
            rule = row[min(index, len(row) - 1)]
            if rule is None or operand not in self.learning:
                continue
            if gradient is None:
                gradient = self._total(op.result)
            case = Case(op, Term(self.writer, gradient), index)
            part = self._contribution(rule, case, index)
            self.parts.setdefault(operand, []).append(part)

    def _delay(self, op: DelayOp) -> None:
        """Send the gradient to the other step, and to the initial state."""
        self.writer.location = op.location
        gradient = self._total(op.result)
        self.delays.close(op, gradient)
        if op.initial is not None and op.initial in self.learning:
            part = self.delays.of_state(op, gradient)
            self.parts.setdefault(op.initial, []).append(part)

    def _contribution(self, rule: Rule, case: Case, index: int) -> SSAValue:
        return self.writer.fit(rule(case).value, case.kind(index))

    def _total(self, value: SSAValue) -> SSAValue:
        """The gradient of a value: the sum of its contributions."""
        first, *others = self.parts[value]
        total = Term(self.writer, first)
        for other in others:
            total = total + Term(self.writer, other)
        kind = type_of(value)
        if total.constant is not None and kind.axis is None and kind.elements == 1:
            return total.value
        return self.writer.fit(total.value, kind)

    def _show(self) -> None:
        """Make the gradients of the nodes that were asked for outputs."""
        entries = self.network.roots.entries
        for value in self.wanted:
            self.parts.setdefault(value, [self.writer.number(0.0)])
            name = f"{node_name_of(value)}{SUFFIX}"
            shown = ew.PassOp(self._total(value), node=name)
            self.writer.insert(shown)
            entries.append(("output", shown.result))
        if self.wanted:
            old = self.network.roots
            Rewriter.replace_op(old, RootsOp(entries), [])
            self.writer.before = self.network.roots

    def _hand_over(self) -> None:
        for name in sorted(self.gradients):
            symbol = self.symbols[name]
            parts = self.gradients[name]
            if type_of(parts[0]).elements > 1:  # uses may read it in different shapes
                parts = [self.writer.reshape(part, shape_of(parts[0])) for part in parts]
            first, *others = (Term(self.writer, part) for part in parts)
            for other in others:
                first = first + other
            self.writer.insert(GradientOp(name, first.value, symbol.location))
        remove_dead(self.network)


def owner_of(value: SSAValue) -> Operation:
    """The operation that makes a value of the network."""
    assert isinstance(value.owner, Operation)
    return value.owner


def element_of(network: NetworkOp) -> Element | None:
    """The element type of a network, from its first value."""
    return next((type_of(r).element for op in network.block.ops for r in op.results), None)
