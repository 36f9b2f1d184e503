"""Compiled poolings and their gradients, whatever code their geometry gets, against numpy."""

from __future__ import annotations

import numpy as np
import pytest

from brainscript.dialects.tensors import TensorType
from test.passes.lower import rows_harness
from test.passes.lower.rows_harness import (
    Array,
    aligned,
    kernel_text,
    lowered,
    normal,
    parse_kernel,
    tensor,
)

GEOMETRIES: dict[str, tuple[tuple[int, ...], ...]] = {
    "tiles": ((32, 4, 3), (16, 2, 3), (2, 2, 1), (2, 2, 1), (0, 0, 0)),
    "narrow tiles": ((6, 2, 2), (3, 1, 2), (2, 2, 1), (2, 2, 1), (0, 0, 0)),
    "long tiles": ((9, 40), (9, 2), (1, 20), (1, 20), (0, 0)),
    "a rest": ((7, 5, 2), (3, 2, 2), (2, 2, 1), (2, 2, 1), (0, 0, 0)),
    "gaps": ((11, 8), (4, 3), (2, 1), (3, 3), (0, 0)),
    "overlapping": ((33, 9, 2), (16, 4, 2), (3, 3, 1), (2, 2, 1), (0, 0, 0)),
    "padded": ((28, 7, 2), (14, 4, 2), (3, 3, 1), (2, 2, 1), (1, 1, 0)),
    "every element": ((19, 5), (19, 5), (3, 3), (1, 1), (1, 1)),
    "wide windows": ((21, 9), (17, 5), (5, 5), (1, 1), (0, 0)),
    "walked in loops": ((20, 12), (4, 6), (9, 7), (4, 2), (1, 2)),
    "long windows": ((150,), (21,), (70,), (4,), (0,)),
    "padding on one side": ((6, 6), (3, 3), (3, 3), (2, 2), (0, 0)),
    "elements left out": ((12, 9), (4, 3), (3, 2), (2, 3), (-3, -2)),
    "windows far apart": ((40, 5), (4, 5), (12, 3), (9, 1), (2, 1)),
    "whole": ((8, 8, 5), (1, 1, 5), (8, 8, 1), (1, 1, 1), (0, 0, 0)),
    "whole and odd": ((7, 7, 3), (1, 1, 3), (7, 7, 1), (7, 7, 1), (0, 0, 0)),
    "one element": ((1, 1, 2), (1, 1, 2), (1, 1, 1), (1, 1, 1), (0, 0, 0)),
    "channels first": ((5, 8, 6), (5, 4, 5), (1, 2, 2), (1, 2, 1), (0, 0, 0)),
    "space": ((6, 5, 4, 2), (3, 3, 3, 2), (3, 2, 2, 1), (2, 2, 1, 1), (1, 1, 0, 0)),
}
"""Elements, windows, their sizes, strides and padding in front, along each axis."""


def options_of(name: str, kind: str, *, padded: bool) -> str:
    words = ("input", "windows", "extent", "stride", "low")
    rows = zip(words, GEOMETRIES[name], strict=True)
    listed = [f"{word} = [{', '.join(map(str, row))}]" for word, row in rows]
    listed.append(f'kind = "{kind}"')
    return ", ".join(listed + (["include_pad = true"] if padded else []))


def kernels(
    name: str, kind: str, element: str, *, padded: bool = False, rest: bool = False
) -> tuple[str, str]:
    """The value, and the gradient; with `rest` what follows it in the network."""
    x, y = (tensor(GEOMETRIES[name][i], element) for i in (0, 1))
    options = options_of(name, kind, padded=padded)
    value = kernel_text("convolution", [x], [f"%r = net.pool %0 {{{options}}} : {y}"], [("r", y)])
    inputs, operands = ([y, x, x], "%0, %1") if kind == "max" else ([y, x, x], "%0")
    lines = [f"%r = net.pool_back {operands} {{{options}}} : {x}"]
    if rest:
        lines += [
            f"%z = net.splat 0.25 : {tensor((1,), element, False)}",
            f"%c = net.greater %1, %z : {x}",
            f"%s = net.select %c, %r, %z : {x}",
            f"%t = net.plus %s, %2 : {x}",
        ]
    outputs = [("t", x), ("s", x)] if rest else [("r", x)]
    return value, kernel_text("convolution", inputs, lines, outputs)


def alike(kind: TensorType, columns: int, number: int) -> Array:
    """Few different values, so that windows hold equal ones."""
    values = normal(kind, columns, number)
    return aligned(np.round(values / 2).astype(values.dtype))


def check(text: str, columns: int, target: str = "", maker: rows_harness.Maker = normal) -> None:
    kernel = lowered(parse_kernel(text), target)
    tolerance = 1e-12 if ", f64" in text else 2e-5
    rows_harness.check(text, columns, maker, tolerance, kernel)


@pytest.mark.parametrize("kind", ["max", "average"])
@pytest.mark.parametrize("name", GEOMETRIES)
def test_every_geometry(name: str, kind: str) -> None:
    for rest in (False, True):
        value, gradient = kernels(name, kind, "f32", rest=rest)
        check(gradient, 5)
        if not rest:
            check(value, 5)
    if kind == "average":
        for text in kernels(name, kind, "f32", padded=True):
            check(text, 3)
    else:
        for text in kernels(name, kind, "f64"):
            check(text, 3, "", alike)


@pytest.mark.parametrize("target", ["avx2", "baseline"])
@pytest.mark.parametrize("name", ["tiles", "padded", "walked in loops", "whole and odd", "space"])
def test_targets(name: str, target: str) -> None:
    for kind in ("max", "average"):
        value, gradient = kernels(name, kind, "f32", rest=True)
        check(value, 3, target)
        check(gradient, 3, target)
