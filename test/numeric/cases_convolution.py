"""Gradient cases of convolution, pooling, unpooling, regions and cropping."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from test.numeric.checks import Check, Operand

IMAGE = Operand("5 x 4 x 2")
CUBE = Operand("4 x 3 x 3 x 2")
ROW = Operand("7 x 2")


def fixed(shape: str) -> Operand:
    """Weights."""
    return Operand(shape, sampled=False)


CONVOLUTIONS: dict[str, tuple[str, Operand, str]] = {
    "padded": ("3 x 3 x 2 x 3", IMAGE, "kernel = [3, 3], maps = [3]"),
    "not padded": ("3 x 2 x 2 x 3", IMAGE, "kernel = [3, 2], padding = [0]"),
    "strided": ("3 x 3 x 2 x 3", IMAGE, "kernel = [3, 3], stride = [2, 3], maps = [3]"),
    "even kernel": ("2 x 4 x 2 x 1", IMAGE, "kernel = [2, 4], stride = [2, 1], maps = [1]"),
    "one by one": ("1 x 1 x 2 x 3", IMAGE, "kernel = [1, 1], maps = [3]"),
    "one by one, strided": ("1 x 1 x 2 x 3", IMAGE, "kernel = [1, 1], stride = [2], maps = [3]"),
    "explicit padding": (
        "3 x 3 x 2 x 2",
        IMAGE,
        "kernel = [3, 3], padding = [0], low = [1, 0], high = [1, 1], maps = [2]",
    ),
    "dilated": ("2 x 2 x 2 x 2", IMAGE, "kernel = [2, 2], dilation = [2, 3], maps = [2]"),
    "dilated, not padded": (
        "3 x 2 x 2 x 2",
        IMAGE,
        "kernel = [3, 2], dilation = [2, 3], padding = [0], maps = [2]",
    ),
    "dilated and strided": (
        "3 x 2 x 2 x 2",
        IMAGE,
        "kernel = [3, 2], dilation = [2, 3], stride = [2, 2], maps = [2]",
    ),
    "whole image": ("5 x 4 x 2 x 3", IMAGE, "kernel = [5, 4], padding = [0], maps = [3]"),
    "channels named": ("3 x 3 x 2 x 3", IMAGE, "kernel = [3, 3, 2], padding = [1, 1, 0]"),
    "no channels": ("3 x 2 x 3", Operand("5 x 4"), "kernel = [3, 2], padding = [0], maps = [3]"),
    "one axis": ("3 x 2 x 4", ROW, "kernel = [3], maps = [4]"),
    "one axis, strided": ("3 x 2 x 2", ROW, "kernel = [3], stride = [3], maps = [2]"),
    "three axes": ("2 x 3 x 2 x 2 x 3", CUBE, "kernel = [2, 3, 2], maps = [3]"),
    "three axes, strided": (
        "3 x 2 x 2 x 2 x 2",
        CUBE,
        "kernel = [3, 2, 2], stride = [2, 1, 2], padding = [0], maps = [2]",
    ),
    "unshared along one axis": (
        "2 x 2 x 2 x 4 x 2",
        IMAGE,
        "kernel = [2, 2], sharing = [0, 1], padding = [0], maps = [2]",
    ),
    "unshared": (
        "2 x 2 x 2 x 12 x 2",
        IMAGE,
        "kernel = [2, 2], sharing = [0], padding = [0], maps = [2]",
    ),
    "matrix": ("2 x 18", Operand("4 x 4 x 2"), "kernel = [3, 3], maps = [2]"),
    "matrix, channels first": (
        "3 x 18",
        Operand("2 x 5 x 4"),
        'kernel = [3, 3], stride = [2, 1], maps = [3], layout = "HWC"',
    ),
    "twenty maps": ("3 x 3 x 2 x 20", IMAGE, "kernel = [3, 3], maps = [20]"),
}

TRANSPOSED: dict[str, tuple[str, Operand, str]] = {
    "": ("3 x 3 x 4 x 2", IMAGE, "kernel = [3, 3, 4], padding = [0]"),
    "strided": ("3 x 2 x 3 x 2", IMAGE, "kernel = [3, 2, 3], stride = [2, 3, 1], padding = [0]"),
    "padded": ("3 x 3 x 3 x 2", IMAGE, "kernel = [3, 3, 3], stride = [2], padding = [1, 1, 0]"),
    "output given": (
        "3 x 3 x 1 x 2",
        IMAGE,
        "kernel = [3, 3, 1], stride = [2, 2, 1], padding = [1, 1, 0], output = [10, 7, 1]",
    ),
    "one axis": ("4 x 3 x 2", ROW, "kernel = [4, 3], stride = [3, 1], padding = [0]"),
    "dilated": ("2 x 3 x 1 x 2", IMAGE, "kernel = [2, 3, 1], dilation = [2, 2, 1], padding = [0]"),
}

POOLINGS: dict[str, tuple[Operand, str]] = {
    "": (IMAGE, "kernel = [2, 2], stride = [2, 2], padding = [0]"),
    "padded": (IMAGE, "kernel = [3, 3], stride = [2, 1]"),
    "overlapping": (IMAGE, "kernel = [3, 2], padding = [0]"),
    "wide stride": (Operand("7 x 6 x 2"), "kernel = [2, 2], stride = [3, 4], padding = [0]"),
    "ceil": (IMAGE, "kernel = [2, 3], stride = [2, 2], padding = [0], ceil = true"),
    "explicit padding": (IMAGE, "kernel = [3, 2], padding = [0], low = [1, 0], high = [1, 1]"),
    "whole image": (IMAGE, "kernel = [5, 4], padding = [0]"),
    "one axis": (Operand("20"), "kernel = [3], stride = [2]"),
    "three axes": (CUBE, "kernel = [2, 2, 2], stride = [2, 1, 1]"),
    "channels too": (IMAGE, "kernel = [2, 2, 2], stride = [2, 2, 1], padding = [0]"),
    "channels first": (Operand("2 x 5 x 4"), 'kernel = [2, 2], stride = [2], layout = "HWC"'),
    "one by one": (IMAGE, "kernel = [1, 1]"),
}


def convolutions() -> Iterator[Check]:
    """Convolutions and transposed ones, for weights and input."""
    for name, (weights, x, options) in CONVOLUTIONS.items():
        yield Check(f"convolution, {name}", "convolution", (fixed(weights), x), options)
    same = replace(IMAGE, sampled=False)
    operands = (fixed("3 x 3 x 2 x 3"), same)
    yield Check("convolution of a parameter", "convolution", operands, "kernel = [3, 3]")
    for name, (weights, x, options) in TRANSPOSED.items():
        operands = (fixed(weights), x)
        text = f"{options}, maps = [2], transpose = true"
        yield Check(f"convolution, transposed {name}", "convolution", operands, text)


def poolings() -> Iterator[Check]:
    """Both kinds of pooling, and unpooling."""
    for name, (x, options) in POOLINGS.items():
        yield Check(f"pooling max {name}", "pooling", (x,), options)
        yield Check(f"pooling average {name}", "pooling", (x,), f'{options}, kind = "average"')
    padded = 'kernel = [3, 3], stride = [2, 1], kind = "average", include_pad = true'
    yield Check("pooling average with padding", "pooling", (IMAGE,), padded)
    yield Check("pooling of a parameter", "pooling", (replace(IMAGE, sampled=False),), padded)
    image = "width = 2, height = 3, step_x = 2, step_y = 1"
    yield Check("max_pooling", "max_pooling", (IMAGE,), image)
    yield Check("average_pooling", "average_pooling", (IMAGE,), image)
    first = (Operand("2 x 5 x 4"),)
    yield Check("max_pooling, channels first", "max_pooling", first, f'{image}, layout = "HWC"')
    image = replace(IMAGE, learned=False)
    for values, options in {
        "2 x 2 x 2": "kernel = [2, 2], stride = [2, 2], padding = [0]",
        "5 x 4 x 2": "kernel = [3, 3]",
        "3 x 2 x 2": "kernel = [3, 3], stride = [2]",
    }.items():
        operands = (Operand(values), image)
        yield Check(f"max_unpooling {values}", "max_unpooling", operands, options)


def regions() -> Iterator[Check]:
    """Regions of interest, and parts cut out."""
    boxes = Operand("4 x 3", low=0.0, high=4.9, learned=False)
    for bins in ("[2, 2]", "[1, 1]", "[3, 2]"):
        options = f"bins = {bins}, scale = 1.0"
        operands = (Operand("6 x 5 x 2"), boxes)
        yield Check(f"roi_pooling {bins}", "roi_pooling", operands, options)
    like = Operand("3 x 2 x 1", learned=False)
    yield Check("crop", "crop", (IMAGE, like), "x_offset = 1, y_offset = 2")
    yield Check("crop, from the first", "crop", (IMAGE, like), "x_offset = 0, y_offset = 0")
