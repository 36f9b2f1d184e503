"""Which columns of a parameter a minibatch of a sparse input touches.

The gradient of W in `W * x` with x a sparse input is 0 in all columns whose element of x is 0 in
every sample; plain momentum leaves those columns alone.
"""

from __future__ import annotations

from xdsl.ir import Operation, SSAValue

from brainscript.dialects.net import elementwise as ew
from brainscript.dialects.net.linear import TimesGradientLeftOp
from brainscript.dialects.net.parameters import InputOp
from brainscript.dialects.tensors import TensorType, shape_of, type_of
from brainscript.passes.gradient.terms import Term, Writer


def touched(writer: Writer, gradient: SSAValue) -> Term | None:
    """1 for the columns touched, else 0, aligned with the parameter; None of a dense gradient."""
    products = _products(gradient.owner)
    if not products:
        return None
    total = _count(writer, products[0])
    for product in products[1:]:
        total = total + _count(writer, product)
    return total > 0.0


def _products(op: object) -> list[TimesGradientLeftOp]:
    """The products that a gradient is the sum of; none unless all are with sparse inputs."""
    if isinstance(op, ew.PlusOp):
        parts = [_products(v.owner) for v in op.operands]
        return [product for part in parts for product in part] if all(parts) else []
    if isinstance(op, TimesGradientLeftOp) and _is_sparse(op.b.owner):
        return [op]
    return []


def _is_sparse(op: object) -> bool:
    return isinstance(op, Operation) and isinstance(op, InputOp) and bool(op.sparse)


def _count(writer: Writer, product: TimesGradientLeftOp) -> Term:
    """In how many samples each element of the input is not 0: a row `1' (x != 0)`."""
    rank = product.output_rank.value.data
    shape, kind = shape_of(product.result), type_of(product.b)
    one = writer.number(1.0)
    ones = writer.make(ew.BroadcastToOp, one, result=kind.with_shape((1,)))
    flags = writer.make(ew.NotEqualOp, product.b, writer.number(0.0))
    row = TensorType.of((*(1 for _ in shape[:rank]), *shape[rank:]), kind.element)
    options = {"output_rank": rank}
    return writer.term(writer.make(TimesGradientLeftOp, ones, flags, result=row, options=options))
