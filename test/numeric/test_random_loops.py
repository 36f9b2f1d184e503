"""Random recurrent networks and their gradients, compiled, against the float64 interpreter."""

from __future__ import annotations

import os

import numpy as np
import pytest

from brainscript.dialects.registry import make_context
from brainscript.passes.gradient.update import NetUpdate
from brainscript.target import choose_target
from test.numeric.networks import from_memory, parse_network, random_inputs, run_passes
from test.numeric.programs import Compiled
from test.numeric.random_loops import RandomLoops
from test.numeric.recurrence_reference import Reference
from test.numeric.test_recurrences import run, step_symbols

LENGTHS = ((2, 5, 1, 3, 5), (1,), (4,) * 3)
BOUNDS = {"float": (1e-5, 1e-6), "double": (1e-10, 1e-12)}
SEEDS = 40 if "BS_FUZZ_SECONDS" in os.environ else 2
CASES = [
    (seed, *how)
    for seed in range(SEEDS)
    for how in (("float", ""), ("double", "avx2"), ("double", ""), ("float", "avx2"))[seed % 2 :: 2]
]


@pytest.mark.parametrize(("seed", "precision", "target"), CASES)
def test_a_training_step(seed: int, precision: str, target: str):
    made = RandomLoops(seed)
    module = parse_network(made.body, "\n".join(made.symbols), precision)
    run_passes(module, "net-split-products", "net-gradient")
    NetUpdate().apply(make_context(), module)
    compiled = Compiled(module, choose_target(target))
    part, least = BOUNDS[precision]
    for lengths in LENGTHS:
        inputs = random_inputs(module, sum(lengths), seed=len(lengths))
        symbols = step_symbols(compiled)
        want = Reference(module, lengths).evaluate(inputs, symbols)
        states, output = run(compiled, lengths, inputs)
        again, other = run(compiled, lengths, inputs, threads=2)
        assert output.tobytes() == other.tobytes()
        expected = {"": want.roots["output"][0], **want.written, **want.accumulated}
        for name, right in expected.items():
            found = states[name] if name else output
            columns = None if name else sum(lengths)
            shape = right.shape if name else right.shape[:-1]
            found = from_memory(found, shape, columns)
            bound = part * np.abs(right).max(initial=0) + least
            assert np.abs(found - right).max(initial=0) <= bound, f"{name or 'h'} of {lengths}"
            assert not name or states[name].tobytes() == again[name].tobytes(), name
