"""Convolutions as the compiler makes them, against PyTorch: one JSON line.

    python bench/convolution.py [--seconds 0.3] [--cases NAME,...] [--target NAME] [--kinds KIND,..]

The value of a 3 x 3 convolution, the gradient of its input and that of its weights, on one thread
of both sides, in turns. Ours works on samples as CNTK lays them out and writes to given memory;
PyTorch does the same on `NCHW` tensors, and once more on `channels_last` ones. Without PyTorch our
own speed is printed alone.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import math
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import numpy as np
from gemm import aligned, measure, timed
from xdsl.parser import Parser

from brainscript.codegen.compile import compile_kernels, kernel_key, kernel_symbol
from brainscript.codegen.jit import Linked
from brainscript.dialects.registry import make_context
from brainscript.dialects.sched import KernelOp
from brainscript.passes.lower.convolution import lower_convolution
from brainscript.target import Target, choose_target

KINDS = {"value": "correlate", "input": "correlate_back", "weights": "correlate_weights"}


@dataclass(frozen=True)
class Case:
    """A convolution of `batch` images `[size x size x channels]`, padded."""

    name: str
    channels: int
    maps: int
    size: int
    batch: int
    kernel: int = 3
    stride: int = 1

    @property
    def out(self) -> int:
        """Windows along each axis."""
        return (self.size - 1) // self.stride + 1

    @property
    def work(self) -> float:
        """Floating-point operations, in units of 10^9."""
        steps = self.kernel**2 * self.channels * self.maps
        return 2e-9 * self.batch * self.out**2 * steps

    @property
    def types(self) -> dict[str, str]:
        """The types of the weights, of the images, and of the results."""
        k, image = self.kernel, self.size
        return {
            "w": f"!net.t<[{k} x {k} x {self.channels} x {self.maps}], f32>",
            "x": f'!net.t<[{image} x {image} x {self.channels}], f32, @"*">',
            "z": f'!net.t<[{self.out} x {self.out} x {self.maps}], f32, @"*">',
        }

    def text(self, kind: str) -> str:
        """The kernel in the notation of the compiler."""
        a, b, c = {"value": "wxz", "input": "wzx", "weights": "xzw"}[kind]
        extra = self.size - ((self.out - 1) * self.stride + 1)
        low = (self.kernel - 1) // 2 - extra // 2
        windows = (
            f"input = [{self.size}, {self.size}, {self.channels}], "
            f"windows = [{self.out}, {self.out}, 1], "
            f"extent = [{self.kernel}, {self.kernel}, {self.channels}], "
            f"stride = [{self.stride}, {self.stride}, 1], low = [{low}, {low}, 0], "
            f"maps = {self.maps}"
        )
        t = self.types
        return f"""sched.kernel @k convolution(%a : {t[a]}, %b : {t[b]}) -> ({t[c]}) {{
          %c = net.{KINDS[kind]} %a, %b {{{windows}}} : {t[c]}
          sched.yield %c : {t[c]}
        }}"""

    def shape(self, which: str) -> tuple[int, ...]:
        """The dimensions as PyTorch has them."""
        return {
            "w": (self.maps, self.channels, self.kernel, self.kernel),
            "x": (self.batch, self.channels, self.size, self.size),
            "z": (self.batch, self.maps, self.out, self.out),
        }[which]


CASES = [
    Case("16x32x32", 16, 16, 32, 128),
    Case("32x16x16", 32, 32, 16, 128),
    Case("64x8x8", 64, 64, 8, 128),
    Case("64x56x56", 64, 64, 56, 8),
    Case("stride2-16-32", 16, 32, 32, 128, stride=2),
    Case("1x1-64-64", 64, 64, 16, 64, kernel=1),
    Case("first-3-16", 3, 16, 32, 128),
    Case("lenet1", 1, 16, 28, 64, kernel=5),
    Case("lenet2", 16, 32, 14, 64, kernel=5),
]
MAIN = 4
"""How many of them the means are taken over."""


class Ours:
    """One compiled kernel with its arrays."""

    threads = 1

    def __init__(self, case: Case, kind: str, target: Target):
        (kernel,) = Parser(make_context(), case.text(kind)).parse_module().ops
        assert isinstance(kernel, KernelOp)
        function = lower_convolution(kernel, target)
        symbol = kernel_symbol(kernel_key(function, target))
        self.linked = Linked(list(compile_kernels([function], target).values()), [symbol])
        a, b, c = {"value": "wxz", "input": "wzx", "weights": "xzw"}[kind]
        self.arrays = {a: aligned(case.shape(a)), b: aligned(case.shape(b))}
        self.result = aligned(case.shape(c), fill=False)
        scratch = aligned((function.scratch // 4 + 16,), fill=False)
        self.kept = scratch
        words = (*[ctypes.c_void_p] * 3, ctypes.c_int64, ctypes.c_void_p, *[ctypes.c_int64] * 2)
        call = self.linked.function(symbol, *words)
        given = [v.ctypes.data for v in (self.arrays[a], self.arrays[b], self.result)]
        self.call: Callable[[], object] = lambda: call(
            *given, case.batch, scratch.ctypes.data, 0, 1
        )

    def turn(self, count: int) -> float:
        """Seconds of one call, measured over `count` of them."""
        return timed(self.call, count, thread_clock)


class Theirs:
    """The same through PyTorch, in one of its memory formats."""

    threads = 1

    def __init__(self, torch: Any, ours: Ours, case: Case, kind: str, last: bool):
        torch.set_num_threads(1)
        layout = torch.channels_last if last else torch.contiguous_format

        def tensor(which: str) -> Any:
            array = ours.arrays.get(which)
            made = torch.empty(case.shape(which)) if array is None else torch.from_numpy(array)
            return made.contiguous(memory_format=layout)

        w, x, z = (tensor(which) for which in "wxz")
        step, pad = [case.stride] * 2, [(case.kernel - 1) // 2] * 2
        if kind == "value":
            self.run: Callable[[], Any] = lambda: torch.nn.functional.conv2d(x, w, None, step, pad)
        else:
            mask, number = [kind == "input", kind == "weights", False], int(kind == "weights")
            back = torch.ops.aten.convolution_backward
            self.run = lambda: back(z, x, w, None, step, pad, [1, 1], False, [0, 0], 1, mask)[
                number
            ]

    def turn(self, count: int) -> float:
        """Seconds of one call, measured over `count` of them."""
        return timed(self.run, count, thread_clock)


def thread_clock() -> float:
    """Processor time of this thread."""
    return time.thread_time()


def compare(case: Case, kind: str, torch: Any, options: argparse.Namespace) -> dict[str, Any]:
    """Speeds in 10^9 operations a second, and ours over theirs."""
    ours = Ours(case, kind, choose_target(options.target))
    contenders: list[Any] = [ours]
    if torch is not None:
        contenders += [Theirs(torch, ours, case, kind, last) for last in (False, True)]
    best = measure(contenders, options.seconds)
    row: dict[str, Any] = {"case": case.name, "kind": kind}
    row["ours"] = round(case.work / best[0], 1)
    if torch is not None:
        check(case, kind, ours, contenders[1])
        row |= {"torch": round(case.work / best[1], 1), "last": round(case.work / best[2], 1)}
        row |= {"ratio": round(best[1] / best[0], 3), "best": round(min(best[1:]) / best[0], 3)}
    print(json.dumps(row), file=sys.stderr, flush=True)
    return row


def check(case: Case, kind: str, ours: Ours, theirs: Theirs) -> None:
    """Both made the same; padding of strided windows differs and is left out."""
    if case.stride != 1:
        return
    want = theirs.run().numpy()
    error = float(np.abs(want - ours.result).max()) / float(np.abs(want).max())
    assert error < 1e-4, f"{case.name} {kind}: results differ by {error}"


def main() -> None:
    """Measure the cases asked for and print the summary."""
    parser = argparse.ArgumentParser(description="convolutions against PyTorch")
    parser.add_argument("--seconds", type=float, default=0.3, help="for each contender and case")
    parser.add_argument("--cases", default="", help="names to measure, comma separated")
    parser.add_argument("--kinds", default=",".join(KINDS))
    parser.add_argument("--target", default="", help="avx512, avx2 or baseline")
    options = parser.parse_args()
    try:
        torch: Any = import_module("torch")
    except ImportError:
        torch = None
        print("PyTorch is not installed: nothing to compare with", file=sys.stderr)
    wanted = set(options.cases.split(",")) - {""}
    chosen = [c for c in CASES if not wanted or c.name in wanted]
    summary: dict[str, Any] = {"benchmark": "convolution"}
    summary["cpu"] = choose_target(options.target).cpu
    names = {c.name for c in CASES[:MAIN]}
    for kind in options.kinds.split(","):
        rows = [compare(case, kind, torch, options) for case in chosen]
        summary[kind] = {"cases": rows}
        for label in ("ratio", "best"):
            ratios = [r[label] for r in rows if r["case"] in names and label in r]
            if ratios:
                mean = math.exp(sum(map(math.log, ratios)) / len(ratios))
                summary[kind][label] = round(mean, 3)
    print(json.dumps(summary))


if __name__ == "__main__":
    main()
