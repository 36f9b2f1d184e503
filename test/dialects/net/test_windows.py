"""How many windows an axis has and where they lie, and what is refused with which message."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from brainscript.dialects.net.kinds import KINDS
from brainscript.dialects.net.shapes import ShapeError
from brainscript.dialects.net.windows import (
    Axis,
    Sliding,
    convolution_axes,
    pooling_axes,
    transposed_axes,
)
from brainscript.dialects.tensors import UNKNOWN, Shape, TensorType

PADDED = {"padding": (1,)}


def one(size: int, kernel: int, stride: int = 1, **options: tuple[int, ...] | bool) -> Axis:
    """The windows along a single axis."""
    (axis,) = pooling_axes(Sliding((kernel,), (stride,), **options), (size,))  # pyright: ignore[reportArgumentType]
    return axis


@pytest.mark.parametrize(
    ("size", "kernel", "stride", "out", "low"),
    [(5, 2, 1, 5, 0), (6, 3, 2, 3, 1), (7, 4, 3, 3, 1), (5, 3, 1, 5, 1), (8, 1, 3, 3, 0)],
)
def test_automatic_padding(size: int, kernel: int, stride: int, out: int, low: int):
    axis = one(size, kernel, stride, **PADDED)
    assert (axis.out, axis.low) == (out, low)


def test_automatic_padding_may_skip_elements():
    axis = one(8, 1, 5, **PADDED)
    assert (axis.out, axis.low) == (2, -1)
    assert [axis.element(o, 0) for o in range(2)] == [1, 6]


@pytest.mark.parametrize(
    ("kernel", "stride", "ceil", "out"), [(3, 2, False, 3), (3, 2, True, 3), (4, 2, True, 3)]
)
def test_windows_without_padding(kernel: int, stride: int, ceil: bool, out: int):
    assert one(7, kernel, stride, ceil=ceil).out == out


def test_a_last_window_may_lie_in_the_padding():
    axis = one(7, 2, 3, ceil=True)
    assert [axis.element(axis.out - 1, k) for k in range(2)] == [6, None]


def test_short_options_are_completed():
    image = convolution_axes(Sliding((3, 3), (2,), (1,)), (9, 8, 5))
    assert [a.out for a in image] == [5, 4, 1]
    assert [(a.kernel, a.stride, a.low) for a in image][2] == (5, 5, 0)
    pooled = pooling_axes(Sliding((2, 2), (2,)), (8, 8, 5))
    assert [a.out for a in pooled] == [4, 4, 5]


def test_one_window_over_all_channels_has_no_padding():
    *_, channels = convolution_axes(Sliding((3, 3, 6), (1, 1, 6)), (8, 8, 6))
    assert (channels.out, channels.low, channels.kernel) == (1, 0, 6)


@pytest.mark.parametrize(("padding", "size"), [(1, 9), (0, 11)])
def test_transposed_convolution(padding: int, size: int):
    (axis,) = transposed_axes(Sliding((3,), (2,), (padding,)), (5,), 1, ())
    assert (axis.size, axis.out) == (size, 5)


def refused(kind: str, shapes: tuple[Shape, ...], options: Mapping[str, object]) -> ShapeError:
    """The error of a node on minibatch data of these shapes."""
    types = [TensorType.of(s, axis="*") for s in shapes]
    if kind == "Convolution":
        types[0] = types[0].with_axis(None)
    with pytest.raises(ShapeError) as found:
        KINDS[kind].infer(types, options)
    return found.value


IMAGE: Shape = (5, 4, 2)
CASES: dict[str, tuple[str, tuple[Shape, ...], dict[str, object], str, str]] = {
    "kernel too large": (
        "Convolution",
        ((7, 3, 2, 1), IMAGE),
        {"kernelShape": (7, 3), "mapShape": 1},
        "BS0440",
        "the kernel is larger than the input: axis 1: 5 elements, kernel 7",
    ),
    "padding that does not fill": (
        "Convolution",
        ((3, 3, 2, 1), IMAGE),
        {"kernelShape": (3, 3), "strideShape": 2, "dimPadding": False, "dimPadLower": (1, 0)},
        "BS0440",
        "explicit padding must make the windows fill the input: axis 1",
    ),
    "padded channels": (
        "Convolution",
        ((3, 3, 2, 1), IMAGE),
        {"kernelShape": (3, 3, 2)},
        "BS0443",
        "the channel axis would be padded: the kernel covers all 2 channels",
    ),
    "padded output channels": (
        "Convolution",
        ((3, 3, 4, 2), IMAGE),
        {"kernelShape": (3, 3, 4), "mapShape": 2, "transpose": True},
        "BS0443",
        "the kernel covers all 4 channels",
    ),
    "dilated kernel too large": (
        "Convolution",
        ((3, 1, 2, 1), IMAGE),
        {"kernelShape": (3, 1), "dilationShape": 3, "dimPadding": False},
        "BS0440",
        "the dilated kernel is larger than the padded input",
    ),
    "weights of another size": (
        "Convolution",
        ((3, 3, 3, 1), IMAGE),
        {"kernelShape": (3, 3)},
        "BS0442",
        "[3 x 3 x 3 x 1] for 1 kernels of [3 x 3 x 2]",
    ),
    "maps of which nothing is known": (
        "Convolution",
        ((UNKNOWN,), IMAGE),
        {"kernelShape": (3, 3)},
        "BS0442",
        "the number of maps is not known",
    ),
    "maps along several axes": (
        "Convolution",
        ((3, 3, 2, 4), IMAGE),
        {"kernelShape": (3, 3), "mapShape": (2, 1, 2)},
        "BS0441",
        "maps lie along the last axis alone: mapDims is [2 x 1 x 2]",
    ),
    "a kernel of too many axes": (
        "Pooling",
        (IMAGE,),
        {"kernelShape": (2, 2, 1, 1)},
        "BS0441",
        "the kernel has more axes than the input: [2 x 2 x 1 x 1] and [5 x 4 x 2]",
    ),
    "too many strides": (
        "Pooling",
        (IMAGE,),
        {"kernelShape": 2, "strideShape": (1, 1, 1, 1)},
        "BS0441",
        "4 values of 'stride'",
    ),
    "a stride of 0": (
        "Pooling",
        (IMAGE,),
        {"kernelShape": 2, "strideShape": 0},
        "BS0441",
        "windows need positive sizes: axis 1: kernel 2, stride 0",
    ),
    "another kind of pooling": (
        "Pooling",
        (IMAGE,),
        {"kernelShape": 2, "poolKind": "median"},
        "BS0441",
        "poolKind is 'max' or 'average': it is 'median'",
    ),
    "another layout": (
        "MaxPooling",
        (IMAGE,),
        {"imageLayout": "WHC"},
        "BS0441",
        "imageLayout is 'CHW' or 'HWC': it is 'WHC'",
    ),
    "no image": (
        "AveragePooling",
        ((7,),),
        {"windowWidth": 2},
        "BS0441",
        "an image has two axes and channels: [7]",
    ),
    "values of other windows": (
        "MaxUnpooling",
        ((2, 1, 2), IMAGE),
        {"kernelShape": (2, 2), "strideShape": 2, "dimPadding": False},
        "BS0440",
        "there is not one value for each window: [2 x 1 x 2] for windows [2 x 2 x 2]",
    ),
    "an output of other windows": (
        "Convolution",
        ((3, 3, 1, 2), IMAGE),
        {
            "kernelShape": (3, 3, 1),
            "strideShape": (2, 2, 1),
            "dimPadding": (True, True, False),
            "transpose": True,
            "mapShape": 2,
            "dimOutputShape": (11, 7, 1),
        },
        "BS0440",
        "[11 x 7 x 1] would make [6 x 4 x 1], not [5 x 4 x 1]",
    ),
    "an output of another rank": (
        "Convolution",
        ((3, 3, 1, 2), IMAGE),
        {
            "kernelShape": (3, 3, 1),
            "dimPadding": False,
            "transpose": True,
            "mapShape": 2,
            "dimOutputShape": (11, 7),
        },
        "BS0441",
        "outputShape must have as many axes as the input",
    ),
    "a transposed kernel without channels": (
        "Convolution",
        ((3, 3, 1, 2), IMAGE),
        {"kernelShape": (3, 3), "transpose": True, "mapShape": 2},
        "BS0441",
        "the kernel must have as many axes as the input",
    ),
    "channels that are no maps": (
        "Convolution",
        ((3, 3, 1, 3), IMAGE),
        {"kernelShape": (3, 3, 1), "transpose": True, "mapShape": 3},
        "BS0442",
        "the input channels are not a multiple of mapDims: 2 and 3",
    ),
    "regions of other numbers": (
        "ROIPooling",
        (IMAGE, (5, 3)),
        {"roiOutputShape": (2, 2)},
        "BS0440",
        "ROIPooling takes an image [W x H x C] and regions [4 x n]",
    ),
    "bins along one axis": (
        "ROIPooling",
        (IMAGE, (4, 3)),
        {"roiOutputShape": 2},
        "BS0441",
        "the shape of ROIPooling is (width:height): it is [2]",
    ),
    "more bins than elements": (
        "ROIPooling",
        (IMAGE, (4, 3)),
        {"roiOutputShape": (2, 6)},
        "BS0440",
        "the image has fewer elements than there are bins",
    ),
    "a part outside": (
        "Crop",
        (IMAGE, (3, 3, 1)),
        {"xOffset": 1, "yOffset": 2},
        "BS0440",
        "axis 2: 3 elements from 2 on, of 4",
    ),
    "one offset": (
        "Crop",
        (IMAGE, (3, 3, 1)),
        {"xOffset": 1},
        "BS0441",
        "give both offsets, 0 or more, or none",
    ),
    "three images": ("Crop", (IMAGE, IMAGE, IMAGE), {}, "BS0413", "takes 2 or 4 inputs, not 3"),
    "no two images": ("Crop", ((5,), IMAGE), {}, "BS0440", "Crop takes two images"),
}


@pytest.mark.parametrize("name", CASES)
def test_refused(name: str):
    kind, shapes, options, code, text = CASES[name]
    error = refused(kind, shapes, options)
    assert error.code == code
    assert text in f"{error.title}: {error.label}"


def test_weights_that_differ_from_sample_to_sample_are_refused():
    types = [TensorType.of((3, 3, 2, 1), axis="*"), TensorType.of(IMAGE, axis="*")]
    with pytest.raises(ShapeError, match="differ from sample to sample"):
        KINDS["Convolution"].infer(types, {"kernelShape": (3, 3)})
