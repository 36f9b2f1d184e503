"""Matrix products as the compiler makes them, against MKL (through PyTorch): one JSON line.

    python bench/gemm.py [--threads 1,2] [--seconds 0.2] [--cases NAME,...] [--target NAME]
    python bench/gemm.py --matmul-precision bf16 ...    against our own products in float32

The rows of a product are the columns of a minibatch and known only when the kernel runs; both sides
work on arrays in memory with the result's place given. With one thread the processor time of the
thread counts, with more the wall time, each the best of several turns. Without PyTorch our own
speed is printed alone.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import math
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import numpy as np
from xdsl.parser import Parser

from brainscript.codegen.compile import (
    compile_kernels,
    compile_text,
    kernel_key,
    kernel_symbol,
)
from brainscript.codegen.jit import Linked
from brainscript.dialects.registry import make_context
from brainscript.dialects.sched import KernelOp
from brainscript.passes.lower.gemm import lower_gemm
from brainscript.passes.lower.round_products import SchedRoundProducts
from brainscript.runtime.memory import aligned_bytes
from brainscript.runtime.threads import shared_pool
from brainscript.runtime.tile_registers import allow_tiles
from brainscript.target import Target, check_pairs, choose_target

TEXTS = {
    "NN": """sched.kernel @k gemm(%w : !net.t<[{N} x {K}], f32>, %x : !net.t<[{K}], f32, @"*">)
        -> (!net.t<[{N}], f32, @"*">) {{
      %z = net.times %w, %x : !net.t<[{N}], f32, @"*">
      sched.yield %z : !net.t<[{N}], f32, @"*">
    }}""",
    "NT": """sched.kernel @k gemm(%w : !net.t<[{K} x {N}], f32>, %g : !net.t<[{K}], f32, @"*">)
        -> (!net.t<[{N}], f32, @"*">) {{
      %z = net.times_gradient_right %w, %g : !net.t<[{N}], f32, @"*">
      sched.yield %z : !net.t<[{N}], f32, @"*">
    }}""",
    "TN": """sched.kernel @k gemm(%g : !net.t<[{N}], f32, @"*">, %x : !net.t<[{M}], f32, @"*">)
        -> (!net.t<[{N} x {M}], f32>) {{
      %z = net.times_gradient_left %g, %x : !net.t<[{N} x {M}], f32>
      sched.yield %z : !net.t<[{N} x {M}], f32>
    }}""",
}


@dataclass(frozen=True)
class Case:
    """`C[M, N] = L[M, K] R[K, N]`; the form says which operand lies transposed."""

    name: str
    form: str
    M: int
    N: int
    K: int

    @property
    def work(self) -> float:
        """Floating-point operations, in units of 10^9."""
        return 2e-9 * self.M * self.N * self.K


def cases() -> list[Case]:
    """Squares, layers of three networks at several minibatches, thin and tall ones, few rows."""
    found = [Case(f"square-{s}", "NN", s, s, s) for s in (128, 256, 512, 1024, 2048)]
    for rows in (32, 256, 1024):
        found += layer(f"mlp-{rows}", rows, 512, 784)
    found += layer("output", 1024, 10, 512)
    found += layer("lstm", 32, 2048, 512)[:2]
    found.append(Case("lstm-gradient", "TN", 512, 2048, 640))
    found += layer("speech", 256, 2048, 2048)
    found.append(Case("convolution", "NN", 32768, 16, 144))
    found.append(Case("convolution-gradient", "TN", 144, 16, 32768))
    for rows in (1, 4, 8, 16):
        found.append(Case(f"few-{rows}-512x784", "NN", rows, 512, 784))
        found.append(Case(f"few-{rows}-2048x512", "NN", rows, 2048, 512))
    return found


def layer(name: str, rows: int, out: int, inner: int) -> list[Case]:
    """The three products of a dense layer."""
    return [
        Case(name, "NN", rows, out, inner),
        Case(f"{name}-input", "NT", rows, inner, out),
        Case(f"{name}-weight", "TN", inner, out, rows),
    ]


def aligned(shape: tuple[int, ...], fill: bool = True) -> Any:
    """Random numbers (or zeros) in memory as a network's tensors have it."""
    view = aligned_bytes(4 * math.prod(shape)).view(np.float32).reshape(shape)
    if fill:
        view[...] = np.random.default_rng(0).standard_normal(shape, np.float32)
    return view


TURN = """\
declare void @{kernel}(ptr, ptr, ptr, i64, ptr, i64, i64)
define void @turn(ptr %frame, i64 %tid, i64 %nt) {{
  %a0 = load ptr, ptr %frame
  %at1 = getelementptr i64, ptr %frame, i64 1
  %a1 = load ptr, ptr %at1
  %at2 = getelementptr i64, ptr %frame, i64 2
  %a2 = load ptr, ptr %at2
  %at3 = getelementptr i64, ptr %frame, i64 3
  %n = load i64, ptr %at3
  %place = add i64 %tid, 4
  %at4 = getelementptr i64, ptr %frame, i64 %place
  %ws = load ptr, ptr %at4
  call void @{kernel}(ptr %a0, ptr %a1, ptr %a2, i64 %n, ptr %ws, i64 %tid, i64 %nt)
  ret void
}}
"""
"""What the threads of the pool run: the kernel on the operands that the frame names."""


class Ours:
    """One compiled product with its arrays."""

    def __init__(self, case: Case, target: Target, threads: int, rounded: bool = False):
        text, context = TEXTS[case.form].format(M=case.M, N=case.N, K=case.K), make_context()
        module = Parser(context, text).parse_module()
        if rounded:
            SchedRoundProducts().apply(context, module)
        (kernel,) = module.ops
        assert isinstance(kernel, KernelOp)
        function = lower_gemm(kernel, target)
        symbol = kernel_symbol(kernel_key(function, target))
        objects = list(compile_kernels([function], target).values())
        objects.append(compile_text(TURN.format(kernel=symbol), target)[1])
        self.linked = Linked(objects, ["turn"])
        left = (case.K, case.M) if case.form == "TN" else (case.M, case.K)
        right = (case.N, case.K) if case.form == "NT" else (case.K, case.N)
        self.left, self.right = aligned(left), aligned(right)
        self.result = aligned((case.M, case.N), fill=False)
        self.scratch = [aligned((function.scratch // 4 + 16,), fill=False) for _ in range(threads)]
        columns = case.K if case.form == "TN" else case.M
        arrays = [a.ctypes.data for a in (self.right, self.left, self.result)]
        words = [*arrays, columns, *(a.ctypes.data for a in self.scratch)]
        self.frame = np.array(words, np.int64)
        self.threads = threads

    def turn(self, count: int) -> float:
        """Seconds of one product, measured over `count` of them."""
        address, frame = self.linked.address("turn"), self.frame.ctypes.data
        if self.threads == 1:
            words = (ctypes.c_void_p, ctypes.c_int64, ctypes.c_int64)
            call = self.linked.function("turn", *words)
            return timed(lambda: call(frame, 0, 1), count, time.thread_time)
        pool = shared_pool(self.threads)
        return timed(lambda: pool.run(address, frame), count, time.perf_counter)


class Theirs:
    """The same product through PyTorch."""

    def __init__(self, torch: Any, ours: Ours, case: Case):
        left, right = torch.from_numpy(ours.left), torch.from_numpy(ours.right)
        self.torch, self.threads = torch, ours.threads
        self.left = left.T if case.form == "TN" else left
        self.right = right.T if case.form == "NT" else right
        self.result = torch.empty(case.M, case.N)
        torch.set_num_threads(ours.threads)

    def turn(self, count: int) -> float:
        """Seconds of one product, measured over `count` of them."""
        clock = time.thread_time if self.threads == 1 else time.perf_counter
        return timed(lambda: self.torch.mm(self.left, self.right, out=self.result), count, clock)


PAUSE = 0.05
"""Seconds that the threads of the one who was measured last are given to stop spinning."""


def timed(call: Callable[[], object], count: int, clock: Callable[[], float]) -> float:
    """Seconds of one call, measured over `count` of them."""
    start = clock()
    for _ in range(count):
        call()
    return (clock() - start) / count


def measure(contenders: Sequence[Any], seconds: float) -> list[float]:
    """The best seconds of each, in turns so that all see the same machine."""
    best = [min(c.turn(1) for _ in range(2)) for c in contenders]
    spent = 0.0
    while spent < seconds:
        for place, contender in enumerate(contenders):
            count = max(1, int(seconds / 12 / best[place]))
            if contender.threads > 1:
                time.sleep(PAUSE)
                contender.turn(1)
            turn = contender.turn(count)
            best[place] = min(best[place], turn)
            spent += turn * count / len(contenders)
    return best


def compare(case: Case, torch: Any, options: argparse.Namespace, threads: int) -> dict[str, Any]:
    """Speeds in 10^9 operations a second, and ours over theirs."""
    target = choose_target(options.target)
    if options.matmul_precision == "bf16":
        return compare_rounded(case, target, options.seconds, threads)
    ours = Ours(case, target, threads)
    contenders: list[Any] = [ours] if torch is None else [ours, Theirs(torch, ours, case)]
    best = measure(contenders, options.seconds)
    row = {"case": case.name, "threads": threads, "ours": round(case.work / best[0], 1)}
    if torch is not None:
        error = float(np.abs(contenders[1].result.numpy() - ours.result).max())
        assert error < 1e-5 * case.K + 1e-3, f"{case.name}: results differ by {error}"
        row |= {"mkl": round(case.work / best[1], 1), "ratio": round(best[1] / best[0], 3)}
    print(json.dumps(row), file=sys.stderr, flush=True)
    return row


def compare_rounded(case: Case, target: Target, seconds: float, threads: int) -> dict[str, Any]:
    """Speeds of products of bfloat16 and of those in float32, and the first over the second."""
    contenders = [Ours(case, target, threads, rounded) for rounded in (True, False)]
    best = measure(contenders, seconds)
    error = float(np.abs(contenders[0].result - contenders[1].result).max())
    assert error < 0.03 * math.sqrt(case.K) + 0.02, f"{case.name}: results differ by {error}"
    row = {"case": case.name, "threads": threads, "bf16": round(case.work / best[0], 1)}
    row |= {"float32": round(case.work / best[1], 1), "ratio": round(best[1] / best[0], 3)}
    print(json.dumps(row), file=sys.stderr, flush=True)
    return row


def torch_if_there() -> Any:
    """PyTorch, or None."""
    try:
        return import_module("torch")
    except ImportError:
        print("PyTorch is not installed: nothing to compare with", file=sys.stderr)
        return None


def main() -> None:
    """Measure the cases asked for and print the summary."""
    parser = argparse.ArgumentParser(description="matrix products against MKL")
    parser.add_argument("--threads", default="1", help="comma separated")
    parser.add_argument("--seconds", type=float, default=0.2, help="for each contender and case")
    parser.add_argument("--cases", default="", help="names to measure, comma separated")
    parser.add_argument("--target", default="", help="a name of --target")
    parser.add_argument("--matmul-precision", choices=("float32", "bf16"), default="float32")
    options = parser.parse_args()
    rounded = options.matmul_precision == "bf16"
    if rounded:
        check_pairs(choose_target(options.target))
        if choose_target(options.target).pairs == "amx":
            allow_tiles()
    torch: Any = None if rounded else torch_if_there()
    wanted = set(options.cases.split(",")) - {""}
    chosen = [c for c in cases() if not wanted or c.name in wanted]
    for threads in map(int, options.threads.split(",")):
        rows = [compare(case, torch, options, threads) for case in chosen]
        cpu = choose_target(options.target).cpu
        summary: dict[str, Any] = {"benchmark": "gemm", "cpu": cpu, "threads": threads}
        summary |= {"matmul-precision": "bf16"} if rounded else {}
        summary["cases"] = rows
        if torch is not None or rounded:
            for label, few in (("large", False), ("few", True)):
                ratios = [r["ratio"] for r in rows if r["case"].startswith("few") == few]
                if ratios:
                    mean = math.exp(sum(map(math.log, ratios)) / len(ratios))
                    summary[label] = {"mean": round(mean, 3), "worst": min(ratios)}
        print(json.dumps(summary))


if __name__ == "__main__":
    main()
