"""Where `net.crop` cuts: given, or found from the strides and paddings between two images.

Every operation on the way from an image to what it was made of moves coordinates by an affine
map: element `o` of the result lies at `o * scale + shift` of the operand. The part is cut out
where the two maps from the common origin agree; their scales must be the same. The middle of a
window of even size is its last element before the half, and an offset is rounded down: whole
elements are cut away, as in CNTK.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from xdsl.dialects.builtin import IntegerAttr, i64
from xdsl.ir import Operation, SSAValue

from brainscript.dialects.net.convolution import ConvolutionOp, axes_of, channels_first
from brainscript.dialects.net.crop import DERIVED, CropOp
from brainscript.dialects.net.places import failure
from brainscript.dialects.net.pooling import MaxUnpoolingOp, PoolingNode
from brainscript.dialects.net.windows import DOES_NOT_FIT, Axis
from brainscript.dialects.tensors import type_of


@dataclass(frozen=True)
class Map:
    """Element o of the result lies at `o * scale + shift` of the origin."""

    scale: Fraction = Fraction(1)
    shift: Fraction = Fraction(0)

    def through(self, step: Map) -> Map:
        """This map after one more operation, nearer to the origin."""
        return Map(self.scale * step.scale, self.shift * step.scale + step.shift)

    def inverse(self) -> Map:
        """The map the other way round."""
        return Map(1 / self.scale, -self.shift / self.scale)


Maps = tuple[Map, Map]


def offsets_of(op: CropOp) -> tuple[int, int]:
    """The first element along the two image axes that is not cut away."""
    given = op.x_offset.value.data, op.y_offset.value.data
    if DERIVED not in given:
        return given
    if op.first is not None and op.second is not None:
        pairs = [(_origins(op.x).get(op.first), _origins(op.like).get(op.second))]
    else:
        ours, theirs = _origins(op.x), _origins(op.like)
        pairs = [(ours[value], theirs[value]) for value in ours if value in theirs]
    for mine, like in pairs[:1]:
        if mine is not None and like is not None:
            first, second = (_offset(op, a, b) for a, b in zip(mine, like, strict=True))
            return first, second
    raise failure(
        op,
        DOES_NOT_FIT,
        "the offsets of a Crop cannot be found",
        "its two inputs have no image in common",
        "give xOffset and yOffset",
    )


def settle(op: CropOp) -> None:
    """Write the offsets into the operation: they no longer depend on how its inputs are made."""
    first, second = offsets_of(op)
    op.x_offset, op.y_offset = IntegerAttr(first, i64), IntegerAttr(second, i64)


def _offset(op: CropOp, mine: Map, like: Map) -> int:
    """`mine(o + offset) = like(o)` for all o."""
    found = (like.shift - mine.shift) / mine.scale
    if mine.scale != like.scale or found < 0:
        label = f"scales {mine.scale} and {like.scale}, offset {found}"
        title = "the two images of a Crop do not lie on one grid"
        raise failure(op, DOES_NOT_FIT, title, label, "give xOffset and yOffset")
    return int(found)


def _origins(value: SSAValue) -> dict[SSAValue, Maps]:
    """Every image that the value was made of, the nearest first, and the maps to it."""
    found: dict[SSAValue, Maps] = {value: (Map(), Map())}
    todo = [value]
    while todo:
        current = todo.pop(0)
        for source, step in _sources(current.owner):
            if source not in found:
                first, second = found[current]
                found[source] = first.through(step[0]), second.through(step[1])
                todo.append(source)
    return found


def _sources(owner: object) -> list[tuple[SSAValue, Maps]]:
    """The images that an operation works on, with the maps of the two image axes."""
    if not isinstance(owner, Operation):
        return []
    if isinstance(owner, CropOp):
        first, second = offsets_of(owner)
        return [(owner.x, (Map(shift=Fraction(first)), Map(shift=Fraction(second))))]
    if isinstance(owner, ConvolutionOp | PoolingNode | MaxUnpoolingOp):
        return [_windows(owner)]
    kind = type_of(owner.results[0]).shape
    same = [v for v in owner.operands if type_of(v).shape == kind]
    return [(v, (Map(), Map())) for v in same]


def _windows(owner: ConvolutionOp | PoolingNode | MaxUnpoolingOp) -> tuple[SSAValue, Maps]:
    """The centre of a window; operations that turn a convolution or pooling round, inverted."""
    axes = axes_of(owner.window_options())
    options = owner.option_values()
    first = channels_first(options)
    pair = axes[1:3] if first and not isinstance(owner, ConvolutionOp) else axes[:2]
    maps = tuple(_centre(a) for a in pair)
    if isinstance(owner, ConvolutionOp):
        source, turned = owner.x, owner.is_transposed
    else:
        source, turned = owner.operands[0], isinstance(owner, MaxUnpoolingOp)
    one, two = (m.inverse() for m in maps) if turned else maps
    return source, (one, two)


def _centre(axis: Axis) -> Map:
    return Map(Fraction(axis.stride), Fraction((axis.reach - 1) // 2 - axis.low))
