"""From the network of level 2 back to a graph of nodes, as writers of other formats take it."""

from __future__ import annotations

from itertools import count
from typing import cast

import numpy as np
from numpy.typing import NDArray
from xdsl.context import Context
from xdsl.dialects.builtin import Float64Type, ModuleOp, StringAttr
from xdsl.ir import Operation

from brainscript.dialects.net.base import NetOp
from brainscript.dialects.net.network import network_of, node_name_of, symbols_of
from brainscript.dialects.net.parameters import InputOp, ParameterOp, ReadOp, SplatOp
from brainscript.dialects.tensors import DEFAULT_AXIS, UNKNOWN, Shape, type_of
from brainscript.passes.mode.rnn_stack import NetExpandRnnStacks
from brainscript.stored_graph import INPUT, PARAMETER, StoredGraph, StoredNode


def describe_module(module: ModuleOp, name: str = "") -> StoredGraph:
    """The graph of a network whose shapes are inferred; `dims` and `axis` are those of results."""
    network = network_of(module)
    assert network is not None, "the module holds no network"
    symbols = symbols_of(network)
    nodes: dict[str, StoredNode] = {}
    double = False
    for op in network.block.ops:
        if isinstance(op, ReadOp):
            symbol = symbols[op.target]
            multiplier = symbol.multiplier if isinstance(symbol, ParameterOp) else 0.0
            options: dict[str, object] = {"learning_rate_multiplier": multiplier}
            dims = symbol.type.shape or ()
            nodes[op.target] = StoredNode(op.target, PARAMETER, (), options, dims)
        elif isinstance(op, NetOp):
            node = _node(op)
            nodes[node.name] = node
        for result in op.results:
            double = double or isinstance(type_of(result).element, Float64Type)
    groups: dict[str, tuple[str, ...]] = {}
    for group, value in network.roots.entries:
        groups[group] = (*groups.get(group, ()), node_name_of(value))
    return StoredGraph(name, "double" if double else "float", nodes, groups)


def describe_expanded(
    module: ModuleOp, name: str = ""
) -> tuple[StoredGraph, dict[str, NDArray[np.float64]]]:
    """The same with stacks of recurrent layers written out, for formats without such a node.

    The numbers in their formulas become parameters, whose values are given beside the graph.
    """
    copy = module.clone()
    NetExpandRnnStacks().apply(Context(), copy)
    network = network_of(copy)
    assert network is not None, "the module holds no network"
    known = {node_name_of(result) for op in network.block.ops for result in op.results}
    names = (f"stack.{n}" for n in count(1))
    numbers: dict[str, NDArray[np.float64]] = {}
    for op in network.block.ops:
        if isinstance(op, NetOp) and not isinstance(op, ReadOp) and op.node is None:
            fresh = next(n for n in names if n not in known)
            op.properties["node"] = StringAttr(fresh)
            if isinstance(op, SplatOp):
                shape = type_of(op.result).shape or ()
                numbers[fresh] = np.full(shape[::-1], op.value.value.data)
    graph = describe_module(copy, name)
    nodes = dict(graph.nodes)
    for number, array in numbers.items():
        options: dict[str, object] = {"learning_rate_multiplier": 0.0}
        nodes[number] = StoredNode(number, PARAMETER, (), options, array.shape[::-1])
    return StoredGraph(graph.file, graph.precision, nodes, graph.groups), numbers


def _node(op: NetOp) -> StoredNode:
    kind = type_of(op.result)
    dims, axis = kind.shape or (), kind.axis or ""
    if isinstance(op, InputOp):
        options: dict[str, object] = {"sparse": bool(op.sparse)}
        short = "" if axis == DEFAULT_AXIS else axis
        return StoredNode(op.node_name, INPUT, (), options, dims, short)
    inputs = tuple(_name(value.owner) for value in op.operands)
    values = op.option_values()
    options = {o.name: _plain(values[o.property]) for o in op.OPTIONS if o.property in values}
    return StoredNode(op.node_name, op.OPERATION, inputs, options, dims, axis)


def _name(owner: object) -> str:
    assert isinstance(owner, Operation)
    return node_name_of(owner.results[0])


def _plain(value: object) -> object:
    """A shape as BrainScript writes it: 0 where a dimension is open."""
    if not isinstance(value, tuple):
        return value
    return [0 if dim == UNKNOWN else dim for dim in cast("Shape", value)]
