"""Pass `bs-instantiate-parameters`: every parameter becomes a symbol beside the program."""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp, StringAttr, SymbolRefAttr, UnitAttr, f32, f64
from xdsl.ir import Attribute
from xdsl.passes import ModulePass

from brainscript.dialects.bs import VALUE, NetworkOp, ParameterOp, ReadOp
from brainscript.dialects.net.leaves import make_parameter
from brainscript.dialects.net.parameters import SymbolOp
from brainscript.dialects.tensors import Element
from brainscript.passes.evaluate.failures import user_location
from brainscript.passes.evaluate.options import node_name, options_of
from brainscript.passes.evaluate.plain import network_of


@dataclass(frozen=True)
class BsInstantiateParameters(ModulePass):
    """`bs.parameter` becomes `net.parameter @h1.W` and `bs.read @h1.W`.

    The name is the path, the seed the creation order. Two parameters may have the same path: the
    symbol of the second gets `_` in front. `bs-to-net` gives both their final names. Seeds start
    after `seed_offset`, the seeds that networks before this one have used; with `constant_seed`
    all are 1.

    Before: `%W = bs.parameter ["dims", "init", ..](%dims, %init, ..) {path = "h1.W", order = 1}`.
    After: `net.parameter @h1.W : !net.t<[5 x 4], f32> {init = "uniform", seed = 1}` beside the
    network and `%W = bs.read @h1.W` in it.
    """

    name = "bs-instantiate-parameters"

    seed_offset: int = 0
    constant_seed: bool = False

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        """Make the parameters of the program of the module."""
        network = network_of(op)
        if network is not None:
            _instantiate(op, network, self)

    def seed_of(self, op: ParameterOp) -> int:
        """The seed of a parameter that has none of its own."""
        order = op.order.value.data if op.order is not None else 0
        return 1 if self.constant_seed else order + self.seed_offset


def element_of(module: ModuleOp) -> Element:
    """The element type that the module's precision asks for."""
    precision = module.attributes.get("net.precision")
    double = isinstance(precision, StringAttr) and precision.data == "double"
    return f64 if double else f32


def _instantiate(module: ModuleOp, network: NetworkOp, how: BsInstantiateParameters) -> None:
    element = element_of(module)
    taken = {op.sym_name.data for op in module.ops if isinstance(op, SymbolOp)}
    for op in list(network.body.block.ops):
        if not isinstance(op, ParameterOp):
            continue
        symbol = node_name(op) or "parameter"
        while symbol in taken:
            symbol = "_" + symbol
        taken.add(symbol)
        options = options_of(op)
        tag = options.pop("tag", "")
        seed = how.seed_of(op)
        location = user_location(op.location)
        module.body.block.insert_op_before(
            make_parameter(symbol, options, seed, element, location), network
        )
        properties: dict[str, Attribute] = {"symbol": SymbolRefAttr(symbol)}
        if tag:
            properties["tag"] = StringAttr(str(tag))
        if op.hidden is not None:
            properties["hidden"] = UnitAttr()
        read = ReadOp.create(
            result_types=(VALUE,),
            properties=properties,
            attributes=op.attributes,
            location=op.location,
        )
        network.body.block.insert_op_before(read, op)
        hint = op.result.name_hint
        op.result.replace_all_uses_with(read.result)
        read.result.name_hint = hint
        op.detach()
        op.erase()
