"""Gradients of the softmax family and of normalisation by statistics."""

from __future__ import annotations

from brainscript.dialects.net import elementwise as ew
from brainscript.passes.gradient.cases import Case, Table
from brainscript.passes.gradient.terms import Term


def _over_samples(c: Case, x: Term) -> Term:
    """The sum of x for each feature or channel."""
    return c.writer.term(c.writer.make(ew.SumToOp, x.value, result=c.kind(1)))


def _product(c: Case) -> Term:
    """`sum g (x - mean)`; x - centre is summed, because the gradient of x needs it as well."""
    mean, centre = c.operand(3), c.operand(5)
    return _over_samples(c, c.g * (c.x - centre)) + (centre - mean) * _over_samples(c, c.g)


def _normalised(c: Case) -> Term:
    """`scale .* (inverse .* (g - weight .* sum g) - slope .* (x - centre) .* sum g (x - mean))`."""
    scale, inverse, centre = c.operand(1), c.operand(4), c.operand(5)
    weight, slope = c.operand(6), c.operand(7)
    factor = scale * inverse
    constant = factor * (weight * _over_samples(c, c.g))
    linear = scale * (slope * _product(c))
    return c.g * factor - ((c.x - centre) * linear + constant)


TABLE: Table = {
    "net.softmax": (lambda c: c.o * (c.g - (c.g * c.o).sum()),),
    "net.log_softmax": (lambda c: c.g - c.o.exp() * c.g.sum(),),
    "net.hardmax": (None,),
    "net.mean": (None,),
    "net.inv_std_dev": (None,),
    "net.normalise": (
        _normalised,
        lambda c: c.operand(4) * _product(c),
        lambda c: _over_samples(c, c.g),
        *(None,) * 5,
    ),
    "net.per_dim_mean_var_normalization": (
        lambda c: c.g * c.c,
        lambda c: -(c.g * c.c),
        lambda c: c.g * (c.a - c.b),
    ),
    "net.per_dim_mean_var_de_normalization": (
        lambda c: c.g.over(c.c),
        lambda c: c.g,
        lambda c: -(c.g * c.a).over(c.c).over(c.c),
    ),
}
