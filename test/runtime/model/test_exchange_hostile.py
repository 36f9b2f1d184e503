"""ONNX files that would read other files, or take for ever, or more memory than there is."""

from __future__ import annotations

import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import brainscript as bs
from brainscript.diagnostic import BrainScriptError
from brainscript.runtime.model.loading import load_model
from test.runtime.model.test_exchange import numbers, written
from test.runtime.model.test_exchange_import import node, number, whole

onnx: Any = pytest.importorskip("onnx", reason="the extra 'onnx' is not installed")

HUGE = (1 << 63) - 1
MOST_MEMORY = 64 << 20


def outside(name: str) -> Any:
    """A tensor whose data lie in a file that is there."""
    found = onnx.TensorProto(name=name, dims=[4], data_type=1, data_location=1)
    for key, value in (("location", "secret"), ("length", "16")):
        found.external_data.add(key=key, value=value)
    return found


CONSTANT = onnx.helper.make_node("Constant", [], ["c"], value=outside("c"))
REFUSED: dict[str, tuple[list[Any], list[Any], str]] = {
    "initializer": ([node("Add", "x c", "y")], [outside("c")], "never read"),
    "folded": ([node("Add", "c d", "e"), node("Add", "x e", "y")], [outside("c")], "never read"),
    "constant": ([CONSTANT, node("Add", "x c", "y")], [], "never read"),
    "equation": ([node("Einsum", "x", "y", equation="..>.k")], [], r"the sum '..>.k'"),
    "empty": ([node("MatMul", "x e", "y")], [numbers("e", 4, 0)], "a constant of 0 elements"),
    "backwards": (
        [node("Slice", "x last first one last", "y")],
        [whole("last", -1), whole("first", -HUGE), whole("one", 1)],
        "a matrix of more than",
    ),
    "places": (
        [node("Expand", "zero wide", "i"), node("ScatterND", "x i d", "y")],
        [whole("zero", 0), whole("wide", 1 << 20, 1 << 20, 2)],
        "a constant of 2199023255552 elements",
    ),
    "marks": (
        [node("Cast", "x", "i", to=7), node("OneHot", "i many pair", "y")],
        [whole("many", 1 << 40), numbers("pair", 2)],
        "a matrix of more than",
    ),
    "rows": (
        [
            node("Expand", "d wide", "W"),
            node("Unsqueeze", "x two", "t"),
            node("LSTM", "t W W", "y", hidden_size=1 << 20),
        ],
        [whole("wide", 1, 1 << 22, 4), whole("two", 0)],
        "a constant of 16777216 elements",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "secret").write_bytes(np.arange(4, dtype=np.float32).tobytes())
    nodes, constants, why = REFUSED[name]
    path, size = tmp_path / "net.onnx", 1 << 40 if name == "backwards" else 4
    written(path, nodes, {"x": [size], "y": [size]}, [*constants, numbers("d", 4)])
    with pytest.raises(BrainScriptError, match=why):
        load_model(path)


def test_a_constant_of_one_number_for_all_elements_takes_no_memory(tmp_path: Path) -> None:
    path, size = tmp_path / "net.onnx", 1 << 16
    nodes = [
        node("Shape", "x", "s"),
        node("ConstantOfShape", "s", "ones"),
        node("Neg", "ones", "minus"),
        node("Cast", "minus", "whole", to=7),
        node("Cast", "whole", "back", to=1),
        node("Sub", "back one", "shift"),
        node("Add", "x shift", "y"),
    ]
    written(path, nodes, {"x": [size, 4], "y": [size, 4]}, [number("one", 1.0)])
    tracemalloc.start()
    model = load_model(path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < MOST_MEMORY
    assert all(model.values[name].size <= 4 * size for name in model.values)


def test_channels_are_as_near_as_there_are_channels(tmp_path: Path) -> None:
    path, shape = tmp_path / "net.onnx", [3, 2, 2]
    written(path, [node("LRN", "x", "y", size=HUGE)], {"x": shape, "y": shape}, [])
    assert len(load_model(path).values) < 20


@pytest.mark.parametrize(("depth", "why"), [(30, "more than 1048576 nodes"), (0, "calls itself")])
def test_functions_that_call_each_other(depth: int, why: str, tmp_path: Path) -> None:
    helper, path = onnx.helper, tmp_path / "net.onnx"
    domains = [helper.make_opsetid("", 17), helper.make_opsetid("f", 1)]

    def function(level: int, below: int) -> Any:
        inner = [node(f"F{below}", a, b, domain="f") for a, b in ("ab", "bc")]
        return helper.make_function("f", f"F{level}", ["a"], ["c"], inner, domains)

    written(path, [node(f"F{depth}", "x", "y", domain="f")], {"x": [4], "y": [4]}, [])
    model = onnx.load_model(path)
    model.opset_import.append(domains[1])
    last = [node("Neg", "a", "c")]
    deepest = helper.make_function("f", "F0", ["a"], ["c"], last, domains)
    levels = [function(n, n - 1) for n in range(1, depth + 1)]
    model.functions.extend([deepest, *levels] if depth else [function(0, 0)])
    path.write_bytes(model.SerializeToString())
    with pytest.raises(BrainScriptError, match=why):
        load_model(path)


@pytest.mark.parametrize("made", [["t"], ["t", ""]])
def test_a_function_that_does_not_give_what_it_is_asked_for(
    made: list[str], tmp_path: Path
) -> None:
    helper, path = onnx.helper, tmp_path / "net.onnx"
    domains = [helper.make_opsetid("", 17), helper.make_opsetid("f", 1)]
    written(path, [node("F", "x", "y", domain="f")], {"x": [4], "y": [4]}, [])
    model = onnx.load(path)
    model.opset_import.append(domains[1])
    inner = [node("Neg", "a", made[0])]
    model.functions.append(helper.make_function("f", "F", ["a"], made[1:] or ["c"], inner, domains))
    path.write_bytes(model.SerializeToString())
    with pytest.raises(BrainScriptError, match=r"'y' .*(of any node|nothing computes)"):
        load_model(path)


def test_windows_far_apart_are_refused_when_they_are_computed(tmp_path: Path) -> None:
    path, step = tmp_path / "net.onnx", [2, 1 << 40]
    pool = node("MaxPool", "x", "y", kernel_shape=[2, 2], strides=step, ceil_mode=1)
    written(path, [pool], {"x": [3, 5, 5], "y": [3, 3, 2]}, [])
    model = bs.load(path)
    with pytest.raises(BrainScriptError, match=r"needs \d+\.0 GiB of memory") as error:
        model.eval(["y"], x=np.zeros((1, 3, 5, 5)))
    assert "stride" in error.value.diagnostics[0].help
