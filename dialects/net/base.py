"""What all network operations share: names, options, printed form, verification against a rule."""

from __future__ import annotations

import math
from abc import ABC
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Self, TypeVar, cast

from xdsl.dialects.builtin import (
    ArrayAttr,
    BoolAttr,
    BytesAttr,
    FloatAttr,
    IntegerAttr,
    LocationAttr,
    StringAttr,
    UnitAttr,
    f64,
    i1,
    i64,
)
from xdsl.ir import Attribute, Operation, SSAValue
from xdsl.irdl import (
    IRDLOperation,
    OptionalDef,
    VarOperandDef,
    opt_prop_def,
    result_def,
    traits_def,
)
from xdsl.parser import Parser
from xdsl.printer import Printer
from xdsl.traits import Pure
from xdsl.utils.exceptions import VerifyException

from brainscript.dialects.attributes import number, whole
from brainscript.dialects.net.shapes import ShapeError, as_written, compatible, is_early, same_rule
from brainscript.dialects.tensors import UNKNOWN, Shape, TensorType, shape_text, type_of

Op = TypeVar("Op", bound=Operation)
Read = Literal["number", "integer", "integers", "boolean", "text", "texts", "shape"]


@dataclass(frozen=True)
class Option:
    """One option of a node: its BrainScript name, its default, how it is read, its name here."""

    name: str
    default: object
    read: Read
    property: str


def attribute(value: object) -> Attribute:
    """A plain value as an attribute."""
    if isinstance(value, bool):
        return BoolAttr.from_bool(value)
    if isinstance(value, int):
        return whole(value)
    if isinstance(value, float):
        return number(value)
    if isinstance(value, tuple | list):
        return ArrayAttr([attribute(item) for item in cast("Sequence[object]", value)])
    assert isinstance(value, str), value
    return StringAttr(value)


def plain(value: Attribute) -> object:
    """The plain value of an attribute made by `attribute`."""
    if isinstance(value, IntegerAttr):
        whole = cast("IntegerAttr[Any]", value)
        return bool(whole.value.data) if whole.type == i1 else whole.value.data
    if isinstance(value, FloatAttr):
        return cast("FloatAttr[Any]", value).value.data
    if isinstance(value, ArrayAttr):
        return tuple(plain(item) for item in cast("ArrayAttr[Attribute]", value).data)
    assert isinstance(value, StringAttr), value
    return value.data


class NetOp(IRDLOperation, ABC):
    """An operation of the network with one result.

    Printed `%z = net.NAME %x, %y {node = "z", option = 2} : TYPE`: options that have their default
    value are left out. `node` is the name of the node in CNTK's sense; operations made by the
    compiler have none.
    """

    OPERATION: ClassVar[str] = ""
    """CNTK's name of the operation; empty when only the compiler makes it."""
    OPTIONS: ClassVar[tuple[Option, ...]] = ()
    rule = staticmethod(same_rule)

    node = opt_prop_def(StringAttr)
    result = result_def(TensorType)

    traits = traits_def(Pure())

    def __init__(
        self,
        *inputs: SSAValue,
        result_type: TensorType | None = None,
        node: str | None = None,
        location: LocationAttr | None = None,
        options: Mapping[str, object] | None = None,
    ):
        given = dict(options or {})
        if result_type is None:
            result_type = self.result_type_for([type_of(v) for v in inputs], given)
        form = self.get_irdl_definition()
        wanted = [definition for _, definition in form.operands]
        missing = len(wanted) - len(inputs)
        properties = {name: attribute(value) for name, value in given.items()}
        if node is not None:
            properties["node"] = StringAttr(node)
        many = len(wanted) == 1 and is_variadic(wanted[0])
        if many or missing or form.options:
            operands = [inputs] if many else [*inputs, *([None] * missing)]
            super().__init__(operands=operands, result_types=[result_type], properties=properties)
            if location is not None:
                self.location = location
        else:  # nothing may be left out: the constructor without the search for what is
            types, place = [result_type], location
            Operation.__init__(
                self, operands=inputs, result_types=types, properties=properties, location=place
            )

    @classmethod
    def result_type_for(
        cls, inputs: Sequence[TensorType], options: Mapping[str, object]
    ) -> TensorType:
        """The type of the result by the shape rule; options left out have their defaults."""
        full = {o.property: o.default for o in cls.OPTIONS} | dict(options)
        found = cls.rule(inputs, full)
        shape = None if is_early(inputs) else found.shape
        return TensorType.of(shape, inputs[0].element, found.axis)

    def option_values(self) -> dict[str, object]:
        """The options as plain values."""
        return {o.property: plain(self.properties[o.property]) for o in self.OPTIONS}

    def check_lists(self) -> None:
        """The items of options that are lists are what they are read as."""
        for option in self.OPTIONS:
            value = self.properties.get(option.property)
            wanted = StringAttr if option.read == "texts" else IntegerAttr
            if isinstance(value, ArrayAttr):
                items = cast("ArrayAttr[Attribute]", value).data
                if not all(isinstance(item, wanted) for item in items):
                    what = "texts" if wanted is StringAttr else "integers"
                    raise VerifyException(f"'{option.property}' is a list of {what}")

    @property
    def node_name(self) -> str:
        """The name of the node, or of the operation when the compiler made it."""
        return self.name if self.node is None else self.node.data

    def verify_(self) -> None:
        """The result type agrees with the rule as far as both are known."""
        self.check_lists()
        types = [type_of(v) for v in self.operands]
        mine = type_of(self.result)
        if any(t.element != mine.element for t in types):
            raise VerifyException("all element types of an operation must be the same")
        if type(self).rule is as_written or mine.shape is None:
            return
        try:
            found = type(self).rule(types, self.option_values())
        except ShapeError as error:
            raise VerifyException(str(error)) from error
        if not compatible(found.shape, mine.shape) or found.axis != mine.axis:
            want = TensorType.of(found.shape, mine.element, found.axis)
            raise VerifyException(f"the result must be {want}, not {mine}")

    @classmethod
    def parse(cls, parser: Parser) -> Self:
        """Parse the printed form."""
        operands = parse_operands(parser)
        attributes = parse_options(parser)
        parser.parse_punctuation(":")
        return make(cls, operands, [parser.parse_type()], attributes)

    def print(self, printer: Printer) -> None:
        """Print the form described above."""
        print_operands(printer, self.operands)
        print_options(printer, self)
        printer.print_string(" : ")
        printer.print_attribute(self.result.type)


def is_variadic(definition: object) -> bool:
    """Whether an operand definition stands for any number of operands."""
    return isinstance(definition, VarOperandDef) and not isinstance(definition, OptionalDef)


def parse_operands(parser: Parser) -> list[SSAValue]:
    """Parse `%x, %y`: values must be defined before they are used."""
    operands: list[SSAValue] = []
    while (operand := parser.parse_optional_unresolved_operand()) is not None:
        found = parser.ssa_values.get(operand.operand_name, ())
        if operand.index >= len(found):
            parser.raise_error(f"%{operand.operand_name} is not defined before", operand.span)
        operands.append(found[operand.index])
        if parser.parse_optional_punctuation(",") is None:
            break
    return operands


def print_operands(printer: Printer, operands: Sequence[SSAValue]) -> None:
    """Print ` %x, %y`."""
    if operands:
        printer.print_string(" ")
        printer.print_list(operands, printer.print_operand)


def parse_options(parser: Parser) -> dict[str, Attribute]:
    """Parse an optional `{name = value, ...}`."""
    found = parser.parse_optional_attr_dict()
    return {name: _as_text(value) for name, value in found.items()}


def _as_text(value: Attribute) -> Attribute:
    """A string that is not ASCII, which xDSL reads as bytes, as a string."""
    if isinstance(value, BytesAttr):
        return StringAttr(value.data.decode(errors="replace"))
    return value


def make(
    cls: type[Op],
    operands: Sequence[SSAValue],
    result_types: Sequence[Attribute],
    attributes: Mapping[str, Attribute],
) -> Op:
    """The operation; attributes that are properties of its class become properties."""
    assert issubclass(cls, IRDLOperation)
    known = cls.get_irdl_definition().properties
    return cls.create(
        operands=operands,
        result_types=result_types,
        properties={k: v for k, v in attributes.items() if k in known},
        attributes={k: v for k, v in attributes.items() if k not in known},
    )


def print_options(printer: Printer, op: IRDLOperation, skip: Sequence[str] = ()) -> None:
    """Print properties and attributes as one dictionary, defaults and `skip` left out."""
    known = op.get_irdl_definition().properties
    shown = {
        name: value
        for name, value in {**op.properties, **op.attributes}.items()
        if name not in skip
        and not (name in known and getattr(known[name], "default_value", None) == value)
    }
    if not shown:
        return
    printer.print_string(" {")
    for index, (name, value) in enumerate(sorted(shown.items(), key=lambda e: e[0] != "node")):
        printer.print_string(", " if index else "")
        printer.print_identifier_or_string_literal(name)
        if not isinstance(value, UnitAttr):
            printer.print_string(" = ")
            print_value(printer, value)
    printer.print_string("}")


def print_value(printer: Printer, value: Attribute) -> None:
    """Print an attribute; 64-bit numbers without their type, also in arrays."""
    if isinstance(value, ArrayAttr):
        items = cast("ArrayAttr[Attribute]", value).data
        printer.print_string("[")
        printer.print_list(items, lambda item: print_value(printer, item))
        printer.print_string("]")
        return
    if short := short_number(value):
        printer.print_string(short)
    else:
        printer.print_attribute(value)


def short_number(value: Attribute) -> str:
    """A whole number of i64 or a finite one of f64 without its type; empty for anything else."""
    number = plain(value) if type(value) in (IntegerAttr, FloatAttr) else None
    if isinstance(number, float) and value == FloatAttr(number, f64) and math.isfinite(number):
        return number_text(number)
    return str(number) if isinstance(number, int) and value == IntegerAttr(number, i64) else ""


def number_text(value: float) -> str:
    """The shortest decimal that reads back as the same double, in the grammar of the IR."""
    mantissa, mark, exponent = repr(value).partition("e")
    if mark and "." not in mantissa:
        mantissa += ".0"
    return mantissa + mark + exponent


def shapes_of(values: Sequence[SSAValue]) -> str:
    """The shapes of values for a message."""
    return " and ".join(shape_text(type_of(v).shape) for v in values)


MAX_DIMENSION = 1 << 40
MOST = 1 << 63
"""No number in an attribute is as large."""


class OptionError(Exception):
    """An option has a value of the wrong kind; the text names the option and what it may be."""


def read_option(option: Option, value: object) -> object:
    """The value of one option, checked and converted."""
    if option.read == "shape":
        return read_shape(option.name, value)
    if option.read == "integers":
        return tuple(read_integer(option.name, item) for item in _flat(value))
    if option.read == "text":
        if isinstance(value, str):
            return value
        raise OptionError(f"'{option.name}' must be a text, not {value!r}")
    if option.read == "texts":
        return tuple(str(item) for item in _flat(value))
    if option.read == "boolean":
        if isinstance(value, bool):
            return value
        raise OptionError(f"'{option.name}' must be true or false, not {value!r}")
    number = read_number(option.name, value)
    return read_integer(option.name, number) if option.read == "integer" else number


def read_number(name: str, value: object) -> float:
    """A finite or infinite number; truth values count as 1 and 0."""
    if isinstance(value, int | float):
        return float(value)
    raise OptionError(f"'{name}' must be a number, not {value!r}")


def read_integer(name: str, value: object) -> int:
    """A whole number."""
    number = read_number(name, value)
    if not abs(number) < MOST or number != int(number):
        raise OptionError(f"'{name}' must be a whole number, not {number:g}")
    return int(number)


def read_shape(name: str, value: object) -> Shape:
    """A number or (nested) array of numbers as a shape; 0 means a dimension to be inferred."""
    return tuple(_dimension(name, item) for item in _flat(value))


def _flat(value: object) -> Iterable[object]:
    if not isinstance(value, tuple | list):
        yield value
        return
    for item in cast("list[object]", value):
        yield from _flat(item)


def _dimension(name: str, value: object) -> int:
    size = read_integer(name, value)
    if not 0 <= size <= MAX_DIMENSION:
        raise OptionError(f"'{name}' has a dimension of {size}; it must be 1 or more, or 0")
    return size or UNKNOWN
