"""Small networks for tests, from text."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt
from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import SSAValue
from xdsl.parser import Parser

from brainscript.dialects.net import parameters as leaves
from brainscript.dialects.net.network import NetworkOp, network_of, symbols_of
from brainscript.dialects.registry import make_context
from brainscript.dialects.tensors import TensorType
from brainscript.passes.registry import load_pass

Array = npt.NDArray[Any]


def parse_module(text: str, context: Context | None = None) -> ModuleOp:
    """The verified module of a whole text."""
    module = Parser(context or make_context(), text).parse_module()
    module.verify()
    return module


def parse_network(body: str, symbols: str = "", precision: str = "float") -> ModuleOp:
    """A module from the lines of its network and of its parameters, both without braces.

    In the text `T[2 x 3]` stands for a type without dynamic axis, `S[2 x 3]` for one on the default
    axis; the element type follows `precision`.
    """
    element = "f64" if precision == "double" else "f32"
    text = f"""
    builtin.module attributes {{net.precision = "{precision}"}} {{
      {symbols}
      net.network {{
        {body}
      }}
    }}"""
    for letter, axis in (("T", ""), ("S", ', @"*"')):
        pieces = text.split(f" {letter}[")
        text = pieces[0] + "".join(
            f" !net.t<[{dims}], {element}{axis}>{rest}"
            for dims, _, rest in (piece.partition("]") for piece in pieces[1:])
        )
    return parse_module(text)


def run_passes(module: ModuleOp, *names: str, **options: Any) -> ModuleOp:
    """Run passes in place, each by its registered name; `options` go to all of them."""
    context = make_context()
    for name in names:
        load_pass(name)(**options).apply(context, module)
        module.verify()
    return module


def network(module: ModuleOp) -> NetworkOp:
    """The network of a module that has one."""
    found = network_of(module)
    assert found is not None
    return found


def value_named(module: ModuleOp, name: str) -> SSAValue:
    """The value of the node, or of the SSA name, in the network."""
    for op in network(module).block.ops:
        for result in op.results:
            node = op.properties.get("node")
            if result.name_hint == name or getattr(node, "data", None) == name:
                return result
    raise KeyError(name)


def random_array(
    kind: TensorType, columns: int, random: np.random.Generator, low: float, high: float
) -> Array:
    """An array for a value of this type, uniform between `low` and `high`."""
    assert kind.shape is not None
    shape = kind.shape if kind.axis is None else (*kind.shape, columns)
    return random.uniform(low, high, shape)


def random_inputs(
    module: ModuleOp, columns: int = 5, seed: int = 1, low: float = -1.0, high: float = 1.0
) -> dict[str, Array]:
    """Arrays for all inputs of a module, by node name."""
    random = np.random.default_rng(seed)
    return {
        op.node_name: random_array(op.result.type, columns, random, low, high)
        for op in network(module).block.ops
        if isinstance(op, leaves.InputOp)
    }


def random_symbols(
    module: ModuleOp, seed: int = 2, low: float = -1.0, high: float = 1.0
) -> dict[str, Array]:
    """Arrays for all parameters of a module, and zeros for its state, by name."""
    random = np.random.default_rng(seed)
    found: dict[str, Array] = {}
    for name, op in symbols_of(network(module)).items():
        drawn = random_array(op.type, 1, random, low, high)
        found[name] = np.zeros_like(drawn) if isinstance(op, leaves.StateOp) else drawn
    return found


def to_memory(array: Array, sampled: bool, dtype: npt.DTypeLike = np.float32) -> Array:
    """The array as it lies in memory: samples apart, first static axis fastest, flat per sample."""
    columns = array.shape[-1] if sampled else 1
    size = prod(array.shape[:-1] if sampled else array.shape)
    return np.ascontiguousarray(array.reshape(size, columns, order="F").T.astype(dtype))


def from_memory(flat: Array, shape: Sequence[int], columns: int | None) -> Array:
    """What `to_memory` turned flat, as an array again."""
    full = tuple(shape) if columns is None else (*shape, columns)
    return np.reshape(np.ravel(flat), full, order="F")


def close(got: Array, want: Array, tolerance: float = 1e-5) -> bool:
    """Whether arrays agree relative to their largest element."""
    scale = max(1e-30, float(np.max(np.abs(want), initial=0.0)))
    return bool(np.all(np.abs(got - want) <= tolerance * scale))


def gradients_written(module: ModuleOp) -> ModuleOp:
    """A copy of a network with its gradients, which are written in the place of the parameters."""
    derived = run_passes(module.clone(), "net-gradient")
    net = network(derived)
    for op in list(net.block.ops):
        if isinstance(op, leaves.GradientOp):
            net.block.insert_op_before(leaves.WriteOp(op.target, op.value), op)
            op.detach()
            op.erase()
    return derived
