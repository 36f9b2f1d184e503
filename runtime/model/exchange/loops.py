"""Delays as ONNX: shifts along the steps, and every ring of nodes as one Scan over them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from brainscript.runtime.model.exchange.emit import END, Emitter, Scope, Value
from brainscript.runtime.model.exchange.operations import options_of
from brainscript.stored_graph import DELAYS, StoredNode

Nodes = Mapping[str, StoredNode]
State = tuple[StoredNode, int]
"""A delay, and how many steps lie between a value of its state and the last one."""


@dataclass(frozen=True)
class Ring:
    """The nodes of one loop, each after what it needs of the same step."""

    members: tuple[str, ...]

    def delays(self, nodes: Nodes) -> list[StoredNode]:
        """The delays among them."""
        return [nodes[name] for name in self.members if nodes[name].operation in DELAYS]


def groups_in_order(nodes: Nodes) -> list[Ring | str]:
    """Nodes and rings, each after what it needs (Tarjan's components, without recursion)."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    waiting: list[str] = []
    found: list[Ring | str] = []
    for start in nodes:
        if start in index:
            continue
        work = [(start, iter(nodes[start].inputs))]
        index[start] = low[start] = len(index)
        waiting.append(start)
        while work:
            name, inputs = work[-1]
            for below in inputs:
                if below not in index:
                    index[below] = low[below] = len(index)
                    waiting.append(below)
                    work.append((below, iter(nodes[below].inputs)))
                    break
                if below in waiting:
                    low[name] = min(low[name], index[below])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[name])
                if low[name] == index[name]:
                    found.append(_component(nodes, waiting, name))
    return found


def _component(nodes: Nodes, waiting: list[str], name: str) -> Ring | str:
    start = waiting.index(name)
    members = waiting[start:]
    del waiting[start:]
    if len(members) == 1 and name not in nodes[name].inputs:
        return name
    return Ring(tuple(_steps_in_order(nodes, set(members))))


def _steps_in_order(nodes: Nodes, members: set[str]) -> Iterable[str]:
    """The members in the order of one step; the value that a delay carries comes later."""
    done: dict[str, None] = {}
    for start in sorted(members, key=list(nodes).index):
        stack = [start]
        while stack:
            name = stack[-1]
            late = nodes[name].operation in DELAYS
            inputs = () if late else nodes[name].inputs
            missing = [i for i in inputs if i in members and i not in done]
            if missing and name not in done:
                stack += missing
                continue
            done[stack.pop()] = None
    return done


def write_shift(e: Emitter, node: StoredNode) -> None:
    """A delay outside of a loop: initial values in front of the steps, or behind them."""
    x = e.value(node.inputs[0])
    count = options_of(node).get("timeStep", 1)
    first = _initial(e, node, x, count)
    past = node.operation == "PastValue"
    longer = e.op("Concat", [first, x.name] if past else [x.name, first], axis=0)
    begin, end = (0, -count) if past else (count, END)
    cut = e.op("Slice", [longer, e.whole(begin), e.whole(end), e.whole(0)], node.name)
    e.set(node, cut, x.dims)


def _initial(e: Emitter, node: StoredNode, like: Value, steps: int) -> str:
    """The initial state for `steps` steps (0: for the state of a loop) of all sequences."""
    shape = (node.dims or ())[::-1]
    if len(node.inputs) > 1:
        state = e.value(node.inputs[1])
        if state.lead > 1:
            raise e.refuse(node, "its initial state differs from step to step")
        start = state.name
    else:
        start = e.number(options_of(node).get("defaultHiddenActivation", 0.1))
    sequences = e.op("Slice", [e.op("Shape", [like.name]), e.whole(1), e.whole(2)])
    leading = [e.whole(steps), sequences] if steps else [sequences]
    return e.op("Expand", [start, e.op("Concat", [*leading, e.whole(*shape)], axis=0)])


def write_loop(e: Emitter, ring: Ring, nodes: Nodes, wanted: set[str]) -> None:
    """One Scan; `wanted` are the members whose values are used outside."""
    delays = ring.delays(nodes)
    kinds = {node.operation for node in delays}
    if len(kinds) > 1:
        raise e.refuse(delays[0], "its loop goes both ways")
    members = set(ring.members)
    outside = {i for m in ring.members for i in nodes[m].inputs if i not in members}
    moving = sorted(name for name in outside if e.value(name).lead == e.scope.lead)
    moving = [n for n in moving if any(n in nodes[m].inputs for m in members)]
    like = _any_value(e, nodes, delays, moving)
    states = [(node, k) for node in delays for k in range(options_of(node).get("timeStep", 1))]
    starts = [_initial(e, node, like, 0) for node, _ in states]
    body, results, scanned = _body(e, ring, nodes, moving, states, wanted)
    outputs = [e.fresh("state") for _ in states] + list(results)
    direction = 0 if kinds == {"PastValue"} else 1
    node = e.helper.make_node(
        "Scan",
        [*starts, *(e.value(n).name for n in moving)],
        outputs,
        name=e.fresh("loop"),
        body=body,
        num_scan_inputs=len(moving),
        scan_input_directions=[direction] * len(moving),
        scan_output_directions=[direction] * len(results),
    )
    e.scope.nodes.append(node)
    for name, dims in scanned.items():
        e.set(nodes[name], name, dims)


def _any_value(e: Emitter, nodes: Nodes, delays: list[StoredNode], moving: list[str]) -> Value:
    """A value of all steps of the sequences that the loop runs over."""
    if not moving:
        raise e.refuse(delays[0], "nothing in its loop depends on an input")
    return e.value(moving[0])


def _body(
    e: Emitter,
    ring: Ring,
    nodes: Nodes,
    moving: list[str],
    states: list[State],
    wanted: set[str],
) -> tuple[object, list[str], dict[str, tuple[int, ...]]]:
    """The graph of one step, the names of its scanned results, and their dims."""
    outer = e.scope
    scope = Scope(values=dict(outer.values), lead=1)
    e.scope = scope
    held = {(node.name, k): e.unique(f"{node.name}/state{k}") for node, k in states}
    inputs = [_argument(e, held[node.name, k], node.dims or ()) for node, k in states]
    for name in moving:
        step = Value(e.unique(f"{name}/step"), 1, outer.values[name].dims)
        scope.values[name] = step
        inputs.append(_argument(e, step.name, step.dims))
    for node in ring.delays(nodes):
        last = options_of(node).get("timeStep", 1) - 1
        scope.values[node.name] = Value(held[node.name, last], 1, node.dims or ())
    for name in ring.members:
        if nodes[name].operation not in DELAYS:
            inner = e.unique(f"{name}/inner")
            e.write(_renamed(nodes[name], inner))
            scope.values[name] = scope.values.pop(inner)
    outputs = [_next_state(e, node, held.get((node.name, k - 1))) for node, k in states]
    results = [name for name in ring.members if name in wanted]
    scanned: dict[str, tuple[int, ...]] = {}
    for name in results:
        scanned[name] = scope.values[name].dims
        copied = e.op("Identity", [scope.values[name].name], e.unique(f"{name}/out"))
        outputs.append(_argument(e, copied, scope.values[name].dims))
    body = e.helper.make_graph(scope.nodes, e.fresh("step"), inputs, outputs)
    e.scope = outer
    return body, results, scanned


def _renamed(node: StoredNode, name: str) -> StoredNode:
    return StoredNode(name, node.operation, node.inputs, node.options, node.dims, node.axis)


def _next_state(e: Emitter, node: StoredNode, before: str | None) -> object:
    """What the state holds after the step: the value itself, or the state before it."""
    dims = node.dims or ()
    source = before or e.reshaped(e.value(node.inputs[0]), dims[::-1])
    return _argument(e, e.op("Identity", [source]), dims)


def _argument(e: Emitter, name: str, dims: tuple[int, ...]) -> object:
    kind = e.helper.np_dtype_to_tensor_dtype(np.dtype(e.dtype))
    return e.helper.make_tensor_value_info(name, kind, ["sequences", *dims[::-1]])
