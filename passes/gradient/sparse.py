"""Updates of tables that meet sparse inputs: only what a minibatch touches moves.

The gradient of W in `W * x` with x a sparse input is 0 in all columns of W that no sample has an
element for. Plain momentum and AdaGrad leave those columns alone, so the update works on the
others: they lie on a dynamic axis of their own, one column of W for each of its columns.
"""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.dialects.builtin import Float32Type
from xdsl.ir import Operation, SSAValue
from xdsl.rewriter import Rewriter

from brainscript.axes import rows_of
from brainscript.dialects.net import elementwise as ew
from brainscript.dialects.net.linear import TimesGradientLeftOp, split
from brainscript.dialects.net.network import node_name_of
from brainscript.dialects.net.parameters import InputOp
from brainscript.dialects.net.sequence import GatherPackedOp, ScatterColumnsOp
from brainscript.dialects.net.shape import ReshapeOp
from brainscript.dialects.net.sparse import PutColumnsOp, SlotsOp, SparseGradientOp, TouchedOp
from brainscript.dialects.tensors import TensorType, shape_of, type_of
from brainscript.passes.gradient.terms import Term, Writer

TOUCHED = "touched."
"""Before the name of a parameter: the state that says which columns are touched, in steps whose
gradients are stored first."""
LARGEST_INDEX = {True: 2**24, False: 2**53}
"""The numbers up to which float (True) and double hold every integer."""


@dataclass(frozen=True)
class Rows:
    """The columns of one parameter that a minibatch touches, and the products that touch them."""

    writer: Writer
    products: tuple[TimesGradientLeftOp, ...]
    size: tuple[int, int]
    index: Term

    @staticmethod
    def of(writer: Writer, gradient: SSAValue) -> Rows | None:
        """Those of a parameter with this gradient; None of a dense one."""
        products = tuple(_products(gradient.owner))
        if not products:
            return None
        kind = type_of(gradient)
        out, width = split(kind, products[0].output_rank)
        if width > LARGEST_INDEX[isinstance(kind.element, Float32Type)]:
            return None
        inputs = list(dict.fromkeys(product.b for product in products))
        names = "+".join(dict.fromkeys(node_name_of(_source(v)) for v in inputs))
        base = type_of(inputs[0]).axis
        assert base is not None
        result = TensorType.of((1,), kind.element, rows_of(base, width, names))
        options = {"width": width}
        index = writer.make(TouchedOp, *inputs, result=result, options=options)
        return Rows(writer, products, (out, width), writer.term(index))

    @property
    def _kind(self) -> TensorType:
        """The type of columns."""
        return type_of(self.index.value).with_shape((self.size[0],))

    def gradient(self) -> Term:
        """The gradient of the columns touched: the sum over the products."""
        slots = TensorType.of((self.size[1],), self._kind.element)
        slot = self.writer.make(SlotsOp, self.index.value, result=slots)
        parts = [
            self.writer.make(SparseGradientOp, p.g, p.b, slot, result=self._kind)
            for p in self.products
        ]
        total = self.writer.term(parts[0])
        for part in parts[1:]:
            total = total + self.writer.term(part)
        return total

    def take(self, table: SSAValue) -> Term:
        """The columns touched of a tensor like the parameter."""
        flat = self.writer.reshape(table, self.size)
        columns = self.writer.make(GatherPackedOp, self.index.value, flat, result=self._kind)
        return self.writer.term(columns)

    def put(self, table: SSAValue, columns: Term) -> Term:
        """The tensor with other values in the columns touched."""
        operands = (table, self.index.value, columns.value)
        return self.writer.term(self.writer.make(PutColumnsOp, *operands, result=type_of(table)))

    def mask(self) -> Term:
        """1 for the columns touched, else 0, aligned with the parameter."""
        kind = type_of(self.products[0].result)
        rank = self.products[0].output_rank.value.data
        ones = self.writer.make(ew.BroadcastToOp, self.writer.number(1.0), result=self._one)
        row = TensorType.of((1, self.size[1]), kind.element)
        flags = self.writer.make(ScatterColumnsOp, self.index.value, ones, result=row)
        shape = shape_of(self.products[0].result)
        return self.writer.term(flags).reshape((*(1 for _ in shape[:rank]), *shape[rank:]))

    @property
    def _one(self) -> TensorType:
        return type_of(self.index.value)


def forget(gradient: SSAValue) -> None:
    """Remove a dense gradient that nothing reads any more."""
    op = gradient.owner
    if isinstance(op, ew.PlusOp | TimesGradientLeftOp) and not any(gradient.uses):
        operands = list(op.operands)
        Rewriter.erase_op(op)
        for value in operands:
            forget(value)


def _products(op: object) -> list[TimesGradientLeftOp]:
    """The products that a gradient is the sum of; none unless all are with sparse inputs."""
    if isinstance(op, ew.PlusOp):
        parts = [_products(v.owner) for v in op.operands]
        return [product for part in parts for product in part] if all(parts) else []
    if isinstance(op, TimesGradientLeftOp) and _is_sparse(op.b):
        return [op]
    return []


def _source(value: SSAValue) -> SSAValue:
    """The value whose elements these are."""
    while isinstance(value.owner, ReshapeOp):
        value = value.owner.x
    return value


def _is_sparse(value: SSAValue) -> bool:
    op = _source(value).owner
    return isinstance(op, Operation) and isinstance(op, InputOp) and bool(op.sparse)
