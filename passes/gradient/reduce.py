"""Gradients of reductions; the sweep repeats them along the reduced axes."""

from __future__ import annotations

from brainscript.dialects.net import elementwise as ew
from brainscript.dialects.net.reduce import ReduceOp
from brainscript.dialects.net.shapes import reduced_elements
from brainscript.dialects.tensors import TensorType
from brainscript.passes.gradient.cases import Case, Table
from brainscript.passes.gradient.terms import Term


def _mean(c: Case) -> Term:
    """`g / n` for n reduced elements."""
    assert isinstance(c.op, ReduceOp)
    shape, axis = c.kind(0).shape, c.op.axis.value.data
    assert shape is not None
    g = c.g * (1.0 / reduced_elements(shape, axis))
    return g if axis >= 0 or c.kind(0).axis is None else g.over(_samples(c))


def _samples(c: Case) -> Term:
    """The number of samples."""
    one = TensorType.of((1,), c.kind(0).element)
    each = one.with_axis(c.kind(0).axis)
    ones = c.writer.make(ew.BroadcastToOp, c.writer.number(1.0), result=each)
    return c.writer.term(c.writer.make(ew.SumToOp, ones, result=one))


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
