"""The Python API: a network from text or from a file, its arrays, its values."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Literal
from xml.etree import ElementTree

import numpy as np
import pytest

import brainscript as bs
from brainscript.diagnostic import BrainScriptError, MissingFileError

SOURCE = """
features = Input {3}
h = DenseLayer {4, activation=Tanh} (features)
z = LinearLayer {2} (h)
outputNodes = (z)
"""


def test_values_are_those_of_numpy(tmp_path: Path) -> None:
    model = bs.compile(SOURCE)
    assert (model.inputs, model.outputs) == ({"features": (3,)}, {"z": (2,)})
    assert repr(model) == "Model(features [3] -> z [2]; 10 nodes, 26 parameters)"
    x = np.arange(15, dtype=np.float32).reshape(5, 3) / 10
    p = model.parameters
    w, b = p["h.arrayOfFunctions[0].W"], p["h.arrayOfFunctions[0].b"]
    expected = np.tanh(x @ w + b) @ p["z.W"] + p["z.b"]
    np.testing.assert_allclose(model.eval(features=x)["z"], expected, rtol=1e-5)
    p["z.b"][...] = 7
    np.testing.assert_allclose(model.eval(features=x)["z"], expected + 7, rtol=1e-5)
    model.save(tmp_path / "a.model")
    again = bs.load(tmp_path / "a.model")
    np.testing.assert_array_equal(again.eval(features=x)["z"], model.eval(features=x)["z"])
    np.testing.assert_allclose(again.eval(["h"], features=x)["h"], np.tanh(x @ w + b), rtol=1e-5)


def test_double_precision() -> None:
    model = bs.compile(SOURCE, precision="double")
    assert model.eval(features=np.zeros((1, 3)))["z"].dtype == np.float64


@pytest.mark.parametrize(
    ("arrays", "words"),
    [
        ({}, "the input 'features' is missing"),
        ({"feature": [[1, 2, 3]]}, "did you mean 'features'"),
        ({"features": [[1, 2]]}, "expected (1, 3)"),
        ({"features": 3}, "expected ('samples', 3)"),
    ],
)
def test_misuse_is_explained(arrays: dict[str, object], words: str) -> None:
    with pytest.raises(BrainScriptError) as caught:
        bs.compile(SOURCE).eval(**arrays)  # pyright: ignore[reportArgumentType]
    diagnostic = caught.value.diagnostics[0]
    assert words in f"{diagnostic.title} {diagnostic.help}"


def test_missing_file_and_unknown_node() -> None:
    with pytest.raises(MissingFileError):
        bs.load("missing.model")
    with pytest.raises(BrainScriptError, match="no node 'y'"):
        bs.compile(SOURCE).eval(["y"], features=[[1, 2, 3]])


def test_sequences_go_in_and_come_out_as_lists() -> None:
    model = bs.compile(
        "x = Input {2}\nd = PastValue (2, x, defaultHiddenActivation=5)\noutputNodes = (d)"
    )
    first, second = np.arange(6.0).reshape(3, 2), np.ones((1, 2))
    found = model.eval(x=[second, first])["d"]
    np.testing.assert_array_equal(found[0], [[5, 5]])
    np.testing.assert_array_equal(found[1], [[5, 5], [0, 1], [2, 3]])
    with pytest.raises(BrainScriptError, match="other inputs have 2"):
        bs.compile("a = Input {1}\nb = Input {1}\nc = a + b\noutputNodes = (c)").eval(
            a=np.ones((2, 1)), b=np.ones((3, 1))
        )


CRITERION = """
x = Input {3}
y = Input {1}
W = ParameterTensor {(1:3)}
z = W * x
se = SquareError (y, z)
outputNodes = (z)
criterionNodes = (se)
"""


def test_gradients_are_those_of_numpy() -> None:
    model = bs.compile(CRITERION, precision="double")
    x, y = np.arange(12.0).reshape(4, 3) / 7, np.ones((4, 1))
    before = model.parameters["W"].copy()
    expected = 2 * x.T @ (x @ before - y)
    np.testing.assert_allclose(model.grad(x=x, y=y)["W"], expected, rtol=1e-9)
    np.testing.assert_array_equal(model.parameters["W"], before)


def test_arrays_of_other_libraries_are_taken() -> None:
    class Foreign:
        def __init__(self, array: np.ndarray[tuple[int, ...], np.dtype[np.float32]]):
            self.array = array

        def __dlpack__(self, **words: object) -> object:
            return self.array.__dlpack__()

        def __dlpack_device__(self) -> tuple[int, int]:
            return (1, 0)

    model = bs.compile(SOURCE)
    x = np.ones((2, 3), np.float32)
    foreign: Any = Foreign(x)
    np.testing.assert_array_equal(model.eval(features=foreign)["z"], model.eval(features=x)["z"])


def test_a_clone_is_a_network_of_its_own(tmp_path: Path) -> None:
    model = bs.compile(SOURCE)
    part = model.clone(["h"], parameters="constant")
    assert (part.inputs, part.outputs) == ({"features": (3,)}, {"h": (4,)})
    x = np.ones((2, 3))
    np.testing.assert_array_equal(part.eval(features=x)["h"], model.eval(["h"], features=x)["h"])
    model.parameters["h.arrayOfFunctions[0].b"][...] = 9
    assert not np.allclose(part.eval(features=x)["h"], model.eval(["h"], features=x)["h"])
    part.save(tmp_path / "part.model")
    again = bs.load(tmp_path / "part.model")
    np.testing.assert_array_equal(again.eval(features=x)["h"], part.eval(features=x)["h"])


def test_a_clone_of_nodes_called_as_its_own_words() -> None:
    """The text that makes a clone has names of its own; nodes may be called the same."""
    model = bs.compile("old = Input {3}; copy = Sigmoid (old); section = copy + 1")
    part = model.clone("section", "copy")
    assert (part.inputs, list(part.outputs)) == ({"copy": (3,)}, ["section"])
    assert part.eval("section", copy=[[1, 2, 3]])["section"].tolist() == [[2, 3, 4]]
    with pytest.raises(BrainScriptError, match="a name each"):
        model.clone(["copy"], ["copy"])


def test_what_is_no_array_is_refused() -> None:
    """Rows of different lengths, words, and things that are no numbers at all."""
    model = bs.compile("x = Input {3}; y = Sigmoid (x)")
    for data in ([[1, 2, 3], [1, 2]], "abc", {1: 2}, [["a", "b", "c"]]):
        with pytest.raises(BrainScriptError, match=r"no array can be made|takes numbers"):
            model.eval("y", x=data)  # pyright: ignore[reportArgumentType]


def test_a_clone_takes_the_inputs_that_it_needs() -> None:
    """Steps and samples keep to axes of their own, sparse inputs stay sparse."""
    model = bs.compile("""
        t = DynamicAxis ()
        words = SparseInput (5, dynamicAxis=t)
        frame = Input {2}
        labels = Input {3}
        last = BS.Sequences.Last (LinearLayer {3} (words))
        z = last + LinearLayer {3} (frame)
        ce = CrossEntropyWithSoftmax (labels, z)
        criterionNodes = (ce) ; outputNodes = (z)
    """)
    part = model.clone()
    assert part.inputs == {"words": (5,), "frame": (2,)}
    assert [spec.sparse for spec in part.network.facts.inputs] == [True, False]
    words = [np.eye(5, dtype=np.float32)[:n] for n in (2, 4)]
    data: dict[str, Any] = {"words": words, "frame": np.ones((2, 2), np.float32)}
    theirs, ours = model.eval(["z"], **data)["z"], part.eval(["z"], **data)["z"]
    np.testing.assert_array_equal(np.asarray(ours), np.asarray(theirs))


@pytest.mark.parametrize("format", ["cntk1", "cntk2"])
def test_models_are_written_for_cntk(format: Literal["cntk1", "cntk2"], tmp_path: Path) -> None:
    model = bs.compile(SOURCE)
    model.save(tmp_path / "a.dnn", format)
    again = bs.load(tmp_path / "a.dnn")
    assert again.nodes == model.nodes
    x = np.ones((2, 3))
    np.testing.assert_array_equal(again.eval(features=x)["z"], model.eval(features=x)["z"])


KINDS = """
x = Input {(5:6:2)}
c = ConvolutionalLayer {3, (3:3), pad=true, stride=(2:1)} (x)
t = ConvolutionTransposeLayer {3, (3:2), 2, stride=2} (x)
e = EmbeddingLayer {2, transpose=true} (FlattenDimensions (x, 1, 3))
outputNodes = (c : t : e)
"""


@pytest.mark.parametrize("format", ["cntk1", "cntk2"])
def test_layers_go_through_the_files_of_cntk(
    format: Literal["cntk1", "cntk2"], tmp_path: Path
) -> None:
    model = bs.compile(KINDS)
    model.save(tmp_path / "a.dnn", format)
    again = bs.load(tmp_path / "a.dnn")
    x = np.linspace(-1, 1, 120).reshape(2, 2, 6, 5)
    found = again.eval(x=x)
    for name, value in model.eval(x=x).items():
        np.testing.assert_array_equal(found[name], value)


@pytest.mark.parametrize("name", ["w.npz", "w.safetensors"])
def test_weights_alone_go_out_and_in(name: str, tmp_path: Path) -> None:
    model = bs.compile(SOURCE)
    model.save_weights(tmp_path / name)
    listed = json.loads((tmp_path / f"{name}.json").read_text())["tensors"]
    assert {"name": "z.W", "dims": [2, 4], "shape": [4, 2], "type": "float32"} in listed
    kept = {name: array.copy() for name, array in model.parameters.items()}
    for array in model.parameters.values():
        array[...] = 0
    model.load_weights(tmp_path / name)
    for key, array in model.parameters.items():
        np.testing.assert_array_equal(array, kept[key])
    other = bs.compile("x = Input {3}\nz = LinearLayer {3} (x)\noutputNodes = (z)")
    with pytest.raises(BrainScriptError, match="the network not"):
        other.load_weights(tmp_path / name)


def test_the_picture_is_drawn_without_other_tools() -> None:
    model = bs.compile(CRITERION)
    picture = ElementTree.fromstring(model.svg())
    kind = "{http://www.w3.org/2000/svg}"
    titles = [t.text for t in picture.iter(f"{kind}title")]
    assert sorted(str(t) for t in titles) == ["W", "se", "x", "y", "z"]
    assert len(list(picture.iter(f"{kind}path"))) == 4
    shown = model.svg(parameters=False)
    assert "LearnableParameter" not in shown


def test_errors_quote_the_text_that_was_handed_in() -> None:
    with pytest.raises(BrainScriptError) as caught:
        bs.compile("x = Input {2}\nz = Sigmiod (x)")
    assert str(caught.value).splitlines()[1:6] == [
        " --> <source>:2:5",
        "  |",
        "2 | z = Sigmiod (x)",
        "  |     ^^^^^^^ not defined in this record or around it",
        "in: z",
    ]


def test_what_is_no_network_is_refused(capfd: pytest.CaptureFixture[str]) -> None:
    for source, words in (
        ("{ x = Input {2} }", "without brackets around them"),
        (b"x = Input {2}", "the source of a network is a text, not bytes"),
    ):
        with pytest.raises(BrainScriptError) as caught:
            bs.compile(source)  # pyright: ignore[reportArgumentType] misuse
        assert words in str(caught.value)
    with pytest.raises(BrainScriptError, match="there is no precision 'half'"):
        bs.compile(SOURCE, precision="half")
    bs.compile("W = ParameterTensor {3, value=2}")
    assert "1 | W = ParameterTensor {3, value=2}" in capfd.readouterr().err


def test_errors_quote_overrides(tmp_path: Path) -> None:
    config = tmp_path / "a.cntk"
    config.write_text("command = t\nt = [ SGD = [ maxEpochs = 2 ] ]", encoding="utf-8")
    with pytest.raises(BrainScriptError) as caught:
        bs.train(config, "t=[action=trian]")
    assert "2 | t=[action=trian]\n  |           ^^^^^\nhelp: did you mean" in str(caught.value)
