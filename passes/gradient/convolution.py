"""Gradients of convolution, pooling, unpooling and cropping: exact adjoints, in windows."""

from __future__ import annotations

from brainscript.dialects.net import convolution as cv
from brainscript.dialects.net import crop as cr
from brainscript.dialects.net import pooling as pl
from brainscript.dialects.net import shape as sh
from brainscript.dialects.net.crop_offsets import offsets_of
from brainscript.dialects.tensors import type_of
from brainscript.passes.gradient.cases import Case, Table
from brainscript.passes.gradient.terms import Term


def _whole(c: Case) -> Term:
    """`g`, of the type of the result."""
    return Term(c.writer, c.writer.fit(c.g.value, type_of(c.op.result)))


def _convolution_weights(c: Case) -> Term:
    """The windows of x times g; of a transposed convolution the windows of g times x."""
    assert isinstance(c.op, cv.ConvolutionOp)
    pair = (_whole(c), c.b) if c.op.is_transposed else (c.b, _whole(c))
    return c.make(cv.CorrelateWeightsOp, *pair, index=0, **c.op.window_options())


def _convolution_input(c: Case) -> Term:
    """The adjoint of a convolution; that of a transposed one is a convolution."""
    assert isinstance(c.op, cv.ConvolutionOp)
    op = cv.CorrelateOp if c.op.is_transposed else cv.CorrelateBackOp
    return c.make(op, c.a, _whole(c), index=1, **c.op.window_options())


def _pooling(c: Case) -> Term:
    """To the first largest element, or shared by all elements of a window."""
    assert isinstance(c.op, pl.PoolingNode)
    options = c.op.window_options()
    inputs = (_whole(c), c.x) if options["kind"] == pl.MAX else (_whole(c),)
    return c.make(pl.PoolBackOp, *inputs, index=0, **options)


def _unpooling(c: Case) -> Term:
    """`g` where the value went."""
    assert isinstance(c.op, pl.MaxUnpoolingOp)
    return c.make(pl.UnpoolBackOp, _whole(c), c.b, index=0, **c.op.window_options())


def _regions(c: Case) -> Term:
    """To the first largest element of every bin."""
    assert isinstance(c.op, pl.RoiPoolingOp)
    options = {name: c.op.option_values()[name] for name in ("bins", "scale")}
    return c.make(pl.RoiPoolingBackOp, c.a, c.b, _whole(c), index=0, **options)


def _crop(c: Case) -> Term:
    """`g` at the place of the part that was cut out."""
    assert isinstance(c.op, cr.CropOp)
    wide, high = offsets_of(c.op)
    tall, full = type_of(c.op.result), c.kind(0)
    assert full.shape is not None
    assert tall.shape is not None
    kind = full.with_shape((tall.shape[0], *full.shape[1:]))
    options = {"begin": high, "axis": 2}
    rows = c.writer.make(sh.EmbedOp, _whole(c).value, result=kind, options=options)
    return c.make(sh.EmbedOp, Term(c.writer, rows), index=0, begin=wide, axis=1)


TABLE: Table = {
    "net.convolution": (_convolution_weights, _convolution_input),
    "net.pooling": (_pooling,),
    "net.max_pooling": (_pooling,),
    "net.average_pooling": (_pooling,),
    "net.max_unpooling": (_unpooling, None),
    "net.roi_pooling": (_regions, None),
    "net.crop": (_crop, None, None, None),
}
