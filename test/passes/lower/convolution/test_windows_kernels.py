"""Compiled convolutions, poolings and all their adjoints against the definitions in numpy."""

from __future__ import annotations

import pytest

from brainscript.target import choose_target
from test.numeric.cases_convolution import (
    CONVOLUTIONS,
    TRANSPOSED,
    fixed,
    poolings,
    regions,
)
from test.numeric.checks import Operand
from test.numeric.programs import Compiled
from test.numeric.windows import with_adjoints

COLUMNS = (0, 1, 5)
TARGETS = ("avx512", "avx2", "baseline")
HERE = choose_target("").name

Case = tuple[str, tuple[Operand, ...], str]

SHARED: dict[str, Case] = {
    f"convolution {name}": ("convolution", (fixed(w), x), options)
    for name, (w, x, options) in CONVOLUTIONS.items()
}
TURNED: dict[str, Case] = {
    f"transposed {name}": ("convolution", (fixed(w), x), f"{o}, maps = [2], transpose = true")
    for name, (w, x, o) in TRANSPOSED.items()
}
POOLED: dict[str, Case] = {
    check.name: (check.op, check.operands, check.options or "kernel = [1]")
    for check in (*poolings(), *regions())
    if check.op != "crop" and all(o.sampled for o in check.operands)
}
CASES = SHARED | TURNED | POOLED
WIDE: dict[str, tuple[str, str, str]] = {
    "several tiles a row": ("3 x 3 x 3 x 20", "37 x 5 x 3", "kernel = [3, 3], maps = [20]"),
    "blocks of maps": ("3 x 1 x 4 x 70", "9 x 4 x 4", "kernel = [3, 1], maps = [70]"),
    "long kernel": ("21 x 2 x 3", "40 x 2", "kernel = [21], maps = [3]"),
    "very long kernel": ("70 x 2 x 3", "90 x 2", "kernel = [70], maps = [3]"),
    "long axis": ("1 x 1 x 2 x 3", "40 x 30 x 2", "kernel = [1, 1], maps = [3]"),
    "large weights": ("5 x 5 x 64 x 96", "5 x 5 x 64", "kernel = [5, 5], maps = [96]"),
    "wide stride": ("3 x 3 x 2 x 3", "29 x 7 x 2", "kernel = [3, 3], stride = [5, 4], maps = [3]"),
}

OWN: dict[str, tuple[str, str, str]] = {
    "each window": (
        "3 x 2 x 20 x 24 x 7",
        "6 x 5 x 20",
        "sharing = [0], padding = [1, 0], maps = [7]",
    ),
    "one axis, strided": (
        "3 x 2 x 2 x 4 x 5",
        "8 x 5 x 2",
        "stride = [2, 1], sharing = [0, 1], padding = [1], maps = [5]",
    ),
    "channels in front": (
        "5 x 3 x 3 x 3 x 9",
        "3 x 6 x 5",
        'stride = [2, 1], sharing = [0], padding = [1, 0], maps = [5], layout = "HWC"',
    ),
}
"""Weights of their own for windows; one sample, some, more than are worked on at a time."""


def usable(name: str) -> bool:
    """Whether this machine runs code for a target."""
    return TARGETS.index(name) >= TARGETS.index(HERE)


PRECISIONS = {name: ("float", "double")[i % 2] for i, name in enumerate(CASES)}
"""Every second case is in double precision."""


@pytest.mark.parametrize("name", CASES)
def test_every_case(name: str):
    compiled = Compiled(with_adjoints(*CASES[name], PRECISIONS[name]))
    for columns in COLUMNS:
        compiled.check(columns)


@pytest.mark.parametrize("name", WIDE)
def test_shapes_that_need_several_tiles(name: str):
    weights, x, options = WIDE[name]
    compiled = Compiled(with_adjoints("convolution", (fixed(weights), Operand(x)), options))
    compiled.check(3, tolerance=5e-5)


@pytest.mark.parametrize("target", [t for t in TARGETS if usable(t) and t != HERE])
@pytest.mark.parametrize(
    "name",
    [
        "convolution padded",
        "convolution strided",
        "convolution twenty maps",
        "transposed padded",
        "pooling max padded",
        "pooling average wide stride",
        "max_unpooling 5 x 4 x 2",
        "roi_pooling [2, 2]",
    ],
)
def test_other_targets(name: str, target: str):
    compiled = Compiled(with_adjoints(*CASES[name], "float"), choose_target(target))
    for columns in (1, 5):
        compiled.check(columns)


def test_many_samples_are_summed_in_portions():
    image = Operand("8 x 8 x 4")
    module = with_adjoints(
        "convolution", (fixed("3 x 3 x 4 x 8"), image), "kernel = [3, 3], maps = [8]"
    )
    Compiled(module).check(130, tolerance=1e-4)


@pytest.mark.parametrize("name", OWN)
def test_own_weights(name: str):
    weights, x, options = OWN[name]
    kernel = weights.split(" x ")[2 if "HWC" in options else 0 :][:2]
    text = f"kernel = [{', '.join(kernel)}], {options}"
    for target in filter(usable, TARGETS[:2]):
        module = with_adjoints("convolution", (fixed(weights), Operand(x)), text, "float")
        made = Compiled(module, choose_target(target))
        for columns in (0, 1, 17, 70):
            made.check(columns)
