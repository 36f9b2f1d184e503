"""Editing in the IR: clones of a section, replaced nodes, what a network is made of.

These operations stand in a network only until `net-clone-function` and `net-edit` have run.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

from xdsl.dialects.builtin import ArrayAttr, LocationAttr, StringAttr
from xdsl.ir import Attribute, SSAValue
from xdsl.irdl import (
    AttrSizedOperandSegments,
    IRDLOperation,
    irdl_op_definition,
    operand_def,
    prop_def,
    traits_def,
    var_operand_def,
    var_result_def,
)
from xdsl.parser import Parser
from xdsl.printer import Printer
from xdsl.traits import MemoryReadEffect, MemoryWriteEffect
from xdsl.utils.exceptions import VerifyException

from brainscript.dialects.net.base import NetOp, parse_operands, parse_options, print_options
from brainscript.dialects.net.shapes import as_written
from brainscript.dialects.tensors import TensorType

MODES = ("learnable", "constant", "shared")
"""What a clone does with the parameters of its section."""

TAGS = "tags"
"""The attribute that names the groups a node was tagged for; its clones are in them, too."""
ORIGIN = "origin"
"""The attribute of what comes from a loaded network: the name of that network."""
BASE = "base"
"""The attribute of what belongs to a network that is edited and does not come from a file."""
REPLACED = "replaced"
"""The attribute of a node that another one has taken the place of; it gives up its name."""
PATH = "path"
"""The attribute with the name that clones of a renamed node are called after."""


@irdl_op_definition
class CloneOp(IRDLOperation):
    """A copy of a section: `%z = net.clone "constant" of [%old_z] with (%old_x = %x) {..} : T`.

    The section is what lies between the nodes in brackets and those on the left of `=`; in the
    copy, each of these is replaced by the value on its right. There is one result for each node in
    brackets. `learnable` copies parameters, `constant` copies and freezes them, `shared` uses the
    originals. A copied node is named `path` and the name of the original, or by the entry of
    `names` when that is not empty. BrainScript: a call of what `BS.Network.CloneFunction` gives.
    """

    name = "net.clone"

    mode = prop_def(StringAttr)
    path = prop_def(StringAttr)
    names = prop_def(ArrayAttr[StringAttr])
    outputs = var_operand_def(TensorType)
    inputs = var_operand_def(TensorType)
    arguments = var_operand_def(TensorType)
    images = var_result_def(TensorType)

    irdl_options = (AttrSizedOperandSegments(as_property=True),)
    traits = traits_def(MemoryReadEffect())

    def __init__(
        self,
        mode: str,
        path: str,
        outputs: Sequence[SSAValue],
        pairs: Sequence[tuple[SSAValue, SSAValue]],
        types: Sequence[Attribute],
        names: Sequence[str] = (),
        location: LocationAttr | None = None,
    ):
        inputs, arguments = [one for one, _ in pairs], [other for _, other in pairs]
        hints = names or [""] * len(outputs)
        super().__init__(
            operands=[outputs, inputs, arguments],
            result_types=[types],
            properties={
                "mode": StringAttr(mode),
                "path": StringAttr(path),
                "names": ArrayAttr([StringAttr(name) for name in hints]),
            },
        )
        if location is not None:
            self.location = location

    @property
    def pairs(self) -> list[tuple[SSAValue, SSAValue]]:
        """Each input of the section with its argument."""
        return list(zip(self.inputs, self.arguments, strict=True))

    def verify_(self) -> None:
        """A known mode; one argument for each input, one result and name for each output."""
        if self.mode.data not in MODES:
            raise VerifyException(f"'{self.mode.data}' is not one of {', '.join(MODES)}")
        if len(self.inputs) != len(self.arguments):
            raise VerifyException(f"{len(self.inputs)} inputs, {len(self.arguments)} arguments")
        if not len(self.outputs) == len(self.images) == len(self.names.data):
            raise VerifyException(f"{len(self.outputs)} outputs, {len(self.images)} results")

    @classmethod
    def parse(cls, parser: Parser) -> Self:
        """Parse the form described above."""
        mode = parser.parse_str_literal()
        parser.parse_keyword("of")
        with parser.in_square_brackets():
            outputs = parse_operands(parser)
        parser.parse_keyword("with")
        pairs: list[tuple[SSAValue, SSAValue]] = []
        with parser.in_parens():
            while operand := parse_operands(parser):
                parser.parse_punctuation("=")
                pairs.append((operand[0], _one(parser)))
                if parser.parse_optional_punctuation(",") is None:
                    break
        found = parse_options(parser)
        parser.parse_punctuation(":")
        types = parser.parse_comma_separated_list(Parser.Delimiter.NONE, parser.parse_type)
        op = cls(mode, "", outputs, pairs, types)
        for name in ("path", "names"):
            if name in found:
                op.properties[name] = found.pop(name)
        op.attributes.update(found)
        return op

    def print(self, printer: Printer) -> None:
        """Print the form described above."""
        printer.print_string(" ")
        printer.print_string_literal(self.mode.data)
        printer.print_string(" of [")
        printer.print_list(self.outputs, printer.print_operand)
        printer.print_string("] with (")
        printer.print_list(self.pairs, lambda pair: _print_pair(printer, pair))
        printer.print_string(")")
        skip = ["mode", "operandSegmentSizes"]
        if not any(name.data for name in self.names.data):
            skip.append("names")
        print_options(printer, self, skip)
        printer.print_string(" : ")
        printer.print_list(self.images, lambda value: printer.print_attribute(value.type))


def _one(parser: Parser) -> SSAValue:
    """One operand that is defined before."""
    operand = parser.parse_unresolved_operand()
    found = parser.ssa_values.get(operand.operand_name, ())
    if operand.index >= len(found):
        parser.raise_error(f"%{operand.operand_name} is not defined before", operand.span)
    return found[operand.index]


def _print_pair(printer: Printer, pair: tuple[SSAValue, SSAValue]) -> None:
    printer.print_operand(pair[0])
    printer.print_string(" = ")
    printer.print_operand(pair[1])


@irdl_op_definition
class ReplaceOp(IRDLOperation):
    """Links to one node become links to another: `net.replace %old by %new`.

    Who uses `%old` uses `%new`. Nodes that `%new` is made of go on using `%old`, unless they
    belong to the network that is edited (they have one of the attributes `origin` and `base`).
    BrainScript: what an edit function of `BS.Network.Edit` gives for a node.
    """

    name = "net.replace"

    old = operand_def(TensorType)
    new = operand_def(TensorType)

    traits = traits_def(MemoryWriteEffect())

    def __init__(self, old: SSAValue, new: SSAValue, location: LocationAttr | None = None):
        super().__init__(operands=[old, new])
        if location is not None:
            self.location = location

    @classmethod
    def parse(cls, parser: Parser) -> Self:
        """Parse the form described above."""
        old = _one(parser)
        parser.parse_keyword("by")
        op = cls(old, _one(parser))
        op.attributes.update(parse_options(parser))
        return op

    def print(self, printer: Printer) -> None:
        """Print the form described above."""
        printer.print_string(" ")
        printer.print_operand(self.old)
        printer.print_string(" by ")
        printer.print_operand(self.new)
        print_options(printer, self)


@irdl_op_definition
class KeepOp(IRDLOperation):
    """What the network is made of, besides its roots: `net.keep %z, %h`.

    Nodes that neither this nor the roots reach were there to be cloned or replaced, and go.
    """

    name = "net.keep"

    values = var_operand_def(TensorType)

    traits = traits_def(MemoryWriteEffect())

    def __init__(self, values: Sequence[SSAValue]):
        super().__init__(operands=[values])

    @classmethod
    def parse(cls, parser: Parser) -> Self:
        """Parse `%a, %b`."""
        op = cls(parse_operands(parser))
        op.attributes.update(parse_options(parser))
        return op

    def print(self, printer: Printer) -> None:
        """Print `%a, %b`."""
        if self.values:
            printer.print_string(" ")
            printer.print_list(self.values, printer.print_operand)
        print_options(printer, self)


@irdl_op_definition
class RemovedOp(NetOp):
    """What is left of a removed node while others use it: `%z = net.removed {node = "z"} : T`.

    The compiler makes it. A network with such a node is not complete and cannot be saved.
    """

    name = "net.removed"
    rule = staticmethod(as_written)

    def __init__(self, type: TensorType, node: str):
        super().__init__(result_type=type, node=node)
