"""Loops over the steps that a condition finds while the network runs."""

from __future__ import annotations

import numpy as np
import pytest

from brainscript.runtime.layouts import Sequences
from test.numeric.networks import parse_network, run_passes
from test.numeric.programs import Compiled

BODY = """
    %p = net.past_value %h {node = "p", outside = 0.5} : G[2]
    %x = net.input "x" : S[2]
    %k = net.input "k" : S[1]
    %w = net.where %k {node = "w", condition = "k"} : G[1]
    %i = net.packed_index %x, %w {node = "i"} : G[1]
    %g = net.gather_packed %i, %x {node = "g"} : G[2]
    %h = net.plus %p, %g {node = "h"} : G[2]
    %n = net.future_value %f {node = "n", outside = 0.25} : G[2]
    %f = net.plus %n, %g {node = "f"} : G[2]
    net.roots output(%h, %f)"""


@pytest.mark.parametrize("threads", [1, 2])
def test_sums_run_over_the_steps_that_were_found(threads: int):
    """Of the first sequence steps 0 and 2, of the second step 1."""
    text = BODY.replace(" G[2]", ' !net.t<[2], f32, @"*/where:k">')
    text = text.replace(" G[1]", ' !net.t<[1], f32, @"*/where:k">')
    program = Compiled(run_passes(parse_network(text), "net-settle-axes")).program
    program.set_layouts({"*": Sequences([3, 2])})
    program.spoil()
    program.input("x")[:] = np.arange(10, dtype=np.float32).reshape(5, 2)
    program.input("k")[:] = np.array([[1], [0], [0], [1], [1]], np.float32)
    program.run(threads)
    assert program.output("h").tolist() == [[0.5, 1.5], [6.5, 7.5], [8.5, 10.5]]
    assert program.output("f").tolist() == [[8.25, 10.25], [6.25, 7.25], [8.25, 9.25]]
