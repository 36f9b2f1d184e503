"""Operations on values whose memory holds the elements alone that are not 0 (`sparse` types).

The compiler alone makes them: `net-store-sparse` of the operations that meet a sparse input,
`net-update` of the gradients of tables that do. Kernels: `passes/lower/sparse/`.
"""

from __future__ import annotations

from math import isqrt

from xdsl.dialects.builtin import BoolAttr, IntegerAttr, i64
from xdsl.ir import SSAValue
from xdsl.irdl import irdl_op_definition, operand_def, opt_operand_def, prop_def, var_operand_def
from xdsl.utils.exceptions import VerifyException

from brainscript.axes import made
from brainscript.dialects.net.base import NetOp
from brainscript.dialects.net.shapes import as_written
from brainscript.dialects.net.words import WORD_KERNELS
from brainscript.dialects.tensors import TensorType, type_of


def _no() -> BoolAttr:
    return BoolAttr.from_bool(False)


@irdl_op_definition
class DensifyOp(NetOp):
    """The same value with all its elements in memory: what has no sparse form reads that."""

    name = "net.densify"
    rule = staticmethod(as_written)

    x = operand_def(TensorType)


@irdl_op_definition
class SparseTimesOp(NetOp):
    """`W * x` for a sparse x: the columns of W that x names, each times its element, added up.

    W is `[out x reduced]`, or stored as `[reduced x out]` if `transposed`; x `[reduced x rest]`.
    """

    name = "net.sparse_times"
    rule = staticmethod(as_written)

    w = operand_def(TensorType)
    x = operand_def(TensorType)
    transposed = prop_def(BoolAttr, default_value=_no())

    def verify_(self) -> None:
        """The sizes give a product."""
        super().verify_()
        sizes_of(self.w, self.x, self.result)


@irdl_op_definition
class SparseGradientOp(NetOp):
    """`g * x'` for a sparse x, summed over all samples: the gradient of W in `W * x`.

    With `slots`, one number for each column of W, the result lies on an axis that has a column for
    each column of W touched: the one that `slots` tells.
    """

    name = "net.sparse_times_gradient"
    rule = staticmethod(as_written)

    g = operand_def(TensorType)
    x = operand_def(TensorType)
    slots = opt_operand_def(TensorType)
    transposed = prop_def(BoolAttr, default_value=_no())

    @property
    def weights(self) -> TensorType:
        """The type of W as far as its sizes go."""
        kind = type_of(self.result)
        if self.slots is None:
            return kind
        return kind.with_axis(None).with_shape((kind.elements, type_of(self.slots).elements))

    def verify_(self) -> None:
        """The sizes give a product."""
        super().verify_()
        product_sizes(self.weights, type_of(self.x), type_of(self.g))


@irdl_op_definition
class TouchedOp(NetOp):
    """The numbers of the columns that sparse values touch, each once, in the order of their use.

    `%i = net.touched %x, %y {width = 943} : !net.t<[1], f32, @"*/rows:943:x+y">`; element k of a
    value stands for column `k mod width`.
    """

    name = "net.touched"
    rule = staticmethod(as_written)

    values = var_operand_def(TensorType)
    width = prop_def(IntegerAttr, default_value=IntegerAttr(1, i64))

    def verify_(self) -> None:
        """The step finds the axis."""
        super().verify_()
        axis = type_of(self.result).axis
        if axis is None or made(axis).kind != "found":
            raise VerifyException("the columns touched lie on an axis that the step finds")


@irdl_op_definition
class SlotsOp(NetOp):
    """For each column that is touched its place among those: `slots[index[k]] = k`.

    The other elements are anything.
    """

    name = "net.slots"
    rule = staticmethod(as_written)

    index = operand_def(TensorType)


@irdl_op_definition
class PutColumnsOp(NetOp):
    """`old` with other columns: `y[:, index[k]] = columns[:, k]`. It is done in place."""

    name = "net.put_columns"
    rule = staticmethod(as_written)

    old = operand_def(TensorType)
    index = operand_def(TensorType)
    columns = operand_def(TensorType)


@irdl_op_definition
class SparseDotOp(NetOp):
    """The inner product of each sparse sample with a dense one."""

    name = "net.sparse_dot"
    rule = staticmethod(as_written)

    x = operand_def(TensorType)
    z = operand_def(TensorType)


@irdl_op_definition
class SparseSumOp(NetOp):
    """The sum of the elements of each sparse sample."""

    name = "net.sparse_sum"
    rule = staticmethod(as_written)

    x = operand_def(TensorType)


@irdl_op_definition
class SparseLargestOp(NetOp):
    """The index of the first largest element of each sparse sample."""

    name = "net.sparse_largest"
    rule = staticmethod(as_written)

    x = operand_def(TensorType)


@irdl_op_definition
class MinusSparseOp(NetOp):
    """A dense value less a sparse one; done where the dense one lies if nobody else reads it."""

    name = "net.minus_sparse"
    rule = staticmethod(as_written)

    z = operand_def(TensorType)
    x = operand_def(TensorType)
    in_place = prop_def(BoolAttr, default_value=_no())

    @property
    def is_alone(self) -> bool:
        """Whether the dense value is made by a kernel and read here only."""
        owner = self.z.owner
        made = isinstance(owner, NetOp) and "kernel" in owner.attributes
        return made and len(list(self.z.uses)) == 1


SPARSE_KERNELS = WORD_KERNELS | frozenset(
    f"net.{name}"
    for name in (
        "densify",
        "sparse_times",
        "sparse_times_gradient",
        "touched",
        "slots",
        "put_columns",
        "minus_sparse",
        "sparse_dot",
        "sparse_sum",
        "sparse_largest",
    )
)
"""The operations that are a kernel of the family `sparse` each."""


def sizes_of(w: SSAValue, x: SSAValue, z: SSAValue) -> tuple[int, int, int]:
    """`(out, reduced, rest)` of a product."""
    return product_sizes(type_of(w), type_of(x), type_of(z))


def product_sizes(w: TensorType, x: TensorType, z: TensorType) -> tuple[int, int, int]:
    """`(out, reduced, rest)` with `out * reduced` elements of w, `reduced * rest` of x and
    `out * rest` of z."""
    out = isqrt(w.elements * z.elements // x.elements)
    fits = out and not w.elements % out and not z.elements % out
    reduced, rest = (w.elements // out, z.elements // out) if fits else (0, 0)
    if not fits or reduced * rest != x.elements:
        raise VerifyException(f"{w} times {x} does not give {z}")
    return out, reduced, rest
