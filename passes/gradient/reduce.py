"""Gradients of reductions within a sample; the sweep repeats them along the reduced axes."""

from __future__ import annotations

from brainscript.dialects.net.reduce import ReduceOp
from brainscript.dialects.net.shapes import reduced_elements
from brainscript.passes.gradient.cases import Case, Table
from brainscript.passes.gradient.terms import Term


def _mean(c: Case) -> Term:
    """`g / n` for n reduced elements."""
    assert isinstance(c.op, ReduceOp)
    shape = c.kind(0).shape
    assert shape is not None
    return c.g * (1.0 / reduced_elements(shape, c.op.axis.value.data))


def _extreme(c: Case) -> Term:
    """Every element that equals the result gets the whole gradient."""
    return c.x.same(c.o).choose(c.g, 0)


TABLE: Table = {
    "net.reduce.Sum": (lambda c: c.g,),
    "net.reduce.Mean": (_mean,),
    "net.reduce.LogSum": (lambda c: c.g * (c.x - c.o).exp(),),
    "net.reduce.Max": (_extreme,),
    "net.reduce.Min": (_extreme,),
    "net.reduce.Prod": (lambda c: (c.g * c.o) * c.x.reciprocal(),),
    "net.reduce.Argmax": (None,),
    "net.reduce.Argmin": (None,),
}
