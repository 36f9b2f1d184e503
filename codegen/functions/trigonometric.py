"""sin, cos, asin, acos in double precision, accurate to 2 ulp for angles up to 10^6."""

from __future__ import annotations

from brainscript.codegen.functions.exponential import DOUBLE
from brainscript.codegen.functions.lanes import Lanes

HALF_PI = (1.5707963267341256, 6.077100506303966e-11, 2.0222662487959506e-21)
"""pi / 2 in three pieces; the first two have 33 bits, so small multiples of them are exact."""
HALF_PI_PAIR = (1.5707963267948966, 6.123233995736766e-17)
WIDEST = 2.0**30
"""Beyond this angle the result is that of angle 0."""
SINE = (
    -0.16666666666666627,
    0.008333333333321057,
    -0.0001984126982872405,
    2.7557313313603447e-06,
    -2.5050698315505423e-08,
    1.5893291960672346e-10,
)
"""`(sin(r) / r - 1) / r^2` in `r^2` on |r| <= pi / 4; error 2^-58."""
COSINE = (
    0.04166666666666659,
    -0.0013888888888872024,
    2.4801587288182734e-05,
    -2.755731397781654e-07,
    2.087567229826884e-09,
    -1.1356999494511206e-11,
)
"""`(cos(r) - 1 + r^2 / 2) / r^4` in `r^2` on |r| <= pi / 4; error 2^-64."""
ARCSINE = (
    0.1666666666666676,
    0.07499999999970834,
    0.044642857174464444,
    0.030381942718107104,
    0.022372214639650858,
    0.017351618916554987,
    0.0139807328875162,
    0.011399653518002154,
    0.010776026081393192,
    0.003722475453938697,
    0.021668408164047234,
    -0.020944203592347135,
    0.0325947045894174,
)
"""`(asin(s) / s - 1) / s^2` in `s^2` on |s| <= 1/2; error 2^-60."""


def sin(v: Lanes, x: str) -> str:
    """The sine of an angle in radians; the argument itself where it is tiny."""
    tiny = v.compare("olt", v.absolute(x), v.constant(2.0**-27))
    return v.select(tiny, x, _wave(v, x, 0))


def cos(v: Lanes, x: str) -> str:
    """The cosine of an angle in radians."""
    return _wave(v, x, 1)


def _wave(v: Lanes, x: str, quarter: int) -> str:
    """`sin(x + quarter * pi / 2)`"""
    inside = v.compare("olt", v.absolute(x), v.constant(WIDEST))
    x = v.select(inside, x, v.mul(x, v.constant(0.0)))
    quadrant, r, low = _reduce(v, x)
    quadrant = v.integers("add", quadrant, v.integer(quarter))
    z = v.mul(r, r)
    half = v.mul(z, v.constant(0.5))
    beside = v.sub(v.constant(1.0), half)
    tail = v.fma(v.mul(r, z), v.polynomial(z, SINE), v.mul(low, beside))
    sine = v.add(r, tail)
    lost = v.sub(v.sub(v.constant(1.0), beside), half)
    tail = v.fma(v.mul(z, z), v.polynomial(z, COSINE), v.sub(lost, v.mul(r, low)))
    cosine = v.add(beside, tail)
    odd = v.integers("and", quadrant, v.integer(1))
    flag = v.emit(f"icmp eq {v.bits} {odd}, {v.integer(0)}")
    value = v.to_bits(v.select(flag, sine, cosine))
    sign = v.integers("shl", v.integers("lshr", quadrant, v.integer(1)), v.integer(63))
    return v.from_bits(v.integers("xor", value, sign))


def _reduce(v: Lanes, x: str) -> tuple[str, str, str]:
    """`(bits ending in n, r, low)` with `x = n pi / 2 + r + low` and |r| <= pi / 4."""
    first, second, third = HALF_PI
    t = v.fma(x, v.constant(1.0 / HALF_PI_PAIR[0]), v.constant(DOUBLE.magic))
    n = v.sub(t, v.constant(DOUBLE.magic))
    a = v.fma(n, v.constant(-first), x)
    b = v.mul(n, v.constant(-second))
    total = v.add(a, b)
    part = v.sub(total, a)
    lost = v.add(v.sub(a, v.sub(total, part)), v.sub(b, part))
    lost = v.fma(n, v.constant(-third), lost)
    r = v.add(total, lost)
    return v.to_bits(t), r, v.sub(lost, v.sub(r, total))


def _arc(v: Lanes, magnitude: str) -> tuple[str, str, str]:
    """`(large, s, tail)` with asin(s) = s + tail; `s` is `a`, or sqrt((1 - a) / 2) for a > 1/2."""
    large = v.compare("ogt", magnitude, v.constant(0.5))
    rest = v.mul(v.sub(v.constant(1.0), magnitude), v.constant(0.5))
    z = v.select(large, rest, v.mul(magnitude, magnitude))
    s = v.select(large, v.sqrt(rest), magnitude)
    return large, s, v.mul(v.mul(s, z), v.polynomial(z, ARCSINE))


def asin(v: Lanes, x: str) -> str:
    """The angle in [-pi/2, pi/2] whose sine is `x`; NaN outside [-1, 1]."""
    high, low = HALF_PI_PAIR
    large, s, tail = _arc(v, v.absolute(x))
    twice = v.mul(s, v.constant(2.0))
    rest = v.sub(v.mul(tail, v.constant(2.0)), v.constant(low))
    far = v.sub(v.sub(v.constant(high), twice), rest)
    return v.copysign(v.select(large, far, v.add(s, tail)), x)


def acos(v: Lanes, x: str) -> str:
    """The angle in [0, pi] whose cosine is `x`; NaN outside [-1, 1]."""
    high, low = HALF_PI_PAIR
    large, s, tail = _arc(v, v.absolute(x))
    negative = v.compare("olt", x, v.constant(0.0))
    double_s, double_tail = v.mul(s, v.constant(2.0)), v.mul(tail, v.constant(2.0))
    behind = v.sub(v.constant(2 * high), double_s)
    behind = v.sub(behind, v.sub(double_tail, v.constant(2 * low)))
    far = v.select(negative, behind, v.add(double_s, double_tail))
    near = v.sub(v.constant(low), v.copysign(tail, x))
    near = v.add(v.sub(v.constant(high), x), near)
    return v.select(large, far, near)
