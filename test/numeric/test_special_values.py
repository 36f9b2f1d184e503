"""Infinities, NaN, zeros and the ends of the range, against numpy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from brainscript.target import choose_target
from test.numeric.formulas import LOG_OF_ZERO, SMALLEST_LOG
from test.numeric.networks import Array, parse_network, run_passes
from test.numeric.programs import Compiled

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")

NUMBERS = [0.0, np.inf, np.nan, 1.0, 0.5, 2.5, 88.7, 88.8, 104.0, 709.7, 746.0, 1e6, 1e20, 1e30]
UNARY: dict[str, Callable[[Array], Array]] = {
    "abs": np.abs,
    "acos": np.arccos,
    "asin": np.arcsin,
    "cosh": np.cosh,
    "exp": np.exp,
    "floor": np.floor,
    "log": lambda x: np.where(x < SMALLEST_LOG, LOG_OF_ZERO, np.log(x)),
    "negate": np.negative,
    "reciprocal": lambda x: np.where(x == 0, 0, 1 / x),
    "rectified_linear": lambda x: np.where(x > 0, x, 0),
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "sinh": np.sinh,
    "sqrt": lambda x: np.sqrt(np.where(x < 0, 0, x)),
    "stable_sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "tanh": np.tanh,
}
BINARY: dict[str, Callable[[Array, Array], Array]] = {
    "element_times": np.multiply,
    "equal": lambda a, b: (a == b) * 1.0,
    "greater": lambda a, b: (a > b) * 1.0,
    "less_equal": lambda a, b: (a <= b) * 1.0,
    "log_plus": np.logaddexp,
    "minus": np.subtract,
    "not_equal": lambda a, b: (a != b) * 1.0,
    "plus": np.add,
}
REDUCTIONS: dict[str, Callable[..., Any]] = {
    "Max": np.max,
    "Min": np.min,
    "LogSum": np.logaddexp.reduce,
    "Argmax": np.argmax,
    "Argmin": np.argmin,
}
DTYPES = {"float": np.float32, "double": np.float64}


def outputs(lines: list[str], inputs: dict[str, Array], precision: str, target: str = ""):
    """The values of the nodes in `lines`, each `name = text`, for these samples."""
    body = [f'%{n} = net.input "{n}" : S[{len(v)}]' for n, v in inputs.items()]
    element = "f64" if precision == "double" else "f32"
    names = [line.split(" = ")[0] for line in lines]
    for name, line in zip(names, lines, strict=True):
        text = line.split(" = ", 1)[1]
        body.append(f"%o{name} = net.{text.replace('NODE', name)} : !net.t<*, {element}>")
    body.append(f"net.roots output({', '.join(f'%o{n}' for n in names)})")
    module = run_passes(parse_network("\n".join(body), "", precision), "net-infer-shapes")
    columns = next(iter(inputs.values())).shape[1]
    return Compiled(module, choose_target(target)).run(inputs, {}, columns).outputs


def same(found: Array, want: Array) -> bool:
    """Whether all are equal, NaN to NaN, up to some units in the last place."""
    found, want = np.ravel(found), np.ravel(want).astype(found.dtype)
    near = np.abs(found - want) <= 8 * np.spacing(np.abs(want))
    return bool(np.all((found == want) | near | (np.isnan(found) & np.isnan(want))))


def numbers(dtype: Any) -> Array:
    limits = np.finfo(dtype)
    ends = [limits.max, limits.tiny, limits.smallest_subnormal, limits.tiny / 4, 1e-37, 9e-38]
    found = np.array([*NUMBERS, *ends], dtype)
    return np.concatenate([found, -found])


@pytest.mark.parametrize("target", ["", "avx2", "baseline"])
@pytest.mark.parametrize("precision", DTYPES)
def test_elements(precision: str, target: str):
    x = numbers(DTYPES[precision])
    lines = [f'{n} = {n} %x {{node = "NODE"}}' for n in UNARY]
    found = outputs(lines, {"x": x[None]}, precision, target)
    for name, function in UNARY.items():
        exact = x if name == "sigmoid" else x.astype(np.longdouble)  # its power overflows
        assert same(found[name], function(exact)), name
    a, b = (g.reshape(1, -1) for g in np.meshgrid(x, x))
    lines = [f'{n} = {n} %a, %b {{node = "NODE"}}' for n in BINARY]
    found = outputs(lines, {"a": a, "b": b}, precision, target)
    for name, function in BINARY.items():
        assert same(found[name], function(a, b)), name


def rows(size: int) -> Array:
    """Samples that are all NaN or infinite, have one such element, or none."""
    random = np.random.default_rng(size)
    made = random.normal(size=(size, 8))
    places = random.integers(size, size=3)
    made[places, [0, 1, 2]] = np.nan, np.inf, -np.inf
    made[:, 3:6] = np.nan, np.inf, -np.inf
    made[0, 6] = np.nan
    return made


@pytest.mark.parametrize("target", ["", "avx2"])
@pytest.mark.parametrize("size", [1, 3, 17, 40, 130])
def test_reductions(size: int, target: str):
    x = rows(size).astype(np.float32)
    lines = [
        f'{name}{-axis} = reduce %x {{node = "NODE", op = "{name}", axis = {axis}}}'
        for name in REDUCTIONS
        for axis in ((0, -1, -3) if name in ("Max", "Min", "LogSum") else (0,))
    ]
    found = outputs(lines, {"x": x}, "float", target)
    for name, function in REDUCTIONS.items():
        assert same(found[f"{name}0"], function(x, axis=0)), name
        if f"{name}3" in found:
            assert same(found[f"{name}3"], function(x, axis=1)), name
            assert same(found[f"{name}1"], function(x.reshape(-1), axis=0)), name


def test_the_first_of_several_nan_is_the_largest():
    x = np.full((20, 2), 1.0)
    x[[5, 18], 0] = np.nan
    x[[18, 3], 1] = np.nan
    lines = [f'{n} = reduce %x {{node = "NODE", op = "{n}"}}' for n in ("Argmax", "Argmin")]
    found = outputs(lines, {"x": x}, "double")
    assert [v for name in found for v in np.ravel(found[name])] == [5, 3, 5, 3]
