"""The documented uses of CloneFunction, as the examples have them: exact graphs, frozen bits."""

from __future__ import annotations

import runpy
import shutil
from pathlib import Path

import numpy as np
import pytest

import brainscript as bs
from brainscript.tools.model import Model

EXAMPLES = Path(__file__).resolve().parents[2] / "examples" / "reuse"
INPUTS = {"x": "InputValue", "y": "InputValue"}
CRITERIA = {"ce": "CrossEntropyWithSoftmax", "errs": "ClassificationError"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the four examples have been run."""
    target = tmp_path_factory.mktemp("reuse")
    shutil.copytree(EXAMPLES, target, dirs_exist_ok=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(target)
        runpy.run_path("make_data.py", run_name="__main__")
        for name in ("adaptation", "transform", "features", "similarity"):
            bs.train(f"{name}.cntk")
    return target / "out"


def nodes_of(model: Model) -> dict[str, str]:
    """The operation of each node that is no parameter."""
    nodes = model.network.facts.nodes.values()
    return {n.name: n.operation for n in nodes if n.operation != "LearnableParameter"}


def learning(model: Model) -> set[str]:
    """The parameters that learn."""
    specs = model.network.facts.parameters
    return {spec.name for spec in specs if spec.learning_rate_multiplier}


def clone_of(front: str, top: str) -> dict[str, str]:
    """The nodes of a clone of the network for frames."""
    return {
        f"{front}.h": "Sigmoid",
        f"{front}.h._": "Plus",
        f"{front}.h._.PlusArgs[0]": "Times",
        f"{front}.z.PlusArgs[0]": "Times",
        top: "Plus",
    }


PARAMETERS = ("h.arrayOfFunctions[0].W", "h.arrayOfFunctions[0].b", "z.W", "z.b")


def same_bits(one: Model, other: Model, pairs: dict[str, str]) -> bool:
    """Whether parameters of two models agree in every bit."""
    return all(
        one.parameters[a].tobytes() == other.parameters[b].tobytes() for a, b in pairs.items()
    )


def test_adaptation_has_a_frozen_reference(folder: Path) -> None:
    base, start, end = (bs.load(folder / n) for n in ("many.dnn", "one.dnn.0", "one.dnn"))
    mixed = {
        "target": "Plus",
        "target.PlusArgs[0]": "ElementTimes",
        "target.PlusArgs[1]": "ElementTimes",
        "target.PlusArgs[1].ElementTimesArgs[0]": "Softmax",
    }
    graph = clone_of("z", "z") | clone_of("before", "before") | mixed | INPUTS | CRITERIA
    assert nodes_of(end) == graph
    assert learning(end) == {f"z.{name}" for name in PARAMETERS}
    assert same_bits(end, base, {f"before.{name}": name for name in PARAMETERS})
    assert same_bits(start, base, {f"z.{name}": name for name in PARAMETERS})
    assert not same_bits(end, base, {"z.z.W": "z.W"})
    x = np.random.default_rng(1).normal(size=(5, 6)).astype(np.float32)
    answers = start.eval(["z", "before"], x=x)
    assert answers["z"].tobytes() == answers["before"].tobytes()


def test_transform_learns_alone(folder: Path) -> None:
    base, end = bs.load(folder / "many.dnn"), bs.load(folder / "transform.dnn")
    front = {"z.input_0": "Plus", "z.input_0.PlusArgs[1]": "Plus"}
    front |= {"z.input_0.PlusArgs[1].PlusArgs[0]": "Times"}
    assert nodes_of(end) == clone_of("z", "z") | front | INPUTS | CRITERIA
    assert learning(end) == {"A", "b"}
    assert same_bits(end, base, {f"z.{name}": name for name in PARAMETERS})
    assert np.any(end.parameters["A"])


def test_image_features_stay(folder: Path) -> None:
    base, end = bs.load(folder / "shapes.dnn"), bs.load(folder / "signs.dnn")
    assert learning(end) == {"z.W", "z.b"}
    frozen = [name for name in end.parameters if name not in ("z.W", "z.b")]
    originals = {name: name.removeprefix("z.x.") for name in frozen}
    assert len(frozen) == 4
    assert same_bits(end, base, originals)
    assert sum(op == "Convolution" for op in nodes_of(end).values()) == 1
    assert not any(name.startswith("old") or "::" in name for name in nodes_of(end))


def test_two_inputs_share_one_tower(folder: Path) -> None:
    end = bs.load(folder / "similarity.dnn")
    tower = ("hidden.arrayOfFunctions[0].W", "hidden.arrayOfFunctions[0].b", "left.W", "left.b")
    assert set(end.parameters) == set(tower) == learning(end)
    layers = {"hidden": "Tanh", "hidden.z": "Plus", "hidden.z.PlusArgs[0]": "Times"}
    copies = {f"right.{name}": operation for name, operation in layers.items()}
    left = {"left": "Plus", "left.PlusArgs[0]": "Times"}
    right = {"right": "Plus", "right.left.PlusArgs[0]": "Times"}
    rest = {"q": "InputValue", "d": "InputValue", "s": "InputValue"}
    rest |= {"near": "CosDistance", "gap": "SquareError"}
    assert nodes_of(end) == layers | copies | left | right | rest
    x = np.random.default_rng(1).normal(size=(5, 3)).astype(np.float32)
    sides = end.eval(["left", "right"], q=x, d=x)
    assert sides["left"].tobytes() == sides["right"].tobytes()
