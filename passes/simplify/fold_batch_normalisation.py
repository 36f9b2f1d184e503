"""`net-fold-batch-normalisation`: frozen statistics become part of the weights before them."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import SSAValue
from xdsl.passes import ModulePass

from brainscript.dialects.net.base import NetOp
from brainscript.dialects.net.convolution import ConvolutionOp, channels_first, numbers
from brainscript.dialects.net.elementwise import PlusOp
from brainscript.dialects.net.linear import TimesOp
from brainscript.dialects.net.network import network_of
from brainscript.dialects.net.normalise import BatchNormalizationOp
from brainscript.dialects.net.parameters import ReadOp
from brainscript.dialects.net.shapes import padded
from brainscript.dialects.tensors import TensorType, shape_of, type_of
from brainscript.passes.gradient.terms import Term
from brainscript.passes.mode.batch_normalization import Parts
from brainscript.passes.mode.set_mode import replace
from brainscript.passes.mode.site import Site


@dataclass(frozen=True)
class NetFoldBatchNormalisation(ModulePass):
    """Scale the weights of a convolution or product instead of its result.

    For steps that use running statistics: with `f = scale ./ sqrt (variance + epsilon)`,
    `(W x + c - mean) .* f + bias = (W .* f) x + ((c - mean) .* f + bias)`, equal up to rounding.
    Only where nobody else reads the product; what is left depends on parameters alone but for one
    product and one sum, so that `net-compute-once` leaves just these.

    Before: `%t = net.convolution %w, %x`, `%y = net.batch_normalization %t, %s, %b, %m, %v, %n`.
    After: `%u = net.element_times %w, %f`, `%t = net.convolution %u, %x`, `%y = net.plus %t, %c`.
    """

    name = "net-fold-batch-normalisation"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        """Rewrite the network of the module."""
        network = network_of(op)
        if network is None:
            return
        nodes = [o for o in network.block.ops if isinstance(o, BatchNormalizationOp)]
        for number, node in enumerate(nodes):
            found = before(node)
            if found is not None:
                fold(Site(op, network, node, number + 1), *found)


def before(node: BatchNormalizationOp) -> tuple[NetOp, SSAValue | None] | None:
    """The product that a normalisation can be folded into, and what is added to it in between."""
    value, added = node.x, None
    if isinstance(value.owner, PlusOp) and has_one_use(value):
        a, b = value.owner.operands
        for inner, other in ((a, b), (b, a)):
            if isinstance(other.owner, ReadOp) and inner.type == value.type:
                value, added = inner, other
    op, kind = value.owner, node.statistics
    if not has_one_use(value) or (added is not None and not fits(type_of(added), kind)):
        return None
    if isinstance(op, ConvolutionOp) and folds_into_kernels(op, kind):
        return op, added
    if isinstance(op, TimesOp) and folds_into_rows(op):
        return op, added
    return None


def has_one_use(value: SSAValue) -> bool:
    """Whether one operation reads the value."""
    return sum(1 for _ in value.uses) == 1


def fits(added: TensorType, statistics: TensorType) -> bool:
    """Whether what is added has one number for each of the statistics, or one for all."""
    wide, shape = shape_within(statistics), shape_within(added)
    if added.axis is not None or len(shape) > len(wide):
        return False
    return all(n in (1, w) for n, w in zip(padded(shape, len(wide)), wide, strict=True))


def shape_within(kind: TensorType) -> tuple[int, ...]:
    """The shape of a type whose dimensions are known."""
    assert kind.shape is not None
    return kind.shape


def folds_into_kernels(op: ConvolutionOp, statistics: TensorType) -> bool:
    """Whether each number of the statistics has one kernel, and kernels lie one after the other.

    With the channels first their elements are interleaved.
    """
    options = op.option_values()
    shape, maps = shape_of(op.result), statistics.elements
    wanted = (*(1 for _ in shape[1:]), shape[-1])
    shared = all(numbers(options, "sharing"))
    whole = prod(shape_of(op.weights)) % maps == 0 and statistics.shape == wanted
    plain = not op.is_transposed and not channels_first(options)
    return whole and shared and plain and isinstance(op.weights.owner, ReadOp)


def folds_into_rows(op: TimesOp) -> bool:
    """Whether each row of a parameter gives one element of the result."""
    rank = op.output_rank.value.data
    rows = shape_of(op.a)[:rank]
    return isinstance(op.a.owner, ReadOp) and shape_of(op.result) == rows


def fold(site: Site, product: NetOp, added: SSAValue | None) -> None:
    """Write the scaled product and what is added to it in the place of a normalisation."""
    node = site.op
    assert isinstance(node, BatchNormalizationOp)
    own = Parts(site, node)
    factor = own.read("scale") * own.inverse(own.read("variance"))
    shift = own.read("bias") - own.read("mean") * factor
    if added is not None:
        shift = site.term(added) * factor + shift
    weights, x = product.operands
    scaled = scaled_weights(site, product, weights, factor)
    copy = product.clone()
    copy.operands = [scaled.value, x]
    copy.properties.pop("node", None)
    site.writer.insert(copy)
    replace(site, lambda *_: site.term(copy.result) + shift)


def scaled_weights(site: Site, product: NetOp, weights: SSAValue, factor: Term) -> Term:
    """`W .* f`: the rows of a matrix, or the kernels, which lie one after the other in memory."""
    if isinstance(product, TimesOp):
        return site.term(weights) * factor
    kind, maps = type_of(weights), type_of(factor.value).elements
    flat = kind.with_shape((kind.elements // maps, maps))
    row = site.reshaped(factor.value, type_of(factor.value).with_shape((1, maps)))
    return site.reshaped((site.reshaped(weights, flat) * row).value, kind)
