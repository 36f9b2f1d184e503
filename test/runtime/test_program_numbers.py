"""Whole programs against the reference interpreter: sizes, precisions, threads."""

from __future__ import annotations

from functools import cache

import pytest

from test.numeric.networks import parse_network
from test.numeric.programs import Compiled

COLUMNS = (0, 1, 15, 16, 17, 64)

DENSE = """
  %x = net.input "x" : S[20]
  %w = net.read @W : T[50 x 20]
  %b = net.read @b : T[50]
  %t = net.times %w, %x : S[50]
  %p = net.plus %t, %b : S[50]
  %h = net.FUNCTION %p {node = "h"} : S[50]
  net.roots output(%h)
"""
DENSE_SYMBOLS = """
  net.parameter @W : T[50 x 20] {init = "uniform", seed = 1}
  net.parameter @b : T[50] {init = "uniform", seed = 2}
"""


def update(name: str, gradient: str, kind: str) -> str:
    """Momentum and step of one parameter."""
    return f"""
  %{name}1 = net.element_times {gradient}, %k : {kind}
  %{name}m = net.read @"momentum.{name}" : {kind}
  %{name}2 = net.element_times %{name}m, %mo : {kind}
  %{name}3 = net.plus %{name}1, %{name}2 : {kind}
  net.write @"momentum.{name}", %{name}3
  %{name}4 = net.minus %{name}, %{name}3 : {kind}
  net.write @{name}, %{name}4
"""


TRAIN = f"""
  %x = net.input "features" : S[20]
  %y = net.input "labels" : S[10]
  %W = net.read @W : T[50 x 20]
  %b = net.read @b : T[50]
  %V = net.read @V : T[10 x 50]
  %c = net.read @c : T[10]
  %lr = net.read @"hyper.learning_rate" : T[1]
  %mo = net.read @"hyper.momentum" : T[1]
  %t = net.times %W, %x : S[50]
  %p = net.plus %t, %b : S[50]
  %h = net.rectified_linear %p {{node = "h"}} : S[50]
  %u = net.times %V, %h : S[10]
  %z = net.plus %u, %c {{node = "z"}} : S[10]
  %ce = net.cross_entropy_with_softmax %y, %z {{node = "ce"}} : T[1]
  %er = net.classification_error %y, %z {{node = "err"}} : T[1]
  net.accumulate @"criterion.ce", %ce
  net.accumulate @"criterion.err", %er
  %s = net.softmax %z : S[10]
  %dz = net.minus %s, %y : S[10]
  %dV = net.times_gradient_left %dz, %h : T[10 x 50]
  %dc = net.sum_to %dz : T[10]
  %dh = net.times_gradient_right %V, %dz : S[50]
  %zero = net.splat 0.0 : T[1]
  %mask = net.greater %h, %zero : S[50]
  %dp = net.element_times %dh, %mask : S[50]
  %dW = net.times_gradient_left %dp, %x : T[50 x 20]
  %db = net.sum_to %dp : T[50]
  %one = net.splat 1.0 : T[1]
  %q = net.minus %one, %mo : T[1]
  %k = net.element_times %q, %lr : T[1]
  {update("W", "%dW", "T[50 x 20]")}
  {update("V", "%dV", "T[10 x 50]")}
  {update("b", "%db", "T[50]")}
  {update("c", "%dc", "T[10]")}
  net.roots criterion(%ce), evaluation(%er), output(%z)
"""
SIZES = {"W": "50 x 20", "b": "50", "V": "10 x 50", "c": "10"}
TRAIN_SYMBOLS = "\n".join(
    [f'net.parameter @{k} : T[{d}] {{init = "uniform", seed = 1}}' for k, d in SIZES.items()]
    + [f'net.state @"momentum.{k}" : T[{d}] {{role = "momentum"}}' for k, d in SIZES.items()]
    + [
        f'net.parameter @"hyper.{k}" : T[1] {{init = "uniform", seed = 1}}'
        for k in ("learning_rate", "momentum")
    ]
    + [f'net.state @"criterion.{k}" : T[1] {{role = "criterion"}}' for k in ("ce", "err")]
)


@cache
def compiled(body: str, symbols: str, precision: str) -> Compiled:
    return Compiled(parse_network(body, symbols, precision))


@pytest.mark.parametrize("columns", COLUMNS)
@pytest.mark.parametrize("precision", ["float", "double"])
@pytest.mark.parametrize("function", ["tanh", "rectified_linear", "sigmoid"])
def test_dense_layer(function: str, precision: str, columns: int) -> None:
    compiled(DENSE.replace("FUNCTION", function), DENSE_SYMBOLS, precision).check(columns)


@pytest.mark.parametrize("columns", COLUMNS)
@pytest.mark.parametrize("precision", ["float", "double"])
def test_training_step(precision: str, columns: int) -> None:
    compiled(TRAIN, TRAIN_SYMBOLS, precision).check(columns)


FORWARD = {
    "top_n": (
        """
  %y = net.input "y" : S[12]
  %x = net.input "x" : S[12]
  %k = net.read @N : T[1]
  %three = net.splat 3.0 : T[1]
  %s = net.element_times %x, %three : S[12]
  %z = net.floor %s : S[12]
  %e = net.classification_error %y, %z, %k {node = "top"} : T[1]
  net.roots evaluation(%e)
""",
        'net.parameter @N : T[1] {init = "constant", value = 1.0}',
    ),
    "weighted_logistic": (
        """
  %y = net.input "y" : S[1]
  %p = net.input "p" : S[1]
  %w = net.input "w" : S[1]
  %e = net.logistic %y, %p, %w {node = "e"} : T[1]
  net.roots criterion(%e)
""",
        "",
    ),
    "normalised": (
        """
  %x = net.input "x" : S[6]
  %m = net.read @mean : T[6]
  %d = net.read @deviation : T[6]
  %n = net.per_dim_mean_var_normalization %x, %m, %d {node = "n"} : S[6]
  %r = net.per_dim_mean_var_de_normalization %n, %m, %d {node = "r"} : S[6]
  net.roots output(%n, %r)
""",
        """
  net.parameter @mean : T[6] {init = "uniform", seed = 1}
  net.parameter @deviation : T[6] {init = "uniform", seed = 1}
""",
    ),
    "constants_and_parameters": (
        """
  %x = net.input "x" : S[6]
  %w = net.read @W : T[6 x 3]
  %c = net.splat 0.25 : T[6]
  %o = net.pass %c {node = "o"} : T[6]
  %s = net.softmax %w {node = "s"} : T[6 x 3]
  %a = net.reduce %s {node = "a", axis = 2} : T[6 x 1]
  %b = net.broadcast_to %c {node = "b"} : S[6]
  %i = net.pass %x {node = "i"} : S[6]
  net.roots output(%o, %s, %a, %b, %i, %w)
""",
        'net.parameter @W : T[6 x 3] {init = "uniform", seed = 1}',
    ),
    "swap": (
        """
  %x = net.input "x" : S[6]
  %a = net.read @A : T[6]
  %b = net.read @B : T[6]
  net.write @A, %b
  net.write @B, %a
  %c = net.read @A : T[6]
  %z = net.plus %x, %c {node = "z"} : S[6]
  net.roots output(%z)
""",
        """
  net.parameter @A : T[6] {init = "uniform", seed = 1}
  net.parameter @B : T[6] {init = "uniform", seed = 1}
""",
    ),
}


@pytest.mark.parametrize("columns", COLUMNS)
@pytest.mark.parametrize("name", FORWARD)
def test_forward(name: str, columns: int) -> None:
    if name == "weighted_logistic":
        columns = max(1, columns)
    compiled(*FORWARD[name], "float").check(columns, low=0.05)
