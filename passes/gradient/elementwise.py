"""Gradients of elementwise operations; sums over broadcast axes are added by the sweep."""

from __future__ import annotations

from brainscript.dialects.net import elementwise as ew
from brainscript.passes.gradient.cases import Case, Table
from brainscript.passes.gradient.terms import Term


def _square_root_of_rest(c: Case) -> Term:
    """`1 / sqrt (1 - x^2)`."""
    return (1 - c.x * c.x).apply(ew.SqrtOp).reciprocal()


def _sigmoid(c: Case) -> Term:
    return c.g * (c.o * (1 - c.o))


TABLE: Table = {
    "net.abs": (lambda c: c.g * c.x.apply(ew.SignOp),),
    "net.acos": (lambda c: -(c.g * _square_root_of_rest(c)),),
    "net.asin": (lambda c: c.g * _square_root_of_rest(c),),
    "net.cosine": (lambda c: -(c.g * c.x.apply(ew.SinOp)),),
    "net.cosh": (lambda c: c.g * c.x.apply(ew.SinhOp),),
    "net.exp": (lambda c: c.g * c.o,),
    "net.floor": (None,),
    "net.labels_to_graph": (lambda c: c.g,),
    "net.log": (lambda c: c.g * (-c.o).exp(),),
    "net.negate": (lambda c: -c.g,),
    "net.pass": (lambda c: c.g,),
    "net.reciprocal": (lambda c: -(c.g * (c.o * c.o)),),
    "net.rectified_linear": (lambda c: (c.o > 0).choose(c.g, 0),),
    "net.sigmoid": (_sigmoid,),
    "net.sin": (lambda c: c.g * c.x.apply(ew.CosineOp),),
    "net.sinh": (lambda c: c.g * c.x.apply(ew.CoshOp),),
    "net.sqrt": (lambda c: c.g * (0.5 * c.o.reciprocal()),),
    "net.stable_sigmoid": (_sigmoid,),
    "net.stop_gradient": (None,),
    "net.tanh": (lambda c: c.g * (1 - c.o * c.o),),
    "net.element_times": (lambda c: c.g * c.b, lambda c: c.g * c.a),
    "net.equal": (None, None),
    "net.greater": (None, None),
    "net.greater_equal": (None, None),
    "net.less": (None, None),
    "net.less_equal": (None, None),
    "net.not_equal": (None, None),
    "net.log_plus": (
        lambda c: c.g * (c.a - c.b).apply(ew.StableSigmoidOp),
        lambda c: c.g * (c.b - c.a).apply(ew.StableSigmoidOp),
    ),
    "net.minus": (lambda c: c.g, lambda c: -c.g),
    "net.plus": (lambda c: c.g, lambda c: c.g),
    "net.diag_times": (lambda c: c.g * c.b, lambda c: c.a.apply(ew.DiagTimesOp, c.g)),
    "net.clip": (None, None, lambda c: c.o.same(c.c).choose(c.g, 0)),
    "net.select": (
        None,
        lambda c: c.a.choose(c.g, 0),
        lambda c: c.a.choose(0, c.g),
    ),
}
