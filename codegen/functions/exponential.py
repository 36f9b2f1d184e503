"""exp, decay, tanh, sinh, cosh.

All by `2^n * (1 + r + r^2 P(r))` with `n = rint(x / ln 2)`, `r = x - n ln 2`.
"""

from __future__ import annotations

from dataclasses import dataclass

from brainscript.codegen.functions.lanes import Lanes

LOG2E = 1.4426950408889634
TAYLOR_SINH = (
    0.16666666666666669,
    0.008333333333333135,
    0.00019841269841439825,
    2.7557319154765e-06,
    2.5052123477716892e-08,
    1.6057234854769625e-10,
    7.759462749433681e-13,
)
"""`(sinh(x) / x - 1) / x^2` in `x^2` on [0, 1]; error 2^-63."""


@dataclass(frozen=True, slots=True)
class Exponential:
    """Constants of one element type.

    `remainder` approximates `(exp(r) - 1 - r) / r^2` on |r| <= ln(2) / 2 (near-minimax, fitted in
    60 digits), `below` the same on [-ln(2), 0]; `high + low` is ln 2, and `n * high` is exact for
    every exponent `n`; adding `magic` rounds to an integer whose bits are the low bits of the
    sum; `top` and `bottom` are arguments beyond which the result is infinity or zero; from `flat`
    on tanh is 1; `lift` is an exponent that leaves no power below the range when it is added to
    those of numbers that are not above 1.
    """

    remainder: tuple[float, ...]
    below: tuple[float, ...]
    high: float
    low: float
    magic: float
    top: float
    bottom: float
    flat: float
    lift: int


SINGLE = Exponential(
    remainder=(
        0.5000000081293489,
        0.16666515384494787,
        0.04166626151753095,
        0.008369223507988884,
        0.0013946561947689737,
    ),
    below=(
        0.4999993085154129,
        0.1666530490983003,
        0.04157780033578254,
        0.008075225229263395,
        0.0010371574466650647,
    ),
    high=0.693115234375,
    low=3.1946184945309415e-05,
    magic=12582912.0,
    top=89.0,
    bottom=-104.5,
    flat=9.5,
    lift=64,
)
DOUBLE = Exponential(
    remainder=(
        0.5,
        0.16666666666666685,
        0.04166666666666671,
        0.008333333333316192,
        0.0013888888888863463,
        0.00019841269898232815,
        2.480158736417848e-05,
        2.7557233186138298e-06,
        2.755724122873017e-07,
        2.5112575199224824e-08,
        2.0924596060647947e-09,
    ),
    below=(
        0.49999999999999994,
        0.16666666666666197,
        0.04166666666653357,
        0.008333333331439404,
        0.0013888888731607063,
        0.00019841261595671982,
        2.480130296274457e-05,
        2.755076672089801e-06,
        2.745708692862846e-07,
        2.4068928859778737e-08,
        1.5178273133665611e-09,
    ),
    high=0.6931471803691238,
    low=1.9082149292705877e-10,
    magic=6755399441055744.0,
    top=711.0,
    bottom=-746.0,
    flat=20.0,
    lift=512,
)


def table(v: Lanes) -> Exponential:
    """The constants for the element type of `v`."""
    return SINGLE if v.element == "float" else DOUBLE


def reduced(v: Lanes, x: str) -> tuple[str, str]:
    """`(t, r)`: the low bits of `t` are `n = rint(x / ln 2)`, and `r = x - n ln 2`."""
    c = table(v)
    t = v.fma(x, v.constant(LOG2E), v.constant(c.magic))
    return t, _remainder(v, x, t, c.magic)


def _remainder(v: Lanes, x: str, t: str, magic: float) -> str:
    """`x - n ln 2` for the integer `n` that is `t` less the number that rounded it."""
    c = table(v)
    n = v.sub(t, v.constant(magic))
    r = v.fma(n, v.constant(-c.high), x)
    return v.fma(n, v.constant(-c.low), r)


def shifted(v: Lanes, t: str) -> str:
    """The integer in the low bits of `t`, moved to the place of the exponent."""
    return v.integers("shl", v.to_bits(t), v.integer(v.mantissa))


def exp(v: Lanes, x: str) -> str:
    """`e^x`; infinity above the range, gradual underflow below it."""
    c = table(v)
    return _scaled_exp(v, v.at_least(v.at_most(x, c.top), c.bottom), halved=False)


def decay(v: Lanes, x: str) -> str:
    """`e^x` for `x <= 0` with the bits of `exp`, in fewer steps: the power of two is not split.

    It is lifted into the normal range instead, and lowered by the product with a constant. The
    exponent field of the power comes with the number that rounds, so NaN is multiplied through.
    """
    c = table(v)
    x = v.at_least(x, c.bottom)
    magic = c.magic + c.lift + v.bias
    t = v.fma(x, v.constant(LOG2E), v.constant(magic))
    p = v.polynomial(_remainder(v, x, t, magic), (1.0, 1.0, *c.remainder))
    return v.mul(v.mul(p, v.from_bits(shifted(v, t))), v.constant(2.0**-c.lift))


def _scaled_exp(v: Lanes, x: str, halved: bool) -> str:
    """`e^x`, or half of it, for `x` between `bottom` and `top`; scaled in two steps of n / 2."""
    c = table(v)
    t, r = reduced(v, x)
    p = v.polynomial(r, (1.0, 1.0, *c.remainder))
    half = shifted(v, v.fma(x, v.constant(LOG2E / 2), v.constant(c.magic)))
    one = v.integer(v.bias << v.mantissa)
    less = v.integer((v.bias - halved) << v.mantissa)
    rest = v.integers("sub", shifted(v, t), half)
    first = v.from_bits(v.integers("add", half, one))
    second = v.from_bits(v.integers("add", rest, less))
    return v.mul(v.mul(p, first), second)


def tanh(v: Lanes, x: str) -> str:
    """`-m / (m + 2)` with `m = exp(-2 |x|) - 1`, with the sign of `x`.

    Here the exponent is rounded up, so that `m = 2^n (exp(r) - 1) + (2^n - 1)` adds equal signs.
    What rounding took from `m + 2` is given back to the quotient, times a line near `1 / (m + 2)`.
    """
    c = table(v)
    y = v.mul(v.at_most(v.absolute(x), c.flat), v.constant(-2.0))
    t = v.add(v.fma(y, v.constant(LOG2E), v.constant(0.5)), v.constant(c.magic))
    r = _remainder(v, y, t, c.magic)
    q = v.fma(v.mul(r, r), v.polynomial(r, c.below), r)
    one = v.integer(v.bias << v.mantissa)
    scale = v.from_bits(v.integers("add", shifted(v, t), one))
    m = v.fma(scale, q, v.sub(scale, v.constant(1.0)))
    below = v.add(m, v.constant(2.0))
    lost = v.sub(v.sub(below, v.constant(2.0)), m)
    lost = v.mul(lost, v.fma(below, v.constant(-0.4857), v.constant(1.457)))
    quotient = v.div(m, below)
    return v.copysign(v.fma(quotient, lost, quotient), x)


def _half_exp(v: Lanes, x: str) -> tuple[str, str]:
    """`(e^|x| / 2, e^-|x| / 2)`."""
    half = _scaled_exp(v, v.at_most(v.absolute(x), DOUBLE.top), halved=True)
    return half, v.div(v.constant(0.25), half)


def sinh(v: Lanes, x: str) -> str:
    """`(e^x - e^-x) / 2`; a polynomial for |x| < 1. Double precision only."""
    up, down = _half_exp(v, x)
    far = v.copysign(v.sub(up, down), x)
    z = v.mul(x, x)
    near = v.fma(v.mul(x, z), v.polynomial(z, TAYLOR_SINH), x)
    return v.select(v.compare("olt", v.absolute(x), v.constant(1.0)), near, far)


def cosh(v: Lanes, x: str) -> str:
    """`(e^x + e^-x) / 2`. Double precision only."""
    up, down = _half_exp(v, x)
    return v.add(up, down)
