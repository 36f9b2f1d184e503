"""3 x 3 convolutions by patches, and their adjoints, against the definitions in numpy."""

from __future__ import annotations

import pytest

from brainscript.dialects.net.convolution import CorrelateBackOp
from brainscript.passes.lower.convolution.form import form_of
from brainscript.passes.lower.convolution.winograd import grid_of
from brainscript.target import choose_target
from test.numeric.cases_convolution import fixed
from test.numeric.checks import Operand
from test.numeric.programs import Compiled
from test.numeric.windows import with_adjoints

TARGETS = ("avx512", "avx2", "baseline")
HERE = choose_target("").name
NONE = "kernel = [3, 3], padding = [0]"
PAD = "kernel = [3, 3], padding = [1]"
CASES: dict[str, tuple[str, str, str]] = {
    "whole vectors": ("3 x 3 x 16 x 16", "8 x 8 x 16", f"{PAD}, maps = [16]"),
    "odd sizes": ("3 x 3 x 17 x 20", "7 x 9 x 17", f"{PAD}, maps = [20]"),
    "no padding": ("3 x 3 x 18 x 33", "10 x 12 x 18", f"{NONE}, maps = [33]"),
    "padding below": (
        "3 x 3 x 16 x 24",
        "9 x 8 x 16",
        f"{NONE}, low = [2, 1], high = [0, 1], maps = [24]",
    ),
    "several bands": ("3 x 3 x 16 x 16", "21 x 35 x 16", f"{PAD}, maps = [16]"),
    "wide rows": ("3 x 3 x 16 x 16", "70 x 6 x 16", f"{PAD}, maps = [16]"),
    "blocks of maps": ("3 x 3 x 24 x 70", "12 x 6 x 24", f"{PAD}, maps = [70]"),
    "one plane of many": ("3 x 3 x 40 x 16", "6 x 6 x 40", f"{PAD}, maps = [16]"),
}
PRECISIONS = {name: ("float", "double")[i % 2] for i, name in enumerate(CASES)}


def compiled(name: str, precision: str, target: str = HERE) -> Compiled:
    """A case and its adjoints; all three kernels are by patches."""
    weights, x, options = CASES[name]
    module = with_adjoints("convolution", (fixed(weights), Operand(x)), options, precision)
    (op,) = (o for o in module.walk() if isinstance(o, CorrelateBackOp))
    form = form_of(op)
    lanes = choose_target(target).lanes(form.element_bytes)
    assert all(grid_of(form, back, lanes) for back in (False, True))
    return Compiled(module, choose_target(target))


@pytest.mark.parametrize("name", CASES)
def test_values_and_adjoints(name: str):
    made = compiled(name, PRECISIONS[name])
    for columns in (0, 1, 5):
        made.check(columns)


@pytest.mark.parametrize("target", [t for t in TARGETS if TARGETS.index(t) > TARGETS.index(HERE)])
def test_other_targets(target: str):
    for name in ("odd sizes", "no padding"):
        compiled(name, "float", target).check(3)


def test_samples_are_summed_in_groups():
    compiled("whole vectors", "float").check(130, tolerance=1e-4)
