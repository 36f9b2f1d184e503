"""What the processor can do at most: float32 multiply-adds of registers alone, in GF/s.

    python bench/peak.py [--threads 2]

Sixteen independent sums per thread keep every unit for multiply-adds busy; nothing is read from
memory. No product of matrices that multiplies as often as its definition says is faster.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import os
import threading
import time
from importlib import import_module
from typing import Any

llvm: Any = import_module("llvmlite.binding")
SUMS = 16
TURNS = 4_000_000


class Peak:
    """Measures the peak with vectors of `lanes` numbers."""

    def __init__(self) -> None:
        llvm.initialize_native_target()
        llvm.initialize_native_asmprinter()
        features = llvm.get_host_cpu_features()
        self.lanes = 16 if features.get("avx512f") else 8 if features.get("fma") else 4
        machine = llvm.Target.from_default_triple().create_target_machine(
            cpu=llvm.get_host_cpu_name(), features=features.flatten(), opt=2
        )
        self._engine = llvm.create_mcjit_compiler(llvm.parse_assembly(_loop(self.lanes)), machine)
        self._engine.finalize_object()
        spin = ctypes.CFUNCTYPE(None, ctypes.c_int64, ctypes.c_void_p)
        self._spin = spin(self._engine.get_function_address("spin"))

    def seconds(self, threads: int) -> float:
        """Seconds of one run of `TURNS` turns on every thread."""
        made = [ctypes.create_string_buffer(4 * self.lanes * SUMS) for _ in range(threads)]
        spin = [
            threading.Thread(target=self._spin, args=(TURNS, ctypes.addressof(one))) for one in made
        ]
        start = time.perf_counter()
        for thread in spin:
            thread.start()
        for thread in spin:
            thread.join()
        return time.perf_counter() - start

    def rate(self, threads: int, runs: int = 5) -> float:
        """GF/s of all threads together, in the best of some runs."""
        work = 2 * self.lanes * SUMS * TURNS * threads
        return work / min(self.seconds(threads) for _ in range(runs)) * 1e-9


def _loop(lanes: int) -> str:
    """A loop of one multiply-add for each of the sums."""
    kind = f"<{lanes} x float>"
    number = "0x3FEFFFFFE0000000"
    same = f"{kind} splat (float {number})"
    sums = range(SUMS)
    phis = [f"%s{i} = phi {kind} [ zeroinitializer, %entry ], [ %t{i}, %turn ]" for i in sums]
    steps = [
        f"%t{i} = call {kind} @llvm.fma.v{lanes}f32({kind} %s{i}, {same}, {same})" for i in sums
    ]
    ends = [
        line
        for i in sums
        for line in (
            f"%p{i} = getelementptr {kind}, ptr %to, i64 {i}",
            f"store {kind} %t{i}, ptr %p{i}, align 4",
        )
    ]
    head = f"declare {kind} @llvm.fma.v{lanes}f32({kind}, {kind}, {kind})"
    return "\n".join(
        [
            head,
            "define void @spin(i64 %turns, ptr %to) {",
            "entry:",
            "br label %turn",
            "turn:",
            "%n = phi i64 [ 0, %entry ], [ %next, %turn ]",
            *phis,
            *steps,
            "%next = add i64 %n, 1",
            "%more = icmp slt i64 %next, %turns",
            "br i1 %more, label %turn, label %end",
            "end:",
            *ends,
            "ret void",
            "}",
        ]
    )


def main() -> None:
    """Print one line of JSON."""
    parser = argparse.ArgumentParser(description="the peak of multiply-adds")
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    options = parser.parse_args()
    peak = Peak()
    rate = round(peak.rate(options.threads), 1)
    print(json.dumps({"bench": "peak", "lanes": peak.lanes, "GF/s": rate, **vars(options)}))


if __name__ == "__main__":
    main()
