"""Reference interpreter of the network dialect in numpy: the oracle for all that is compiled.

A value with a dynamic axis is an array of shape `(d1, .., dR, n)` for sample shape `[d1 x .. x dR]`
and n samples; a value without one has shape `(d1, .., dR)`. Samples stand sequence after sequence,
in the order of the minibatch. Operations of the network are computed by their definition, in the
precision of the arrays handed in (float64 unless told otherwise).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Operation, SSAValue

from brainscript.dialects.net import parameters as leaves
from brainscript.dialects.net.base import NetOp
from brainscript.dialects.net.network import NetworkOp, RootsOp, network_of, node_name_of
from brainscript.dialects.tensors import TensorType, type_of
from test.numeric import formulas, formulas_sequence, formulas_sparse

Array = npt.NDArray[Any]
SPECIAL = formulas_sequence.SPECIAL | formulas_sparse.SPECIAL


@dataclass
class Run:
    """What one evaluation of a network gave."""

    values: dict[SSAValue, Array] = field(default_factory=dict[SSAValue, Array])
    written: dict[str, Array] = field(default_factory=dict[str, Array])
    accumulated: dict[str, Array] = field(default_factory=dict[str, Array])
    gradients: dict[str, Array] = field(default_factory=dict[str, Array])
    roots: dict[str, list[Array]] = field(default_factory=dict[str, list[Array]])

    def node(self, name: str) -> Array:
        """The value of the node of this name."""
        return next(v for k, v in self.values.items() if node_name_of(k) == name)


def columns_of(network: NetworkOp, inputs: Mapping[str, Array]) -> dict[str, int]:
    """The number of samples on each dynamic axis."""
    counts: dict[str, int] = {}
    for op in network.block.ops:
        if isinstance(op, leaves.InputOp) and op.node_name in inputs:
            axis = type_of(op.result).axis
            assert axis is not None
            count = int(inputs[op.node_name].shape[-1])
            assert counts.setdefault(axis, count) == count, f"{op.node_name}: {count} samples"
    return counts


class Columns(dict[str, int]):
    """The number of samples on each dynamic axis, and the lengths of its sequences."""

    def __init__(self, counts: Mapping[str, int], lengths: dict[str, list[int]]):
        super().__init__(counts)
        self.lengths = {axis: [1] * count for axis, count in counts.items()} | lengths

    def __missing__(self, axis: str) -> int:
        formulas_sequence.know(axis, self.lengths)
        return sum(self.lengths[axis])


def full_shape(kind: TensorType, columns: Mapping[str, int]) -> tuple[int, ...]:
    """The shape of the array that holds a value of this type."""
    assert kind.shape is not None
    return kind.shape if kind.axis is None else (*kind.shape, columns[kind.axis])


def evaluate(
    module: ModuleOp,
    inputs: Mapping[str, Array],
    symbols: Mapping[str, Array],
    dtype: npt.DTypeLike = np.float64,
    lengths: Mapping[str, list[int]] | None = None,
) -> Run:
    """Run the network of `module` once: `inputs` by node name, `symbols` by name.

    `lengths` has the length of each sequence of each axis; without it all are 1.
    """
    network = network_of(module)
    assert network is not None
    run = Run()
    memory = {name: np.asarray(value, dtype) for name, value in symbols.items()}
    columns = Columns(columns_of(network, inputs), dict(lengths or {}))
    with np.errstate(all="ignore"):
        for op in network.block.ops:
            _step(op, run, inputs, memory, columns, dtype)
    return run


def _step(
    op: Operation,
    run: Run,
    inputs: Mapping[str, Array],
    memory: dict[str, Array],
    columns: Mapping[str, int],
    dtype: npt.DTypeLike,
) -> None:
    if isinstance(op, RootsOp):
        for group, value in op.entries:
            run.roots.setdefault(group, []).append(run.values[value])
        return
    if isinstance(op, leaves.SinkOp):
        _sink(op, run, memory)
        return
    result = op.results[0]
    if op.name in SPECIAL:
        assert isinstance(op, NetOp)
        assert isinstance(columns, Columns)
        run.values[result] = in_sequences(op, [run.values[v] for v in op.operands], columns)
        return
    shape = full_shape(type_of(result), columns)
    if isinstance(op, leaves.InputOp):
        value = np.asarray(inputs[op.node_name], dtype).reshape(shape)
    elif isinstance(op, leaves.ReadOp):
        value = memory[op.target].reshape(shape, order="F")
    elif isinstance(op, leaves.SplatOp):
        value = np.full(shape, op.value.value.data, dtype)
    else:
        assert isinstance(op, NetOp), op.name
        value = compute(op, [run.values[v] for v in op.operands], columns).astype(dtype)
    assert value.shape == shape, f"{op.name}: {value.shape} is not {shape}"
    run.values[result] = value


def _sink(op: leaves.SinkOp, run: Run, memory: dict[str, Array]) -> None:
    value = run.values[op.value]
    if isinstance(op, leaves.WriteOp):
        run.written[op.target] = memory[op.target] = value
    elif isinstance(op, leaves.GradientOp):
        run.gradients[op.target] = value
    else:
        old = memory.get(op.target, np.zeros(1))
        run.accumulated[op.target] = memory[op.target] = old + value


def in_sequences(op: NetOp, arrays: list[Array], columns: Columns) -> Array:
    """The result of an operation on sequences."""
    for axis in (type_of(v).axis for v in (*op.operands, *op.results)):
        if axis is not None:
            formulas_sequence.know(axis, columns.lengths)
    return SPECIAL[op.name](op, arrays, columns.lengths)


def compute(op: NetOp, arrays: list[Array], columns: Mapping[str, int]) -> Array:
    """The result of one operation, from its operands."""
    types = [type_of(v) for v in op.operands]
    want = type_of(op.result)
    if op.name in formulas.ELEMENTWISE:
        aligned = align(arrays, types)
        value = formulas.ELEMENTWISE[op.name](*aligned)
        return np.broadcast_to(trim(value, want), full_shape(want, columns))
    return formulas.SPECIAL[op.name](op, arrays, full_shape(want, columns))


def align(arrays: list[Array], types: list[TensorType]) -> list[Array]:
    """Operands with trailing static axes added, and an axis of samples where any has one."""
    rank = max(len(t.shape or ()) for t in types)
    sampled = any(t.axis is not None for t in types)
    return [expand(a, t, rank, sampled) for a, t in zip(arrays, types, strict=True)]


def expand(array: Array, kind: TensorType, rank: int, sampled: bool) -> Array:
    """One operand with trailing static axes up to `rank`, and with an axis of samples if asked."""
    shape = kind.shape or ()
    tail = (array.shape[-1],) if kind.axis is not None else (1,) * sampled
    return array.reshape(*shape, *(1,) * (rank - len(shape)), *tail)


def trim(array: Array, want: TensorType) -> Array:
    """The array without trailing static axes of size 1 that the result type does not have."""
    assert want.shape is not None
    tail = array.shape[-1:] if want.axis is not None else ()
    rank = len(want.shape)
    return array.reshape(*array.shape[:rank], *tail) if array.ndim > rank + len(tail) else array
