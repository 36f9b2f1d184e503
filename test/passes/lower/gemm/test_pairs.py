"""Products of inputs rounded to bfloat16 against numpy, by vectors and by tile registers."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).parent))

from amx_emulation import amx_here, emulated
from gemm_harness import Array, Kernel, aligned, build, close, parse_kernel

from brainscript.diagnostic import BrainScriptError
from brainscript.dialects.net.packing import packed_elements
from brainscript.passes.lower.gemm.pairs.plan import LEAST_ROWS
from brainscript.passes.lower.to_kern import lower_kernel
from brainscript.target import choose_target, forced_target

FORWARD = """
sched.kernel @k gemm(%w : !net.t<[{o} x {i}], f32>, %x : !net.t<[{i}], f32, @"*">)
    -> (!net.t<[{o}], f32, @"*">) {{
  %z = net.times %w, %x {{rounded = "bf16"}} : !net.t<[{o}], f32, @"*">
  sched.yield %z : !net.t<[{o}], f32, @"*">
}}"""
RIGHT = """
sched.kernel @k gemm(%w : !net.t<[{o} x {i}], f32>, %g : !net.t<[{o}], f32, @"*">)
    -> (!net.t<[{i}], f32, @"*">) {{
  %d = net.times_gradient_right %w, %g {{rounded = "bf16"}} : !net.t<[{i}], f32, @"*">
  sched.yield %d : !net.t<[{i}], f32, @"*">
}}"""
LEFT = """
sched.kernel @k gemm(%g : !net.t<[{o}], f32, @"*">, %x : !net.t<[{i}], f32, @"*">)
    -> (!net.t<[{o} x {i}], f32>) {{
  %d = net.times_gradient_left %g, %x {{rounded = "bf16"}} : !net.t<[{o} x {i}], f32>
  sched.yield %d : !net.t<[{o} x {i}], f32>
}}"""
FIXED = """
sched.kernel @k gemm(%w : !net.t<[70 x 33], f32>, %x : !net.t<[33 x {n}], f32>)
    -> (!net.t<[70 x {n}], f32>) {{
  %z = net.times %w, %x {{rounded = "bf16"}} : !net.t<[70 x {n}], f32>
  sched.yield %z : !net.t<[70 x {n}], f32>
}}"""
DENSE = """
sched.kernel @k gemm(%w : !net.t<[37 x 50], f32>, %x : !net.t<[50], f32, @"*">,
    %b : !net.t<[37], f32>) -> (!net.t<[37], f32, @"*">) {{
  %z = net.times %w, %x {{rounded = "bf16"}} : !net.t<[37], f32, @"*">
  %p = net.plus %z, %b : !net.t<[37], f32, @"*">
  %y = net.{name} %p : !net.t<[37], f32, @"*">
  sched.yield %y : !net.t<[37], f32, @"*">
}}"""

PACK = """
sched.kernel @p pack(%w : !net.t<[{shape}], f32>) -> (!net.t<[{size}], f32>) {{
  %p = net.pack %w {{columns = {o}, depth = {i}, turned = {turned}, rounded = "bf16"}}
      : !net.t<[{size}], f32>
  sched.yield %p : !net.t<[{size}], f32>
}}"""
PACKED = """
sched.kernel @k gemm(%p : !net.t<[{size}], f32>, %x : !net.t<[{i}], f32, @"*">)
    -> (!net.t<[{o}], f32, @"*">) {{
  %z = net.packed_times %p, %x {{columns = {o}, depth = {i}, output_rank = 1, rounded = "bf16"}}
      : !net.t<[{o}], f32, @"*">
  sched.yield %z : !net.t<[{o}], f32, @"*">
}}"""

HERE = choose_target().pairs
WAYS = ["vectors", "registers"]


def rounded(values: Array) -> NDArray[np.float64]:
    """To the nearest number of 8 bits of precision, ties to even."""
    words = np.ascontiguousarray(values, np.float32).view(np.uint32).astype(np.uint64)
    words = (words + 0x7FFF + (words >> 16 & 1)) >> 16 << 16
    return words.astype(np.uint32).view(np.float32).astype(np.float64)


def compiled(texts: list[str], way: str) -> list[Kernel]:
    """The kernels of these texts, the registers of AMX emulated; both need AVX512_BF16."""
    if not HERE:
        pytest.skip("this processor has no AVX512_BF16")
    kernels = [parse_kernel(text) for text in texts]
    target = amx_here() if way == "registers" else forced_target("avx512-bf16")
    lowered = [(lower_kernel(k, target), len(k.inputs) + 1) for k in kernels]
    return list(emulated(lowered)) if way == "registers" else build(lowered, target)


def forms(out: int, inner: int, way: str) -> list[Kernel]:
    return compiled([t.format(o=out, i=inner) for t in (FORWARD, RIGHT, LEFT)], way)


def check(kernels: list[Kernel], out: int, inner: int, n: int, threads: int = 3) -> None:
    """Values, the same bits for any number of threads, and float32 where there are few rows."""
    rng = np.random.default_rng(n)

    def normal(*shape: int) -> Array:
        return aligned(rng.standard_normal(shape).astype(np.float32))

    w, x, g = normal(inner, out), normal(n, inner), normal(n, out)
    near, whole = [rounded(v) for v in (w, x, g)], [v.astype(np.float64) for v in (w, x, g)]
    wide = near if n >= LEAST_ROWS else whole
    cases = [
        (kernels[0], [w, x], wide[1] @ wide[0], inner),
        (kernels[1], [w, g], wide[2] @ wide[0].T, out),
        (kernels[2], [g, x], near[1].T @ near[2], n),
    ]
    for kernel, inputs, wanted, depth in cases:
        results: list[Array] = []
        for count in range(1, threads + 1):
            result = aligned(np.full(wanted.shape, np.nan, np.float32))
            kernel.run([*inputs, result], n, count)
            results.append(result)
        close(results[0], wanted, depth)
        assert all(np.array_equal(results[0], r) for r in results[1:])


@pytest.mark.parametrize(
    ("out", "inner"),
    [(2, 3), (16, 17), (31, 2), (65, 100), (144, 33), (200, 301)],
)
def test_vectors_for_every_form(out: int, inner: int) -> None:
    kernels = forms(out, inner, "vectors")
    for n in (0, 1, 7, 8, 9, 17, 64, 100, 257):
        check(kernels, out, inner, n)


@pytest.mark.parametrize(("out", "inner"), [(2, 3), (17, 40), (70, 131)])
def test_tile_registers_for_every_form(out: int, inner: int) -> None:
    kernels = forms(out, inner, "registers")
    for n in (0, 1, 16, 17, 33, 50):
        check(kernels, out, inner, n, 2)


@pytest.mark.parametrize("way", WAYS)
def test_deep_products_are_summed_in_blocks(way: str) -> None:
    (kernel,) = compiled([FORWARD.format(o=20, i=40003)], way)
    rng = np.random.default_rng(1)
    shapes = (40003, 20), (35, 40003)
    w, x = (aligned(rng.standard_normal(s).astype(np.float32)) for s in shapes)
    result = aligned(np.full((35, 20), np.nan, np.float32))
    kernel.run([w, x, result], 35, 2)
    close(result, rounded(x) @ rounded(w), 40003)


@pytest.mark.parametrize("way", WAYS)
def test_many_columns_are_summed_in_blocks(way: str) -> None:
    (kernel,) = compiled([LEFT.format(o=40, i=35)], way)
    for n in (511, 512, 513, 1201):
        rng = np.random.default_rng(n)
        g, x = (aligned(rng.standard_normal((n, s)).astype(np.float32)) for s in (40, 35))
        results = [aligned(np.full((35, 40), np.nan, np.float32)) for _ in range(3)]
        for threads, result in enumerate(results):
            kernel.run([g, x, result], n, threads + 1)
        close(results[0], rounded(x).T @ rounded(g), n)
        assert all(np.array_equal(results[0], r) for r in results)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", ["relu", "sigmoid"])
def test_what_follows_a_product_is_float32(name: str, way: str) -> None:
    (kernel,) = compiled([DENSE.format(name="rectified_linear" if name == "relu" else name)], way)
    rng = np.random.default_rng(2)
    shapes = (50, 37), (70, 50), (37,)
    w, x, b = (aligned(rng.standard_normal(s).astype(np.float32)) for s in shapes)
    sums = rounded(x) @ rounded(w) + b
    wanted = np.maximum(sums, 0) if name == "relu" else 1 / (1 + np.exp(-sums))
    result = aligned(np.full((70, 37), np.nan, np.float32))
    kernel.run([w, x, b, result], 70, 2)
    close(result, wanted, 50)


def test_infinities_and_nans_stay_in_their_rows() -> None:
    for way in WAYS:
        (kernel,) = compiled([FORWARD.format(o=20, i=33)], way)
        w, x = aligned(np.ones((33, 20), np.float32)), aligned(np.ones((40, 33), np.float32))
        x[3, 32], x[5, 0] = np.inf, np.nan
        result = aligned(np.zeros((40, 20), np.float32))
        kernel.run([w, x, result], 40)
        assert np.all(result[3] == np.inf)
        assert np.all(np.isnan(result[5]))
        assert np.all(np.delete(result, (3, 5), axis=0) == 33)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("rows", [8, 40, 500])
def test_numbers_of_rows_that_are_known(rows: int, way: str) -> None:
    (kernel,) = compiled([FIXED.format(n=rows)], way)
    rng = np.random.default_rng(rows)
    w, x = (aligned(rng.standard_normal(s).astype(np.float32)) for s in ((33, 70), (rows, 33)))
    results = [aligned(np.full((rows, 70), np.nan, np.float32)) for _ in range(3)]
    for threads, result in enumerate(results):
        kernel.run([w, x, result], 0, threads + 1)
    close(results[0], rounded(x) @ rounded(w), 33)
    assert all(np.array_equal(results[0], r) for r in results)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("turned", [False, True])
def test_weights_of_loops_are_packed_once(turned: bool, way: str) -> None:
    out, inner = 70, 37
    size, shape = packed_elements(out, inner), (inner, out) if turned else (out, inner)
    sizes = {"o": out, "i": inner, "size": size, "shape": " x ".join(map(str, shape))}
    texts = [PACK.format(**sizes, turned=str(turned).lower()), PACKED.format(**sizes)]
    pack, product = compiled(texts, way)
    rng = np.random.default_rng(3)
    w = aligned(rng.standard_normal(shape[::-1]).astype(np.float32))
    packed = aligned(np.full(size, np.nan, np.float32))
    pack.run([w, packed], 0, 2)
    for n in (0, 1, 7, 33):
        x = aligned(rng.standard_normal((n, inner)).astype(np.float32))
        result = aligned(np.full((n, out), np.nan, np.float32))
        product.run([packed, x, result], n, 2)
        close(result, rounded(x) @ (rounded(w).T if turned else rounded(w)), inner)


@pytest.mark.parametrize("target", ["avx512", "avx2", "baseline"])
def test_targets_without_them_are_refused(target: str) -> None:
    with pytest.raises(BrainScriptError) as raised:
        lower_kernel(parse_kernel(FORWARD.format(o=20, i=33)), choose_target(target))
    (diagnostic,) = raised.value.diagnostics
    assert diagnostic.code == "BS0816"
    assert target in diagnostic.title
