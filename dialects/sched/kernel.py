"""`sched.kernel`: a fused group of `net` operations that becomes one native function."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Self

from typing_extensions import override
from xdsl.dialects.builtin import IntegerAttr, StringAttr, SymbolNameConstraint
from xdsl.ir import Operation, Region, SSAValue, Use
from xdsl.irdl import (
    IRDLOperation,
    irdl_op_definition,
    lazy_traits_def,
    prop_def,
    region_def,
    traits_def,
    var_operand_def,
)
from xdsl.parser import Parser
from xdsl.printer import Printer
from xdsl.traits import HasParent, IsolatedFromAbove, IsTerminator, SymbolOpInterface
from xdsl.utils.exceptions import VerifyException
from xdsl.utils.hints import isa

from brainscript.dialects.net.sequence import KERNELS as SEQUENCE
from brainscript.dialects.net.sparse import SPARSE_KERNELS
from brainscript.dialects.tensors import Shape, shape_of, type_of

FAMILIES = (
    "gemm",
    "pack",
    "rows",
    "columns",
    "samples",
    "draw",
    "sequence",
    "sparse",
    "convolution",
)
"""How a kernel is compiled: a matrix product with an epilogue; weights put in order for one;
anything local to one column (or flat, without columns); a sum over all columns; other columns in
an order; random numbers from the native library; an operation that looks at the layouts of dynamic
axes; one on samples that are stored sparse; an operation on windows, with an epilogue."""

PRODUCTS = (
    "net.times",
    "net.packed_times",
    "net.times_gradient_left",
    "net.times_gradient_right",
)
"""The products: a kernel of the family `gemm` starts with one. Those whose matrix differs from
sample to sample are part of a kernel of the family `rows` instead."""


WINDOWS = tuple(
    f"net.{name}"
    for name in (
        "correlate",
        "correlate_back",
        "correlate_weights",
        "pool",
        "pool_back",
        "unpool",
        "unpool_back",
        "roi_pooling",
        "roi_pooling_back",
    )
)
"""Operations on windows: a kernel of the family `convolution` starts with one."""


def is_sample_product(op: Operation) -> bool:
    """Whether this is a product with a matrix of its own for every sample."""
    if op.name not in PRODUCTS:
        return False
    matrix = op.results[0] if op.name == "net.times_gradient_left" else op.operands[0]
    return type_of(matrix).axis is not None


VIEWS = ("net.slice", "net.transpose_dimensions")
"""What reads part of a value, or reads it in another order, where it is used: it costs nothing."""

SPLICE = "net.splice"
"""What writes its parts side by side: a kernel that does stores each part where it belongs."""


def is_view(op: Operation) -> bool:
    """Whether users of the result read the operand instead, at other places."""
    return op.name in VIEWS


def aligned_shapes(steps: Sequence[Operation]) -> list[Shape]:
    """The shapes that a kernel computes along the axes of its results.

    Not among them are factors of products made sample by sample, what views read, and what parts
    are spliced to; but parts are, as they come and as they are stored.
    """
    inside, shapes = set(steps), list[Shape]()
    for op in steps:
        if is_view(op):
            chained = all(use.operation in inside and is_view(use.operation) for use in _uses(op))
            shapes += [] if chained else [shape_of(op.results[0])]
        elif op.name == SPLICE:
            shapes += [*(shape_of(v) for v in op.operands), *part_shapes(op)]
        else:
            values = op.results if is_sample_product(op) else (*op.operands, *op.results)
            shapes += [shape_of(v) for v in values]
    return shapes


def _uses(op: Operation) -> Iterable[Use]:
    return op.results[0].uses


def part_shapes(op: Operation) -> list[Shape]:
    """The shape in which each operand of a splice is stored."""
    axis, result = splice_axis(op), shape_of(op.results[0])
    sizes = [(*shape_of(v), *(1,) * len(result))[axis] for v in op.operands]
    return [(*result[:axis], size, *result[axis + 1 :]) for size in sizes]


def splice_axis(op: Operation) -> int:
    """The axis of a splice, from 0."""
    axis = op.properties["axis"]
    assert isa(axis, IntegerAttr)
    return axis.value.data - 1


def share_a_sample(shapes: Iterable[Shape]) -> bool:
    """Whether there is one sample shape that all have or broadcast to."""
    sizes: dict[int, int] = {}
    for shape in shapes:
        for axis, size in enumerate(shape):
            if size > 1 and sizes.setdefault(axis, size) != size:
                return False
    return True


def may_differ(steps: Iterable[Operation]) -> bool:
    """Whether a kernel may work on samples of several shapes: a splice of what is elementwise."""
    names = {op.name for op in steps}
    return SPLICE in names and not names & {*PRODUCTS, *WHOLE}


WHOLE = ("net.reduce", "net.softmax", "net.log_softmax", "net.hardmax", "net.sum_to")
"""Operations that need a whole sample for one element."""


@irdl_op_definition
class YieldOp(IRDLOperation):
    """End of a kernel: the values it writes, in the order of its outputs."""

    name = "sched.yield"

    values = var_operand_def()

    traits = lazy_traits_def(lambda: (IsTerminator(), HasParent(KernelOp)))
    assembly_format = "$values `:` type($values) attr-dict"

    def __init__(self, values: Sequence[SSAValue]):
        super().__init__(operands=(values,))


@irdl_op_definition
class KernelOp(IRDLOperation):
    """A group of `net` operations that becomes one native function.

    `sched.kernel @k0 rows(%a : T, %b : T) -> (T) { ... sched.yield %c : T }`: the block
    arguments are what it reads, the operands of the yield what it writes; the native function
    takes pointers in just that order.
    """

    name = "sched.kernel"

    sym_name = prop_def(SymbolNameConstraint())
    family = prop_def(StringAttr)
    body = region_def("single_block")

    traits = traits_def(IsolatedFromAbove(), SymbolOpInterface())

    def __init__(self, sym_name: str, family: str, body: Region):
        properties = {"sym_name": StringAttr(sym_name), "family": StringAttr(family)}
        super().__init__(properties=properties, regions=(body,))

    @property
    def inputs(self) -> tuple[SSAValue, ...]:
        """What the kernel reads: its block arguments."""
        return tuple(self.body.block.args)

    @property
    def outputs(self) -> tuple[SSAValue, ...]:
        """What the kernel writes: the operands of its yield."""
        last = self.body.block.last_op
        return tuple(last.operands) if isinstance(last, YieldOp) else ()

    @property
    def steps(self) -> tuple[Operation, ...]:
        """The operations of the kernel without its yield."""
        return tuple(op for op in self.body.block.ops if not isinstance(op, YieldOp))

    @override
    def verify_(self) -> None:
        self._verify_form()
        products = [op for op in self.steps if op.name in (*PRODUCTS, *WINDOWS)]
        if self.family.data in ("gemm", "convolution"):
            self._verify_product(products)
            return
        if self.family.data in ("pack", "draw"):
            return
        if (self.family.data == "sparse") != any(op.name in SPARSE_KERNELS for op in self.steps):
            raise VerifyException("an operation on sparse values needs a kernel of that family")
        if (self.family.data == "sequence") != any(op.name in SEQUENCE for op in self.steps):
            raise VerifyException("an operation on sequences needs a kernel of that family")
        if self.family.data in ("sequence", "sparse"):
            if len(self.steps) != 1:
                raise VerifyException(f"a {self.family.data} kernel is one operation")
            return
        self._verify_sample_product(products)
        self._verify_moves()
        if not (may_differ(self.steps) or share_a_sample(aligned_shapes(self.steps))):
            raise VerifyException("the values of a kernel do not broadcast to one shape")

    def _verify_form(self) -> None:
        if self.family.data not in FAMILIES:
            raise VerifyException(f"unknown kernel family '{self.family.data}'")
        if not isinstance(self.body.block.last_op, YieldOp):
            raise VerifyException("a kernel ends with sched.yield")
        if not self.outputs:
            raise VerifyException("a kernel writes at least one value")
        for op in self.steps:
            if not op.name.startswith("net."):
                raise VerifyException(f"'{op.name}' cannot stand in a kernel")

    def _verify_product(self, products: list[Operation]) -> None:
        if len(products) != 1 or self.steps[0] is not products[0]:
            family = self.family.data
            raise VerifyException(f"a {family} kernel starts with its one product or windows")

    def _verify_moves(self) -> None:
        """Views read what the kernel reads, splices make what it writes."""
        block = self.body.block
        for op in self.steps:
            read = op.operands if is_view(op) else ()
            for owner in (v.owner for v in read):
                if owner is not block and not (isinstance(owner, Operation) and is_view(owner)):
                    raise VerifyException(f"'{op.name}' does not read an input of the kernel")
            if op.name == SPLICE and any(
                not isinstance(use.operation, YieldOp) for use in op.results[0].uses
            ):
                raise VerifyException("a splice is what a kernel writes")

    def _verify_sample_product(self, products: list[Operation]) -> None:
        for op in products:
            if self.family.data != "rows" or not is_sample_product(op):
                raise VerifyException(f"'{op.name}' needs a kernel of the family 'gemm'")
            if len(products) > 1 or any(v.owner is not self.body.block for v in op.operands):
                raise VerifyException("a rows kernel has at most one product, of values it reads")

    @override
    def print(self, printer: Printer) -> None:
        printer.print_string(" ")
        printer.print_symbol_name(self.sym_name.data)
        printer.print_string(f" {self.family.data}(")
        printer.print_list(self.body.block.args, printer.print_block_argument)
        printer.print_string(") -> (")
        printer.print_list([v.type for v in self.outputs], printer.print_attribute)
        printer.print_string(") ")
        printer.print_region(self.body, print_entry_block_args=False, print_empty_block=False)

    @classmethod
    @override
    def parse(cls, parser: Parser) -> Self:
        name = parser.parse_symbol_name().data
        family = parser.parse_identifier("kernel family")
        arguments = parser.parse_comma_separated_list(parser.Delimiter.PAREN, parser.parse_argument)
        parser.parse_punctuation("->")
        types = parser.parse_comma_separated_list(parser.Delimiter.PAREN, parser.parse_type)
        kernel = cls(name, family, parser.parse_region(arguments))
        if [v.type for v in kernel.outputs] != types:
            parser.raise_error("the types after '->' differ from those of the values yielded")
        return kernel
