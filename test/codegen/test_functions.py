"""Our functions against extended precision: dense sweeps, special values, every vector width."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from brainscript.codegen.functions import NAMES, Element

sys.path.insert(0, str(Path(__file__).parent))

from function_harness import Compiled, loop_text

ELEMENTS: tuple[Element, Element] = ("float", "double")
ORACLE: dict[str, Any] = {
    "exp": np.exp,
    "decay": np.exp,
    "tanh": np.tanh,
    "log": np.log,
    "log1p": np.log1p,
    "sqrt": np.sqrt,
    "absf": np.abs,
    "floor": np.floor,
    "ceil": np.ceil,
    "sin": np.sin,
    "cos": np.cos,
    "asin": np.arcsin,
    "acos": np.arccos,
    "sinh": np.sinh,
    "cosh": np.cosh,
}
EXACT = ("sqrt", "absf", "floor", "ceil")
LIMIT = 2.2
SPECIAL = [0.0, -0.0, np.inf, -np.inf, np.nan, 1.0, -1.0, 0.5, -0.5, 2.0, 1e-37, 1e-44, -1e-44]
ANGLES = 1.6e6

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")


def points(element: Element, count: int = 60_000) -> np.ndarray[Any, Any]:
    random = np.random.default_rng(7)
    wide = element == "double"
    exponent = random.uniform(-322, 308, count) if wide else random.uniform(-44, 38, count)
    reach = 745.0 if wide else 104.0
    parts = [
        random.uniform(-1, 1, count),
        random.uniform(-reach, reach, count),
        random.uniform(-12, 12, count),
        random.uniform(0.5, 2.0, count),
        random.choice([-1.0, 1.0], count) * 10.0**exponent,
        np.asarray(SPECIAL),
    ]
    return np.concatenate(parts).astype(np.float64 if wide else np.float32)


def errors(name: str, x: np.ndarray[Any, Any], y: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """The error of `y` in units of the last place; infinite where class or sign differ."""
    exact = ORACLE[name](x.astype(np.longdouble))
    near = exact.astype(x.dtype)
    unit = np.spacing(np.abs(near)).astype(np.longdouble)
    ulps = np.abs(y.astype(np.longdouble) - exact) / unit
    ulps = np.where(np.isinf(near) | np.isinf(y), np.where(near == y, 0.0, np.inf), ulps)
    ulps = np.where(np.isnan(near), np.where(np.isnan(y), 0.0, np.inf), ulps)
    zero = (near == 0) & (y == 0)
    return np.where(zero & (np.signbit(near) != np.signbit(y)), np.inf, ulps)


@pytest.mark.parametrize("element", ELEMENTS)
@pytest.mark.parametrize("name", sorted(NAMES))
def test_error(name: str, element: Element) -> None:
    x = points(element)
    if name == "decay":
        x = x[~(x > 0)]
    if name in ("sin", "cos"):
        x = x[~(np.abs(x) > ANGLES) | np.isinf(x)]
    y = Compiled(name, 16 if element == "float" else 8, element)(x)
    ulps = errors(name, x, y)
    worst = int(np.argmax(ulps))
    bound = 0.5 if name in EXACT else LIMIT
    assert ulps[worst] <= bound, (x[worst], y[worst])


@pytest.mark.parametrize("element", ELEMENTS)
@pytest.mark.parametrize("lanes", [None, 1, 2, 4])
def test_widths_agree(lanes: int | None, element: Element) -> None:
    x = points(element, 500)
    for name in sorted(NAMES):
        wide = Compiled(name, 8, element)(x)
        narrow = Compiled(name, lanes, element)(x)
        assert np.array_equal(wide, narrow, equal_nan=True), name


@pytest.mark.parametrize("element", ELEMENTS)
def test_without_vector_extensions(element: Element) -> None:
    x = points(element, 5000)
    x = x[~(np.abs(x) > ANGLES)]
    for name in ("exp", "tanh", "log", "log1p", "floor", "sin"):
        y = Compiled(name, 4 if element == "float" else 2, element, features="")(x)
        assert np.max(errors(name, x, y)) <= (0.5 if name in EXACT else 3.0), name


@pytest.mark.parametrize("name", ["sin", "cos"])
def test_huge_angles_stay_bounded(name: str) -> None:
    x = np.array([1e9, -1e12, 1e300, 1.7e308])
    assert np.all(np.abs(Compiled(name, 2, "double")(x)) <= 1.0)


@pytest.mark.parametrize("element", ELEMENTS)
def test_decay_is_exp(element: Element) -> None:
    x = points(element)
    x = x[~(x > 0)]
    powers = [Compiled(name, 4, element)(x) for name in ("exp", "decay")]
    normal = powers[0] >= np.finfo(x.dtype).tiny
    assert np.array_equal(powers[0][normal], powers[1][normal])
    odd = np.array([0x7FC12345], np.uint32).view(np.float32).astype(x.dtype)
    assert np.isnan(Compiled("decay", 4, element)(np.repeat(odd, 8))).all()


def test_monotone_at_the_ends() -> None:
    exp = Compiled("exp", 16, "float")
    x = np.array([88.72283, 88.73, 1e30, -87.4, -103.0, -103.98, -1e30], np.float32)
    y = exp(x)
    assert np.isfinite(y[0])
    assert np.all(np.isinf(y[1:3]))
    assert 0 < y[4] < y[3] < np.finfo(np.float32).tiny
    assert np.all(y[5:] == 0)


def test_no_library_calls() -> None:
    for name in sorted(NAMES):
        text = loop_text(name, 16, "float")
        called = {
            line.split("@llvm.")[1].split(".")[0]
            for line in text.splitlines()
            if "@" in line[8:] and "call" in line
        }
        assert called <= {"fmuladd", "fabs", "sqrt", "copysign"}
