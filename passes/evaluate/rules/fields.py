"""Fields of a node: `name`, `operation`, `dim`, `inputs` and `PlusArgs`."""

from __future__ import annotations

from xdsl.ir import Operation, SSAValue

from brainscript.diagnostic import did_you_mean
from brainscript.dialects.bs import FieldOp, NodeOp
from brainscript.passes.evaluate.engine import Engine
from brainscript.passes.evaluate.options import inputs_of, node_name, node_type


def node_field(engine: Engine, op: FieldOp, node: Operation) -> SSAValue:
    """What a field of an evaluated node is."""
    kind = node.kind.data if isinstance(node, NodeOp) else "LearnableParameter"
    name = op.field.data
    if name == "name":
        return engine.replace(op, engine.literal(op, node_name(node)))
    if name == "operation":
        return engine.replace(op, engine.literal(op, kind))
    if name == "dim":
        return engine.replace(op, engine.literal(op, _dim(engine, op)))
    if name in ("inputs", f"{kind}Args"):
        inputs = list(inputs_of(node)) if isinstance(node, NodeOp) else []
        return engine.replace(op, engine.array(op, inputs))
    known = ("name", "operation", "dim", "inputs", f"{kind}Args")
    title = f"a node has no field '{name}'"
    label = f"fields: {', '.join(known)}"
    raise engine.fail(op, "BS0306", title, label, did_you_mean(name, known))


def _dim(engine: Engine, op: FieldOp) -> float:
    found = node_type(op.record)
    if not found.known:
        title = "the dimension of this node is not known here"
        remedy = "give the dimensions of its inputs and parameters as numbers"
        raise engine.fail(op, "BS0309", title, help=remedy)
    return float(found.elements)
