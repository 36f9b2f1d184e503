"""`CloneFunction`: a section of a network as a function, and the calls of that function."""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.ir import Operation, SSAValue

from brainscript.diagnostic import did_you_mean
from brainscript.dialects.bs import (
    DELAYS,
    MODES,
    ApplyOp,
    CloneFunctionOp,
    CloneOp,
    NodeOp,
    RecordOp,
    path_of,
    strings,
    whole,
)
from brainscript.passes.evaluate.engine import Engine
from brainscript.passes.evaluate.failures import type_name
from brainscript.passes.evaluate.networks.graph import Vertex, outputs_of
from brainscript.passes.evaluate.options import inputs_of
from brainscript.passes.evaluate.paths import name_arguments
from brainscript.passes.evaluate.plain import flattened, plain


def clone_function_rule(engine: Engine, op: Operation) -> SSAValue | None:
    """The function stands when its inputs, outputs and mode are evaluated and make sense."""
    assert isinstance(op, CloneFunctionOp)
    ready, needed = engine.wants(op, [op.mode, op.outputs])
    if ready:
        ready, needed = engine.wants_deep(op, [op.inputs])
    record = op.outputs.owner
    if ready and isinstance(record, RecordOp):
        members = record.members[: len(record.names.data)]
        ready, needed = engine.wants(op, members)
    if ready:
        _check(engine, op)
    return needed


def _check(engine: Engine, op: CloneFunctionOp) -> None:
    mode = plain(op.mode.owner)
    if mode not in MODES:
        title = f"CloneFunction: parameters must be one of {', '.join(MODES)}"
        what = f"it is '{mode}'" if isinstance(mode, str) else f"it is {_kind(op.mode)}"
        raise engine.fail(op, "BS0376", title, what, did_you_mean(str(mode), MODES))
    inputs, outputs = flattened(op.inputs), outputs_of(op)
    if not inputs or not outputs:
        what = "outputNodes" if inputs else "inputNodes"
        raise engine.fail(op, "BS0376", f"CloneFunction: {what} is empty")
    for value in (*inputs, *outputs.values()):
        if not engine.is_node(value):
            title = f"CloneFunction: a node is expected, not {_kind(value)}"
            raise engine.fail(op, "BS0376", title)
    if len({engine.graph.vertex(value) for value in inputs}) < len(inputs):
        raise engine.fail(op, "BS0376", "CloneFunction: a node is listed twice in inputNodes")
    _check_paths(engine, op, inputs, list(outputs.values()))


def _kind(value: SSAValue) -> str:
    return type_name(value.owner) if isinstance(value.owner, Operation) else "a value"


def _check_paths(
    engine: Engine, op: CloneFunctionOp, inputs: Sequence[SSAValue], outputs: Sequence[SSAValue]
) -> None:
    """Every input leads to an output; what goes through a loop under way is seen later."""
    graph = engine.graph
    ends = [graph.vertex(value) for value in outputs]
    upstream = graph.upstream(ends)
    if any(_is_open(vertex, engine) for vertex in upstream):
        return
    for value in inputs:
        vertex = graph.vertex(value)
        if vertex in upstream:
            continue
        name = graph.name(vertex)
        listed = ", ".join(f"'{graph.name(end)}'" for end in ends)
        title = f"CloneFunction: no output depends on the input '{name}'"
        label = f"there is no path from '{name}' to {listed}"
        near = did_you_mean(name, [graph.name(v) for v in upstream])
        leaves = [graph.name(v) for v in upstream if graph.operation(v) == "InputValue"]
        sources = f"the outputs are computed from {', '.join(leaves)}" if leaves else ""
        raise engine.fail(op, "BS0370", title, label, near or sources)


def _is_open(vertex: Vertex, engine: Engine) -> bool:
    op = vertex.owner if isinstance(vertex, SSAValue) else None
    if not isinstance(op, NodeOp) or op.kind.data not in DELAYS:
        return False
    return not all(engine.is_node(v) for one in inputs_of(op) for v in flattened(one))


def call_clone(engine: Engine, op: ApplyOp, function: CloneFunctionOp) -> SSAValue | None:
    """`bs.apply %f (%x)` becomes `%c = bs.clone 1 %f (%x)` and what it makes of the outputs."""
    count = len(flattened(function.inputs))
    names = [f"input_{index}" for index in range(count)]
    arguments = list(op.arguments)
    if op.named is not None and op.named.data:
        title = f"the function has no optional parameter '{op.named.data[0].data}'"
        raise engine.fail(op, "BS0304", title, "a clone takes its inputs by position")
    if len(arguments) != count:
        plural = "" if count == 1 else "s"
        title = f"{count} positional argument{plural} expected, {len(arguments)} given"
        inputs = [engine.graph.name(engine.graph.vertex(v)) for v in flattened(function.inputs)]
        raise engine.fail(op, "BS0304", title, f"they stand for {', '.join(inputs)}")
    if op.site is not None:
        name_arguments(path_of(op), op.site.value.data, arguments, names)
    ready, needed = engine.wants(op, arguments)
    if not ready:
        return needed
    for value in arguments:
        if not engine.is_node(value):
            title = f"a clone takes nodes, not {_kind(value)}"
            help = "write Constant (..) for a number"
            raise engine.fail(op, "BS0305", title, help=help)
    properties = {"order": whole(engine.next_edit())}
    call = engine.make(CloneOp, op, [function.result, *arguments], properties)
    assert isinstance(call.owner, CloneOp)
    return engine.replace(op, _results(engine, op, call.owner, function))


def _results(engine: Engine, op: ApplyOp, call: CloneOp, function: CloneFunctionOp) -> SSAValue:
    """One node, or a record with the members of `outputNodes`."""
    graph = engine.graph
    images = {
        name: graph.value(graph.image(call, graph.vertex(value)), op)
        for name, value in outputs_of(function).items()
    }
    if "" in images:
        return images[""]
    return engine.make(RecordOp, op, list(images.values()), {"names": strings(images)})
