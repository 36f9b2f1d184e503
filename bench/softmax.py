"""Softmax with cross entropy, value and gradient, against PyTorch: one JSON line.

    python bench/softmax.py [--threads 1] [--seconds 0.3] [--sizes 10,100,1000,10000] [--rows 256]

Ours is one kernel, as the compiler makes it of `CrossEntropyWithSoftmax` in a training step, on
labels that lie as dense rows. PyTorch has the classes as numbers, and is measured twice: through
autograd, and as the four kernels that autograd calls. With one thread the processor time of the
thread counts, with more the wall time, each the best of several turns.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import sys
import time
from importlib import import_module
from typing import Any

import numpy as np
from gemm import TURN, aligned, measure, timed
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
from brainscript.passes.lower.to_kern import lower_kernel
from brainscript.runtime.threads import shared_pool
from brainscript.target import Target, choose_target

TEXT = """sched.kernel @k rows(%z : {wide}, %y : {wide}) -> ({one}, {wide}) {{
  %l = net.log_softmax %z : {wide}
  %p = net.element_times %y, %l : {wide}
  %s = net.reduce %p : {one}
  %c = net.negate %s : {one}
  %e = net.softmax %z : {wide}
  %g = net.minus %e, %y : {wide}
  sched.yield %c, %g : {one}, {wide}
}}"""


class Ours:
    """The compiled kernel with its arrays."""

    def __init__(self, rows: int, classes: int, target: Target, threads: int):
        wide, one = (f'!net.t<[{size}], f32, @"*">' for size in (classes, 1))
        text = TEXT.format(wide=wide, one=one)
        (kernel,) = Parser(make_context(), text).parse_module().ops
        assert isinstance(kernel, KernelOp)
        function = lower_kernel(kernel, target)
        symbol = kernel_symbol(kernel_key(function, target))
        objects = list(compile_kernels([function], target).values())
        objects.append(compile_text(four_operands(symbol), target)[1])
        self.linked = Linked(objects, ["turn"])
        self.z, self.labels = aligned((rows, classes)), aligned((rows, classes), fill=False)
        self.classes = np.random.default_rng(1).integers(0, classes, rows)
        self.labels[np.arange(rows), self.classes] = 1
        self.loss, self.gradient = aligned((rows,), False), aligned((rows, classes), False)
        self.scratch = [aligned((function.scratch // 4 + 16,), False) for _ in range(threads)]
        arrays = (self.z, self.labels, self.loss, self.gradient)
        words = [*(a.ctypes.data for a in arrays), rows, *(a.ctypes.data for a in self.scratch)]
        self.frame, self.threads = np.array(words, np.int64), threads

    def turn(self, count: int) -> float:
        """Seconds of one call, measured over `count` of them."""
        address, frame = self.linked.address("turn"), self.frame.ctypes.data
        if self.threads == 1:
            words = (ctypes.c_void_p, ctypes.c_int64, ctypes.c_int64)
            call = self.linked.function("turn", *words)
            return timed(lambda: call(frame, 0, 1), count, time.thread_time)
        pool = shared_pool(self.threads)
        return timed(lambda: pool.run(address, frame), count, time.perf_counter)


def four_operands(kernel: str) -> str:
    """What the threads run: as for three operands, with one more."""
    more = "  %at5 = getelementptr i64, ptr %frame, i64 3\n  %a3 = load ptr, ptr %at5\n"
    changes = (
        ("i64 3\n", "i64 4\n"),
        ("%tid, 4", "%tid, 5"),
        ("  %n = load", more + "  %n = load"),
        ("ptr %a2,", "ptr %a2, ptr %a3,"),
        ("(ptr, ptr, ptr, i64", "(ptr, ptr, ptr, ptr, i64"),
    )
    text = TURN
    for old, new in changes:
        text = text.replace(old, new)
    return text.format(kernel=kernel)


class Theirs:
    """PyTorch on the same numbers; with autograd, or calling its kernels one by one."""

    def __init__(self, torch: Any, ours: Ours, *, autograd: bool):
        self.torch, self.threads, self.autograd = torch, ours.threads, autograd
        self.z = torch.from_numpy(ours.z).clone().requires_grad_(autograd)
        self.classes = torch.from_numpy(ours.classes)
        self.one = torch.tensor(1.0)
        torch.set_num_threads(ours.threads)

    def run(self) -> Any:
        """The gradient of the sum of the losses."""
        torch = self.torch
        if self.autograd:
            loss = torch.nn.functional.cross_entropy(self.z, self.classes, reduction="sum")
            return torch.autograd.grad(loss, self.z)[0]
        aten = torch.ops.aten
        logs = aten._log_softmax(self.z, 1, False)
        _, weight = aten.nll_loss_forward(logs, self.classes, None, 2, -100)
        part = aten.nll_loss_backward(self.one, logs, self.classes, None, 2, -100, weight)
        return aten._log_softmax_backward_data(part, logs, 1, torch.float32)

    def turn(self, count: int) -> float:
        """Seconds of one call, measured over `count` of them."""
        clock = time.thread_time if self.threads == 1 else time.perf_counter
        return timed(self.run, count, clock)


def compare(classes: int, torch: Any, options: argparse.Namespace) -> dict[str, Any]:
    """Microseconds of all, and theirs over ours."""
    ours = Ours(options.rows, classes, choose_target(options.target), options.threads)
    contenders: list[Any] = [ours]
    if torch is not None:
        contenders += [Theirs(torch, ours, autograd=autograd) for autograd in (True, False)]
    best = measure(contenders, options.seconds)
    row: dict[str, Any] = {"classes": classes, "ours": round(best[0] * 1e6, 1)}
    if torch is not None:
        for theirs in contenders[1:]:
            assert np.allclose(theirs.run().numpy(), ours.gradient, atol=2e-6), classes
        row |= {"autograd": round(best[1] * 1e6, 1), "kernels": round(best[2] * 1e6, 1)}
        ratios = (best[1] / best[0], best[2] / best[0])
        row |= {"times_autograd": round(ratios[0], 2), "times_kernels": round(ratios[1], 2)}
    print(json.dumps(row), file=sys.stderr, flush=True)
    return row


def main() -> None:
    """Measure all sizes and print the summary."""
    parser = argparse.ArgumentParser(description="softmax with cross entropy against PyTorch")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=0.3, help="for each contender and size")
    parser.add_argument("--sizes", default="10,100,1000,10000", help="numbers of classes")
    parser.add_argument("--rows", type=int, default=256)
    parser.add_argument("--target", default="", help="avx512, avx2 or baseline")
    options = parser.parse_args()
    try:
        torch: Any = import_module("torch")
    except ImportError:
        torch = None
        print("PyTorch is not installed: nothing to compare with", file=sys.stderr)
    rows = [compare(int(size), torch, options) for size in options.sizes.split(",")]
    summary: dict[str, Any] = {"benchmark": "softmax", "cpu": choose_target(options.target).cpu}
    summary |= {"threads": options.threads, "rows": options.rows, "sizes": rows}
    if torch is not None:
        for name in ("times_autograd", "times_kernels"):
            summary[f"least_{name}"] = min(row[name] for row in rows)
    print(json.dumps(summary))


if __name__ == "__main__":
    main()
