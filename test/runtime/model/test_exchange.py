"""ONNX: exported networks against onnxruntime, imported ones against it, what is refused."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import brainscript as bs
from brainscript.diagnostic import BrainScriptError
from brainscript.runtime.model.loading import load_model
from brainscript.tools.model import Model

onnx: Any = pytest.importorskip("onnx", reason="the extra 'onnx' is not installed")
ort: Any = pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")

NETWORKS = {
    "layers": """
x = Input {(4:3)}
h = Softmax (DenseLayer {(2:5), activation=Tanh} (x))
s = Slice (1, 3, x, axis=1)
t = TransposeDimensions (s, 1, 2)
r = RowStack (ReduceMax (x, axis=2) : RowRepeat (ReduceSum (x), 2))
c = Clip (Constant (-1), Constant (1), h) .* BS.Boolean.Greater (h, Constant (0.1))
l = Log (Abs (x)) + LogPlus (x, x)
outputNodes = (h:t:r:c:l)
""",
    "image": """
x = Input {(7:6:2)}
c = ConvolutionalLayer {4, (3:2), pad=true, stride=(2:1)} (x)
b = BatchNormalizationLayer {spatialRank=2} (ReLU (c))
p = MaxPoolingLayer {(2:2), stride=(2:2)} (b)
a = AveragePoolingLayer {(3:3), pad=true} (x)
z = LinearLayer {3} (p)
outputNodes = (z:a)
""",
    "channels first": """
x = Input {(2:6:6)}
c = Convolution (Parameter (4, 18), x, (3:3:2), mapDims=4, stride=(1:1:2),
    autoPadding=(true:true:false), imageLayout='legacy')
p = MaxPooling (c, 2, 2, 2, 2, imageLayout='legacy')
outputNodes = (p)
""",
    "groups": """
x = Input {(5:5:4)}
d = Convolution (ParameterTensor {(3:3:1:4)}, x, (3:3:1), mapDims=1, stride=(1:1:1),
    sharing=(true:true:false), autoPadding=(true:true:false))
g = Convolution (ParameterTensor {(3:3:2:6)}, d, (3:3:2), mapDims=3, stride=(1:1:2),
    sharing=(true:true:false), autoPadding=(true:true:false))
outputNodes = (g)
""",
    "channels as an axis": """
x = Input {(4:4:6)}
s = SplitDimension (x, 3, 1)
y = Convolution (ParameterTensor {(1:1:5:1)}, s, (1:1:5), mapDims=1, stride=1,
    autoPadding=(false:false:true:false))
l = Log (ReLU (x)) + FlattenDimensions (y, 3, 2)
outputNodes = (l)
""",
    "products": """
x = Input {3}
y = Input {3}
k = KhatriRaoProduct (x, y)
l = LookupTable (Parameter (2, 3), Splice (x : y))
c = CosDistance (x, y)
outputNodes = (k : l : c)
""",
    "steps": """
x = Input {2}
h = Tanh (LinearLayer {3} (x) + ParameterTensor {(3:3)} * PastValue (3, h))
last = BS.Sequences.Last (h)
z = LinearLayer {2} (last + BS.Sequences.First (h))
b = BS.Sequences.BroadcastSequenceAs (h, last) .* h
s = Slice (1, 0, h, axis=-1)
outputNodes = (z : b : s)
""",
    "stacks": """
x = Input {3}
weights () = ParameterTensor {(0:0), init='uniform', initValueScale=5}
of (kind, both) =
    OptimizedRNNStack (weights (), x, 4, numLayers=2, bidirectional=both, recurrentOp=kind)
a = of ('lstm', true)
b = of ('gru', false)
c = of ('rnnReLU', true)
d = of ('rnnTanh', false)
outputNodes = (a : b : c : d)
""",
    "double": "x = Input {2}\nz = LinearLayer {3} (x) .* Constant (3)\noutputNodes = (z)",
    "loop": """
x = Input {2}
d = FutureValue (2, x, timeStep=2, defaultHiddenActivation=0.5)
h = Tanh (LinearLayer {3} (d) + ParameterTensor {(3:3)} * PastValue (3, h, timeStep=2))
g = Sigmoid (x - FutureValue (2, g))
z = LinearLayer {2} (h) + g
outputNodes = (z:d:h)
""",
}


NETWORKS["images in sequences"] = """
x = Input {(6:7:2)}
c = ConvolutionalLayer {4, (3:3), pad=true, activation=ReLU} (x)
p = MaxPooling (c, 2, 2, 2, 2, imageLayout='CHW')
h = Tanh (p + 0.5 .* PastValue ((3:3:4), h))
d = Convolution (ParameterTensor {(3:2:2:2)}, h, (3:2:2), mapDims=1, stride=(1:1:2),
    sharing=(true:true:false), autoPadding=(true:true:false))
a = AveragePoolingLayer {(3:3), pad=true} (h)
outputNodes = (d : a)
"""
NETWORKS["poolings of all axes"] = """
x = Input {(7:5:4)}
l = Pooling (Slice (0, 1, Slice (0, 1, x, axis=3), axis=2), 'max', (3), stride=2, autoPadding=false)
m = Pooling (x, 'average', (3:2:2), stride=(2:1:2), autoPadding=(true:false:true))
t = ConvolutionTransposeLayer {3, (3:3), 2, stride=2} (m)
outputNodes = (l : m : t)
"""
STEPPED = ("images in sequences", "loop", "stacks", "steps")


def session(path: Path) -> Any:
    options = ort.SessionOptions()
    options.log_severity_level = 3
    return ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def compare(model: Model, path: Path, steps: int = 0) -> None:
    """Our values of all outputs and those of onnxruntime, on the same random data."""
    chance = np.random.default_rng(1)
    theirs: dict[str, Any] = {}
    ours: dict[str, Any] = {}
    runs = session(path)
    for spec in runs.get_inputs():
        kind = np.float64 if spec.type == "tensor(double)" else np.float32
        lead = (steps, 3) if steps else (3,)
        data = chance.normal(size=(*lead, *spec.shape[len(lead) :])).astype(kind)
        theirs[spec.name] = data
        ours[spec.name] = [data[:, i] for i in range(3)] if steps else data
    names = [o.name for o in runs.get_outputs()]
    found = dict(zip(names, runs.run(names, theirs), strict=True))
    for name, value in model.eval(names, **ours).items():
        expected = np.stack(value, 1) if steps else value
        if steps and expected.shape[0] == 1:
            expected = expected[0]
        assert found[name].shape == expected.shape, name
        np.testing.assert_allclose(found[name], expected, rtol=2e-4, atol=2e-5, err_msg=name)


@pytest.mark.parametrize("name", NETWORKS)
def test_exported_networks_compute_the_same(name: str, tmp_path: Path) -> None:
    model = bs.compile(NETWORKS[name], precision="double" if name == "double" else "float")
    path = tmp_path / "net.onnx"
    model.export_onnx(path)
    compare(model, path, 5 if name in STEPPED else 0)
    if name in ("image", "double", "groups", "poolings of all axes"):
        compare(bs.load(path), path)


def test_only_what_is_needed_is_written(tmp_path: Path) -> None:
    model = bs.compile(
        "x = Input {2}\ny = Input {2}\nz = LinearLayer {2} (x)\nce = CrossEntropyWithSoftmax (y, z)"
        "\ncriterionNodes = (ce)\noutputNodes = (z)"
    )
    done = model.export_onnx(tmp_path / "new" / "net.onnx")
    assert onnx.load(tmp_path / "new" / "net.onnx").graph.output[0].name == "z"
    assert (done.inputs, done.outputs, done.opset) == (("x",), ("z",), 17)
    assert set(done.left_out) == {"y", "ce"}
    with pytest.raises(BrainScriptError, match=r"'ce' .*no such operation in ONNX"):
        model.export_onnx(tmp_path / "no.onnx", ["ce"])
    assert not (tmp_path / "no.onnx").exists()


def test_the_command_reports_what_it_did(tmp_path: Path) -> None:
    bs.compile(NETWORKS["double"]).save(tmp_path / "a.model")
    words = [sys.executable, "-m", "brainscript.tools.bs_jit", "export", "a.model", "-o", "a.onnx"]
    root = Path(__file__).resolve().parents[3]
    done = subprocess.run(
        words, cwd=tmp_path, env={"PYTHONPATH": str(root)}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert "opset 17, checked; values are [samples, ...]" in done.stderr
    onnx.checker.check_model(onnx.load(tmp_path / "a.onnx"))


def numbers(name: str, *shape: int) -> Any:
    data = np.random.default_rng(len(name)).normal(size=shape).astype(np.float32)
    return onnx.numpy_helper.from_array(data, name)


def written(
    path: Path,
    nodes: list[Any],
    sizes: dict[str, list[int]],
    constants: list[Any],
    opset: int = 17,
) -> None:
    helper, kind = onnx.helper, onnx.TensorProto.FLOAT
    infos = [helper.make_tensor_value_info(n, kind, ["n", *s]) for n, s in sizes.items()]
    graph = helper.make_graph(nodes, "g", infos[:1], infos[1:], constants)
    opsets = [helper.make_opsetid("", opset)]
    path.write_bytes(
        helper.make_model(graph, opset_imports=opsets, ir_version=8).SerializeToString()
    )


def test_imported_networks_compute_the_same(tmp_path: Path) -> None:
    make = onnx.helper.make_node
    same = {"kernel_shape": [3, 3], "strides": [2, 1], "auto_pad": "SAME_UPPER"}
    ones = onnx.numpy_helper.from_array(np.ones(4, np.float32), "one")
    low = onnx.numpy_helper.from_array(np.array(0.1, np.float32), "low")
    less = onnx.numpy_helper.from_array(np.array(-0.1, np.float32), "less")
    nodes = [
        make("Conv", ["x", "W", "B"], ["c"], **same),
        make("BatchNormalization", ["c", "one", "bb", "m", "one"], ["n"]),
        make("Relu", ["n"], ["r"]),
        make("MaxPool", ["r"], ["p"], kernel_shape=[2, 2], strides=[2, 2], pads=[0, 1, 0, 1]),
        make("Transpose", ["p"], ["t"], perm=[0, 2, 3, 1]),
        make("Flatten", ["t"], ["f"]),
        make("Gemm", ["f", "G", "gb"], ["g"], transB=1, alpha=0.5),
        make("Softmax", ["g"], ["y"], axis=1),
        make("GlobalAveragePool", ["r"], ["ga"]),
        make("ReduceMean", ["r"], ["rm"], axes=[2, 3], keepdims=0),
        make("Clip", ["g", "low"], ["cl"]),
        make("Concat", ["cl", "y"], ["cc"], axis=1),
        make("Div", ["g", "gb"], ["dv"]),
        make("Clip", ["g", "low", "less"], ["cr"]),
    ]
    sizes = {"x": [2, 6, 6], "y": [5], "ga": [4, 1, 1], "rm": [4], "cc": [10], "dv": [5], "cr": [5]}
    shapes = {"W": (4, 2, 3, 3), "B": (4,), "bb": (4,), "m": (4,), "G": (5, 16), "gb": (5,)}
    constants = [ones, low, less, *(numbers(name, *shape) for name, shape in shapes.items())]
    path = tmp_path / "net.onnx"
    written(path, nodes, sizes, constants)
    assert load_model(path).format == "ONNX, opset 17"
    compare(bs.load(path), path)


def test_what_is_not_imported_is_named(tmp_path: Path) -> None:
    path = tmp_path / "net.onnx"
    make = onnx.helper.make_node
    written(path, [make("GlobalLpPool", ["x"], ["y"])], {"x": [1, 2, 2, 2], "y": [1, 2, 1, 1]}, [])
    with pytest.raises(BrainScriptError, match="'GlobalLpPool' is not known"):
        load_model(path)
    outside = numbers("b", 2)
    outside.data_location = onnx.TensorProto.EXTERNAL
    outside.external_data.add(key="location", value="../secret")
    outside.ClearField("raw_data")
    written(path, [make("Add", ["x", "b"], ["y"])], {"x": [2], "y": [2]}, [outside])
    with pytest.raises(BrainScriptError):
        load_model(path)
    path.write_bytes(b"\x08\x07\x12\xff\xff\xff\xff")
    with pytest.raises(BrainScriptError, match="no ONNX model"):
        load_model(path)


SHAPES = """
x = Input {(2:2)}
r = RowRepeat (x, 3)
c = Clip (Constant (-1), Constant (1), Slice (0, 1, x, axis=2))
l = Log (ParameterTensor {(2:1), initValue=0.3})
k = Clip (Constant (1), Constant (-1), x)
z = c - l
outputNodes = (r : c : k : l : z)
"""


def test_shapes_of_several_axes(tmp_path: Path) -> None:
    """Repetition along the last axis, limits that cross, an output that no sample reaches."""
    model = bs.compile(SHAPES)
    for number in range(2):
        path = tmp_path / f"{number}.onnx"
        model.export_onnx(path)
        compare(model, path)
        model = bs.load(path)
