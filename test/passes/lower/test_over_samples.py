"""Reductions over samples, compiled, against the reference."""

from __future__ import annotations

import numpy as np
import pytest

from brainscript.dialects.net.shapes import ACROSS
from brainscript.target import choose_target
from test.numeric.networks import parse_network
from test.numeric.programs import Compiled

SYMBOL = 'net.parameter @p : T[5] {init = "constant", value = 0.0}'


@pytest.mark.parametrize("kind", ACROSS)
@pytest.mark.parametrize(("shape", "precision"), [("1", "float"), ("3 x 7", "double")])
def test_reduction(kind: str, shape: str, precision: str):
    body = f"""
    %x = net.input "x" : S[{shape}]
    %a = net.reduce %x {{node = "a", op = "{kind}", axis = -1}} : T[1]
    %b = net.reduce %x {{node = "b", op = "{kind}", axis = -3}} : T[{shape}]
    %c = net.minus %x, %b {{node = "c"}} : S[{shape}]
    net.roots output(%a), output(%b), output(%c)
    """
    compiled = Compiled(parse_network(body, "", precision))
    for columns in (1, 2, 17):
        compiled.check(columns, 1e-4 if precision == "float" else 0.0)


@pytest.mark.parametrize("target", ["avx512", "avx2", "baseline"])
def test_largest_of_many_elements(target: str):
    body = """
    %x = net.input "x" : S[131]
    %b = net.reduce %x {node = "b", op = "Max", axis = -3} : T[131]
    net.roots output(%b)
    """
    compiled = Compiled(parse_network(body), choose_target(target))
    for columns in (1, 3, 16):
        compiled.check(columns)


def test_of_no_samples_and_of_a_parameter():
    body = """
    %x = net.input "x" : S[2]
    %p = net.read @p : T[5]
    %a = net.reduce %x {node = "a", op = "Sum", axis = -1} : T[1]
    %b = net.reduce %x {node = "b", op = "Mean", axis = -3} : T[2]
    %c = net.reduce %p {node = "c", op = "Max", axis = -1} : T[1]
    %d = net.reduce %p {node = "d", op = "Max", axis = -3} : T[5]
    %e = net.negate %d {node = "e"} : T[5]
    net.roots output(%a), output(%c), output(%e)
    """
    compiled = Compiled(parse_network(body, SYMBOL))
    for columns in (0, 4):
        compiled.check(columns)


@pytest.mark.parametrize("value", [-np.inf, np.inf, np.nan])
def test_log_sum_of_infinities(value: float):
    body = """
    %x = net.input "x" : S[2]
    %b = net.reduce %x {node = "b", op = "LogSum", axis = -3} : T[2]
    net.roots output(%b)
    """
    x = np.array([[value] * 5, [0.0, value, 1.0, 2.0, 3.0]])
    found = Compiled(parse_network(body)).run({"x": x}, {}, 5).outputs["b"].reshape(-1)
    finite = np.log(np.exp([0.0, 1.0, 2.0, 3.0]).sum()) if value == -np.inf else value
    assert np.allclose(found, [value, finite], rtol=1e-5, equal_nan=True)
