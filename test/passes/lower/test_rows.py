"""Rows kernels against the reference interpreter: every operation, odd sizes, all thread counts."""

from __future__ import annotations

import numpy as np
import pytest

from test.passes.lower.rows_harness import (
    Case,
    aligned,
    check,
    classes,
    kernel_text,
    lowered,
    normal,
    parse_kernel,
    special,
    tensor,
)

UNARY = (
    "abs acos asin cosh cosine exp floor log negate pass reciprocal rectified_linear sigmoid sign"
    " sin sinh sqrt stable_sigmoid tanh"
).split()
BINARY = (
    "element_times equal greater greater_equal less less_equal log_plus minus not_equal plus"
    " quotient"
).split()


@pytest.mark.parametrize("element", ["f32", "f64"])
def test_unary_operations(element: str) -> None:
    kind = tensor((7,), element)
    lines = [f"%r{i} = net.{name} %0 : {kind}" for i, name in enumerate(UNARY)]
    text = kernel_text("rows", [kind], lines, [(f"r{i}", kind) for i in range(len(UNARY))])
    bound = 1e-5 if element == "f32" else 1e-12
    kernel = check(text, 19, tolerance=bound)
    check(text, 40, special, bound, kernel)


@pytest.mark.parametrize("element", ["f32", "f64"])
def test_binary_operations(element: str) -> None:
    kind = tensor((5,), element)
    lines = [f"%r{i} = net.{name} %0, %1 : {kind}" for i, name in enumerate(BINARY)]
    lines += [f"%c = net.clip %0, %1, %2 : {kind}", f"%s = net.select %0, %1, %2 : {kind}"]
    outputs = [(f"r{i}", kind) for i in range(len(BINARY))] + [("c", kind), ("s", kind)]
    text = kernel_text("rows", [kind] * 3, lines, outputs)
    kernel = check(text)
    check(text, 50, special, None, kernel)


@pytest.mark.parametrize("columns", [0, 1, 15, 16, 17, 64, 129])
def test_numbers_of_columns(columns: int) -> None:
    kind, one = tensor((10,)), tensor((1,))
    lines = [f"%a = net.softmax %0 : {kind}", f'%b = net.reduce %a {{op = "Max"}} : {one}']
    check(kernel_text("rows", [kind], lines, [("a", kind), ("b", one)]), columns)


LINES = [
    "%l = net.log_softmax %0 : {t}",
    "%p = net.element_times %1, %l : {t}",
    "%s = net.reduce %p : {s}",
    "%m = net.negate %s : {s}",
    "%q = net.softmax %0 : {t}",
    "%d = net.minus %q, %1 : {t}",
    '%i = net.reduce %0 {{op = "Argmax"}} : {s}',
    '%j = net.reduce %1 {{op = "Argmax"}} : {s}',
    "%e = net.not_equal %i, %j : {s}",
]


@pytest.mark.parametrize("element", ["f32", "f64"])
@pytest.mark.parametrize("size", [1, 2, 3, 8, 10, 16, 17, 33, 50, 64, 100, 129, 500, 1000, 10007])
def test_softmax_with_cross_entropy(size: int, element: str) -> None:
    t, s = tensor((size,), element), tensor((1,), element)
    lines = [line.format(t=t, s=s) for line in LINES]
    text = kernel_text("rows", [t, t], lines, [("m", s), ("d", t), ("e", s)])
    bound = 2e-5 if element == "f32" else 1e-12
    kernel = check(text, 7, classes, bound)
    check(text, 37, classes, bound, kernel)


@pytest.mark.parametrize("target", ["avx512", "avx2", "baseline"])
@pytest.mark.parametrize("element", ["f32", "f64"])
def test_short_samples(element: str, target: str) -> None:
    for size in range(2, 17):
        t, s = tensor((size,), element), tensor((1,), element)
        lines = [
            f"%m = net.reduce %0 : {s}",
            f"%p = net.plus %0, %m : {t}",
            f"%q = net.element_times %p, %1 : {t}",
        ]
        inputs = [t, tensor((size,), element, False)]
        text = kernel_text("rows", inputs, lines, [("q", t), ("m", s)])
        kernel = lowered(parse_kernel(text), target)
        for columns in (1, 33):
            check(text, columns, normal, 1e-5, kernel)


@pytest.mark.parametrize("op", ["Sum", "Mean", "Max", "Min", "LogSum", "Prod", "Argmax", "Argmin"])
@pytest.mark.parametrize("size", [1, 3, 16, 40, 300])
def test_reductions(op: str, size: int) -> None:
    t, s = tensor((size,), "f64"), tensor((1,), "f64")
    lines = [f'%r = net.reduce %0 {{op = "{op}"}} : {s}', f"%h = net.hardmax %0 : {t}"]
    check(kernel_text("rows", [t], lines, [("r", s), ("h", t)]), 9, tolerance=1e-11)


@pytest.mark.parametrize("op", ["Sum", "Mean", "Max", "LogSum", "Prod", "Argmax", "Argmin"])
@pytest.mark.parametrize("axis", [1, 2, 3])
@pytest.mark.parametrize("shape", [(3, 4, 2), (17, 1, 3), (1, 5, 33), (2, 1, 1)])
def test_reductions_of_an_axis(op: str, axis: int, shape: tuple[int, ...]) -> None:
    reduced = (*shape[: axis - 1], 1, *shape[axis:])
    t, s = tensor(shape, "f64"), tensor(reduced, "f64")
    lines = [f'%r = net.reduce %0 {{axis = {axis}, op = "{op}"}} : {s}']
    check(kernel_text("rows", [t], lines, [("r", s)]), 3, tolerance=1e-11)


BROADCASTS = [
    ((6,), (6,), (1,)),
    ((6,), (1,), (6,)),
    ((40, 3), (40, 1), (1, 3)),
    ((4, 5, 1), (1, 5, 1), (4,)),
    ((20, 2, 17), (1, 2, 17), (20, 1, 17)),
    ((1,), (1,), (1,)),
    ((3, 1, 2), (1, 1, 2), (3, 1, 1)),
]


@pytest.mark.parametrize("axes", [(True, True), (True, False), (False, True)])
@pytest.mark.parametrize("shapes", BROADCASTS)
def test_broadcasting(shapes: tuple[tuple[int, ...], ...], axes: tuple[bool, bool]) -> None:
    result = tensor(shapes[0])
    inputs = [tensor(s, "f32", a) for s, a in zip(shapes[1:], axes, strict=True)]
    lines = [
        f"%a = net.minus %0, %1 : {result}",
        f"%b = net.select %1, %0, %a : {result}",
    ]
    check(kernel_text("rows", inputs, lines, [("a", result), ("b", result)]), 5)


@pytest.mark.parametrize("size", [1, 50, 784 * 3, 100_003])
def test_parameter_update(size: int) -> None:
    t, s = tensor((size,), "f32", False), tensor((1,), "f32", False)
    lines = [
        f"%one = net.splat 1.0 : {s}",
        f"%k = net.minus %one, %4 : {s}",
        f"%r = net.element_times %k, %3 : {s}",
        f"%a = net.element_times %4, %1 : {t}",
        f"%b = net.element_times %r, %2 : {t}",
        f"%v = net.plus %a, %b : {t}",
        f"%w = net.minus %0, %v : {t}",
    ]
    text = kernel_text("rows", [t, t, t, s, s], lines, [("v", t), ("w", t)])
    if size == 1:
        lines[3:] = [line.replace("%k", "%4") for line in lines[3:]]
    kernel = check(text, 0)
    case = Case(text, 0, normal)
    separate = case.run(kernel, 1)
    arrays = [a.copy() for a in case.inputs]
    arrays = [aligned(a) for a in arrays]
    kernel.run([*arrays, arrays[1], arrays[0]], 0, 2)
    np.testing.assert_array_equal(arrays[1], separate[0])
    np.testing.assert_array_equal(arrays[0], separate[1])


@pytest.mark.parametrize("size", [4, 30, 700])
def test_softmax_in_place(size: int) -> None:
    t = tensor((size,))
    text = kernel_text("rows", [t], [f"%a = net.softmax %0 : {t}"], [("a", t)])
    kernel = check(text, 6)
    case = Case(text, 6, normal)
    separate = case.run(kernel, 1)[0]
    kernel.run([case.inputs[0], case.inputs[0]], 6, 1)
    np.testing.assert_array_equal(case.inputs[0], separate)


@pytest.mark.parametrize("target", ["avx512", "avx2", "baseline"])
@pytest.mark.parametrize("size", [3, 20, 400])
def test_targets(size: int, target: str) -> None:
    t, s = tensor((size,)), tensor((1,))
    lines = [line.format(t=t, s=s) for line in LINES]
    text = kernel_text("rows", [t, t], lines, [("m", s), ("d", t), ("e", s)])
    kernel = parse_kernel(text)
    check(text, 7, classes, 2e-5, lowered(kernel, target))


def test_constant_result() -> None:
    t, s = tensor((6,), "f32", False), tensor((1,), "f32", False)
    lines = [f"%a = net.splat 2.5 : {t}", f"%b = net.splat 0.5 : {s}"]
    check(kernel_text("rows", [], lines, [("a", t), ("b", s)]), 0)


@pytest.mark.parametrize("size", [1, 3, 40, 500])
def test_places(size: int) -> None:
    t, s, p = tensor((size,)), tensor((1,)), tensor((size,), "f32", False)
    lines = [
        f"%i = net.index : {p}",
        f'%a = net.reduce %0 {{op = "Argmax"}} : {s}',
        f"%m = net.equal %i, %a : {t}",
        f"%c = net.less %i, %a : {t}",
        f"%n = net.reduce %c : {s}",
    ]
    check(kernel_text("rows", [t], lines, [("m", t), ("n", s)]), 21)


def test_matrix_places() -> None:
    t, p = tensor((3, 5)), tensor((3, 5), "f32", False)
    row, column = tensor((1, 5)), tensor((3, 1))
    lines = [
        f"%i = net.index : {p}",
        f"%a = net.element_times %0, %1 : {t}",
        f"%b = net.plus %a, %i : {t}",
    ]
    check(kernel_text("rows", [row, column], lines, [("b", t)]), 4)
