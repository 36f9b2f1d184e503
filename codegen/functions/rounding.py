"""floor and ceil without the instructions that the oldest targets lack."""

from __future__ import annotations

from brainscript.codegen.functions.lanes import Lanes


def _nearest(v: Lanes, x: str) -> str:
    """`x` rounded to the nearest integer, ties to even, for |x| below 2^mantissa."""
    carrier = v.constant(2.0**v.mantissa)
    return v.copysign(v.sub(v.add(v.absolute(x), carrier), carrier), x)


def floor(v: Lanes, x: str) -> str:
    """The largest integer not above `x`; -0, infinities and NaN stay."""
    near = _nearest(v, x)
    less = v.sub(near, v.constant(1.0))
    value = v.select(v.compare("ogt", near, x), less, near)
    inside = v.compare("olt", v.absolute(x), v.constant(2.0**v.mantissa))
    return v.select(inside, value, x)


def ceil(v: Lanes, x: str) -> str:
    """The smallest integer not below `x`."""
    return v.negate(floor(v, v.negate(x)))
