"""Batch normalisation folded into what stands before it: the values of the step as written."""

from __future__ import annotations

from math import prod

import numpy as np
import pytest
from xdsl.dialects.builtin import ModuleOp

from brainscript.passes.pipeline import PREPARE
from test.numeric.networks import Array, close, network, parse_network, random_inputs, run_passes
from test.numeric.programs import Compiled

COLUMNS = 5
Case = tuple[str, str, str, str, str]
"""Shape of x, of the weights, the product, its shape, options of the normalisation."""
CASES: dict[str, Case] = {
    "convolution": (
        "6 x 5 x 3",
        "3 x 3 x 3 x 4",
        "convolution %w, %x {kernel = [3, 3, 3], maps = [4], padding = [1, 1, 0]}",
        "6 x 5 x 4",
        ", spatial = true",
    ),
    "matrix of weights": (
        "6 x 5 x 3",
        "4 x 27",
        "convolution %w, %x {kernel = [3, 3, 3], maps = [4], padding = [1, 1, 0]}",
        "6 x 5 x 4",
        ", spatial = true",
    ),
    "channels first": (
        "3 x 6 x 5",
        "3 x 3 x 3 x 4",
        'convolution %w, %x {kernel = [3, 3, 3], maps = [4], padding = [1, 1, 0], layout = "HWC"}',
        "4 x 6 x 5",
        ', spatial = true, layout = "HWC"',
    ),
    "stride": (
        "7 x 7 x 2",
        "1 x 1 x 2 x 19",
        "convolution %w, %x {kernel = [1, 1, 2], maps = [19], stride = [2, 2, 2], "
        "padding = [0, 0, 0]}",
        "4 x 4 x 19",
        ", spatial = true",
    ),
    "product": ("6", "5 x 6", "times %w, %x", "5", ""),
    "product of images": ("6", "3 x 2 x 6", "times %w, %x {output_rank = 2}", "3 x 2", ""),
}


def module_of(case: str, bias: bool, precision: str) -> tuple[ModuleOp, dict[str, Array]]:
    """The sum of a product and a bias, normalised; and its parameters."""
    x, weights, product, sample, options = CASES[case]
    dims = [int(d) for d in sample.split(" x ")]
    first = "HWC" in options
    rows = dims[0 if first else -1] if "spatial" in options else prod(dims)
    shapes = dict.fromkeys(("scale", "bias", "mean", "variance"), f"{rows} x 1")
    wide = [d if k == (0 if first else len(dims) - 1) else 1 for k, d in enumerate(dims)]
    added = " x ".join(map(str, wide if "spatial" in options else dims))
    shapes |= {"w": weights, "c": added}
    one = '{init = "constant", value = 1.0}'
    lines = [f'%x = net.input "x" : S[{x}]']
    lines += [f"%{name} = net.read @{name} : T[{shape}]" for name, shape in shapes.items()]
    lines += [f"%t = net.{product} : S[{sample}]", f"%p = net.plus %c, %t : S[{sample}]"]
    inputs = f"{'%p' if bias else '%t'}, %scale, %bias, %mean, %variance"
    lines += [f'%y = net.batch_normalization {inputs} {{node = "y"{options}}} : S[{sample}]']
    symbols = "\n".join(f"net.parameter @{n} : T[{s}] {one}" for n, s in shapes.items())
    body = "\n".join([*lines, "net.roots output(%y)"])
    random = np.random.default_rng(3)
    values = {
        name: random.normal(size=[int(d) for d in shape.split(" x ")])
        for name, shape in shapes.items()
    }
    values["variance"] = random.uniform(0.1, 3.0, values["variance"].shape)
    return run_passes(parse_network(body, symbols, precision), "net-dce"), values


@pytest.mark.parametrize("bias", [False, True], ids=["plain", "bias"])
@pytest.mark.parametrize("case", [name for name in CASES if name != "channels first"])
def test_folded_step(case: str, bias: bool):
    module, values = module_of(case, bias, "double")
    inputs = random_inputs(module, COLUMNS)
    folded = run_passes(module.clone(), "net-fold-batch-normalisation")
    assert not any(o.name == "net.batch_normalization" for o in network(folded).block.ops)
    run_passes(folded, "net-set-mode", *PREPARE)
    run_passes(module, "net-set-mode")
    want = Compiled(module).run(inputs, values, COLUMNS).outputs["y"]
    step = Compiled(folded)
    assert step.image.once is not None
    assert close(step.run(inputs, values, COLUMNS).outputs["y"], want, 1e-13)
    changed = values | {"mean": values["mean"] + 1.0}
    shifted = Compiled(module).run(inputs, changed, COLUMNS).outputs["y"]
    assert close(step.run(inputs, changed, COLUMNS).outputs["y"], shifted, 1e-13)


def test_channels_first_stay_as_they_are():
    module, _ = module_of("channels first", bias=False, precision="float")
    run_passes(module, "net-fold-batch-normalisation")
    assert any(o.name == "net.batch_normalization" for o in network(module).block.ops)


def test_single_precision():
    module, values = module_of("convolution", bias=True, precision="float")
    inputs = random_inputs(module, COLUMNS)
    folded = run_passes(module.clone(), "net-fold-batch-normalisation", "net-set-mode", *PREPARE)
    run_passes(module, "net-set-mode")
    want = Compiled(module).run(inputs, values, COLUMNS).outputs["y"]
    assert close(Compiled(folded).run(inputs, values, COLUMNS).outputs["y"], want, 2e-6)
