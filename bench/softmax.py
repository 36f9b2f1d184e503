"""Softmax with cross entropy, value and gradient, against PyTorch: one JSON line.

    python bench/softmax.py [--threads 1] [--seconds 0.3] [--sizes 10,100,1000,10000] [--rows 256]

Ours is the step that the compiler makes of `CrossEntropyWithSoftmax` and its gradient. Labels are
the numbers of the classes, here as PyTorch has them: a sparse input. `dense` are the figures with
labels as dense rows, one more array as large as the scores to read. PyTorch is measured through
autograd, as the four kernels that autograd calls, and, beside our dense ones alone, with labels as
dense `rows`. With one thread the processor time of the thread counts, with more the wall time, each
the best of several turns.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from importlib import import_module
from typing import Any

import numpy as np
from gemm import measure, timed
from xdsl.parser import Parser

from brainscript.dialects.registry import make_context
from brainscript.runtime.program import Program, StateArena
from brainscript.target import Target, choose_target
from brainscript.tools.compile_step import compile_step
from brainscript.tools.crash import CrashRecord
from brainscript.tools.steps import step_module

TEXT = """net.network {{
  %y = net.input "y" {{sparse = {sparse}}} : {wide}
  %z = net.input "z" : {wide}
  %ce = net.cross_entropy_with_softmax %y, %z {{node = "ce"}} : !net.t<[1], f32>
  %e = net.softmax %z : {wide}
  %g = net.minus %e, %y {{node = "g"}} : {wide}
  net.roots label(%y), feature(%z), output(%ce, %g)
}}"""


class Ours:
    """The compiled step with its inputs."""

    def __init__(self, rows: int, classes: int, target: Target, threads: int, *, sparse: bool):
        wide = f'!net.t<[{classes}], f32, @"*">'
        text = TEXT.format(wide=wide, sparse=str(sparse).lower())
        network = Parser(make_context(), text).parse_module()
        step = step_module(network, "write", ("ce", "g"), None, CrashRecord("", []))
        self.program = Program(*compile_step(step, target, None), StateArena())
        self.program.set_columns({"*": rows})
        random = np.random.default_rng(1)
        self.classes, self.threads = random.integers(0, classes, rows), threads
        self.z = self.program.input("z")
        self.z[...] = random.standard_normal(self.z.shape, np.float32)
        if sparse:
            ones = np.ones(rows, np.float32)
            self.program.put_sparse("y", self.classes, ones, np.arange(rows + 1))
        else:
            labels = self.program.input("y")
            labels[...] = 0
            labels[np.arange(rows), self.classes] = 1

    @property
    def gradient(self) -> Any:
        """The gradient of the sum of the losses."""
        self.program.run(self.threads)
        return self.program.output("g")

    def turn(self, count: int) -> float:
        """Seconds of one step, measured over `count` of them."""
        clock = time.thread_time if self.threads == 1 else time.perf_counter
        return timed(lambda: self.program.run(self.threads), count, clock)


THEIRS = ("autograd", "kernels", "rows")
"""The ways in which PyTorch is measured."""


class Theirs:
    """PyTorch on the same numbers, in one of the ways of `THEIRS`."""

    def __init__(self, torch: Any, ours: Ours, way: str):
        self.torch, self.threads = torch, ours.threads
        self.z = torch.from_numpy(ours.z).clone().requires_grad_(way != "kernels")
        self.classes = torch.from_numpy(ours.classes)
        self.rows = torch.nn.functional.one_hot(self.classes, self.z.shape[1]).to(self.z.dtype)
        self.one = torch.tensor(1.0)
        self.run = {"autograd": self.autograd, "kernels": self.kernels, "rows": self.dense}[way]
        torch.set_num_threads(ours.threads)

    def autograd(self, labels: Any = None) -> Any:
        """The gradient of the sum of the losses, by itself."""
        torch = self.torch
        given = self.classes if labels is None else labels
        loss = torch.nn.functional.cross_entropy(self.z, given, reduction="sum")
        return torch.autograd.grad(loss, self.z)[0]

    def dense(self) -> Any:
        """The same of labels as dense rows."""
        return self.autograd(self.rows)

    def kernels(self) -> Any:
        """What autograd calls."""
        aten = self.torch.ops.aten
        logs = aten._log_softmax(self.z, 1, False)
        _, weight = aten.nll_loss_forward(logs, self.classes, None, 2, -100)
        part = aten.nll_loss_backward(self.one, logs, self.classes, None, 2, -100, weight)
        return aten._log_softmax_backward_data(part, logs, 1, self.torch.float32)

    def turn(self, count: int) -> float:
        """Seconds of one call, measured over `count` of them."""
        clock = time.thread_time if self.threads == 1 else time.perf_counter
        return timed(self.run, count, clock)


def compare(classes: int, torch: Any, options: argparse.Namespace) -> dict[str, Any]:
    """Microseconds of all, and theirs over ours."""
    target = choose_target(options.target)
    sizes = (options.rows, classes, target, options.threads)
    ours = [Ours(*sizes, sparse=sparse) for sparse in (True, False)]
    theirs = [Theirs(torch, ours[0], way) for way in THEIRS] if torch is not None else []
    best = [time * 1e6 for time in measure([*ours, *theirs], options.seconds)]
    row: dict[str, Any] = {"classes": classes, "ours": round(best[0], 1)}
    row["dense"] = round(best[1], 1)
    for way, other, taken in zip(THEIRS, theirs, best[2:], strict=False):
        for mine in ours:
            assert np.allclose(other.run().numpy(), mine.gradient, atol=2e-6), classes
        row[way] = round(taken, 1)
        if way != "rows":
            row[f"times_{way}"] = round(taken / best[0], 2)
        row[f"times_{way}_dense"] = round(taken / best[1], 2)
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
        for name in (key for key in rows[0] if key.startswith("times_")):
            summary[f"least_{name}"] = min(row[name] for row in rows)
    print(json.dumps(summary))


if __name__ == "__main__":
    main()
