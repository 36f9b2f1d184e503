"""Cases of the gradient check as compiled training steps: every seventh of them."""

from __future__ import annotations

import numpy as np
import pytest

from brainscript.dialects.net.network import symbols_of
from test.numeric import reference
from test.numeric.differences import SAMPLES, problem
from test.numeric.gradient_cases import Check, all_checks
from test.numeric.networks import close, from_memory, network, run_passes
from test.numeric.programs import Compiled

REFUSED = ("(10)", "(11)", "inner product")
"""Products of two values that differ from sample to sample have no kernel."""

CASES = [c for c in all_checks() if not any(word in c.name for word in REFUSED)][::7]


@pytest.mark.parametrize("check", CASES, ids=lambda check: check.name)
def test_the_step_moves_what_the_reference_moves(check: Check) -> None:
    found = problem(check)
    module = run_passes(found.module, "net-gradient", "net-update")
    symbols = dict(found.symbols)
    for name, op in symbols_of(network(module)).items():
        symbols.setdefault(name, np.full(op.type.shape or (), 0.3))
    step = Compiled(module)
    want = reference.evaluate(module, found.inputs, symbols)
    got = step.run(found.inputs, symbols, SAMPLES)
    assert got.same_bits(step.run(found.inputs, symbols, SAMPLES, threads=2))
    for name, array in got.states.items():
        expected = want.accumulated.get(name, want.written.get(name, symbols[name]))
        assert close(from_memory(array, expected.shape, None), expected, 1e-11), name
