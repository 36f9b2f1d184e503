"""Images of ONNX: windows of convolutions and poolings over axes C, H, W."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from brainscript.runtime.model.exchange.reading.importer import Attributes, Importer, Reader
from brainscript.runtime.model.exchange.reading.nodes import cut, finish, make, pad, text
from brainscript.runtime.model.spelling.pieces import Pieces
from brainscript.stored_graph import StoredNode

LOWEST, MOST_PARTS = -3e38, 64
"""What is smaller than all elements, and how many parts of an image are compared."""


@dataclass(frozen=True)
class Windows:
    """The windows of a node over axes C, H, W: kernel, strides and dilations of H, W."""

    kernel: list[int]
    strides: list[int]
    dilations: list[int]
    low: list[int]
    high: list[int]

    def options(self, channels: int, step: int) -> dict[str, Any]:
        """As options over [W x H x C]: `channels` and `step` are kernel and stride of C."""
        return {
            "kernelShape": [*self.kernel[::-1], channels],
            "strideShape": [*self.strides[::-1], step],
            "dimPadding": [0],
            "dimPadLower": [*self.low[::-1], 0],
            "dimPadUpper": [*self.high[::-1], 0],
            "imageLayout": "CHW",
        }


def windows_of(i: Importer, output: str, x: str, a: Attributes, kernel: list[int]) -> Windows:
    """The windows of a node; padding behind is as much as the last window reaches over."""
    ones = [1] * len(kernel)
    strides, dilations = list(a.get("strides", ones)), list(a.get("dilations", ones))
    low = _padding_in_front(i, x, a, kernel)
    sizes, counts = i.image(x)[1:], i.image(output)[1:]
    reaches = [(k - 1) * d + 1 for k, d in zip(kernel, dilations, strict=True)]
    columns = zip(counts, strides, reaches, sizes, low, strict=True)
    high = [(count - 1) * s + reach - size - lo for count, s, reach, size, lo in columns]
    return Windows(kernel, strides, dilations, low, high)


def _padding_in_front(i: Importer, x: str, a: Attributes, kernel: list[int]) -> list[int]:
    ones = [1] * len(kernel)
    mode = text(a.get("auto_pad", "NOTSET"))
    if mode not in ("SAME_UPPER", "SAME_LOWER"):
        pads = list(a.get("pads", [])) if mode == "NOTSET" else []
        return pads[: len(kernel)] or [0] * len(kernel)
    columns = zip(
        i.image(x)[1:],
        kernel,
        a.get("strides", ones),
        a.get("dilations", ones),
        strict=True,
    )
    totals = [max(0, (-(-size // s) - 1) * s + (k - 1) * d + 1 - size) for size, k, s, d in columns]
    return [(total + (mode == "SAME_LOWER")) // 2 for total in totals]


def trimmed(i: Importer, output: str, x: str, windows: Windows) -> tuple[str, Windows]:
    """The image without the elements behind the last window, where there is padding in front."""
    name, rank = i.name(x), len(windows.kernel)
    for place, (low, high) in enumerate(zip(windows.low, windows.high, strict=True)):
        if low > 0 > high:
            size, part = i.image(x)[1 + place], f"{output}/part{place}"
            axis = rank - place
            make(i, part, "Slice", [name], axis=axis, beginIndex=0, endIndex=size + high)
            name = part
    return name, replace(windows, high=[max(0, high) for high in windows.high])


def _widened(
    i: Importer, output: str, image: str, found: tuple[str, Windows]
) -> tuple[str, Windows]:
    """The image with its padding, where windows are larger than it."""
    x, windows = found
    sizes = i.image(image)[1:]
    if all(size >= kernel for size, kernel in zip(sizes, windows.kernel, strict=True)):
        return found
    options: dict[str, object] = {
        "paddingHead": [*windows.low[::-1], 0],
        "paddingFoot": [*windows.high[::-1], 0],
    }
    pad(i, f"{output}/wide", x, options)
    zeros = [0] * len(sizes)
    return f"{output}/wide", replace(windows, low=zeros, high=zeros)


def _conv(i: Importer, output: str, inputs: list[str], a: Attributes) -> None:
    """Groups are windows along the channels with weights of their own, which come first."""
    filter, group = i.constant(inputs[1]), a.get("group", 1)
    maps, channels, *kernel = filter.shape
    x, windows = trimmed(i, output, inputs[0], windows_of(i, output, inputs[0], a, list(kernel)))
    x, windows = _widened(i, output, inputs[0], (x, windows))
    options = windows.options(channels, channels)
    options["mapShape"] = [maps // group]
    options["dilationShape"] = [*windows.dilations[::-1], 1]
    weights, each = inputs[1], maps // group
    found = output if len(inputs) < 3 else f"{output}/product"
    if group == 1:
        make(i, found, "Convolution", [i.name(weights), x], **options)
    else:
        turned = filter.reshape(group, each, channels, *kernel).swapaxes(0, 1)
        weights = i.parameter(f"{output}/W", turned.reshape(filter.shape))
        options["dimSharing"] = [*[1] * len(kernel), 0]
        made = found if each == 1 else f"{output}/groups"
        make(i, made, "Convolution", [weights, x], **options)
        if each > 1:
            _swap_channels(i, found, made, (group, each), len(kernel))
    if len(inputs) > 2:
        bias = i.constant(inputs[2]).reshape(maps, *[1] * len(kernel))
        make(i, output, "Plus", [found, i.parameter(f"{output}/b", bias)])


def _swap_channels(i: Importer, output: str, x: str, counts: tuple[int, int], rank: int) -> None:
    """Channels of which the first number is the fastest, so that the second one is."""
    apart, swapped = f"{output}/apart", f"{output}/swapped"
    make(i, apart, "Reshape", [x], dims=list(counts), beginAxis=rank + 1, endAxis=0)
    make(i, swapped, "TransposeDimensions", [apart], axis1=rank + 1, axis2=rank + 2)
    total = counts[0] * counts[1]
    make(i, output, "Reshape", [swapped], dims=[total], beginAxis=rank + 1, endAxis=0)


def _pool(kind: str) -> Reader:
    def read(i: Importer, output: str, inputs: list[str], a: Attributes) -> None:
        kernel = list(a["kernel_shape"])
        windows = windows_of(i, output, inputs[0], a, kernel)
        if any(d != 1 for d in windows.dilations):
            _apart(i, output, inputs[0], windows, kind)
            return
        counted = bool(a.get("count_include_pad", 0))
        given = list(a.get("pads", []))[len(kernel) :] or windows.high
        if counted and any(high > end for high, end in zip(windows.high, given, strict=True)):
            found, counted = _padded(i, output, i.name(inputs[0]), windows, given), False
        else:
            found = trimmed(i, output, inputs[0], windows)
        x, windows = found
        more = {"poolKind": kind, "poolIncludePad": counted}
        make(i, output, "Pooling", [x], **windows.options(1, 1), **more)

    return read


def _padded(
    i: Importer, output: str, x: str, windows: Windows, given: list[int]
) -> tuple[str, Windows]:
    """The image with its padding, which counts, while the rest of the last windows does not."""
    options: dict[str, object] = {
        "paddingHead": [*windows.low[::-1], 0],
        "paddingFoot": [*given[::-1], 0],
    }
    pad(i, f"{output}/wide", x, options)
    rest = [max(0, high - end) for high, end in zip(windows.high, given, strict=True)]
    return f"{output}/wide", replace(windows, low=[0] * len(rest), high=rest)


def _apart(i: Importer, output: str, x: str, windows: Windows, kind: str) -> None:
    """The largest of elements that do not lie side by side: of shifted parts, axis by axis."""
    if kind != "max" or sum(windows.kernel) > MOST_PARTS or min(windows.low) < 0:
        raise i.refuse(output, "its windows are dilated")
    options: dict[str, object] = {
        "paddingHead": [*windows.low[::-1], 0],
        "paddingFoot": [*(max(0, high) for high in windows.high[::-1]), 0],
        "paddingConstantValue": LOWEST,
    }
    pad(i, f"{output}/wide", i.name(x), options)
    found, rank = f"{output}/wide", len(windows.kernel)
    columns = zip(
        windows.kernel, windows.strides, windows.dilations, i.image(output)[1:], strict=True
    )
    for number, (kernel, stride, dilation, count) in enumerate(columns):
        shifts = [
            range(s, s + (count - 1) * stride + 1, stride)
            for s in range(0, kernel * dilation, dilation)
        ]
        names = [f"{output}/axis{number}/part{n}" for n in range(kernel)]
        for name, chosen in zip(names, shifts, strict=True):
            cut(i, name, found, rank - number, chosen)
        p = Pieces(StoredNode(f"{output}/axis{number}", "", ()), i.nodes)
        found = names[0]
        for name in names[1:]:
            found = p.add("If", p.add("Greater", name, found), name, found)
        finish(i, p)
    make(i, output, "Pass", [found])


def _global_pool(kind: str) -> Reader:
    def read(i: Importer, output: str, inputs: list[str], a: Attributes) -> None:
        space = list(i.image(inputs[0])[1:])
        zeros = [0] * len(space)
        options = Windows(space, space, zeros, zeros, zeros).options(1, 1)
        make(i, output, "Pooling", [i.name(inputs[0])], **options, poolKind=kind)

    return read


def _transposed(i: Importer, output: str, inputs: list[str], a: Attributes) -> None:
    """The adjoint of a convolution; the padding behind follows from the shape of the result."""
    filter = i.constant(inputs[1])
    count, maps, *kernel = filter.shape
    if text(a.get("auto_pad", "NOTSET")) != "NOTSET":
        raise i.refuse(output, "it has padding without numbers")
    ones = [1] * len(kernel)
    strides, dilations = list(a.get("strides", ones)), list(a.get("dilations", ones))
    low = list(a.get("pads", [0] * 2 * len(kernel)))[: len(kernel)]
    sizes, counts = i.image(output)[1:], i.image(inputs[0])[1:]
    columns = zip(counts, strides, kernel, dilations, sizes, low, strict=True)
    high = [(n - 1) * s + (k - 1) * d + 1 - size - lo for n, s, k, d, size, lo in columns]
    if min(high) < 0:
        raise i.refuse(output, "it adds elements behind the last window")
    options: dict[str, Any] = {
        "kernelShape": [*kernel[::-1], maps],
        "strideShape": [*strides[::-1], maps],
        "dimPadding": [0],
        "dimPadLower": [*low[::-1], 0],
        "dimPadUpper": [*high[::-1], 0],
        "dilationShape": [*dilations[::-1], 1],
        "mapShape": [count],
        "transpose": True,
        "dimOutputShape": list(i.image(output)[::-1]),
    }
    found, group = output if len(inputs) < 3 else f"{output}/product", a.get("group", 1)
    weights, x = i.name(inputs[1]) if group == 1 else "", i.name(inputs[0])
    if group != 1:
        each = count // group
        turned = filter.reshape(group, each, maps, *kernel).swapaxes(0, 1)
        weights = i.parameter(f"{output}/W", turned.reshape(filter.shape))
        options |= {"mapShape": [each], "dimSharing": [*ones, 0]}
        if each > 1:
            _swap_channels(i, f"{output}/groups", x, (each, group), len(kernel))
            x = f"{output}/groups"
    make(i, found, "Convolution", [weights, x], **options)
    if len(inputs) > 2:
        bias = i.constant(inputs[2]).reshape(maps * group, *ones)
        make(i, output, "Plus", [found, i.parameter(f"{output}/b", bias)])


WINDOWS: dict[str, Reader] = {
    "AveragePool": _pool("average"),
    "Conv": _conv,
    "ConvTranspose": _transposed,
    "GlobalAveragePool": _global_pool("average"),
    "GlobalMaxPool": _global_pool("max"),
    "MaxPool": _pool("max"),
}
"""What reads each operation."""
