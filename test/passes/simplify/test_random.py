"""Random networks give the same bits when they are simplified."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from xdsl.dialects.builtin import ModuleOp

from brainscript.diagnostic import BrainScriptError
from test.numeric.networks import (
    close,
    gradients_written,
    network,
    parse_network,
    random_inputs,
    random_symbols,
)
from test.numeric.programs import Compiled
from test.numeric.reference import evaluate
from test.passes.simplify.simplified import Redundant, simplified

COLUMNS = 5


def parsed(text: Redundant, precision: str = "float") -> ModuleOp:
    return parse_network(text.body, "\n".join(text.symbols), precision)


def count(module: ModuleOp) -> int:
    return len(list(network(module).block.ops))


@pytest.mark.parametrize("seed", range(3))
def test_same_bits_compiled(seed: int):
    module = parsed(Redundant(seed))
    simple = simplified(module)
    assert count(simple) < count(module)
    inputs, symbols = random_inputs(module, COLUMNS), random_symbols(module)
    want = Compiled(module).run(inputs, symbols, COLUMNS)
    assert want.same_bits(Compiled(simple).run(inputs, symbols, COLUMNS))


@given(st.integers(0, 10**6))
@settings(max_examples=25, deadline=None)
def test_same_values(seed: int):
    module = parsed(Redundant(seed, 16), "double")
    inputs, symbols = random_inputs(module, COLUMNS), random_symbols(module)
    want = evaluate(module, inputs, symbols)
    found = evaluate(simplified(module), inputs, symbols)
    for one, other in zip(want.roots["output"], found.roots["output"], strict=True):
        assert close(other, one, 1e-13)
    assert all(close(found.written[k], v, 1e-13) for k, v in want.written.items())


@given(st.integers(0, 10**6))
@settings(max_examples=25, deadline=None)
def test_same_gradients(seed: int):
    module = parsed(Redundant(seed, 14, differentiable=True), "double")
    inputs, symbols = random_inputs(module, COLUMNS), random_symbols(module)
    try:
        plain = gradients_written(module)
    except BrainScriptError:
        return
    want = evaluate(plain, inputs, symbols)
    found = evaluate(simplified(gradients_written(simplified(module))), inputs, symbols)
    assert set(found.written) == set(want.written)
    for name, gradient in want.written.items():
        assert close(found.written[name], gradient, 1e-11), name
