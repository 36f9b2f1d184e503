"""The type of network values, and the questions every level asks of it."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from math import prod

from xdsl.dialects.builtin import (
    ArrayAttr,
    Float32Type,
    Float64Type,
    IntAttr,
    NoneAttr,
    StringAttr,
    f32,
    f64,
)
from xdsl.ir import Attribute, ParametrizedAttribute, SSAValue, TypeAttribute
from xdsl.irdl import irdl_attr_definition
from xdsl.parser import AttrParser
from xdsl.printer import Printer
from xdsl.utils.exceptions import VerifyException

UNKNOWN = -1
"""A dimension that is not known yet; printed `?`."""

DEFAULT_AXIS = "*"
"""The name of the axis of inputs that name none."""

SPARSE = "sparse"
"""How the storage of a type is printed that is not dense."""

SPARSE_BYTES = 24
"""The bytes of a sample that is stored sparse: three words, the address of the indices of its
elements (i32), that of their values, and how many there are. An index may occur twice."""

Shape = tuple[int, ...]
Element = Float32Type | Float64Type


@irdl_attr_definition
class TensorType(ParametrizedAttribute, TypeAttribute):
    """A network value: `!net.t<[784 x 10], f32, @"*">`, or `!net.t<[50000], f32, @"*", sparse>`.

    The sample shape is column-major, first axis fastest, as BrainScript writes it; `?` is a
    dimension not known yet and `*` in place of the brackets a shape of unknown rank. The element is
    f32 or f64. The symbol names the dynamic axis; a value without one is parameter-like: there is
    one of it, not one per sample. Of a `sparse` one memory holds for each sample where the elements
    lie that are not 0 (`SPARSE_BYTES`); only the compiler makes such types, by `net-store-sparse`.
    """

    name = "net.t"

    dims: ArrayAttr[IntAttr] | NoneAttr
    element: Element
    dynamic: StringAttr | NoneAttr
    storage: StringAttr | NoneAttr

    @staticmethod
    def of(
        shape: Iterable[int] | None, element: Attribute = f32, axis: str | None = None
    ) -> TensorType:
        """The type with this sample shape (None: unknown rank), element type and dynamic axis."""
        assert isinstance(element, Float32Type | Float64Type)
        return _dense(None if shape is None else tuple(shape), element, axis)

    @property
    def sparse(self) -> bool:
        """Whether memory holds the elements that are not 0 alone."""
        return not isinstance(self.storage, NoneAttr)

    def as_sparse(self) -> TensorType:
        """The same type, stored sparse."""
        return TensorType(self.dims, self.element, self.dynamic, StringAttr(SPARSE))

    @property
    def bytes(self) -> int:
        """The bytes of one sample in memory; only of a known shape."""
        if self.sparse:
            return SPARSE_BYTES
        return self.elements * (8 if isinstance(self.element, Float64Type) else 4)

    @property
    def shape(self) -> Shape | None:
        """The sample shape; None when not even the rank is known."""
        if isinstance(self.dims, NoneAttr):
            return None
        return tuple(d.data for d in self.dims.data)

    @property
    def axis(self) -> str | None:
        """The name of the dynamic axis, or None for a parameter-like value."""
        return None if isinstance(self.dynamic, NoneAttr) else self.dynamic.data

    @property
    def known(self) -> bool:
        """Whether every dimension is known."""
        return self.shape is not None and UNKNOWN not in self.shape

    @property
    def elements(self) -> int:
        """The number of elements of one sample; only of a known shape."""
        assert self.shape is not None
        assert self.known
        return prod(self.shape)

    def with_shape(self, shape: Iterable[int] | None) -> TensorType:
        """The same type, stored densely, with another sample shape."""
        return TensorType.of(shape, self.element, self.axis)

    def with_axis(self, axis: str | None) -> TensorType:
        """The same type, stored densely, with another dynamic axis."""
        return TensorType.of(self.shape, self.element, axis)

    def verify(self) -> None:
        """Dimensions are at least 1, or unknown; what is stored sparse has a dynamic axis."""
        for dim in self.shape or ():
            if dim < 1 and dim != UNKNOWN:
                raise VerifyException(f"a dimension must be at least 1 or '?', not {dim}")
        if self.sparse and self.axis is None:
            raise VerifyException("only samples are stored sparse")

    @classmethod
    def parse_parameters(cls, parser: AttrParser) -> list[Attribute]:
        """Parse `<[2 x ?], f32, @axis>` or `<[2], f32, @axis, sparse>`."""
        with parser.in_angle_brackets():
            dims: Attribute = NoneAttr()
            if parser.parse_optional_punctuation("*") is None:
                dims = ArrayAttr([IntAttr(d) for d in _parse_shape(parser)])
            parser.parse_punctuation(",")
            element = parser.parse_type()
            if not isinstance(element, Float32Type | Float64Type):
                parser.raise_error("the elements of a network value are f32 or f64")
            axis: Attribute = NoneAttr()
            storage: Attribute = NoneAttr()
            if parser.parse_optional_punctuation(",") is not None:
                axis = parser.parse_symbol_name()
            if parser.parse_optional_punctuation(",") is not None:
                parser.parse_keyword(SPARSE)
                storage = StringAttr(SPARSE)
        return [dims, element, axis, storage]

    def print_parameters(self, printer: Printer) -> None:
        """Print what `parse_parameters` reads."""
        printer.print_string(f"<{shape_text(self.shape)}, ")
        printer.print_attribute(self.element)
        if self.axis is not None:
            printer.print_string(", ")
            printer.print_symbol_name(self.axis)
        if self.sparse:
            printer.print_string(f", {SPARSE}")
        printer.print_string(">")


def _parse_shape(parser: AttrParser) -> list[int]:
    dims: list[int] = []
    parser.parse_punctuation("[")
    if parser.parse_optional_punctuation("]") is not None:
        return dims
    while True:
        unknown = parser.parse_optional_punctuation("?") is not None
        dims.append(UNKNOWN if unknown else _parse_dimension(parser))
        if parser.parse_optional_punctuation("]") is not None:
            return dims
        parser.parse_keyword("x")


def _parse_dimension(parser: AttrParser) -> int:
    dim = parser.parse_integer(allow_boolean=False)
    if dim < 1:
        parser.raise_error(f"a dimension must be at least 1 or '?', not {dim}")
    return dim


def parse_text(parser: AttrParser) -> str:
    """A string literal of any characters; xDSL reads what is not ASCII as bytes."""
    raw = parser.parse_optional_bytes_literal()
    return parser.parse_str_literal() if raw is None else raw.decode(errors="replace")


def shape_text(shape: Shape | None) -> str:
    """A shape as messages and types write it: `[784 x ?]`, or `*` when the rank is unknown."""
    if shape is None:
        return "*"
    return f"[{' x '.join('?' if d == UNKNOWN else str(d) for d in shape)}]"


@lru_cache(maxsize=1024)
def _dense(shape: Shape | None, element: Element, axis: str | None) -> TensorType:
    """A network has many values of few types: each is made and verified once."""
    dims = NoneAttr() if shape is None else ArrayAttr([IntAttr(d) for d in shape])
    dynamic = NoneAttr() if axis is None else StringAttr(axis)
    return TensorType(dims, element, dynamic, NoneAttr())


def element_type(precision: str) -> Element:
    """The element type of CNTK's `precision`: 'float' or 'double'."""
    return f64 if precision == "double" else f32


def type_of(value: SSAValue) -> TensorType:
    """The tensor type of a network value."""
    assert isinstance(value.type, TensorType), value.type
    return value.type


def shape_of(value: SSAValue) -> Shape:
    """The sample shape of a network value of known rank."""
    shape = type_of(value).shape
    assert shape is not None
    return shape
