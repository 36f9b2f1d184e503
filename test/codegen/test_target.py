"""Targets: found from features, forced by name."""

from __future__ import annotations

import pytest

from brainscript.diagnostic import CommandLineError
from brainscript.target import (
    NAMES,
    Pairs,
    check_pairs,
    choose_target,
    describe,
    forced_target,
    host_target,
)

LINUX = "x86_64-unknown-linux-gnu"
AVX512: dict[str, bool] = dict.fromkeys(
    ("avx512f", "avx512bw", "avx512dq", "avx512vl", "avx2", "fma", "bmi2"), True
)


@pytest.mark.parametrize(
    ("cpu", "extra", "expected"),
    [
        ("rocketlake", {"amx-tile": True}, "sapphirerapids"),
        ("graniterapids", {"amx-tile": True}, "graniterapids"),
        ("generic", {}, "skylake-avx512"),
        ("generic", {"sse4a": True}, "znver4"),
        ("znver5", {"sse4a": True}, "znver5"),
    ],
)
def test_the_name_fits_the_features(cpu: str, extra: dict[str, bool], expected: str) -> None:
    target = describe(cpu, AVX512 | extra, LINUX)
    assert (target.name, target.cpu) == ("avx512", expected)
    assert (target.lanes(4), target.lanes(8)) == (16, 8)


def test_lesser_machines() -> None:
    avx2: dict[str, bool] = dict.fromkeys(("avx2", "fma", "bmi2"), True)
    assert describe("generic", avx2, LINUX).name == "avx2"
    assert describe("nehalem", {"avx2": False}, LINUX).name == "baseline"
    assert describe("apple-m1", {"neon": True}, "arm64-apple-darwin").vector_bytes == 16


@pytest.mark.parametrize(
    ("extra", "triple", "expected"),
    [
        ({}, LINUX, ""),
        ({"avx512bf16": True}, LINUX, "avx512"),
        ({"avx512bf16": True, "amx-tile": True, "amx-bf16": True}, LINUX, "amx"),
        ({"avx512bf16": True, "amx-tile": True}, LINUX, "avx512"),
        ({"avx512bf16": True, "amx-tile": True, "amx-bf16": True}, "x86_64-apple-darwin", "avx512"),
    ],
)
def test_products_of_bfloat16(extra: dict[str, bool], triple: str, expected: Pairs) -> None:
    assert describe("generic", AVX512 | extra, triple).pairs == expected


def test_targets_without_them_are_refused() -> None:
    for name in NAMES:
        if forced_target(name).pairs:
            check_pairs(forced_target(name))
            continue
        with pytest.raises(CommandLineError) as raised:
            check_pairs(forced_target(name))
        (diagnostic,) = raised.value.diagnostics
        assert (diagnostic.code, name in diagnostic.title) == ("BS0816", True)


def test_forced_by_environment_or_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BS_TARGET", "avx2")
    assert choose_target() == forced_target("avx2")
    assert choose_target("baseline") == forced_target("baseline")
    monkeypatch.delenv("BS_TARGET")
    assert choose_target() == host_target()


def test_unknown_target_is_a_diagnostic() -> None:
    with pytest.raises(CommandLineError) as raised:
        forced_target("avx22")
    (diagnostic,) = raised.value.diagnostics
    assert diagnostic.code == "BS0801"
    assert diagnostic.help == "did you mean 'avx2'?"
