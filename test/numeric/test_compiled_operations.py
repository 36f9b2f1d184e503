"""Every operation compiled, its value and its gradient, beside the reference interpreter."""

from __future__ import annotations

import re
import zlib

import numpy as np
import pytest
from xdsl.dialects.builtin import ModuleOp

from brainscript.dialects.net.elementwise import ElementTimesOp, PlusOp
from brainscript.dialects.net.linear import SumElementsOp
from brainscript.dialects.net.network import RootsOp
from brainscript.dialects.net.parameters import InputOp, ParameterOp, ReadOp
from brainscript.dialects.tensors import type_of
from test.numeric.differences import texts, values
from test.numeric.gradient_cases import SAMPLES, Check, all_checks
from test.numeric.networks import (
    Array,
    close,
    from_memory,
    gradients_written,
    network,
    parse_network,
    run_passes,
)
from test.numeric.programs import Compiled
from test.numeric.reference import evaluate

EACH = 1
"""How many cases of each operation are compiled; the gradient check has them all."""
BATCH = 12
TOLERANCE = 1e-9


def chosen() -> list[Check]:
    """The first cases of each operation, and of each kind of reduction; splices all."""
    counts: dict[str, int] = {}
    found: list[Check] = []
    for check in all_checks():
        kind = re.match(r'op = "(\w+)"', check.options)
        key = f"{check.op} {kind[1] if kind else ''} {len(check.operands)}"
        counts[key] = counts.get(key, 0) + 1
        if counts[key] <= EACH or check.op == "splice":
            found.append(check)
    return found


BATCHES = [chosen()[i : i + BATCH] for i in range(0, len(chosen()), BATCH)]


class Together:
    """Several cases in one network, whose criterion is the weighted sum of all results."""

    def __init__(self, checks: list[Check]):
        lines = [f'%id = net.input "id" : S[{SAMPLES}]']
        symbols: list[str] = []
        self.inputs: dict[str, Array] = {"id": np.eye(SAMPLES)}
        self.symbols: dict[str, Array] = {}
        for number, check in enumerate(checks):
            random = np.random.default_rng(zlib.crc32(check.name.encode()))
            body, declared = texts(check)
            lines += [renamed(line, number) for line in body.splitlines()[1:-1]]
            symbols.append(renamed(declared, number))
            for i, operand in enumerate(check.operands):
                self.symbols[f"E{i}_{number}"] = values(operand, random)
        roots = ", ".join(f"%o_{number}" for number in range(len(checks)))
        body = "\n".join([*lines, f"net.roots output({roots})"])
        self.module = parse_network(body, "\n".join(symbols), "double")
        run_passes(self.module, "net-infer-shapes")
        self.add_cost()

    def add_cost(self) -> None:
        """The sum of all results, each element with a weight of its own."""
        net, random = network(self.module), np.random.default_rng(1)
        roots = net.roots
        costs: list[SumElementsOp] = []
        for number, value in enumerate(roots.values):
            kind, name = type_of(value), f"G_{number}"
            assert kind.shape is not None
            if kind.axis is None:
                fixed = {"init": "constant", "value": 0.0, "learning_rate_multiplier": 0.0}
                self.module.body.block.insert_op_before(ParameterOp(name, kind, fixed), net)
                weights = ReadOp(name, kind)
                self.symbols[name] = random.uniform(0.5, 2.0, kind.shape)
            else:
                weights = InputOp(result_type=kind, node=name)
                self.inputs[name] = random.uniform(0.5, 2.0, (*kind.shape, SAMPLES))
            product = ElementTimesOp(value, weights.result)
            costs.append(SumElementsOp(product.result, node=f"cost_{number}"))
            net.block.insert_ops_before([weights, product, costs[-1]], roots)
        total = costs[0].result
        for cost in costs[1:]:
            plus = PlusOp(total, cost.result, node="total")
            net.block.insert_op_before(plus, roots)
            total = plus.result
        outputs = [("evaluation", cost.result) for cost in costs]
        net.block.insert_op_before(RootsOp([("criterion", total), *outputs]), roots)
        roots.detach()
        roots.erase()
        self.module.verify()

    def derived(self) -> ModuleOp:
        """The network with its gradients, which are written in the place of the parameters."""
        return gradients_written(self.module)


def renamed(text: str, number: int) -> str:
    """The text with names of its own."""
    text = re.sub(r"@E(\d+)", rf"@E\1_{number}", text)
    return re.sub(r"%(?!id\b)(\w+)", rf"%\1_{number}", text)


@pytest.mark.parametrize("checks", BATCHES, ids=[f"{b[0].name} .." for b in BATCHES])
def test_compiled_value_and_gradient(checks: list[Check]):
    together = Together(checks)
    module = together.derived()
    want = evaluate(module, together.inputs, together.symbols)
    found = Compiled(module).run(together.inputs, together.symbols, SAMPLES)
    for number, check in enumerate(checks):
        cost = want.roots["evaluation"][number]
        assert close(np.ravel(found.outputs[f"cost_{number}"]), cost, TOLERANCE), check.name
        for i in range(len(check.operands)):
            name = f"E{i}_{number}"
            if name in want.written:
                gradient = from_memory(found.states[name], want.written[name].shape, None)
                assert close(gradient, want.written[name], TOLERANCE), f"{check.name}: {name}"
