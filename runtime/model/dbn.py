"""Legacy DBN files: a stack of layers as one network, its nodes named as CNTK names them.

Both forms are read: the one of the old trainers (`DBN` and a line feed, then a comment) and the one
that CNTK exports (`DBN` and a zero, no comment).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from brainscript.runtime.model.file_values import FileValues
from brainscript.runtime.model.loaded import LoadedModel
from brainscript.runtime.model.model_file import Cursor, ModelFile
from brainscript.stored_graph import INPUT, PARAMETER, StoredGraph, StoredNode

STARTS = (b"DBN\n", b"DBN\0")
HIDDEN = ("rbmgaussbernoulli", "rbmbernoullibernoulli")
LINEAR = ("rbmisalinearbernoulli", "perceptron")
LAYER_LIMIT = 1000
Matrix = NDArray[np.float32]


@dataclass(frozen=True)
class Layer:
    """`y = x W + b`, then a sigmoid unless it is linear; W has a row for each input."""

    kind: str
    weights: Matrix
    bias: Matrix


def load(file: ModelFile) -> LoadedModel:
    """The model of a DBN file."""
    reader = _Reader(file)
    reader.read()
    builder = _Builder(file, reader)
    graph = builder.graph()
    return LoadedModel(file.path, "legacy DBN", graph.key(), graph, builder.values)


class _Reader:
    def __init__(self, file: ModelFile):
        self.cursor = Cursor(file)
        self.layers: list[Layer] = []
        self.prior: Matrix | None = None
        self.mean = self.deviation = np.zeros((0, 1), np.float32)

    def read(self) -> None:
        """The whole file."""
        cursor = self.cursor
        if cursor.take(4, "the start") == STARTS[0]:
            cursor.narrow_text("the comment")
        self._tag("BDBN")
        version, count = cursor.number("i", "the version"), cursor.number("i", "the layers")
        if version != 0 or not 0 < count <= LAYER_LIMIT:
            raise cursor.error(f"version {version} with {count} layers is not known")
        self.mean, self.deviation = self._matrix(), self._matrix()
        self._tag("BNET")
        for _ in range(count):
            at = cursor.at
            kind = cursor.narrow_text("the kind of a layer")
            if kind not in (*HIDDEN, *LINEAR):
                raise cursor.error(f"'{kind[:40]}' is no kind of layer", at)
            weights, bias, _ = self._matrix(), self._matrix(), self._matrix()
            self.layers.append(Layer(kind, weights, bias))
        self._tag("ENET")
        if self.cursor.left > 4:
            self.prior = self._matrix()
        self._tag("EDBN")

    def _matrix(self) -> Matrix:
        """A matrix [rows, columns]; its numbers stand column by column."""
        self._tag("BMAT")
        self.cursor.narrow_text("the name of a matrix")
        rows = self.cursor.number("i", "rows")
        cols = self.cursor.number("i", "columns")
        if rows < 0 or cols < 0:
            raise self.cursor.error(f"a matrix [{rows} x {cols}]")
        at = self.cursor.skip(4 * rows * cols, f"a matrix [{rows} x {cols}]")
        self._tag("EMAT")
        data: NDArray[Any] = self.cursor.file.read_array(at, np.dtype("<f4"), rows * cols)
        return data.reshape(cols, rows).T if cols > 1 else data.reshape(rows, cols)

    def _tag(self, wanted: str) -> None:
        at = self.cursor.at
        found = self.cursor.take(4, f"'{wanted}'")
        if found != wanted.encode():
            raise self.cursor.error(f"'{wanted}' is expected here, not {found!r}", at)


class _Builder:
    def __init__(self, file: ModelFile, read: _Reader):
        self.file = file
        self.read = read
        self.values = FileValues(file)
        self.nodes: dict[str, StoredNode] = {}

    def graph(self) -> StoredGraph:
        """Normalised features through all layers, a softmax criterion, the scaled likelihood."""
        inputs = self.read.layers[0].weights.shape[0]
        self._node("features", INPUT, dims=(inputs,))
        self._normalisation(inputs)
        last = self._layers("MVNormalizedFeatures", inputs)
        outputs = self.read.layers[-1].bias.size
        if not outputs:
            raise self.file.damaged(0, "its last layer has no outputs")
        self._node("labels", INPUT, dims=(outputs,))
        self._node("CrossEntropyWithSoftmax", "CrossEntropyWithSoftmax", "labels", last)
        self._node("EvalClassificationError", "ClassificationError", "labels", last)
        groups = {
            "feature": ("features",),
            "label": ("labels",),
            "criterion": ("CrossEntropyWithSoftmax",),
            "evaluation": ("EvalClassificationError",),
            "output": (self._likelihood(last, outputs),),
        }
        return StoredGraph(self.file.path, "float", self.nodes, groups)

    def _normalisation(self, inputs: int) -> None:
        """Mean and deviation of one frame, repeated over the frames of an input."""
        for found in (self.read.mean, self.read.deviation):
            if not found.size or inputs % found.size:
                why = f"statistics of {found.size} values for {inputs} inputs"
                raise self.file.damaged(0, why)
        with np.errstate(divide="ignore", over="ignore"):
            inverse = 1 / _repeated(self.read.deviation, inputs)
        self._parameter("MeanOfFeatures", _repeated(self.read.mean, inputs), 0.0)
        self._parameter("InvStdOfFeatures", inverse, 0.0)
        names = ("features", "MeanOfFeatures", "InvStdOfFeatures")
        self._node("MVNormalizedFeatures", "PerDimMeanVarNormalization", *names)

    def _layers(self, below: str, size: int) -> str:
        last = len(self.read.layers) - 1
        for i, layer in enumerate(self.read.layers):
            weights = layer.weights
            if not size or weights.shape != (size, layer.bias.size):
                why = f"layer {i} has weights {list(weights.shape)} on {size} inputs"
                raise self.file.damaged(0, why)
            size = layer.bias.size
            self._parameter(f"W{i}", weights)
            self._parameter(f"B{i}", layer.bias.reshape(-1))
            product, total = f"W{i}*H{i}", f"W{i}*H{i}+B{i}"
            self._node(product, "Times", f"W{i}", below)
            linear = layer.kind in LINEAR
            name = "HLast" if i == last else f"H{i + 1}"
            self._node(name if linear else total, "Plus", product, f"B{i}")
            if not linear:
                self._node(name, "Sigmoid", total)
            below = name
        return below

    def _likelihood(self, last: str, outputs: int) -> str:
        """`HLast - log prior` where the file has a prior."""
        if self.read.prior is None:
            return last
        if self.read.prior.size != outputs:
            raise self.file.damaged(0, f"a prior of {self.read.prior.size} for {outputs} outputs")
        self._parameter("Prior", self.read.prior.reshape(-1), 0.0)
        self._node("LogOfPrior", "Log", "Prior")
        self._node("ScaledLogLikelihood", "Minus", last, "LogOfPrior")
        return "ScaledLogLikelihood"

    def _parameter(self, name: str, values: NDArray[Any], multiplier: float = 1.0) -> None:
        dims = values.shape[::-1]
        assert prod(dims) == values.size
        self.values.add(name, np.ascontiguousarray(values, np.float32))
        self._node(name, PARAMETER, dims=dims, learning_rate_multiplier=multiplier)

    def _node(
        self,
        name: str,
        operation: str,
        *inputs: str,
        dims: tuple[int, ...] | None = None,
        **options: object,
    ) -> None:
        self.nodes[name] = StoredNode(name, operation, inputs, options, dims)


def _repeated(frame: Matrix, inputs: int) -> Matrix:
    """The values of one frame for all frames of an input."""
    return np.tile(frame.reshape(-1), inputs // frame.size)
