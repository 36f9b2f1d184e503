"""Random networks, fused, compiled and run, against the reference interpreter."""

from __future__ import annotations

import pytest

from test.numeric.networks import parse_network
from test.numeric.programs import Compiled
from test.numeric.random_networks import RandomNetwork


@pytest.mark.parametrize("seed", range(12))
def test_random_network(seed: int) -> None:
    made = RandomNetwork(seed, count=14)
    program = Compiled(parse_network(made.body, "\n".join(made.symbols), "double"))
    for columns in (0, 1, 17):
        program.check(columns, tolerance=1e-9)
