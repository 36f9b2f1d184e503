"""Fields of a node: `name`, `operation`, `dim`, `inputs` and `PlusArgs`."""

from __future__ import annotations

from xdsl.ir import Operation, SSAValue

from brainscript.diagnostic import did_you_mean
from brainscript.dialects.bs import FieldOp, NodeOp
from brainscript.passes.evaluate.engine import Engine
from brainscript.passes.evaluate.networks.graph import Vertex
from brainscript.passes.evaluate.options import inputs_of


def node_field(engine: Engine, op: FieldOp, node: Operation) -> SSAValue:
    """What a field of an evaluated node is."""
    graph, name = engine.graph, op.field.data
    vertex = graph.vertex(node.results[0])
    kind = graph.operation(vertex)
    if name == "name":
        return engine.replace(op, engine.literal(op, graph.name(vertex)))
    if name == "operation":
        return engine.replace(op, engine.literal(op, kind))
    if name == "dim":
        return engine.replace(op, engine.literal(op, _dim(engine, op, vertex)))
    if name in ("inputs", f"{kind}Args"):
        return engine.replace(op, engine.array(op, _inputs(engine, op, node, vertex)))
    known = ("name", "operation", "dim", "inputs", f"{kind}Args")
    title = f"a node has no field '{name}'"
    label = f"fields: {', '.join(known)}"
    raise engine.fail(op, "BS0306", title, label, did_you_mean(name, known))


def _inputs(engine: Engine, op: FieldOp, node: Operation, vertex: Vertex) -> list[SSAValue]:
    """The inputs of a node; those of a new node as they are written."""
    if isinstance(node, NodeOp):
        return list(inputs_of(node))
    return [engine.graph.value(v, op) for v in engine.graph.inputs(vertex)]


def _dim(engine: Engine, op: FieldOp, vertex: Vertex) -> float:
    found = engine.graph.type(vertex)
    if not found.known:
        title = "the dimension of this node is not known here"
        remedy = "give the dimensions of its inputs and parameters as numbers"
        raise engine.fail(op, "BS0309", title, help=remedy)
    return float(found.elements)
