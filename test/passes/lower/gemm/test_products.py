"""Products of the network against numpy in double precision: odd sizes, tails, no columns."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))

from gemm_harness import Array, Kernel, aligned, close, gemm

FORWARD = """
sched.kernel @k gemm(%w : !net.t<[{o} x {i}], {e}>, %x : !net.t<[{i}], {e}, @"*">)
    -> (!net.t<[{o}], {e}, @"*">) {{
  %z = net.times %w, %x : !net.t<[{o}], {e}, @"*">
  sched.yield %z : !net.t<[{o}], {e}, @"*">
}}"""
RIGHT = """
sched.kernel @k gemm(%w : !net.t<[{o} x {i}], {e}>, %g : !net.t<[{o}], {e}, @"*">)
    -> (!net.t<[{i}], {e}, @"*">) {{
  %d = net.times_gradient_right %w, %g : !net.t<[{i}], {e}, @"*">
  sched.yield %d : !net.t<[{i}], {e}, @"*">
}}"""
LEFT = """
sched.kernel @k gemm(%g : !net.t<[{o}], {e}, @"*">, %x : !net.t<[{i}], {e}, @"*">)
    -> (!net.t<[{o} x {i}], {e}>) {{
  %d = net.times_gradient_left %g, %x : !net.t<[{o} x {i}], {e}>
  sched.yield %d : !net.t<[{o} x {i}], {e}>
}}"""

Float = type[np.float32] | type[np.float64]

SIZES = [
    (1, 1),
    (1, 70),
    (70, 1),
    (2, 3),
    (5, 15),
    (16, 17),
    (31, 2),
    (63, 64),
    (65, 100),
    (100, 5),
    (144, 33),
]
COLUMNS = (0, 1, 2, 3, 4, 5, 7, 15, 16, 17, 31, 63, 64, 65, 100)
TARGETS = ["", "avx2", "baseline"]
DTYPES: dict[str, Float] = {"f32": np.float32, "f64": np.float64}


def forms(out: int, inner: int, element: str, target: str) -> list[Kernel]:
    texts = [t.format(o=out, i=inner, e=element) for t in (FORWARD, RIGHT, LEFT)]
    return gemm(texts, target)


def check(kernels: list[Kernel], out: int, inner: int, n: int, dtype: Float) -> None:
    rng = np.random.default_rng(n)

    def normal(*shape: int) -> Array:
        return aligned(rng.standard_normal(shape).astype(dtype))

    w, x, g = normal(inner, out), normal(n, inner), normal(n, out)
    wide = [v.astype(np.float64) for v in (w, x, g)]
    cases = [
        (kernels[0], [w, x], wide[1] @ wide[0], inner),
        (kernels[1], [w, g], wide[2] @ wide[0].T, out),
        (kernels[2], [g, x], wide[1].T @ wide[2], n),
    ]
    for kernel, inputs, wanted, depth in cases:
        results: list[Array] = []
        for threads in (1, 2, 3):
            result = aligned(np.full(wanted.shape, np.nan, dtype))
            kernel.run([*inputs, result], n, threads)
            results.append(result)
        close(results[0], wanted, depth)
        assert all(np.array_equal(results[0], r) for r in results[1:])


@pytest.mark.parametrize(("out", "inner"), SIZES)
def test_every_form(out: int, inner: int) -> None:
    kernels = forms(out, inner, "f32", "")
    for n in COLUMNS:
        check(kernels, out, inner, n, np.float32)


@pytest.mark.parametrize("element", ["f32", "f64"])
@pytest.mark.parametrize("target", TARGETS)
def test_every_target_and_precision(target: str, element: str) -> None:
    kernels = forms(37, 50, element, target)
    for n in (0, 1, 3, 4, 6, 13, 70, 300):
        check(kernels, 37, 50, n, DTYPES[element])


def test_panels_are_packed() -> None:
    kernels = forms(130, 70, "f32", "")
    for n in (63, 64, 65, 257):
        check(kernels, 130, 70, n, np.float32)


def test_deep_products_are_summed_in_blocks() -> None:
    kernels = forms(7, 7000, "f32", "")
    check(kernels, 7, 7000, 5, np.float32)
    kernels = forms(3000, 20, "f64", "")
    check(kernels, 3000, 20, 250, np.float64)


def test_many_columns_are_summed_in_blocks() -> None:
    kernels = forms(20, 250, "f32", "")
    for n in (255, 256, 257, 1100):
        check(kernels, 20, 250, n, np.float32)


def test_weight_gradients_of_some_width() -> None:
    kernels = forms(200, 100, "f32", "")
    for n in (0, 1, 63, 1023, 1025, 2100):
        check(kernels, 200, 100, n, np.float32)
    kernels = forms(193, 800, "f64", "")
    for n in (5, 600):
        check(kernels, 193, 800, n, np.float64)


@pytest.mark.parametrize("target", TARGETS)
def test_one_or_two_rows_take_wide_tiles(target: str) -> None:
    kernels = forms(530, 21, "f32", target)
    for n in (1, 2, 3):
        check(kernels, 530, 21, n, np.float32)
