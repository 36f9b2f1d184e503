"""Gradients of the softmax family and of normalisation by statistics."""

from __future__ import annotations

from brainscript.dialects.net import elementwise as ew
from brainscript.passes.gradient.cases import Case, Table
from brainscript.passes.gradient.terms import Term


def _over_samples(c: Case, x: Term) -> Term:
    """The sum of x for each feature or channel."""
    return c.writer.term(c.writer.make(ew.SumToOp, x.value, result=c.kind(1)))


def _product(c: Case) -> Term:
    """`sum g (x - mean)`."""
    return _over_samples(c, (c.g * (c.x - c.operand(3)).late()).late())


def _normalised(c: Case) -> Term:
    """`scale .* inverse .* (g - share .* (sum g + inverse^2 .* (x - mean) .* sum g (x - mean)))`.

    The gradient through mean and inverse deviation is in it.
    """
    mean, inverse, share = c.operand(3), c.operand(4), c.operand(5)
    factor = c.operand(1) * inverse
    constant = factor * (share * _over_samples(c, c.g))
    linear = factor * (inverse * inverse * share * _product(c))
    return (c.g * factor).late() - ((c.x - mean).late() * linear + constant)


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
        *(None,) * 3,
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
