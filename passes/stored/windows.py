"""What CNTK's dumps say of a node beside its inputs: the geometry of convolution and pooling."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from brainscript.dialects.net.base import NetOp
from brainscript.dialects.net.convolution import ConvolutionOp, axes_of, numbers
from brainscript.dialects.net.pooling import MAX, ImagePoolingOp, MaxUnpoolingOp, PoolingOp
from brainscript.dialects.net.windows import filled, output_shape
from brainscript.dialects.tensors import Shape, shape_of, type_of

NO_POOLING, MAXIMUM, AVERAGE = range(3)
"""CNTK's numbers of the kinds of pooling."""


def detail_of(op: NetOp) -> str:
    """The lines of a node that works on windows; nothing for any other."""
    if isinstance(op, ConvolutionOp):
        return _geometry(op, NO_POOLING)
    if isinstance(op, PoolingOp):
        largest = op.option_values()["kind"] == MAX
        return _geometry(op, MAXIMUM if largest else AVERAGE)
    if isinstance(op, ImagePoolingOp):
        return _image(op)
    return _geometry(op, MAXIMUM) if isinstance(op, MaxUnpoolingOp) else ""


def _geometry(op: ConvolutionOp | PoolingOp | MaxUnpoolingOp, kind: int) -> str:
    windows, options = op.window_options(), op.option_values()
    axes = axes_of(windows)
    maps = windows.get("maps", 1)
    assert isinstance(maps, int)
    written = numbers(options, "maps")
    parts = (
        ("Input", _by(a.size for a in axes)),
        ("Output", _by(output_shape(axes, maps))),
        ("Kernel", _by(a.kernel for a in axes)),
        ("Map", _by(written) if len(written) > 1 else str(maps)),
        ("Stride", _by(a.stride for a in axes)),
        ("Sharing", _flags(int(a.shared) for a in axes)),
        ("AutoPad", _flags(_along(options, "padding", len(axes)))),
        ("LowerPad", _by(_along(options, "low", len(axes)))),
        ("UpperPad", _by(_along(options, "high", len(axes)))),
    )
    listed = ", ".join(f"{name}: {value}" for name, value in parts)
    return f"Geometry:  {listed} \n PoolKind:  {kind} \n "


def _along(options: Mapping[str, object], name: str, rank: int) -> tuple[int, ...]:
    """An option axis by axis."""
    return filled(numbers(options, name), len(numbers(options, "kernel")), 0, (0,) * rank)


def _image(op: ImagePoolingOp) -> str:
    """The older pooling nodes: the first dimension counts as channels, the output as not known."""
    options = op.option_values()
    sizes = {name: f"{options[name]:g}" for name in ("width", "height", "step_x", "step_y")}
    return (
        f"Input[{_named(shape_of(op.x))}]  \n"
        f" PoolingWindow[Width:{sizes['width']}, Height:{sizes['height']}]  "
        f"SubSampling[Horizontal:{sizes['step_x']}, Vertical:{sizes['step_y']}]\n"
        f" Output[{_named(shape_of(op.result))}]  \n"
        f" TotalSizePerSample[Input:{type_of(op.x).elements}, Output:0]  \n "
    )


def _named(shape: Shape) -> str:
    channels, width, height = (*shape, 1, 1, 1)[:3]
    return f"Width:{width}, Height:{height}, Channels:{channels}"


def _by(sizes: Iterable[int]) -> str:
    return " x ".join(map(str, sizes))


def _flags(values: Iterable[int]) -> str:
    return f"({', '.join(map(str, values))})"
