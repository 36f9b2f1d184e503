"""Products of tensors and the sum of everything. Gradients: `passes/gradient/linear.py`."""

from __future__ import annotations

from abc import ABC
from typing import ClassVar

from xdsl.dialects.builtin import IntegerAttr, StringAttr, i64
from xdsl.irdl import (
    EqAttrConstraint,
    irdl_op_definition,
    operand_def,
    opt_prop_def,
    prop_def,
)
from xdsl.utils.exceptions import VerifyException

from brainscript.dialects.net.base import NetOp, Option, shapes_of
from brainscript.dialects.net.criterion_rules import (
    each_sample_rule,
    khatri_rao_rule,
    lookup_rule,
    negative_samples_rule,
)
from brainscript.dialects.net.products import times_rule, transpose_times_rule
from brainscript.dialects.net.shapes import as_written, sample_pair_rule, scalar_rule
from brainscript.dialects.tensors import TensorType, type_of

OUTPUT_RANK = Option("outputRank", 1, "integer", "output_rank")
BF16 = StringAttr("bf16")
"""How a product is marked whose inputs are rounded to bfloat16."""

INFER_RANK = Option("inferInputRankToMap", -1, "integer", "infer_rank")


@irdl_op_definition
class TimesOp(NetOp):
    """`A * B`: the last axes of A meet the first of B, `z[i, j] = sum over k of a[i, k] * b[k, j]`.

    BrainScript: `A * B`, `Times (A, B, outputRank=1, inferInputRankToMap=-1)`. The first
    `output_rank` axes of A are the first ones of the result. `infer_rank` says how many trailing
    axes of B a left parameter of open rank leaves alone (-1: its rank is as written).

    As in CNTK a row `[1 x n]` times a vector `[n]`, both minibatch data, is the product of their
    sums; `TransposeTimes (a, b)` of two vectors is the inner product.

    The compiler marks a product whose inputs are rounded with `rounded = "bf16"`.
    """

    name = "net.times"
    OPERATION: ClassVar[str] = "Times"
    OPTIONS: ClassVar[tuple[Option, ...]] = (OUTPUT_RANK, INFER_RANK)
    rule = staticmethod(times_rule)

    a = operand_def(TensorType)
    b = operand_def(TensorType)
    output_rank = prop_def(IntegerAttr, default_value=IntegerAttr(1, i64))
    infer_rank = prop_def(IntegerAttr, default_value=IntegerAttr(-1, i64))
    rounded = opt_prop_def(EqAttrConstraint(BF16))

    @property
    def multiplies_sums(self) -> bool:
        """Whether this is the product of the sums of a row and of a vector."""
        a, b = type_of(self.a), type_of(self.b)
        vector = b.shape is not None and len(b.shape) == 1 and a.shape == (1, *b.shape)
        return vector and a.axis is not None and b.axis is not None


@irdl_op_definition
class TransposeTimesOp(NetOp):
    """`A' * B` for a matrix or vector A. BrainScript: `TransposeTimes (A, B)`."""

    name = "net.transpose_times"
    OPERATION: ClassVar[str] = "TransposeTimes"
    rule = staticmethod(transpose_times_rule)

    a = operand_def(TensorType)
    b = operand_def(TensorType)


class TimesGradientOp(NetOp, ABC):
    """A gradient of a product; the result type says which contraction it is."""

    rule = staticmethod(as_written)

    output_rank = prop_def(IntegerAttr, default_value=IntegerAttr(1, i64))
    rounded = opt_prop_def(EqAttrConstraint(BF16))

    def check_elements(self, *sizes: tuple[int, int]) -> None:
        """Raise unless the two numbers of every pair agree."""
        if any(one != other for one, other in sizes):
            raise VerifyException(
                f"the shapes {shapes_of(self.operands)} do not give {self.result.type}"
            )


@irdl_op_definition
class TimesGradientLeftOp(TimesGradientOp):
    """`g * B'`, the gradient of A in `A * B`; summed over all samples if the result has no axis."""

    name = "net.times_gradient_left"

    g = operand_def(TensorType)
    b = operand_def(TensorType)

    def verify_(self) -> None:
        """`out * rest` elements and `reduced * rest` elements give `out * reduced`."""
        super().verify_()
        types = [type_of(v) for v in (self.g, self.b, self.result)]
        if all(t.known for t in types):
            g, b, a = types
            out, reduced = split(a, self.output_rank)
            self.check_elements((g.elements % out, 0), (g.elements // out * reduced, b.elements))


@irdl_op_definition
class TimesGradientRightOp(TimesGradientOp):
    """`A' * g`, the gradient of B in `A * B`; summed over all samples if the result has no axis."""

    name = "net.times_gradient_right"

    a = operand_def(TensorType)
    g = operand_def(TensorType)

    def verify_(self) -> None:
        """`out * reduced` elements and `out * rest` elements give `reduced * rest`."""
        super().verify_()
        types = [type_of(v) for v in (self.a, self.g, self.result)]
        if all(t.known for t in types):
            a, g, b = types
            out, reduced = split(a, self.output_rank)
            self.check_elements((g.elements % out, 0), (g.elements // out * reduced, b.elements))


def split(a: TensorType, output_rank: IntegerAttr) -> tuple[int, int]:
    """A flattened to a matrix: `(out, reduced)`."""
    assert a.shape is not None
    rank = output_rank.value.data
    out = TensorType.of(a.shape[:rank]).elements
    return out, a.elements // out


@irdl_op_definition
class SumElementsOp(NetOp):
    """The sum over the elements of all samples, `[1]`. BrainScript: `SumElements (x)`."""

    name = "net.sum_elements"
    OPERATION: ClassVar[str] = "SumElements"
    rule = staticmethod(scalar_rule)

    x = operand_def(TensorType)


@irdl_op_definition
class SumColumnElementsOp(NetOp):
    """The sum over the elements of each sample. BrainScript: `SumColumnElements (z)`."""

    name = "net.sum_column_elements"
    OPERATION: ClassVar[str] = "SumColumnElements"
    rule = staticmethod(each_sample_rule)

    x = operand_def(TensorType)


@irdl_op_definition
class MatrixL1RegOp(NetOp):
    """The sum of `|x|` over the elements of all samples. BrainScript: `MatrixL1Reg (x)`."""

    name = "net.matrix_l1_reg"
    OPERATION: ClassVar[str] = "MatrixL1Reg"
    rule = staticmethod(scalar_rule)

    x = operand_def(TensorType)


@irdl_op_definition
class MatrixL2RegOp(NetOp):
    """The root of the sum of `x^2` over all samples. BrainScript: `MatrixL2Reg (x)`."""

    name = "net.matrix_l2_reg"
    OPERATION: ClassVar[str] = "MatrixL2Reg"
    rule = staticmethod(scalar_rule)

    x = operand_def(TensorType)


@irdl_op_definition
class KhatriRaoProductOp(NetOp):
    """All products of an element of one sample and one of the other, those of l fastest.

    `z[i + I * j] = l[i] * r[j]` for I elements of l. BrainScript: `KhatriRaoProduct (l, r)`.
    """

    name = "net.khatri_rao_product"
    OPERATION: ClassVar[str] = "KhatriRaoProduct"
    rule = staticmethod(khatri_rao_rule)

    a = operand_def(TensorType)
    b = operand_def(TensorType)


@irdl_op_definition
class LookupTableOp(NetOp):
    """A matrix `[r x c]` times each of the pieces of c elements that a sample is made of.

    BrainScript: `new ComputationNode {operation = 'LookupTable'}`, `LookupTable` of NDL.
    """

    name = "net.lookup_table"
    OPERATION: ClassVar[str] = "LookupTable"
    rule = staticmethod(lookup_rule)

    table = operand_def(TensorType)
    x = operand_def(TensorType)


@irdl_op_definition
class CosDistanceWithNegativeSamplesOp(NetOp):
    """The cosine of a sample with its partner, then with `count` partners of other samples.

    Element 0 is `cos (a_j, b_j)`, element i is `cos (a_j, b_k)` with `k = j + shift + i - 1` modulo
    the number of samples. BrainScript: `CosDistanceWithNegativeSamples (a, b, shift, count)`.
    """

    name = "net.cos_distance_with_negative_samples"
    OPERATION: ClassVar[str] = "CosDistanceWithNegativeSamples"
    OPTIONS: ClassVar[tuple[Option, ...]] = (
        Option("numShifts", 1, "integer", "shift"),
        Option("numNegSamples", 1, "integer", "count"),
    )
    rule = staticmethod(negative_samples_rule)

    a = operand_def(TensorType)
    b = operand_def(TensorType)
    shift = prop_def(IntegerAttr, default_value=IntegerAttr(1, i64))
    count = prop_def(IntegerAttr, default_value=IntegerAttr(1, i64))


@irdl_op_definition
class CosDistanceOp(NetOp):
    """`a . b / (|a| |b|)` of whole samples, the norms kept at least 1e-30 away from 0.

    BrainScript: `CosDistance (a, b)`.
    """

    name = "net.cos_distance"
    OPERATION: ClassVar[str] = "CosDistance"
    rule = staticmethod(sample_pair_rule)

    a = operand_def(TensorType)
    b = operand_def(TensorType)
