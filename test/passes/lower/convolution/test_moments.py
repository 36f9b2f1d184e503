"""Statistics that a convolution makes beside its result, against numpy in double precision."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from xdsl.dialects.builtin import ModuleOp

from brainscript.dialects.net.network import symbols_of
from test.numeric.networks import close, network, parse_network, run_passes
from test.numeric.programs import Compiled

Array = npt.NDArray[Any]

PAD = "kernel = [3, 3], padding = [1]"
CASES: dict[str, tuple[str, str, str, str]] = {
    "first layer": ("3 x 3 x 3 x 20", "13 x 9 x 3", "13 x 9 x 20", f"{PAD}, maps = [20]"),
    "stride": ("3 x 3 x 5 x 16", "9 x 8 x 5", "5 x 4 x 16", f"{PAD}, stride = [2, 2], maps = [16]"),
    "one element": ("1 x 1 x 7 x 33", "5 x 6 x 7", "5 x 6 x 33", "kernel = [1, 1], maps = [33]"),
    "patches": ("3 x 3 x 16 x 16", "21 x 35 x 16", "21 x 35 x 16", f"{PAD}, maps = [16]"),
    "patches without padding": (
        "3 x 3 x 18 x 33",
        "10 x 12 x 18",
        "8 x 10 x 33",
        "kernel = [3, 3], padding = [0], maps = [33]",
    ),
    "blocks of maps": ("3 x 3 x 24 x 70", "12 x 6 x 24", "12 x 6 x 70", f"{PAD}, maps = [70]"),
    "large weights": (
        "5 x 5 x 60 x 130",
        "6 x 6 x 60",
        "2 x 2 x 130",
        "kernel = [5, 5], padding = [0], maps = [130]",
    ),
    "a line": ("4 x 6 x 9", "23 x 6", "20 x 9", "kernel = [4], padding = [0], maps = [9]"),
    "back": (
        "2 x 2 x 12 x 8",
        "4 x 5 x 8",
        "8 x 10 x 12",
        "kernel = [2, 2, 12], stride = [2, 2, 12], padding = [0], maps = [8], transpose = true",
    ),
}
"""Shapes of weights, sample and result, and options."""


def module_of(case: str, precision: str) -> ModuleOp:
    """A convolution and its normalisation; a first minibatch gives the running statistics."""
    weights, x, z, options = CASES[case]
    channels = z.split(" x ")[-1]
    frozen = 'init = "constant", value = 0.0, learning_rate_multiplier = 0.0'
    names = ("mean", "variance")
    symbols = f"""
    net.parameter @W : T[{weights}] {{init = "constant", value = 0.0}}
    net.parameter @scale : T[{channels} x 1] {{init = "constant", value = 1.0}}
    net.parameter @bias : T[{channels} x 1] {{init = "constant", value = 0.0}}
    net.parameter @mean : T[{channels} x 1] {{{frozen}}}
    net.parameter @variance : T[{channels} x 1] {{{frozen}}}
    net.parameter @count : T[1] {{{frozen}}}
    """
    reads = "".join(
        f"%{n} = net.read @{n} : T[{channels} x 1]\n" for n in ("scale", "bias", *names)
    )
    body = f"""
    %x = net.input "x" : S[{x}]
    %w = net.read @W : T[{weights}]
    {reads}
    %count = net.read @count : T[1]
    %z = net.convolution %w, %x {{node = "z", {options}}} : S[{z}]
    %y = net.batch_normalization %z, %scale, %bias, %mean, %variance, %count
        {{node = "y", spatial = true, time_constant = 10.0}} : S[{z}]
    %c = net.sum_elements %y {{node = "c"}} : T[1]
    net.roots criterion(%c), output(%z)
    """
    return parse_network(body, symbols, precision)


def values_of(case: str, module: ModuleOp, columns: int, centre: float) -> dict[str, Array]:
    """An input and weights for results of deviation about 1 around `centre`."""
    random = np.random.default_rng(columns)
    weights, x, _, _ = CASES[case]
    values: dict[str, Array] = {}
    for name, symbol in symbols_of(network(module)).items():
        values[name] = np.zeros(symbol.type.shape or ())
    w = random.normal(size=[int(d) for d in weights.split(" x ")])
    summed = -1 if "transpose" in CASES[case][3] else tuple(range(w.ndim - 1))
    taps = w.size // w.mean(axis=summed).size
    w -= w.mean(axis=summed, keepdims=True)
    values["W"] = (w + centre / taps / 100) / np.sqrt(taps)
    values["scale"] += 1
    noise = random.normal(size=(*(int(d) for d in x.split(" x ")), columns))
    values["x"] = noise + 100 * np.sqrt(taps)
    return values


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("precision", ["float", "double"])
def test_statistics_are_those_of_the_result(case: str, precision: str):
    module = run_passes(module_of(case, precision), "net-select", mode="train")
    run_passes(module, "net-set-mode", training=True)
    made = Compiled(run_passes(module, "net-update"))
    plain = Compiled(run_passes(module_of(case, precision), "net-select", mode="write"))
    assert "net.plane_variance" in str(made.lowered)
    channels = int(CASES[case][2].split(" x ")[-1])
    for columns in (1, 5):
        values = values_of(case, module, columns, 1000.0)
        got = made.run(values, values, columns)
        assert got.same_bits(made.run(values, values, columns, threads=2))
        z = (
            plain.run(values, values, columns)
            .outputs["z"]
            .astype(np.float64)
            .reshape(columns, channels, -1)
        )
        mean, variance = z.mean(axis=(0, 2)), z.var(axis=(0, 2), ddof=1)
        if PAD not in CASES[case][3]:
            assert np.abs(mean).max() > 100 * np.sqrt(variance.max())
        bound = 1e-6 if precision == "float" else 1e-10
        assert close(got.states["mean"].ravel(), mean, bound)
        assert close(got.states["variance"].ravel(), variance, 30 * bound)
