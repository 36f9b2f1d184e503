"""Convolution, and what its gradients are made of. Gradients: `passes/gradient/convolution.py`.

`net.convolution` is the node as it is written. The compiler works with three operations on
windows: `net.correlate`, its adjoint `net.correlate_back` (a transposed convolution, or the
gradient of the input), and `net.correlate_weights` (the gradient of the weights).
"""

from __future__ import annotations

from abc import ABC
from collections.abc import Mapping, Sequence
from math import prod
from typing import Any, ClassVar, cast

from xdsl.dialects.builtin import ArrayAttr, BoolAttr, IntegerAttr, StringAttr, i64
from xdsl.irdl import irdl_op_definition, operand_def, opt_prop_def, prop_def
from xdsl.utils.exceptions import VerifyException

from brainscript.dialects.net.base import NetOp, Option, plain
from brainscript.dialects.net.shapes import (
    Inferred,
    Options,
    ShapeError,
    as_written,
    infer_from,
    is_known,
)
from brainscript.dialects.net.windows import (
    BAD_OPTION,
    BAD_WEIGHTS,
    Axis,
    Sliding,
    convolution_axes,
    kernel_count,
    kernel_size,
    output_shape,
    transposed_axes,
)
from brainscript.dialects.tensors import UNKNOWN, Shape, TensorType, shape_text, type_of

Integers = tuple[int, ...]

NONE: ArrayAttr[IntegerAttr[Any]] = ArrayAttr([])
ONE: ArrayAttr[IntegerAttr[Any]] = ArrayAttr([IntegerAttr(1, i64)])
ZERO: ArrayAttr[IntegerAttr[Any]] = ArrayAttr([IntegerAttr(0, i64)])
CHW, HWC = ("CHW", "cudnn"), ("HWC", "legacy")

KERNEL = Option("kernelShape", (), "integers", "kernel")
STRIDE = Option("strideShape", (1,), "integers", "stride")
PADDING = Option("dimPadding", (1,), "integers", "padding")
LOW = Option("dimPadLower", (0,), "integers", "low")
HIGH = Option("dimPadUpper", (0,), "integers", "high")
LAYOUT = Option("imageLayout", "CHW", "text", "layout")
WINDOW_OPTIONS = (KERNEL, STRIDE, PADDING, LOW, HIGH)


def numbers(options: Options, name: str) -> Integers:
    """An option that is an array of whole numbers."""
    return cast(Integers, options.get(name, ()))


def sliding(options: Options, ceil: bool = False) -> Sliding:
    """The window options of a node."""
    return Sliding(
        numbers(options, "kernel"),
        numbers(options, "stride"),
        numbers(options, "padding"),
        numbers(options, "low"),
        numbers(options, "high"),
        numbers(options, "dilation"),
        numbers(options, "sharing"),
        ceil,
    )


def channels_first(options: Options) -> bool:
    """Whether images are `[C x W x H]`, from the option `imageLayout`."""
    name = options["layout"]
    if name not in (*CHW, *HWC):
        raise ShapeError(BAD_OPTION, "imageLayout is 'CHW' or 'HWC'", f"it is '{name}'")
    return name in HWC


def channels_last(shape: Shape) -> Shape:
    """`[C x W x H]` as `[W x H x C]`."""
    return (*shape[1:], shape[0])


def turned_back(shape: Shape) -> Shape:
    """`[W x H x C]` as `[C x W x H]`."""
    return (shape[-1], *shape[:-1])


def map_count(options: Options, weights: Shape | None, rank: int) -> int:
    """How many maps a convolution makes: as written, or what the weights have."""
    written = numbers(options, "maps")
    if any(m != 1 for m in written[:-1]) or min(written, default=0) < 0:
        label = f"mapDims is {shape_text(written)}"
        raise ShapeError(BAD_OPTION, "maps lie along the last axis alone", label)
    if written and written[-1]:
        return written[-1]
    if weights is not None and len(weights) > 1:
        found = weights[0] if len(weights) == 2 and rank > 1 else weights[-1]
        if found != UNKNOWN:
            return found
    raise ShapeError(BAD_WEIGHTS, "the number of maps is not known", "give mapDims")


def geometry(options: Options, weights: Shape | None, x: Shape) -> tuple[tuple[Axis, ...], int]:
    """The windows of a convolution of a whole known shape (channels last), and its maps.

    Of a transposed convolution these are the windows of the convolution that it turns round.
    """
    maps = map_count(options, weights, len(x))
    if not options["transpose"]:
        return convolution_axes(sliding(options), x), maps
    output = numbers(options, "output")
    return transposed_axes(sliding(options), x, maps, output if any(output) else ()), maps


def convolution_rule(inputs: Sequence[TensorType], options: Options) -> Inferred:
    """`(weights, x)`: the shape follows from x and the windows; weights take theirs from both."""
    weights, x = inputs[0].shape, inputs[1].shape
    if inputs[0].axis is not None:
        raise ShapeError(
            BAD_WEIGHTS, "the weights of a convolution differ from sample to sample", "", ""
        )
    first = channels_first(options)
    if x is None or not is_known(x):
        return Inferred(None, inputs[1].axis, (weights, x))
    axes, maps = geometry(options, weights, channels_last(x) if first else x)
    if options["transpose"]:
        result = tuple(a.size for a in axes)
    else:
        result = output_shape(axes, maps)
    done = _weights(weights, axes, maps)
    return Inferred(turned_back(result) if first else result, inputs[1].axis, (done, x))


def _weights(weights: Shape | None, axes: Sequence[Axis], maps: int) -> Shape | None:
    """The weights with open dimensions filled in; their number must be that of all kernels."""
    kernel, count = tuple(a.kernel for a in axes), kernel_count(axes, maps)
    if weights is None or not is_known(weights):
        matrix = weights is not None and len(weights) == 2 and len(kernel) > 1
        full = (count, prod(kernel)) if matrix else (*kernel, count)
        weights = infer_from(weights, full)
    if weights is not None and is_known(weights) and prod(weights) != prod(kernel) * count:
        label = f"{shape_text(weights)} for {count} kernels of {shape_text(kernel)}"
        raise ShapeError(BAD_WEIGHTS, "the weights do not fit the kernel", label)
    return weights


@irdl_op_definition
class ConvolutionOp(NetOp):
    """`z[o, m] = sum over k of x[o*stride + k*dilation - low] * w[k, m]`: no flip, zero padding.

    BrainScript: `Convolution (weightNode, inputValueNode, kernelDims, mapDims=0, stride=1,
    sharing=true, autoPadding=true, lowerPad=0, upperPad=0, transpose=false, dilation=1,
    imageLayout='CHW', maxTempMemSizeInSamples=0)`, and `ConvolutionTranspose` for its adjoint.
    The weights lie as `[kernel x maps]`; a matrix of weights is the same memory.
    """

    name = "net.convolution"
    OPERATION: ClassVar[str] = "Convolution"
    OPTIONS: ClassVar[tuple[Option, ...]] = (
        *WINDOW_OPTIONS,
        LAYOUT,
        Option("mapShape", (0,), "integers", "maps"),
        Option("dimSharing", (1,), "integers", "sharing"),
        Option("dilationShape", (1,), "integers", "dilation"),
        Option("transpose", False, "boolean", "transpose"),
        Option("dimOutputShape", (0,), "integers", "output"),
        Option("maxTempMemSizeInSamples", 0, "integer", "memory"),
    )
    rule = staticmethod(convolution_rule)

    weights = operand_def(TensorType)
    x = operand_def(TensorType)
    kernel = prop_def(ArrayAttr, default_value=NONE)
    stride = prop_def(ArrayAttr, default_value=ONE)
    padding = prop_def(ArrayAttr, default_value=ONE)
    low = prop_def(ArrayAttr, default_value=ZERO)
    high = prop_def(ArrayAttr, default_value=ZERO)
    layout = prop_def(StringAttr, default_value=StringAttr("CHW"))
    maps = prop_def(ArrayAttr, default_value=ZERO)
    sharing = prop_def(ArrayAttr, default_value=ONE)
    dilation = prop_def(ArrayAttr, default_value=ONE)
    transpose = prop_def(BoolAttr, default_value=BoolAttr.from_bool(False))
    output = prop_def(ArrayAttr, default_value=ZERO)
    memory = prop_def(IntegerAttr, default_value=IntegerAttr(0, i64))

    @property
    def is_transposed(self) -> bool:
        """Whether this is the adjoint of a convolution."""
        return bool(self.option_values()["transpose"])

    def window_options(self) -> dict[str, object]:
        """The windows, as the options of the compiler's operations; all shapes must be known."""
        options = self.option_values()
        first = channels_first(options)
        weights, x = type_of(self.weights).shape, type_of(self.x).shape
        assert x is not None
        axes, maps = geometry(options, weights, channels_last(x) if first else x)
        found = described(axes) | {"maps": maps}
        return found | {"channels_first": True} if first else found


def described(axes: Sequence[Axis]) -> dict[str, object]:
    """Windows as options: an array for every property, defaults left out."""
    found: dict[str, object] = {
        "input": tuple(a.size for a in axes),
        "windows": tuple(a.out for a in axes),
        "extent": tuple(a.kernel for a in axes),
        "stride": tuple(a.stride for a in axes),
        "low": tuple(a.low for a in axes),
    }
    if any(a.dilation != 1 for a in axes):
        found["dilation"] = tuple(a.dilation for a in axes)
    if not all(a.shared for a in axes):
        found["shared"] = tuple(int(a.shared) for a in axes)
    return found


def axes_of(properties: Mapping[str, object]) -> tuple[Axis, ...]:
    """The inverse of `described`, on plain values."""
    sizes = numbers(properties, "input")
    ones = (1,) * len(sizes)
    columns = zip(
        sizes,
        numbers(properties, "windows"),
        numbers(properties, "extent"),
        numbers(properties, "stride"),
        cast(Integers, properties.get("dilation", ones)),
        numbers(properties, "low"),
        cast(Integers, properties.get("shared", ones)),
        strict=True,
    )
    return tuple(Axis(i, o, k, s, d, lo, bool(c)) for i, o, k, s, d, lo, c in columns)


class WindowOp(NetOp, ABC):
    """An operation on windows: their number, size and place for each axis are written out.

    The axes are those of the sample, channels last; `channels_first` says that both samples lie
    as `[C x W x H]`, with the maps in front.
    """

    rule = staticmethod(as_written)

    input = prop_def(ArrayAttr)
    windows = prop_def(ArrayAttr)
    extent = prop_def(ArrayAttr)
    stride = prop_def(ArrayAttr)
    low = prop_def(ArrayAttr)
    dilation = opt_prop_def(ArrayAttr)

    @property
    def axes(self) -> tuple[Axis, ...]:
        """The windows along each axis."""
        return axes_of({name: plain(value) for name, value in self.properties.items()})

    def window_sizes(self) -> tuple[int, int]:
        """The elements of a sample that is looked at, and the number of windows in it."""
        axes = self.axes
        return prod(a.size for a in axes), prod(a.out for a in axes)

    def check_sizes(self, *pairs: tuple[TensorType, int]) -> None:
        """Raise unless the types have these numbers of elements."""
        for kind, size in pairs:
            if kind.known and kind.elements != size:
                raise VerifyException(f"{kind} does not have the {size} elements of the windows")


class CorrelationOp(WindowOp, ABC):
    """A convolution or a gradient of one: windows with weights."""

    maps = prop_def(IntegerAttr)
    shared = opt_prop_def(ArrayAttr)
    channels_first = opt_prop_def(BoolAttr)

    @property
    def map_count(self) -> int:
        """The maps that each window makes."""
        return self.maps.value.data

    @property
    def has_channels_first(self) -> bool:
        """Whether samples lie as `[C x W x H]`."""
        return self.channels_first is not None

    def sizes(self) -> tuple[int, int, int]:
        """The elements of the weights, of the sample looked at, and of the windows' results."""
        size, count = self.window_sizes()
        axes, maps = self.axes, self.map_count
        return kernel_size(axes) * kernel_count(axes, maps), size, count * maps


@irdl_op_definition
class CorrelateOp(CorrelationOp):
    """`z[o, m] = sum over k of x[o*stride + k*dilation - low] * w[k, m]`."""

    name = "net.correlate"

    weights = operand_def(TensorType)
    x = operand_def(TensorType)

    def verify_(self) -> None:
        """The operands have the sizes of the windows."""
        weights, size, results = self.sizes()
        kinds = (type_of(self.weights), type_of(self.x), type_of(self.result))
        self.check_sizes(*zip(kinds, (weights, size, results), strict=True))


@irdl_op_definition
class CorrelateBackOp(CorrelationOp):
    """`x[i] = sum over o, k, m with i = o*stride + k*dilation - low of g[o, m] * w[k, m]`."""

    name = "net.correlate_back"

    weights = operand_def(TensorType)
    g = operand_def(TensorType)

    def verify_(self) -> None:
        """The operands have the sizes of the windows."""
        weights, size, results = self.sizes()
        kinds = (type_of(self.weights), type_of(self.g), type_of(self.result))
        self.check_sizes(*zip(kinds, (weights, results, size), strict=True))


@irdl_op_definition
class CorrelateWeightsOp(CorrelationOp):
    """`w[k, m] = sum over o of x[o*stride + k*dilation - low] * g[o, m]`, over all samples."""

    name = "net.correlate_weights"

    x = operand_def(TensorType)
    g = operand_def(TensorType)

    def verify_(self) -> None:
        """The operands have the sizes of the windows."""
        weights, size, results = self.sizes()
        kinds = (type_of(self.x), type_of(self.g), type_of(self.result))
        self.check_sizes(*zip(kinds, (size, results, weights), strict=True))
