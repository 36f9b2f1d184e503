"""What CNTK's dumps say of a node beside its inputs: the geometry of convolution and pooling."""

from __future__ import annotations

from collections.abc import Iterable

from brainscript.dialects.net.base import NetOp
from brainscript.dialects.net.convolution import ConvolutionOp, axes_of
from brainscript.dialects.net.pooling import MAX, MaxUnpoolingOp, PoolingNode
from brainscript.dialects.net.windows import filled, output_shape

NO_POOLING, MAXIMUM, AVERAGE = range(3)
"""CNTK's numbers of the kinds of pooling."""


def detail_of(op: NetOp) -> str:
    """The lines of a node that works on windows; nothing for any other."""
    if isinstance(op, ConvolutionOp):
        return _geometry(op, int(str(op.window_options()["maps"])), NO_POOLING)
    if isinstance(op, PoolingNode):
        largest = op.window_options()["kind"] == MAX
        return _geometry(op, 1, MAXIMUM if largest else AVERAGE)
    return _geometry(op, 1, MAXIMUM) if isinstance(op, MaxUnpoolingOp) else ""


def _geometry(op: ConvolutionOp | PoolingNode | MaxUnpoolingOp, maps: int, kind: int) -> str:
    axes, options = axes_of(op.window_options()), op.option_values()
    rank, given = len(axes), options.get("kernel", ())
    named = len(given) if isinstance(given, tuple) else rank

    def along(name: str, default: int) -> tuple[int, ...]:
        values = options.get(name, (default,))
        assert isinstance(values, tuple)
        return filled(tuple(int(str(v)) for v in values), named, default, (0,) * rank)

    parts = (
        ("Input", _by(a.size for a in axes)),
        ("Output", _by(output_shape(axes, maps))),
        ("Kernel", _by(a.kernel for a in axes)),
        ("Map", str(maps)),
        ("Stride", _by(a.stride for a in axes)),
        ("Sharing", _flags(int(a.shared) for a in axes)),
        ("AutoPad", _flags(along("padding", 0))),
        ("LowerPad", _by(along("low", 0))),
        ("UpperPad", _by(along("high", 0))),
    )
    listed = ", ".join(f"{name}: {value}" for name, value in parts)
    return f"Geometry:  {listed} \n PoolKind:  {kind} \n "


def _by(sizes: Iterable[int]) -> str:
    return " x ".join(map(str, sizes))


def _flags(values: Iterable[int]) -> str:
    return f"({', '.join(map(str, values))})"
