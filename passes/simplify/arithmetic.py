"""Sums, products and functions that are simpler than they are written, to the bit.

What is not here would not give the same bits: `exp (log (x))` clips, `x - x` is not 0 for NaN,
`x .* 0` neither, and `c .* (d .* x)` rounds twice for most numbers.
"""

from __future__ import annotations

from math import frexp

from xdsl.ir import SSAValue

from brainscript.dialects.net import elementwise as ew
from brainscript.dialects.tensors import type_of
from brainscript.passes.simplify.site import Site, Table, number_of

LARGEST_POWER = 2.0**60
"""Powers of two up to here, and one over them, are normal numbers of either precision."""


def repeats(site: Site, unit: float, operands: int) -> SSAValue | None:
    """The other operand where one of the last ones is a number that changes nothing."""
    a, b = site.op.operands
    for kept, other in ((a, b), (b, a))[:operands]:
        if number_of(other) == unit and type_of(kept) == site.kind and site.kind.known:
            return kept
    return None


def plus_zero(site: Site) -> SSAValue | None:
    """`x + 0 = x`; -0 stays -0."""
    return repeats(site, 0.0, 2)


def minus_zero(site: Site) -> SSAValue | None:
    """`x - 0 = x`."""
    return repeats(site, 0.0, 1)


def times_one(site: Site) -> SSAValue | None:
    """`x .* 1 = x`."""
    return repeats(site, 1.0, 2)


def times_minus_one(site: Site) -> SSAValue | None:
    """`x .* -1 = -x`."""
    kept = repeats(site, -1.0, 2)
    return None if kept is None else site.make(ew.NegateOp, kept)


def plus_negated(site: Site) -> SSAValue | None:
    """`a + -b = a - b` and `-a + b = b - a`."""
    a, b = site.op.operands
    if isinstance(b.owner, ew.NegateOp):
        return site.make(ew.MinusOp, a, b.owner.x, result=site.kind)
    if isinstance(a.owner, ew.NegateOp):
        return site.make(ew.MinusOp, b, a.owner.x, result=site.kind)
    return None


def minus_negated(site: Site) -> SSAValue | None:
    """`a - -b = a + b`."""
    a, b = site.op.operands
    if isinstance(b.owner, ew.NegateOp):
        return site.make(ew.PlusOp, a, b.owner.x, result=site.kind)
    return None


def scaled(site: Site) -> tuple[SSAValue, float] | None:
    """What a product with a number multiplies, and the number."""
    a, b = site.op.operands
    for x, other in ((a, b), (b, a)):
        by = number_of(other)
        if by is not None and is_single(other) and type_of(x) == site.kind:
            return x, by
    return None


def negated_times(site: Site) -> SSAValue | None:
    """`-x .* c = x .* (-c)`."""
    found = scaled(site)
    if found is None or not isinstance(found[0].owner, ew.NegateOp):
        return None
    return site.make(ew.ElementTimesOp, found[0].owner.x, site.number(-found[1]))


def times_twice(site: Site) -> SSAValue | None:
    """`(x .* c) .* d = x .* (c d)` for powers of two of at least 1: no bit is lost on the way."""
    found = scaled(site)
    if found is None or not isinstance(found[0].owner, ew.ElementTimesOp):
        return None
    inner = scaled(Site(found[0].owner))
    if inner is None or not (grows(found[1]) and grows(inner[1])):
        return None
    return site.make(ew.ElementTimesOp, inner[0], site.number(found[1] * inner[1]))


def divided(site: Site) -> SSAValue | None:
    """`x / c = x .* (1 / c)` for powers of two."""
    x, c = site.op.operands
    by = number_of(c)
    if by is None or not is_single(c) or type_of(x) != site.kind or not is_power(by):
        return None
    return site.make(ew.ElementTimesOp, x, site.number(1 / by))


def is_single(value: SSAValue) -> bool:
    """Whether this is known to be one number."""
    kind = type_of(value)
    return kind.known and kind.elements == 1


def is_power(value: float) -> bool:
    """Whether this is a power of two, or minus one, not too far from 1."""
    size = abs(value)
    return 1 / LARGEST_POWER <= size <= LARGEST_POWER and frexp(size)[0] == 0.5


def grows(value: float) -> bool:
    """Whether this is a power of two of at least 1, or minus one."""
    return is_power(value) and 1 <= abs(value) <= LARGEST_POWER ** (1 / 2)


def negated_twice(site: Site) -> SSAValue | None:
    """`-(-x) = x`."""
    owner = site.op.operands[0].owner
    return owner.x if isinstance(owner, ew.NegateOp) else None


def done_before(site: Site) -> SSAValue | None:
    """`f (f (x)) = f (x)` for `Abs`, `Floor`, `ReLU` and the sign."""
    inner = site.op.operands[0]
    return inner if type(inner.owner) is type(site.op) else None


def size_of_negated(site: Site) -> SSAValue | None:
    """`Abs (-x) = Abs (x)`."""
    owner = site.op.operands[0].owner
    return site.make(ew.AbsOp, owner.x) if isinstance(owner, ew.NegateOp) else None


def size_of_positive(site: Site) -> SSAValue | None:
    """`Abs (ReLU (x)) = ReLU (x)`, which is never -0 nor NaN."""
    inner = site.op.operands[0]
    return inner if isinstance(inner.owner, ew.RectifiedLinearOp) else None


def chosen(site: Site) -> SSAValue | None:
    """`if c then a else a` is a; with a number for c it is one of the two."""
    c, a, b = site.op.operands
    number = number_of(c)
    taken = (a if a is b else None) if number is None else (a if number != 0 else b)
    if taken is None or type_of(taken) == site.kind:
        return taken
    return site.make(ew.BroadcastToOp, taken, result=site.kind)


ARITHMETIC: Table = {
    ew.PlusOp: (plus_zero, plus_negated),
    ew.MinusOp: (minus_zero, minus_negated),
    ew.ElementTimesOp: (times_one, times_minus_one, negated_times, times_twice),
    ew.QuotientOp: (divided,),
    ew.NegateOp: (negated_twice,),
    ew.AbsOp: (done_before, size_of_negated, size_of_positive),
    ew.FloorOp: (done_before,),
    ew.SignOp: (done_before,),
    ew.RectifiedLinearOp: (done_before,),
    ew.SelectOp: (chosen,),
}
