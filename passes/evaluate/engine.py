"""The demand engine: an explicit stack of operations, each rewritten when somebody needs it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence

from xdsl.dialects.builtin import BoolAttr
from xdsl.ir import Attribute, Block, Operation, SSAValue

from brainscript import limits
from brainscript.diagnostic import BrainScriptError, shorten
from brainscript.dialects.attributes import number, text
from brainscript.dialects.bs import (
    VALUE,
    ArrayOp,
    BoolOp,
    BsOperation,
    ClonedOp,
    CloneOp,
    ComposeOp,
    EditedOp,
    LambdaOp,
    LoadedNodeOp,
    LoadedOp,
    NetworkOp,
    NetworkRecordOp,
    NodeOp,
    NumberOp,
    ParameterOp,
    ReadOp,
    RecordOp,
    StringOp,
    path_of,
    whole,
)
from brainscript.dialects.bs.wide import WideOperands
from brainscript.passes.evaluate.failures import failure, holds_itself
from brainscript.passes.evaluate.networks.graph import Graph
from brainscript.passes.evaluate.networks.loaded import Networks

Rule = Callable[["Engine", Operation], "SSAValue | None"]
"""Looks at a demanded operation and gives the value to evaluate first; None when it is done.

A rule that has replaced its operation returns what `Engine.replace` returned.
"""

HEADS = frozenset(
    {
        NumberOp,
        StringOp,
        BoolOp,
        RecordOp,
        ArrayOp,
        LambdaOp,
        ComposeOp,
        NetworkRecordOp,
        ReadOp,
        LoadedOp,
        LoadedNodeOp,
        CloneOp,
        ClonedOp,
        EditedOp,
    }
)
"""Operations that are values as they stand."""

NODES = frozenset({NodeOp, ParameterOp, ReadOp, LoadedNodeOp, ClonedOp})
"""Operations that give a node."""


def _edit_order(op: Operation) -> int:
    return op.order.value.data if isinstance(op, CloneOp | EditedOp) else 0


class Engine:
    """Evaluates what the roots of one `bs.network` need, by the rules it is given.

    A demanded operation that no rule may rewrite is *stuck*: it stays, and so does what needs its
    value. `complete` says that the rules can evaluate everything; only then parameters get their
    creation order.
    """

    def __init__(
        self,
        network: NetworkOp,
        rules: Mapping[type[Operation], Rule],
        complete: bool,
        networks: Networks | None = None,
    ):
        self.network = network
        self.block: Block = network.body.block
        self.networks = networks or Networks(None)
        self.graph = Graph(self.block, self.networks)
        self.wide = WideOperands()
        self.rules = rules
        self.complete = complete
        self.calls = 0
        self.order = 0
        self.edits = max(map(_edit_order, self.block.ops), default=0)
        self.checked: dict[Operation, int] = {}
        self.say: Callable[[str], object] = sys.stderr.write
        self._done: set[Operation] = set()
        self._stuck: set[Operation] = set()
        self._successor: SSAValue | None = None

    # -- what rules ask

    def has_value(self, value: SSAValue) -> bool:
        """Whether `value` is evaluated as far as its head."""
        op = value.owner
        return type(op) in HEADS or (op in self._done and op not in self._stuck)

    def is_stuck(self, value: SSAValue) -> bool:
        """Whether these rules cannot evaluate `value`."""
        return value.owner in self._stuck

    def is_node(self, value: SSAValue) -> bool:
        """Whether `value` is evaluated and a node."""
        return type(value.owner) in NODES and self.has_value(value)

    def wants(self, op: Operation, values: Sequence[SSAValue]) -> tuple[bool, SSAValue | None]:
        """Whether all `values` are evaluated; if not, the first one to demand.

        `(False, None)` means that one is stuck: the operation has been marked as stuck, too.
        """
        stuck = False
        for value in values:
            if self.is_stuck(value):
                stuck = True
            elif not self.has_value(value):
                return False, value
        if stuck:
            self._stuck.add(op)
        return not stuck, None

    def wants_deep(self, op: Operation, values: Sequence[SSAValue]) -> tuple[bool, SSAValue | None]:
        """As `wants`, with everything inside arrays at any depth."""
        stuck = False
        for value in values:
            needed = self.first_unevaluated(value)
            if needed is None:
                continue
            if not self.is_stuck(needed):
                return False, needed
            stuck = True
        if stuck:
            self._stuck.add(op)
        return not stuck, None

    def first_unevaluated(self, value: SSAValue) -> SSAValue | None:
        """The first value inside `value`, through arrays, that has not been evaluated.

        How far an array is evaluated is remembered: it is asked again for each of its elements.
        """
        todo = [value]
        inside = {value.owner}
        while todo:
            value = todo[-1]
            if not self.has_value(value):
                return value
            op = value.owner
            if type(op) is not ArrayOp:
                inside.discard(todo.pop().owner)
                continue
            start = self.checked.get(op, 0)
            elements = op.operands
            for index in range(start, len(elements)):
                element = elements[index]
                self.checked[op] = index
                if not self.has_value(element):
                    return element
                if type(element.owner) is ArrayOp and not self._all_checked(element.owner):
                    if element.owner in inside:
                        raise holds_itself(element.owner)
                    inside.add(element.owner)
                    todo.append(element)
                    break
            else:
                self.checked[op] = len(elements)
                inside.discard(todo.pop().owner)
        return None

    def _all_checked(self, array: Operation) -> bool:
        return self.checked.get(array, -1) == len(array.operands)

    # -- what rules do

    def stick(self, op: Operation) -> None:
        """Leave `op` as it is."""
        self._stuck.add(op)

    def replace(self, op: Operation, value: SSAValue) -> SSAValue:
        """Put `value` for the result of `op`, which goes; `value` takes its place in the demand."""
        result = op.results[0]
        if value is result:
            name = result.name_hint or path_of(op)
            raise self.fail(op, "BS0302", f"'{shorten(name)}' is defined by itself alone")
        hint = result.name_hint
        self.wide.replace_uses(result, value)
        if value.name_hint is None:
            value.name_hint = hint
        op.detach()
        op.erase()
        self._successor = value
        return value

    def make(
        self,
        kind: type[BsOperation],
        place: Operation,
        operands: Sequence[SSAValue] = (),
        properties: Mapping[str, Attribute] | None = None,
        path: str | None = None,
    ) -> SSAValue:
        """A new operation at the location of `place`; without `path` it has the path of `place`."""
        path = path_of(place) if path is None else path
        op = kind.create(
            operands=operands,
            result_types=(VALUE,),
            properties=dict(properties or {}),
            attributes={"path": text(path)} if path else {},
            location=place.location,
        )
        self.block.add_op(op)
        return op.results[0]

    def made_node(self, value: SSAValue) -> SSAValue:
        """Note that the node `value` is evaluated."""
        op = value.owner
        assert isinstance(op, Operation)
        self._done.add(op)
        return value

    def literal(self, place: Operation, value: float | str | bool) -> SSAValue:
        """A literal."""
        if isinstance(value, bool):
            return self.make(BoolOp, place, (), {"value": BoolAttr.from_bool(value)}, "")
        if isinstance(value, str):
            return self.make(StringOp, place, (), {"value": text(value)}, "")
        return self.make(NumberOp, place, (), {"value": number(value)}, "")

    def check_length(self, place: Operation, length: int) -> None:
        """Refuse to make an array that is too long."""
        if length > limits.limit("array-length"):
            raise self.stop(place, "array-length", f"an array of {length} elements")

    def array(self, place: Operation, elements: Sequence[SSAValue], first: int = 0) -> SSAValue:
        """An array of values."""
        self.check_length(place, len(elements))
        return self.make(ArrayOp, place, elements, {"first": whole(first)})

    def next_order(self) -> int:
        """The number of the next parameter in creation order."""
        self.order += 1
        return self.order

    def next_edit(self) -> int:
        """The number of the next clone or edit."""
        self.edits += 1
        return self.edits

    def count_call(self, op: Operation) -> None:
        """Count a call; stop an endless recursion."""
        self.calls += 1
        if self.calls > limits.limit("calls"):
            raise self.stop(op, "calls", f"stopped after {limits.limit('calls')} calls")
        if len(path_of(op)) > limits.limit("path-length"):
            raise self.stop(op, "path-length", "calls are nested too deeply")

    def fail(
        self, op: Operation, code: str, title: str, label: str = "", help: str = ""
    ) -> BrainScriptError:
        """The error to raise at `op`."""
        return failure(op, code, title, label, help)

    def stop(self, op: Operation, limit: str, title: str) -> BrainScriptError:
        """The error to raise when a limit is passed."""
        remedy = (
            f"if this is no endless recursion, raise the limit with --limit {limit}=N "
            f"(now {limits.limit(limit)})"
        )
        return failure(op, "BS0321", title, help=remedy, stopped=True)

    # -- the loop

    def demand(self, value: SSAValue) -> None:
        """Evaluate `value` as far as its head."""
        stack: list[Operation] = []
        active: set[Operation] = set()
        self._push(value, stack, active)
        while stack:
            op = stack[-1]
            self._successor = None
            needed = self.rules[type(op)](self, op) if type(op) in self.rules else self._keep(op)
            if self._successor is not None:
                active.discard(stack.pop())
                needed = self._successor
            elif needed is None:
                self._done.add(op)
                active.discard(stack.pop())
                continue
            self._push(needed, stack, active)

    def _keep(self, op: Operation) -> None:
        self._stuck.add(op)

    def _push(self, value: SSAValue, stack: list[Operation], active: set[Operation]) -> None:
        op = value.owner
        if type(op) in HEADS or op in self._done:
            return
        assert isinstance(op, Operation)
        if op in active:
            raise self._ring(stack[stack.index(op) :])
        active.add(op)
        stack.append(op)

    def _ring(self, ring: Sequence[Operation]) -> BrainScriptError:
        names: list[str] = []
        for op in ring:
            name = op.results[0].name_hint or path_of(op).lstrip("/")
            if name and name not in names[-1:]:
                names.append(name)
        if len(names) > 1 and names[0] == names[-1]:
            names.pop()
        help = "a loop over time goes through PastValue or FutureValue"
        if len(names) == 1:
            help += "; to mean a member of a record around this one, call one of the two otherwise"
        return self.fail(
            ring[0],
            "BS0303",
            f"'{shorten(names[0], 60) if names else ''}' needs its own value",
            shorten(" -> ".join((*names, *names[:1]))),
            help,
        )
