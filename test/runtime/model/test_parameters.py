"""First values of parameters."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from brainscript.diagnostic import BrainScriptError
from brainscript.runtime.model.parameters import INITIALISERS, initial_values
from brainscript.runtime.network import ParameterSpec

FLOAT_005 = float(np.float32(0.05))


def test_uniform_values_are_cntks_for_seed_1():
    spec = ParameterSpec("w", (3, 2), "f64", "uniform", range=0.05, seed=1)
    assert initial_values(spec)[:3].tolist() == [
        -0.03661233559874673,
        -0.03635929636338028,
        -0.0048785096155461866,
    ]


def test_float_values_are_the_double_ones_rounded():
    spec = ParameterSpec("w", (50, 20), "f32", "gaussian", range=FLOAT_005, seed=3)
    double = ParameterSpec("w", (50, 20), "f64", "gaussian", range=FLOAT_005, seed=3)
    assert np.array_equal(initial_values(spec), initial_values(double).astype(np.float32))


def test_truncated_values_stay_within_two_deviations():
    values = initial_values(ParameterSpec("w", (1000,), "f64", "truncNormal", range=0.5, seed=2))
    assert np.abs(values).max() <= 1.0


def test_bilinear_kernels_are_cntks():
    spec = ParameterSpec("k", (4, 4, 2, 2), "f32", "bilinear")
    kernel = initial_values(spec).reshape(2, 2, 4, 4)
    assert kernel[0, 0, 0].tolist() == [0.0625, 0.1875, 0.1875, 0.0625]
    assert not kernel[0, 1].any()


def test_a_text_matrix_is_stored_column_by_column(tmp_path: Path):
    (tmp_path / "w.txt").write_text("1 2 3\n\n4 5 6\n")
    spec = ParameterSpec("w", (2, 3), init="fromFile", file=str(tmp_path / "w.txt"))
    assert initial_values(spec).tolist() == [1, 4, 2, 5, 3, 6]
    literal = ParameterSpec("w", (2, 3), init="fromLiteral", literal="1 2 3\n4 5 6")
    assert initial_values(literal).tolist() == [1, 4, 2, 5, 3, 6]


@pytest.mark.parametrize(
    ("spec", "code", "word"),
    [
        (ParameterSpec("w", (2,), init="unifrom"), "BS0510", "unifrom"),
        (ParameterSpec("w", (2,), init="fromFile", file="none.txt"), "BS0512", "none.txt"),
        (ParameterSpec("w", (2,), init="fromLiteral", literal="1 2 3"), "BS0511", "3 numbers"),
        (ParameterSpec("w", (2,), init="fromLiteral", literal="1 x"), "BS0511", "line 1"),
        (ParameterSpec("w", (4,), init="fromLiteral", literal="1 2\n3"), "BS0511", "line 2"),
        (ParameterSpec("w", (4, 3, 2, 2), init="bilinear"), "BS0511", "bilinear"),
    ],
)
def test_refusals(spec: ParameterSpec, code: str, word: str):
    with pytest.raises(BrainScriptError) as caught:
        initial_values(spec)
    diagnostic = caught.value.diagnostics[0]
    assert (diagnostic.code, diagnostic.path) == (code, "w")
    assert word in diagnostic.title


def test_every_init_of_the_dialect_has_a_row():
    from brainscript.dialects.net.parameters import INITS

    assert set(INITS) == set(INITIALISERS)
