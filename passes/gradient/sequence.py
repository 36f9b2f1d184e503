"""Gradients of operations on whole sequences: each has an adjoint that moves the same samples."""

from __future__ import annotations

from brainscript.dialects.net import sequence as seq
from brainscript.dialects.net.alignment import BEGINS, CtcGradientOp
from brainscript.dialects.net.normalise import LogSoftmaxOp
from brainscript.dialects.net.reduce import ReduceOp
from brainscript.passes.gradient.cases import Case, Table
from brainscript.passes.gradient.terms import Term


def _embed(c: Case) -> Term:
    """The gradient at the steps that were kept, 0 at the others."""
    return c.make(seq.SequenceEmbedOp, c.g, index=0, **c.op.option_values())


def _slice(c: Case) -> Term:
    return c.make(seq.SequenceSliceOp, c.g, index=0, **c.op.option_values())


def _spread(c: Case) -> Term:
    return c.make(seq.SequenceSpreadOp, c.g, index=0)


def _fold(c: Case) -> Term:
    return c.make(seq.SequenceFoldOp, c.g, index=0)


def _scatter(c: Case) -> Term:
    """The gradient of each sample goes back to the column that it was copied from."""
    return c.make(seq.ScatterColumnsOp, c.operand(0), c.g, index=1)


def _gather(c: Case) -> Term:
    return c.make(seq.GatherPackedOp, c.operand(0), c.g, index=1)


def _alignment(c: Case) -> Term:
    """The softmax of the features minus the share of each class in the paths."""
    z, labels = c.operand(1), c.operand(0)
    begins = labels.apply(ReduceOp, op="Max").same(c.writer.term(BEGINS))
    tokens = begins.choose(labels.apply(ReduceOp, op="Argmax"), -1.0)
    log_p = z.apply(LogSoftmaxOp)
    return c.g * c.make(CtcGradientOp, log_p, tokens, index=1, **c.op.option_values())


TABLE: Table = {
    "net.forward_backward": (None, _alignment),
    "net.edit_distance": (None, None),
    "net.sequence_slice": (_embed,),
    "net.sequence_embed": (_slice,),
    "net.sequence_spread": (_fold,),
    "net.sequence_fold": (_spread,),
    "net.where": (None,),
    "net.columns": (None,),
    "net.broadcast_to": (lambda c: c.g,),
    "net.gather_packed": (None, _scatter),
    "net.scatter_columns": (None, _gather),
}
