"""log and log1p: `x = 2^e (1 + f)` with `1 + f` between sqrt(1/2) and sqrt(2)."""

from __future__ import annotations

import math

from brainscript.codegen.functions.exponential import table
from brainscript.codegen.functions.lanes import Lanes

ROOT_HALF = 0.7071067811865476
SINGLE = (
    0.33333310898963847,
    -0.2500001627905804,
    0.20002204183609784,
    -0.1666764371611009,
    0.14217891534678842,
    -0.12411268686760737,
    0.11904712128522142,
    -0.11646434416493832,
    0.06675271891977648,
)
"""`(log(1 + f) - f + f^2 / 2) / f^3`; error 2^-30."""
DOUBLE = (
    0.6666666666666737,
    0.3999999999940143,
    0.28571428745022687,
    0.2222219832138817,
    0.1818357681823898,
    0.15313740438192908,
    0.14798994301953908,
)
"""`(log((1 + s) / (1 - s)) / s - 2) / s^2` in `s^2`, where `s = f / (2 + f)`; error 2^-59."""


def log(v: Lanes, x: str) -> str:
    """The natural logarithm; minus infinity at 0, NaN below."""
    small = v.compare("olt", x, v.constant(2.0 ** (1 - v.bias)))
    normal = v.select(small, v.mul(x, v.constant(2.0**v.mantissa)), x)
    shift = v.select(small, v.constant(-float(v.mantissa)), v.constant(0.0))
    e, f = _split(v, normal)
    return _special(v, x, _series(v, v.add(e, shift), f, v.constant(0.0)), x)


def log1p(v: Lanes, x: str) -> str:
    """`log(1 + x)`, exact near 0: the rounding error of `1 + x` comes back as a correction."""
    one = v.constant(1.0)
    u = v.add(x, one)
    part = v.sub(u, one)
    lost = v.add(v.sub(one, v.sub(u, part)), v.sub(x, part))
    e, f = _split(v, u)
    value = _special(v, u, _series(v, e, f, v.div(lost, u)), x)
    return v.select(v.compare("oeq", x, v.constant(0.0)), x, value)


def _split(v: Lanes, x: str) -> tuple[str, str]:
    """`(e, f)` of a positive normal `x`, both as floating-point numbers."""
    root = v.pattern(ROOT_HALF)
    one = v.pattern(1.0)
    moved = v.integers("add", v.to_bits(x), v.integer(one - root))
    exponent = v.integers("lshr", moved, v.integer(v.mantissa))
    carrier = 2.0**v.mantissa
    e = v.from_bits(v.integers("or", exponent, v.integer(v.pattern(carrier))))
    rest = v.integers("and", moved, v.integer((1 << v.mantissa) - 1))
    m = v.from_bits(v.integers("add", rest, v.integer(root)))
    return v.sub(e, v.constant(carrier + v.bias)), v.sub(m, v.constant(1.0))


def _series(v: Lanes, e: str, f: str, correction: str) -> str:
    """`e ln 2 + log(1 + f) + correction`, small parts first."""
    c = table(v)
    square = v.mul(f, f)
    low = v.fma(e, v.constant(c.low), correction)
    if v.element == "float":
        cube = v.mul(v.mul(square, f), v.polynomial(f, SINGLE))
        tail = v.fma(square, v.constant(-0.5), v.add(cube, low))
    else:
        half = v.mul(square, v.constant(0.5))
        s = v.div(f, v.add(f, v.constant(2.0)))
        z = v.mul(s, s)
        series = v.mul(z, v.polynomial(z, DOUBLE))
        tail = v.sub(v.fma(s, v.add(half, series), low), half)
    return v.fma(e, v.constant(c.high), v.add(f, tail))


def _special(v: Lanes, x: str, value: str, whole: str) -> str:
    """The value where `x > 0`, else minus infinity at 0 and NaN; infinity where `whole` is."""
    zero, infinity = v.constant(0.0), v.constant(math.inf)
    pole = v.select(v.compare("oeq", x, zero), v.constant(-math.inf), v.constant(math.nan))
    value = v.select(v.compare("ogt", x, zero), value, pole)
    return v.select(v.compare("oeq", whole, infinity), infinity, value)
