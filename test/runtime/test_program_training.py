"""Training steps as the passes make them, compiled, against the reference interpreter."""

from __future__ import annotations

from functools import cache

import pytest

from brainscript.target import choose_target
from test.numeric.networks import parse_network, run_passes
from test.numeric.programs import Compiled

COLUMNS = (0, 1, 17, 64)

Network = tuple[str, dict[str, str]]

SIGMOID: Network = (
    """
  %x = net.input "x" : S[20]
  %y = net.input "y" : S[7]
  %w = net.read @W : T[33 x 20]
  %b = net.read @b : T[33]
  %v = net.read @V : T[7 x 33]
  %c = net.read @c : T[7]
  %t = net.times %w, %x : S[33]
  %p = net.plus %t, %b : S[33]
  %h = net.sigmoid %p : S[33]
  %u = net.times %v, %h : S[7]
  %z = net.plus %u, %c {node = "z"} : S[7]
  %ce = net.cross_entropy_with_softmax %y, %z {node = "ce"} : T[1]
  %er = net.classification_error %y, %z {node = "err"} : T[1]
  net.roots criterion(%ce), evaluation(%er)
""",
    {"W": "33 x 20", "b": "33", "V": "7 x 33", "c": "7"},
)

REGRESSION: Network = (
    """
  %x = net.input "x" : S[5]
  %y = net.input "y" : S[3]
  %w = net.read @W : T[16 x 5]
  %v = net.read @V : T[3 x 16]
  %s = net.read @s : T[1]
  %t = net.times %w, %x : S[16]
  %h = net.tanh %t : S[16]
  %u = net.times %v, %h : S[3]
  %z = net.element_times %u, %s : S[3]
  %e = net.square_error %y, %z {node = "mse"} : T[1]
  net.roots criterion(%e)
""",
    {"W": "16 x 5", "V": "3 x 16", "s": "1"},
)

LOGISTIC: Network = (
    """
  %x = net.input "x" : S[6]
  %y = net.input "y" : S[1]
  %w = net.read @W : T[1 x 6]
  %b = net.read @b : T[1]
  %t = net.times %w, %x : S[1]
  %z = net.plus %t, %b : S[1]
  %p = net.sigmoid %z {node = "p"} : S[1]
  %e = net.logistic %y, %p {node = "lr"} : T[1]
  net.roots criterion(%e)
""",
    {"W": "1 x 6", "b": "1"},
)

SHARED: Network = (
    """
  %x = net.input "x" : S[9]
  %w = net.read @W : T[9 x 9]
  %b = net.read @b : T[9]
  %t = net.times %w, %x : S[9]
  %p = net.plus %t, %b : S[9]
  %h = net.rectified_linear %p : S[9]
  %u = net.times %w, %h : S[9]
  %q = net.plus %u, %b : S[9]
  %g = net.tanh %q : S[9]
  %r = net.plus %g, %h : S[9]
  %e = net.square_error %x, %r {node = "mse"} : T[1]
  net.roots criterion(%e)
""",
    {"W": "9 x 9", "b": "9"},
)

SOFTMAX: Network = (
    """
  %x = net.input "x" : S[8]
  %y = net.input "y" : S[4]
  %w = net.read @W : T[4 x 8]
  %t = net.times %w, %x : S[4]
  %a = net.abs %t : S[4]
  %p = net.softmax %a {node = "p"} : S[4]
  %e = net.cross_entropy %y, %p {node = "ce"} : T[1]
  %m = net.reduce %p {op = "Max"} : S[1]
  %n = net.sum_elements %m {node = "confidence"} : T[1]
  net.roots criterion(%e), evaluation(%n)
""",
    {"W": "4 x 8"},
)

TRANSPOSED: Network = (
    """
  %x = net.input "x" : S[8]
  %w = net.read @W : T[8 x 6]
  %t = net.transpose_times %w, %x : S[6]
  %h = net.log_softmax %t : S[6]
  %r = net.times %w, %h : S[8]
  %e = net.square_error %x, %r {node = "mse"} : T[1]
  net.roots criterion(%e)
""",
    {"W": "8 x 6"},
)

NETWORKS = {
    "sigmoid": SIGMOID,
    "regression": REGRESSION,
    "logistic": LOGISTIC,
    "shared": SHARED,
    "softmax": SOFTMAX,
    "transposed": TRANSPOSED,
}


@cache
def training_step(name: str, precision: str, target: str = "") -> Compiled:
    body, parameters = NETWORKS[name]
    symbols = [
        f'net.parameter @{k} : T[{d}] {{init = "uniform", seed = 1}}' for k, d in parameters.items()
    ]
    module = parse_network(body, "\n".join(symbols), precision)
    run_passes(module, "net-select", mode="train")
    step = run_passes(module, "net-gradient", "net-update")
    return Compiled(step, choose_target(target))


@pytest.mark.parametrize("columns", COLUMNS)
@pytest.mark.parametrize("precision", ["float", "double"])
@pytest.mark.parametrize("name", NETWORKS)
def test_training_step(name: str, precision: str, columns: int) -> None:
    low = 0.05 if name in ("logistic", "softmax") else -1.0
    training_step(name, precision).check(columns, low=low)


@pytest.mark.parametrize("target", ["avx2", "baseline"])
def test_training_step_for_another_processor(target: str) -> None:
    for columns in (1, 17):
        training_step("sigmoid", "float", target).check(columns)


def test_statistics_before_training() -> None:
    module = parse_network(
        """
  %x = net.input "x" : S[6]
  %m = net.mean %x {node = "m"} : T[6]
  %s = net.inv_std_dev %x {node = "s"} : T[6]
  %n = net.per_dim_mean_var_normalization %x, %m, %s {node = "n"} : S[6]
  net.roots output(%n)
"""
    )
    run_passes(module, "net-select", mode="precompute")
    program = Compiled(run_passes(module, "net-precompute"))
    roles = {slot.name: slot.role for slot in program.image.states}
    assert roles["m"] == "statistic"
    for columns in (1, 16, 33):
        program.check(columns, tolerance=1e-4)
