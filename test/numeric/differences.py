"""Checks gradients as the compiler writes them against finite differences, both in float64."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from xdsl.dialects.builtin import ModuleOp

from brainscript.dialects.net import elementwise, linear
from brainscript.dialects.net.network import NetworkOp, RootsOp
from brainscript.dialects.net.parameters import InputOp, ParameterOp, ReadOp
from brainscript.dialects.tensors import type_of
from test.numeric.gradient_cases import SAMPLES, Check, Operand
from test.numeric.networks import network, parse_network, run_passes
from test.numeric.reference import evaluate

Array = npt.NDArray[Any]

STEP = 1e-5
TOLERANCE = 1e-6


@dataclass
class Problem:
    """A network with a cost, and values for its inputs and parameters."""

    module: ModuleOp
    inputs: dict[str, Array]
    symbols: dict[str, Array]
    learned: list[str]


def problem(check: Check) -> Problem:
    """The cost `sum (weights .* op (operands))` of one case.

    An operand with samples is `table * one-hot`, so that every sample has a column of its own in
    the table; the weights make the gradient that comes in different everywhere.
    """
    random = np.random.default_rng(zlib.crc32(check.name.encode()))
    module = parse_network(*texts(check), precision="double")
    run_passes(module, "net-infer-shapes")
    inputs: dict[str, Array] = {"id": np.eye(SAMPLES)}
    symbols = {f"E{i}": values(o, random) for i, o in enumerate(check.operands)}
    add_cost(network(module), inputs, symbols, random)
    module.verify()
    learned = [f"E{i}" for i, o in enumerate(check.operands) if o.learned]
    return Problem(module, inputs, symbols, learned)


def texts(check: Check) -> tuple[str, str]:
    """The lines of the network and of its parameters."""
    lines = [f'%id = net.input "id" : S[{SAMPLES}]']
    symbols: list[str] = []
    for i, operand in enumerate(check.operands):
        table = f"{operand.shape} x {SAMPLES}" if operand.sampled else operand.shape
        multiplier = "" if operand.learned else ", learning_rate_multiplier = 0.0"
        symbols.append(
            f'net.parameter @E{i} : T[{table}] {{init = "constant", value = 0.0{multiplier}}}'
        )
        lines.append(f"%e{i} = net.read @E{i} : T[{table}]")
        rank = operand.shape.count("x") + 1
        if operand.sampled:
            lines.append(
                f"%x{i} = net.times %e{i}, %id {{output_rank = {rank}}} : S[{operand.shape}]"
            )
        else:
            lines.append(f"%x{i} = net.pass %e{i} : T[{table}]")
    inputs = ", ".join(f"%x{i}" for i in range(len(check.operands)))
    options = f" {{{check.options}}}" if check.options else ""
    lines.append(f"%o = net.{check.op} {inputs}{options} : !net.t<*, f64>")
    lines.append("net.roots output(%o)")
    return "\n".join(lines), "\n".join(symbols)


def values(operand: Operand, random: np.random.Generator) -> Array:
    """Values for the table or parameter of an operand."""
    dims = [int(d) for d in operand.shape.split(" x ")] + [SAMPLES] * operand.sampled
    if operand.given:
        return np.array(operand.given).T.reshape(dims)
    found = random.uniform(operand.low, operand.high, dims)
    if operand.kind == "signed":
        return found * random.choice([-1.0, 1.0], dims)
    if operand.kind == "flags":
        return random.integers(0, 2, dims).astype(float)
    if operand.kind == "simplex":
        found = np.abs(found) + 0.1
        return found / found.sum(axis=tuple(range(found.ndim - 1)), keepdims=True)
    return found


def add_cost(
    net: NetworkOp, inputs: dict[str, Array], symbols: dict[str, Array], random: np.random.Generator
) -> None:
    """Replace the root by the weighted sum of it."""
    roots = net.roots
    result = roots.values[0]
    kind = type_of(result)
    assert kind.shape is not None
    if kind.axis is None:
        fixed = {"init": "constant", "value": 0.0, "learning_rate_multiplier": 0.0}
        module = net.parent_op()
        assert isinstance(module, ModuleOp)
        module.body.block.insert_op_before(ParameterOp("G", kind, fixed), net)
        weights = ReadOp("G", kind)
        symbols["G"] = random.uniform(0.5, 2.0, kind.shape)
    else:
        weights = InputOp(result_type=kind, node="G")
        inputs["G"] = random.uniform(0.5, 2.0, (*kind.shape, SAMPLES))
    product = elementwise.ElementTimesOp(result, weights.result, node="weighted")
    cost = linear.SumElementsOp(product.result, node="cost")
    net.block.insert_ops_before([weights, product, cost], roots)
    net.block.insert_op_before(RootsOp([("criterion", cost.result)]), roots)
    roots.detach()
    roots.erase()


def worst_error(found: Problem, directions: int = 2) -> float:
    """The largest relative difference along random directions of every learned parameter."""
    derived = run_passes(found.module.clone(), "net-gradient")
    gradients = evaluate(derived, found.inputs, found.symbols).gradients
    random = np.random.default_rng(7)
    worst = 0.0
    for name in found.learned:
        gradient = gradients.get(name, np.zeros_like(found.symbols[name]))
        assert gradient.shape == found.symbols[name].shape
        for _ in range(directions):
            direction = random.uniform(-1, 1, found.symbols[name].shape)
            numeric = slope(found, name, direction)
            exact = float((gradient * direction).sum())
            scale = max(1e-3, abs(numeric), float(np.abs(gradient).max(initial=0)))
            worst = max(worst, abs(numeric - exact) / scale)
    return worst


def slope(found: Problem, name: str, direction: Array) -> float:
    """The central difference of the cost along a direction of one parameter."""
    costs: list[float] = []
    for sign in (1.0, -1.0):
        moved = found.symbols | {name: found.symbols[name] + sign * STEP * direction}
        run = evaluate(found.module, found.inputs, moved)
        costs.append(float(run.roots["criterion"][0][0]))
    return (costs[0] - costs[1]) / (2 * STEP)
