"""Pass `net-factorise`: a matrix becomes the product of two thin ones."""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import SSAValue
from xdsl.passes import ModulePass

from brainscript.diagnostic import BrainScriptError, Diagnostic
from brainscript.dialects.net.base import attribute
from brainscript.dialects.net.linear import TimesOp
from brainscript.dialects.net.network import NetworkOp, module_of, network_of, symbols_of
from brainscript.dialects.net.parameters import ParameterOp, ReadOp
from brainscript.dialects.tensors import Shape
from brainscript.passes.edit.links import erase_node
from brainscript.passes.edit.names import Names
from brainscript.passes.edit.order import sort_operations
from brainscript.passes.edit.patterns import one_node, owner_of


@dataclass(frozen=True)
class NetFactorise(ModulePass):
    """Put `U * (V * x)` for `A * x`, with `rank` columns of U; the values come from elsewhere.

    The product with V takes over the name of the old one. Where A is used in another way, it is
    replaced by the product `U * V`.

    Before: `%t = net.times %A, %x {node = "t"}` and `net-factorise{node="A" rank=4}`.
    After: `%t = net.times %V, %x {node = "t"}` and `%s = net.times %U, %t {node = "A_SVD"}`, with
    `net.parameter @A_U` and `@A_V`.
    """

    name = "net-factorise"

    node: str
    rank: int

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        """Factorise in the network of the module."""
        network = network_of(op)
        if network is not None:
            factorise(network, self.node, self.rank)


def factorise(network: NetworkOp, name: str, rank: int) -> tuple[str, str]:
    """Factorise a parameter; gives the names of the two that take its place."""
    value = one_node(network, name)
    read = owner_of(value)
    symbol = symbols_of(network).get(read.target) if isinstance(read, ReadOp) else None
    shape = symbol.type.shape if isinstance(symbol, ParameterOp) else None
    if not isinstance(symbol, ParameterOp) or shape is None or len(shape) != 2:
        title = f"'{name}' is not a matrix of parameters"
        raise BrainScriptError(Diagnostic("BS0385", title))
    names = Names(network)
    rows, columns = shape
    left = _parameter(network, symbol, names.take(f"{name}_U"), (rows, rank))
    right = _parameter(network, symbol, names.take(f"{name}_V"), (rank, columns))
    users = [use.operation for use in value.uses]
    if all(isinstance(user, TimesOp) and user.operands[0] is value for user in users):
        for user in users:
            assert isinstance(user, TimesOp)
            _split(network, user, left, right, names.take(f"{name}_SVD"))
    else:
        product = TimesOp(left, right, node=names.take(f"{name}_SVD"))
        network.block.insert_op_before(product, network.roots)
        value.replace_all_uses_with(product.result)
    sort_operations(network)
    erase_node(network, read)
    return _symbol(left), _symbol(right)


def _symbol(value: SSAValue) -> str:
    assert isinstance(value.owner, ReadOp)
    return value.owner.target


def _parameter(network: NetworkOp, like: ParameterOp, name: str, shape: Shape) -> SSAValue:
    kind = like.type.with_shape(shape)
    options = {"init": "constant", "value": 0.0}
    made = ParameterOp(name, kind, options, like.location)
    made.properties["learning_rate_multiplier"] = attribute(like.multiplier)
    module_of(network).body.block.insert_op_before(made, network)
    read = ReadOp(name, kind, like.location)
    first = network.block.first_op
    assert first is not None
    network.block.insert_op_before(read, first)
    return read.result


def _split(network: NetworkOp, user: TimesOp, left: SSAValue, right: SSAValue, name: str) -> None:
    """`A * x` becomes `right * x` under its own name, and `left` times that takes its place."""
    options = user.option_values()
    inner = TimesOp(right, user.operands[1], node=user.node_name, options=options)
    outer = TimesOp(left, inner.result, node=name)
    inner.location = outer.location = user.location
    network.block.insert_op_before(inner, user)
    network.block.insert_op_before(outer, user)
    inner.result.name_hint = user.result.name_hint
    user.result.replace_all_uses_with(outer.result)
    user.detach()
    user.erase()
