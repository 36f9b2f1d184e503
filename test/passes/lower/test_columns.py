"""Columns kernels against the reference interpreter: sums over samples, whatever their shape."""

from __future__ import annotations

import numpy as np
import pytest

from test.passes.lower import rows_harness
from test.passes.lower.rows_harness import (
    Array,
    Case,
    Kernel,
    aligned,
    kernel_text,
    lowered,
    normal,
    parse_kernel,
    tensor,
)


def check(text: str, columns: int, target: str = "", kernel: Kernel | None = None) -> Kernel:
    """As for rows; rounding errors grow with the number of columns."""
    element = "f64" if ", f64" in text else "f32"
    tolerance = {"f32": 2e-6, "f64": 1e-13}[element] * (1 + columns**0.5)
    compiled = kernel or lowered(parse_kernel(text), target)
    return rows_harness.check(text, columns, normal, tolerance, compiled)


@pytest.mark.parametrize("element", ["f32", "f64"])
@pytest.mark.parametrize("size", [1, 2, 10, 16, 50, 64, 65, 300, 1111])
def test_one_sum_for_each_feature(size: int, element: str) -> None:
    wide, narrow = tensor((size,), element), tensor((size,), element, False)
    text = kernel_text("columns", [wide], [f"%r = net.sum_to %0 : {narrow}"], [("r", narrow)])
    kernel = check(text, 25)
    for columns in (0, 1, 16, 17, 500):
        check(text, columns, "", kernel)


@pytest.mark.parametrize("element", ["f32", "f64"])
@pytest.mark.parametrize("size", [1, 7, 16, 100, 1000])
def test_one_number(size: int, element: str) -> None:
    wide, one = tensor((size,), element), tensor((1,), element, False)
    lines = [
        f"%d = net.minus %0, %1 : {wide}",
        f"%q = net.element_times %d, %d : {wide}",
        f"%s = net.sum_to %q : {one}",
        f"%r = net.plus %2, %s : {one}",
    ]
    text = kernel_text("columns", [wide, wide, one], lines, [("r", one), ("s", one)])
    kernel = check(text, 25)
    for columns in (0, 1, 16, 33):
        check(text, columns, "", kernel)


@pytest.mark.parametrize("size", [3, 50, 200])
def test_update_in_place(size: int) -> None:
    wide, narrow = tensor((size,)), tensor((size,), "f32", False)
    one = tensor((1,), "f32", False)
    lines = [
        f"%g = net.sum_to %0 : {narrow}",
        f"%s = net.element_times %3, %g : {narrow}",
        f"%m = net.element_times %4, %2 : {narrow}",
        f"%v = net.plus %m, %s : {narrow}",
        f"%w = net.minus %1, %v : {narrow}",
    ]
    inputs = [wide, narrow, narrow, one, one]
    text = kernel_text("columns", inputs, lines, [("v", narrow), ("w", narrow)])
    kernel = check(text, 25)
    case = Case(text, 25, normal)
    separate = case.run(kernel, 1)
    arrays = [aligned(a.copy()) for a in case.inputs]
    kernel.run([*arrays, arrays[2], arrays[1]], 25, 2)
    np.testing.assert_array_equal(arrays[2], separate[0])
    np.testing.assert_array_equal(arrays[1], separate[1])


OPERANDS = [
    ((10,), (1,), True),
    ((10,), (10,), False),
    ((10,), (1,), False),
    ((100,), (1,), True),
    ((100,), (100,), False),
    ((4, 3), (4,), True),
    ((20, 3), (1, 3), False),
]


@pytest.mark.parametrize("case", OPERANDS)
@pytest.mark.parametrize("kept", [True, False])
def test_operands_that_broadcast(
    case: tuple[tuple[int, ...], tuple[int, ...], bool], kept: bool
) -> None:
    shape, other, axis = case
    wide, narrow = tensor(shape), tensor(shape if kept else (1,), "f32", False)
    lines = [f"%p = net.element_times %0, %1 : {wide}", f"%r = net.sum_to %p : {narrow}"]
    text = kernel_text("columns", [wide, tensor(other, "f32", axis)], lines, [("r", narrow)])
    check(text, 13)


SHAPES = [
    ((3, 4), (3, 1)),
    ((3, 4), (1, 4)),
    ((20, 4, 3), (20, 1, 3)),
    ((20, 4, 3), (1, 4, 1)),
    ((2, 1, 33), (1, 1, 33)),
    ((3, 4), (1,)),
    ((3, 4), (3, 4)),
]


@pytest.mark.parametrize("element", ["f32", "f64"])
@pytest.mark.parametrize("shapes", SHAPES)
def test_some_axes(shapes: tuple[tuple[int, ...], tuple[int, ...]], element: str) -> None:
    wide, narrow = tensor(shapes[0], element), tensor(shapes[1], element, False)
    lines = [
        f"%e = net.abs %0 : {wide}",
        f"%s = net.sum_to %e : {narrow}",
        f"%r = net.minus %s, %1 : {narrow}",
    ]
    check(kernel_text("columns", [wide, narrow], lines, [("r", narrow), ("s", narrow)]), 11)


@pytest.mark.parametrize("target", ["avx512", "avx2", "baseline"])
@pytest.mark.parametrize("size", [1, 5, 150])
def test_targets(size: int, target: str) -> None:
    wide, narrow = tensor((size,)), tensor((size,), "f32", False)
    text = kernel_text("columns", [wide], [f"%r = net.sum_to %0 : {narrow}"], [("r", narrow)])
    check(text, 21, target)


def test_long_sums_are_accurate() -> None:
    one, total = tensor((1,)), tensor((1,), "f32", False)
    text = kernel_text("columns", [one], [f"%r = net.sum_to %0 : {total}"], [("r", total)])
    compiled = lowered(parse_kernel(text))
    columns = 1_000_003
    x: Array = aligned(np.full(columns, 0.1, np.float32))
    result: Array = aligned(np.zeros(1, np.float32))
    compiled.run([x, result], columns, 1)
    assert result[0] == np.float32(np.sum(x, dtype=np.float64))
