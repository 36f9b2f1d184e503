"""What is computed once: when it is computed again, what of it is kept, who shares it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import brainscript as bs
from brainscript.program_image import ProgramImage
from brainscript.runtime.network import Array
from brainscript.tools.model import Model
from test.numeric.networks import parse_network, random_inputs, run_passes
from test.numeric.programs import Compiled

SYMBOLS = 'net.parameter @S : T[3] {init = "constant", value = 1.0}'
BODY = """
%x = net.input "x" : S[3]
%s = net.read @S : T[3]
%e = net.exp %s {node = "e"} : T[3]
%z = net.element_times %e, %x {node = "z"} : S[3]
net.roots output(%z, %e)
"""
SOURCE = """
x = Input {3}
s = Exp (ParameterTensor {3})
y = s .* x
z = Sin (s) + x
outputNodes = (y)
"""
X = np.arange(6, dtype=np.float32).reshape(2, 3)


def parameter(model: Model) -> Array:
    (view,) = model.parameters.values()
    return view


def test_prepared_with_new_values():
    module = parse_network(BODY, SYMBOLS)
    step = Compiled(run_passes(module.clone(), "net-compute-once"))
    inputs = random_inputs(module, 4)
    for value in (0.5, -0.25):
        symbols = {"S": np.full(3, value)}
        want = Compiled(module).run(inputs, symbols, 4)
        found = step.run(inputs, symbols, 4)
        assert all(found.outputs[k].tobytes() == want.outputs[k].tobytes() for k in want.outputs)
    step.program.state.view("S").fill(3.0)
    step.program.run()
    assert step.program.output("e") == pytest.approx(np.full(3, np.exp(-0.25)))
    step.program.prepare()
    step.program.run()
    assert step.program.output("e") == pytest.approx(np.full(3, np.exp(3.0)))


def test_image_survives_json():
    module = run_passes(parse_network(BODY, SYMBOLS), "net-compute-once")
    image = Compiled(module).image
    assert image.once is not None
    assert [s.role for s in image.once.states] == ["parameter", "derived"]
    assert [s.role for s in image.states] == ["derived"]
    assert ProgramImage.from_json(json.loads(json.dumps(image.as_json()))) == image


def test_parameters_of_a_model_may_change():
    model = bs.compile(SOURCE)
    before = model.eval(x=X)["y"]
    assert model.eval(x=X)["y"].tobytes() == before.tobytes()
    view = parameter(model)
    view += 1
    assert model.eval(x=X)["y"] == pytest.approx(before * np.e, rel=1e-5)
    view -= 1
    assert model.eval(x=X)["y"] == pytest.approx(before, rel=1e-5)


def test_loaded_weights_count(tmp_path: Path):
    model, other = bs.compile(SOURCE), bs.compile(SOURCE)
    parameter(other).fill(0.5)
    other.save_weights(tmp_path / "w.npz")
    model.eval(x=X)
    model.load_weights(tmp_path / "w.npz")
    assert model.eval(x=X)["y"] == pytest.approx(X * np.exp(0.5), rel=1e-5)


def test_steps_share_what_is_the_same():
    model = bs.compile(SOURCE)
    model.eval(["y"], x=X)
    first = [n for n in model.network.state.names() if n.startswith("once.")]
    model.eval(["y", "s"], x=X)
    assert [n for n in model.network.state.names() if n.startswith("once.")] == first
    model.eval(["z"], x=X)
    assert len([n for n in model.network.state.names() if n.startswith("once.")]) == 2
