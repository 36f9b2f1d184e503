"""The network itself, its roots, and the dialect."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Self

from xdsl.dialects.builtin import ArrayAttr, LocationAttr, ModuleOp, StringAttr
from xdsl.ir import Block, Dialect, Operation, Region, SSAValue
from xdsl.irdl import (
    IRDLOperation,
    irdl_op_definition,
    prop_def,
    region_def,
    traits_def,
    var_operand_def,
)
from xdsl.parser import Parser
from xdsl.printer import Printer
from xdsl.traits import HasParent, IsolatedFromAbove, IsTerminator
from xdsl.utils.exceptions import VerifyException

from brainscript.dialects.net import (
    alignment,
    carry,
    clone,
    convolution,
    criteria,
    crop,
    elementwise,
    linear,
    normalise,
    packing,
    parameters,
    pooling,
    random,
    recurrence,
    reduce,
    rnn_stack,
    running,
    samples,
    sequence,
    shape,
    sparse,
    words,
)
from brainscript.dialects.net.base import make, parse_operands, parse_options, print_options
from brainscript.dialects.net.parameters import ParameterOp, ReadOp, SinkOp, StateOp, SymbolOp
from brainscript.dialects.net.recurrence import early_operands
from brainscript.dialects.tensors import TensorType, type_of

GROUPS = ("feature", "label", "criterion", "evaluation", "output")
"""The node groups of a network, in the order in which they are printed."""

ONCE = "once"
"""The attribute of a network that is run once, before the steps of the one it stands behind."""


@irdl_op_definition
class NetworkOp(IRDLOperation):
    """The network: one region of operations, ended by `net.roots`.

    Each operation stands after its operands, but for the first operand of a delay.
    """

    name = "net.network"

    body = region_def("single_block")

    traits = traits_def(IsolatedFromAbove())

    def __init__(self, operations: Sequence[Operation], location: LocationAttr | None = None):
        super().__init__(regions=[Region(Block(operations))])
        if location is not None:
            self.location = location

    @property
    def block(self) -> Block:
        """The block that holds the operations."""
        return self.body.block

    @property
    def roots(self) -> RootsOp:
        """The terminator."""
        last = self.block.last_op
        assert isinstance(last, RootsOp)
        return last

    def verify_(self) -> None:
        """Values are defined before they are used; symbols exist and hold what is read of them."""
        if not isinstance(self.block.last_op, RootsOp):
            raise VerifyException("a network ends with net.roots")
        symbols = symbols_of(self)
        seen: set[SSAValue] = set()
        for op in self.block.ops:
            if any(v not in seen for v in early_operands(op)):
                raise VerifyException(f"an operand of {op.name} is defined after its use")
            seen.update(op.results)
            if isinstance(op, ReadOp | SinkOp):
                _check_symbol(op, symbols)

    @classmethod
    def parse(cls, parser: Parser) -> Self:
        """Parse `{ ... }`."""
        attributes = parser.parse_optional_attr_dict_with_keyword()
        return cls.create(
            regions=[parser.parse_region()], attributes=attributes.data if attributes else {}
        )

    def print(self, printer: Printer) -> None:
        """Print `{ ... }`."""
        printer.print_op_attributes(self.attributes, print_keyword=True)
        printer.print_string(" ")
        printer.print_region(self.body, print_empty_block=False)


def _check_symbol(op: ReadOp | SinkOp, symbols: dict[str, SymbolOp]) -> None:
    symbol = symbols.get(op.target)
    if symbol is None:
        raise VerifyException(f"there is no parameter or state @{op.target}")
    used = type_of(op.result) if isinstance(op, ReadOp) else type_of(op.value)
    if isinstance(op, parameters.AccumulateOp):
        used = used.with_shape(symbol.type.shape)
    if not same_memory(used, symbol.type):
        raise VerifyException(f"@{op.target} is {symbol.type}, used as {used}")


def same_memory(one: TensorType, other: TensorType) -> bool:
    """Whether the types differ in nothing or, both known, only in how the elements are shaped."""
    if one == other:
        return True
    alike = one.element == other.element and one.axis == other.axis and one.known and other.known
    return alike and one.elements == other.elements


@irdl_op_definition
class RootsOp(IRDLOperation):
    """What the network is for: `net.roots criterion(%ce), evaluation(%errs), output(%z)`.

    A value stands once under each of its groups (`GROUPS`).
    """

    name = "net.roots"

    values = var_operand_def(TensorType)
    groups = prop_def(ArrayAttr[StringAttr])

    traits = traits_def(IsTerminator(), HasParent(NetworkOp))

    def __init__(self, values: Sequence[tuple[str, SSAValue]]):
        super().__init__(
            operands=[[value for _, value in values]],
            properties={"groups": ArrayAttr([StringAttr(group) for group, _ in values])},
        )

    @property
    def entries(self) -> list[tuple[str, SSAValue]]:
        """Pairs of group and value."""
        names = [g.data for g in self.groups.data]
        return list(zip(names, self.values, strict=True))

    def group(self, name: str) -> list[SSAValue]:
        """The values of one group."""
        return [value for group, value in self.entries if group == name]

    def verify_(self) -> None:
        """Every operand has a group that exists."""
        if len(self.groups.data) != len(self.values):
            raise VerifyException("every root has one group")
        unknown = [g.data for g in self.groups.data if g.data not in GROUPS]
        if unknown:
            raise VerifyException(f"'{unknown[0]}' is not one of {', '.join(GROUPS)}")

    @classmethod
    def parse(cls, parser: Parser) -> Self:
        """Parse `group(%a, %b), group(%c)`."""
        groups: list[StringAttr] = []
        values: list[SSAValue] = []
        while (group := parser.parse_optional_keyword_in(GROUPS)) is not None:
            with parser.in_parens():
                found = parse_operands(parser)
            groups += [StringAttr(group)] * len(found)
            values += found
            if parser.parse_optional_punctuation(",") is None:
                break
        return make(cls, values, (), {"groups": ArrayAttr(groups), **parse_options(parser)})

    def print(self, printer: Printer) -> None:
        """Print the values group by group."""
        separator = " "
        for group in dict.fromkeys(g for g, _ in self.entries):
            printer.print_string(f"{separator}{group}(")
            printer.print_list(self.group(group), printer.print_operand)
            printer.print_string(")")
            separator = ", "
        print_options(printer, self, skip=("groups",))


def network_of(module: ModuleOp) -> NetworkOp | None:
    """The network of a module."""
    return next((op for op in module.ops if isinstance(op, NetworkOp)), None)


def networks_of(module: ModuleOp) -> list[NetworkOp]:
    """The network of a module, and what is computed once for it."""
    return [op for op in module.ops if isinstance(op, NetworkOp)]


def module_of(network: NetworkOp) -> ModuleOp:
    """The module that holds a network and its symbols."""
    module = network.parent_op()
    assert isinstance(module, ModuleOp)
    return module


def symbols_of(network: NetworkOp) -> dict[str, SymbolOp]:
    """The parameters and the state beside a network, by name."""
    parent = network.parent_op()
    if not isinstance(parent, ModuleOp):
        return {}
    return {op.sym_name.data: op for op in parent.ops if isinstance(op, SymbolOp)}


def node_name_of(value: SSAValue) -> str:
    """The node name of a value: of a parameter its symbol; empty for what the compiler made."""
    op = value.owner
    if isinstance(op, ReadOp):
        return op.target
    node = op.properties.get("node") if isinstance(op, Operation) else None
    return node.data if isinstance(node, StringAttr) else ""


def _operations() -> Iterator[type[Operation]]:
    yield from (NetworkOp, RootsOp, ParameterOp, StateOp)
    for family in (
        carry,
        packing,
        parameters,
        clone,
        elementwise,
        linear,
        reduce,
        recurrence,
        rnn_stack,
        alignment,
        sequence,
        shape,
        samples,
        sparse,
        words,
        convolution,
        pooling,
        crop,
        normalise,
        random,
        criteria,
        running,
    ):
        for item in vars(family).values():
            if isinstance(item, type) and issubclass(item, IRDLOperation):
                if item.__module__ == family.__name__ and "name" in vars(item):
                    yield item


Net = Dialect("net", list(dict.fromkeys(_operations())), [TensorType])
