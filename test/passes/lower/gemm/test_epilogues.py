"""What a product's kernel does after it: biases, masks, activations, updates in place, tensors."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))

from gemm_harness import Array, aligned, close, gemm

RNG = np.random.default_rng(1)


def normal(*shape: int) -> Array:
    return aligned(RNG.standard_normal(shape).astype(np.float32))


def empty(*shape: int) -> Array:
    return aligned(np.full(shape, np.nan, np.float32))


DENSE = """
sched.kernel @k gemm(%w : !net.t<[{o} x 33], f32>, %x : !net.t<[33], f32, @"*">,
    %b : !net.t<[{o}], f32>, %s : !net.t<[1], f32>, %m : !net.t<[{o}], f32, @"*">)
    -> (!net.t<[{o}], f32, @"*">, !net.t<[{o}], f32, @"*">) {{
  %z = net.times %w, %x : !net.t<[{o}], f32, @"*">
  %p = net.plus %z, %b : !net.t<[{o}], f32, @"*">
  %h = net.{f} %p : !net.t<[{o}], f32, @"*">
  %q = net.element_times %h, %m : !net.t<[{o}], f32, @"*">
  %r = net.element_times %s, %q : !net.t<[{o}], f32, @"*">
  sched.yield %r, %p : !net.t<[{o}], f32, @"*">, !net.t<[{o}], f32, @"*">
}}"""


@pytest.mark.parametrize("function", ["tanh", "rectified_linear"])
@pytest.mark.parametrize("target", ["", "avx2", "baseline"])
def test_bias_activation_mask_and_two_results(function: str, target: str) -> None:
    tanh = function == "tanh"
    for out in (1, 5, 70):
        (kernel,) = gemm([DENSE.format(o=out, f=function)], target)
        for n in (1, 6, 19, 100):
            w, x, b, s, m = normal(33, out), normal(n, 33), normal(out), normal(1), normal(n, out)
            results = [(empty(n, out), empty(n, out)) for _ in range(2)]
            for threads, (r, p) in enumerate(results, start=1):
                kernel.run([w, x, b, s, m, r, p], n, threads)
            sums = x.astype(np.float64) @ w + b
            close(results[0][1], sums, 33)
            active = np.tanh(sums) if tanh else np.maximum(sums, 0)
            close(results[0][0], active * m * s, 33)
            assert np.array_equal(results[0][0], results[1][0])


UPDATE = """
sched.kernel @k gemm(%g : !net.t<[{o}], f32, @"*">, %x : !net.t<[{i}], f32, @"*">,
    %v : !net.t<[{o} x {i}], f32>, %w : !net.t<[{o} x {i}], f32>, %r : !net.t<[1], f32>,
    %m : !net.t<[1], f32>) -> (!net.t<[{o} x {i}], f32>, !net.t<[{o} x {i}], f32>) {{
  %d = net.times_gradient_left %g, %x : !net.t<[{o} x {i}], f32>
  %e = net.element_times %d, %r : !net.t<[{o} x {i}], f32>
  %f = net.element_times %v, %m : !net.t<[{o} x {i}], f32>
  %v1 = net.plus %f, %e : !net.t<[{o} x {i}], f32>
  %w1 = net.minus %w, %v1 : !net.t<[{o} x {i}], f32>
  sched.yield %v1, %w1 : !net.t<[{o} x {i}], f32>, !net.t<[{o} x {i}], f32>
}}"""


@pytest.mark.parametrize(("out", "inner"), [(1, 40), (5, 3), (70, 33), (64, 130), (200, 70)])
def test_momentum_and_weights_are_updated_in_place(out: int, inner: int) -> None:
    (kernel,) = gemm([UPDATE.format(o=out, i=inner)])
    for n in (0, 1, 32, 300):
        g, x, v, w = normal(n, out), normal(n, inner), normal(inner, out), normal(inner, out)
        rate, momentum = normal(1), normal(1)
        wanted_v = v * momentum.astype(np.float64) + x.astype(np.float64).T @ g * rate
        wanted_w = w - wanted_v
        for threads in (1, 2):
            v2, w2 = aligned(v), aligned(w)
            kernel.run([g, x, v2, w2, rate, momentum, v2, w2], n, threads)
            close(v2, wanted_v, n)
            close(w2, wanted_w, n)


def test_a_long_epilogue_waits_for_the_last_block() -> None:
    text = """
    sched.kernel @k gemm(%g : !net.t<[200], f32, @"*">, %x : !net.t<[70], f32, @"*">)
        -> (!net.t<[200 x 70], f32>) {
      %d = net.times_gradient_left %g, %x : !net.t<[200 x 70], f32>
      %t = net.tanh %d : !net.t<[200 x 70], f32>
      sched.yield %t : !net.t<[200 x 70], f32>
    }"""
    (kernel,) = gemm([text])
    for n in (7, 1100):
        g, x = aligned(normal(n, 200) / np.float32(np.sqrt(n))), normal(n, 70)
        results = [empty(70, 200) for _ in range(3)]
        for threads, result in enumerate(results, start=1):
            kernel.run([g, x, result], n, threads)
        close(results[0], np.tanh(x.astype(np.float64).T @ g), n)
        assert all(np.array_equal(results[0], r) for r in results[1:])


def test_a_tensor_operand_multiplies_the_columns() -> None:
    text = """
    sched.kernel @k gemm(%w : !net.t<[4 x 3 x 7], f32>, %x : !net.t<[7 x 5], f32, @"*">,
        %b : !net.t<[4 x 3], f32>, %c : !net.t<[1 x 1 x 5], f32>, %d : !net.t<[4 x 3 x 5], f32>,
        %e : !net.t<[1], f32, @"*">) -> (!net.t<[4 x 3 x 5], f32, @"*">) {
      %z = net.times %w, %x {output_rank = 2} : !net.t<[4 x 3 x 5], f32, @"*">
      %p = net.plus %z, %b : !net.t<[4 x 3 x 5], f32, @"*">
      %q = net.plus %p, %c : !net.t<[4 x 3 x 5], f32, @"*">
      %r = net.plus %q, %d : !net.t<[4 x 3 x 5], f32, @"*">
      %s = net.element_times %r, %e : !net.t<[4 x 3 x 5], f32, @"*">
      sched.yield %s : !net.t<[4 x 3 x 5], f32, @"*">
    }"""
    (kernel,) = gemm([text])
    for n in (1, 4, 9):
        w, x, b, c = normal(7, 3, 4), normal(n, 5, 7), normal(3, 4), normal(5)
        d, e, y = normal(5, 3, 4), normal(n), empty(n, 5, 3, 4)
        kernel.run([w, x, b, c, d, e, y], n, 2)
        product = np.einsum("nrk,kba->nrba", x.astype(np.float64), w)
        wanted = (product + b + c[:, None, None] + d) * e[:, None, None, None]
        close(y, wanted, 7)


def test_gradients_of_a_tensor_product() -> None:
    kernels = gemm(
        [
            """
    sched.kernel @k gemm(%g : !net.t<[4 x 5], f32, @"*">, %x : !net.t<[7 x 5], f32, @"*">)
        -> (!net.t<[4 x 7], f32>) {
      %d = net.times_gradient_left %g, %x : !net.t<[4 x 7], f32>
      sched.yield %d : !net.t<[4 x 7], f32>
    }""",
            """
    sched.kernel @k gemm(%w : !net.t<[4 x 7], f32>, %g : !net.t<[4 x 5], f32, @"*">)
        -> (!net.t<[7 x 5], f32, @"*">) {
      %d = net.times_gradient_right %w, %g : !net.t<[7 x 5], f32, @"*">
      sched.yield %d : !net.t<[7 x 5], f32, @"*">
    }""",
        ]
    )
    for n in (0, 1, 3, 80):
        g, x, w = normal(n, 5, 4), normal(n, 5, 7), normal(7, 4)
        dw, dx = empty(7, 4), empty(n, 5, 7)
        kernels[0].run([g, x, dw], n, 2)
        kernels[1].run([w, g, dx], n, 2)
        close(dw, np.einsum("nra,nrk->ka", g.astype(np.float64), x), 5 * n)
        close(dx, g.astype(np.float64) @ w.T, 4)


def test_both_operands_without_columns() -> None:
    kinds = "%a : !net.t<[6 x 9], f32>, %b : !net.t<[9 x 20], f32>, %s : !net.t<[6], f32>"
    kernels = gemm(
        [
            f"""
    sched.kernel @k gemm({kinds}) -> (!net.t<[6 x 20], f32>) {{
      %z = net.times %a, %b : !net.t<[6 x 20], f32>
      %y = net.plus %z, %s : !net.t<[6 x 20], f32>
      sched.yield %y : !net.t<[6 x 20], f32>
    }}""",
            """
    sched.kernel @k gemm(%g : !net.t<[6 x 20], f32>, %b : !net.t<[9 x 20], f32>)
        -> (!net.t<[6 x 9], f32>) {
      %d = net.times_gradient_left %g, %b : !net.t<[6 x 9], f32>
      sched.yield %d : !net.t<[6 x 9], f32>
    }""",
            """
    sched.kernel @k gemm(%a : !net.t<[6 x 9], f32>, %g : !net.t<[6 x 20], f32>)
        -> (!net.t<[9 x 20], f32>) {
      %d = net.times_gradient_right %a, %g : !net.t<[9 x 20], f32>
      sched.yield %d : !net.t<[9 x 20], f32>
    }""",
        ]
    )
    a, b, s, g = normal(9, 6), normal(20, 9), normal(6), normal(20, 6)
    z, da, db = empty(20, 6), empty(9, 6), empty(20, 9)
    kernels[0].run([a, b, s, z], 0, 2)
    kernels[1].run([g, b, da], 0, 2)
    kernels[2].run([a, g, db], 0, 2)
    close(z, b.astype(np.float64) @ a + s, 9)
    close(da, b.astype(np.float64).T @ g, 20)
    close(db, g.astype(np.float64) @ a.T, 6)
