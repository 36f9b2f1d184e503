"""What the machine can do: vector width and code generation options, found or forced.

`BS_TARGET` (or the option `--target`) forces one of `NAMES`; objects made for a forced target do
not depend on the machine that made them.
"""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import Any, Literal

from brainscript.diagnostic import CommandLineError, Diagnostic, did_you_mean

NAMES = ("amx", "avx512-bf16", "avx512", "avx2", "baseline")

Pairs = Literal["", "avx512", "amx"]
"""How products of bfloat16 are computed: not at all, by vectors of pairs, by tile registers."""


@dataclass(frozen=True, slots=True)
class Target:
    """A processor to generate code for.

    `vector_bytes` is the width of one register, `registers` how many there are; `features` is
    LLVM's list (`+avx2,+fma`), `cpu` its name for the scheduling model, `pairs` says what it has
    for products of bfloat16.
    """

    name: str
    vector_bytes: int
    registers: int
    cpu: str
    features: str
    triple: str = ""
    pairs: Pairs = ""

    def lanes(self, element_bytes: int) -> int:
        """Elements of one vector register."""
        return self.vector_bytes // element_bytes


MatmulPrecision = Literal["float32", "bf16"]
"""To what the inputs of matrix products are rounded; sums are in float32."""

_LINUX = "x86_64-unknown-linux-gnu"
_AVX2_FEATURES = "+avx2,+fma,+bmi,+bmi2,+f16c,+popcnt"
_AVX512_FEATURES = f"+avx512f,+avx512bw,+avx512dq,+avx512vl,+avx512cd,{_AVX2_FEATURES}"
_BF16_FEATURES = f"{_AVX512_FEATURES},+avx512bf16"
_AMX_FEATURES = f"{_BF16_FEATURES},+amx-tile,+amx-bf16"

_FORCED = {
    "amx": Target("amx", 64, 32, "sapphirerapids", _AMX_FEATURES, _LINUX, "amx"),
    "avx512-bf16": Target("avx512-bf16", 64, 32, "cooperlake", _BF16_FEATURES, _LINUX, "avx512"),
    "avx512": Target("avx512", 64, 32, "skylake-avx512", _AVX512_FEATURES, _LINUX),
    "avx2": Target("avx2", 32, 16, "haswell", _AVX2_FEATURES, _LINUX),
    "baseline": Target("baseline", 16, 16, "x86-64", "", _LINUX),
}

_AVX512 = ("avx512f", "avx512bw", "avx512dq", "avx512vl")
_AVX2 = ("avx2", "fma", "bmi2")


def check_pairs(target: Target) -> None:
    """Raise CommandLineError (BS0816) when the target has no products of bfloat16."""
    if target.pairs:
        return
    title = f"the target '{target.name}' has no instructions for products of bfloat16"
    raise CommandLineError(
        Diagnostic(
            "BS0816",
            title,
            label="a processor with AVX512_BF16 or AMX is needed",
            help="leave out '--matmul-precision bf16', or a '--target' that lacks them",
        )
    )


def forced_target(name: str) -> Target:
    """The target with this name; a diagnostic when there is none."""
    found = _FORCED.get(name)
    if found is None:
        known = ", ".join(f"'{n}'" for n in NAMES)
        raise CommandLineError(
            Diagnostic(
                "BS0801",
                f"unknown target '{name}'",
                label=f"the targets are {known}",
                help=did_you_mean(name, NAMES),
            )
        )
    return found


def choose_target(name: str = "") -> Target:
    """The target to use: the one named, else the one `BS_TARGET` names, else this machine."""
    wanted = name or os.environ.get("BS_TARGET", "")
    return forced_target(wanted) if wanted else host_target()


@cache
def host_target() -> Target:
    """This machine."""
    llvm: Any = import_module("llvmlite.binding")
    features: dict[str, bool] = {}
    with suppress(RuntimeError):
        features = dict(llvm.get_host_cpu_features())
    triple: str = llvm.get_process_triple()
    return describe(llvm.get_host_cpu_name(), features, triple)


def describe(cpu: str, features: dict[str, bool], triple: str) -> Target:
    """The target for a processor that reports this name and these features.

    A hypervisor may hide the model behind an older name, so the name is replaced by one that
    fits the features: AMX means Sapphire Rapids, AVX-512 with an unknown name a Skylake server.
    """
    listed = ",".join(f"{'+' if on else '-'}{name}" for name, on in sorted(features.items()))
    if not triple.startswith("x86_64"):
        return Target("baseline", 16, 32, cpu, listed, triple)
    if all(features.get(f) for f in _AVX512):
        name = _avx512_name(cpu, features)
        return Target("avx512", 64, 32, name, listed, triple, _pairs(features, triple))
    if all(features.get(f) for f in _AVX2):
        known = cpu not in ("generic", "x86-64")
        return Target("avx2", 32, 16, cpu if known else "haswell", listed, triple)
    return Target("baseline", 16, 16, cpu, listed, triple)


def _pairs(features: dict[str, bool], triple: str) -> Pairs:
    """Tile registers have to be asked for at the kernel, which is known for Linux."""
    if not features.get("avx512bf16"):
        return ""
    tiles = features.get("amx-tile") and features.get("amx-bf16") and "linux" in triple
    return "amx" if tiles else "avx512"


def _avx512_name(cpu: str, features: dict[str, bool]) -> str:
    if features.get("amx-tile") and cpu not in ("graniterapids", "emeraldrapids"):
        return "sapphirerapids"
    if features.get("sse4a") and not cpu.startswith("znver"):
        return "znver4"
    return "skylake-avx512" if cpu in ("generic", "x86-64") else cpu
