"""The reference for networks with delays: swept until nothing changes any more.

Every sweep computes one more step of all rings. Columns lie as compiled code has them: sorted by
length, step by step.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Operation, SSAValue

from brainscript.dialects.net import parameters as leaves
from brainscript.dialects.net.base import NetOp
from brainscript.dialects.net.network import RootsOp
from brainscript.dialects.net.recurrence import DelayOp, RecurrenceOp
from brainscript.dialects.tensors import TensorType, type_of
from test.numeric import reference
from test.numeric.networks import Array, network
from test.numeric.reference import Run

MOST_SWEEPS = 200


def columns_of(lengths: Sequence[int]) -> list[list[int]]:
    """The column of each step of each sequence, in the order of `lengths`."""
    ranks = sorted(range(len(lengths)), key=lambda s: -lengths[s])
    place: list[list[int]] = [[] for _ in lengths]
    column = 0
    for step in range(max(lengths)):
        for sequence in ranks:
            if step < lengths[sequence]:
                place[sequence].append(column)
                column += 1
    return place


class Reference:
    """One network over sequences of these lengths."""

    def __init__(self, module: ModuleOp, lengths: Sequence[int], dtype: Any = np.float64):
        self.module = module
        self.lengths = list(lengths)
        self.place = columns_of(lengths)
        self.columns = {"*": sum(lengths)}
        self.dtype = dtype

    def evaluate(self, inputs: Mapping[str, Array], symbols: Mapping[str, Array]) -> Run:
        """Run once: `inputs` by node name with packed columns, `symbols` by name."""
        run = Run()
        memory = {name: np.asarray(value, self.dtype) for name, value in symbols.items()}
        operations = list(network(self.module).block.ops)
        with np.errstate(all="ignore"):
            self._settle(operations, run.values, inputs, memory)
        for op in operations:
            if isinstance(op, leaves.SinkOp | RootsOp):
                reference._step(op, run, inputs, memory, self.columns, self.dtype)  # pyright: ignore[reportPrivateUsage]
        return run

    def _settle(
        self,
        operations: Iterable[Operation],
        values: dict[SSAValue, Array],
        inputs: Mapping[str, Array],
        memory: Mapping[str, Array],
    ) -> None:
        listed = list(operations)
        for _ in range(MOST_SWEEPS):
            before = {k: v.tobytes() for k, v in values.items()}
            for op in listed:
                self._visit(op, values, inputs, memory)
            if before == {k: v.tobytes() for k, v in values.items()}:
                return
        raise AssertionError("a ring does not settle")

    def _visit(
        self,
        op: Operation,
        values: dict[SSAValue, Array],
        inputs: Mapping[str, Array],
        memory: Mapping[str, Array],
    ) -> None:
        if isinstance(op, leaves.InputOp):
            shape = reference.full_shape(type_of(op.result), self.columns)
            values[op.result] = np.asarray(inputs[op.node_name], self.dtype).reshape(shape)
        elif isinstance(op, leaves.ReadOp):
            shape = reference.full_shape(type_of(op.result), self.columns)
            values[op.result] = memory[op.target].reshape(shape, order="F")
        elif isinstance(op, leaves.SplatOp):
            shape = reference.full_shape(type_of(op.result), self.columns)
            values[op.result] = np.full(shape, op.value.value.data, self.dtype)
        elif isinstance(op, DelayOp):
            values[op.result] = self._delayed(op, values)
        elif isinstance(op, RecurrenceOp):
            self._loop(op, values, inputs, memory)
        elif isinstance(op, NetOp):
            arrays = [values[v] for v in op.operands]
            values[op.result] = reference.compute(op, arrays, self.columns).astype(self.dtype)

    def _loop(
        self,
        op: RecurrenceOp,
        values: dict[SSAValue, Array],
        inputs: Mapping[str, Array],
        memory: Mapping[str, Array],
    ) -> None:
        for argument, operand in zip(op.block.args, op.inputs, strict=True):
            values[argument] = values[operand]
        self._settle(op.block.ops, values, inputs, memory)
        for result, value in zip(op.outputs, op.terminator.values, strict=True):
            values[result] = values[value]

    def _delayed(self, op: DelayOp, values: Mapping[SSAValue, Array]) -> Array:
        kind = type_of(op.result)
        shape = reference.full_shape(kind, self.columns)
        source = values.get(op.x)
        given = np.zeros(shape) if source is None else widened(source, type_of(op.x), shape)
        sign = 1 if op.DIRECTION == "future" else -1
        result = np.empty(shape, self.dtype)
        for sequence, place in enumerate(self.place):
            for step, column in enumerate(place):
                other = step + sign * op.steps
                if 0 <= other < len(place):
                    result[..., column] = given[..., place[other]]
                else:
                    result[..., column] = self._state(op, values, sequence, kind)
        return result

    def _state(
        self, op: DelayOp, values: Mapping[SSAValue, Array], sequence: int, kind: TensorType
    ) -> Array:
        if op.initial is None:
            return np.full(kind.shape or (), op.outside.value.data)
        state = values[op.initial]
        if type_of(op.initial).axis is not None:
            state = state[..., sequence]
        shape = kind.shape or ()
        return np.broadcast_to(
            state.reshape(*state.shape, *(1,) * (len(shape) - state.ndim)), shape
        )


def widened(array: Array, kind: TensorType, shape: tuple[int, ...]) -> Array:
    """A value with columns, broadcast to a larger sample."""
    missing = len(shape) - 1 - len(kind.shape or ())
    full = array.reshape(*array.shape[:-1], *(1,) * missing, array.shape[-1])
    return np.broadcast_to(full, shape)
