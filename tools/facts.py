"""What a network holds, read off its level-2 module."""

from __future__ import annotations

from xdsl.dialects.builtin import Float64Type, ModuleOp
from xdsl.ir import Operation, SSAValue

from brainscript.dialects.net.base import NetOp, plain
from brainscript.dialects.net.network import NetworkOp, network_of, node_name_of
from brainscript.dialects.net.normalise import InvStdDevOp, MeanOp
from brainscript.dialects.net.parameters import RANDOM_INITS, InputOp, ParameterOp, ReadOp
from brainscript.dialects.net.places import span_of
from brainscript.dialects.net.shape import TraceOp
from brainscript.dialects.net.stored import stored_of
from brainscript.dialects.tensors import TensorType, type_of
from brainscript.passes.ir_text import ir_text
from brainscript.passes.stored.windows import detail_of
from brainscript.runtime.network import (
    Element,
    Facts,
    InputSpec,
    NodeSpec,
    ParameterSpec,
    PrecomputeSpec,
)

STATISTICS = (MeanOp, InvStdDevOp)


def facts_of(module: ModuleOp) -> Facts:
    """The facts of a module at level `net` whose shapes are inferred."""
    network = network_of(module)
    assert network is not None, "the module holds no network"
    parameters = [_parameter(op) for op in module.ops if isinstance(op, ParameterOp)]
    inputs = [_input(op) for op in network.block.ops if isinstance(op, InputOp)]
    nodes = {node.name: node for op in network.block.ops if (node := _node(op))}
    roots = _roots(network)
    criteria = roots.get("criterion", ())
    metrics = tuple(name for name in roots.get("evaluation", ()) if name not in criteria)
    return Facts(
        ir_text=ir_text(module),
        precision=_element(module),
        parameters=tuple(sorted(parameters, key=lambda p: p.name)),
        inputs=tuple(inputs),
        features=roots.get("feature") or tuple(spec.name for spec in inputs),
        criteria=tuple(nodes[name] for name in criteria),
        metrics=tuple(nodes[name] for name in metrics),
        outputs=tuple(nodes[name] for name in roots.get("output", ())),
        nodes=nodes,
        precomputed=tuple(_precomputed(network)),
        roots=roots,
    )


def _element(module: ModuleOp) -> Element:
    for op in module.walk():
        for result in op.results:
            if isinstance(result.type, TensorType):
                return _element_of(result)
    return "f32"


def _element_of(value: SSAValue) -> Element:
    return "f64" if isinstance(type_of(value).element, Float64Type) else "f32"


def _parameter(op: ParameterOp) -> ParameterSpec:
    known = {name: plain(value) for name, value in op.properties.items() if name in _PARAMETER}
    element: Element = "f64" if isinstance(op.type.element, Float64Type) else "f32"
    return ParameterSpec(
        op.sym_name.data,
        op.type.shape or (),
        element,
        span=span_of(op.location),
        **known,  # pyright: ignore[reportArgumentType]
    )


_PARAMETER = (
    "init",
    "value",
    "range",
    "seed",
    "file",
    "literal",
    "source",
    "learning_rate_multiplier",
)


def _input(op: InputOp) -> InputSpec:
    type = type_of(op.result)
    return InputSpec(
        op.node_name,
        type.shape or (),
        type.axis or "",
        bool(op.sparse),
        _element_of(op.result),
        span_of(op.location),
    )


def _node(op: Operation) -> NodeSpec | None:
    if isinstance(op, ReadOp):
        name, operation = op.target, "LearnableParameter"
    elif isinstance(op, NetOp) and op.node is not None:
        name, operation = op.node.data, op.OPERATION
    else:
        return None
    type = type_of(op.results[0])
    inputs = tuple(node_name_of(value) for value in op.operands)
    detail = detail_of(op) if isinstance(op, NetOp) else ""
    log = _log_of(op) if isinstance(op, TraceOp) else ()
    return NodeSpec(name, operation, type.shape or (), type.axis or "", inputs, detail, log)


def _log_of(op: TraceOp) -> tuple[str | int, ...]:
    """What a Trace node logs, as `NodeSpec.log` says it."""
    number = [op.first, op.frequency, op.rows, op.steps, op.gradient]
    form = [text.data for text in op.format.data]
    return (op.say.data, *(int(attribute.value.data) for attribute in number), *form)


def _roots(network: NetworkOp) -> dict[str, tuple[str, ...]]:
    groups: dict[str, list[str]] = {}
    for group, value in network.roots.entries:
        groups.setdefault(group, []).append(node_name_of(value))
    return {group: tuple(names) for group, names in groups.items()}


def _precomputed(network: NetworkOp) -> list[PrecomputeSpec]:
    return [
        PrecomputeSpec(op.node_name, op.OPERATION, op.node_name, *(stored_of(op) or ()))
        for op in network.block.ops
        if isinstance(op, STATISTICS)
    ]


def seeds_of(module: ModuleOp) -> list[int]:
    """The seeds that the random parameters of a module draw with."""
    specs = facts_of(module).parameters
    return [spec.seed for spec in specs if spec.init in RANDOM_INITS]
