"""From the nodes of a version 1 file to the graph of a network and its values."""

from __future__ import annotations

from dataclasses import replace
from math import isfinite, prod
from typing import Any, Literal

import numpy as np

from brainscript.diagnostic import Diagnostic
from brainscript.runtime.model.cntk_v1.axes import DYNAMIC_AXIS, axis_reader
from brainscript.runtime.model.cntk_v1.network_file import FileNetwork, FileNode, read_network
from brainscript.runtime.model.cntk_v1.operations import ALIASES, OPTIONS, Options
from brainscript.runtime.model.file_values import FileValues, Slice
from brainscript.runtime.model.loaded import LoadedModel
from brainscript.runtime.model.model_file import ModelFile
from brainscript.runtime.model.rewrites import spelled_out
from brainscript.runtime.model.spelling.foreign import UNKNOWN
from brainscript.runtime.model.spelling.left_out import without
from brainscript.stored_graph import INPUT, PARAMETER, StoredGraph, StoredNode

STATISTICS = ("Mean", "InvStdDev")
COUNT = "run_sample_count"
NEGATIVE_SAMPLES = "CosDistanceWithNegativeSamples"


def load(file: ModelFile) -> LoadedModel:
    """The model of a version 1 network file."""
    network = read_network(file)
    converter = _Converter(file, network)
    graph, remarks = without(converter.graph(), UNKNOWN)
    what = f"CNTK 1, version {network.version}"
    found = (*converter.remarks, *remarks)
    return LoadedModel(file.path, what, graph.key(), graph, converter.values, found)


class _Converter:
    def __init__(self, file: ModelFile, network: FileNetwork):
        self.file = file
        self.network = network
        self.precision: Literal["float", "double"] = _precision(network)
        dtype = np.dtype(np.float64 if self.precision == "double" else np.float32)
        self.values = FileValues(file, dtype)
        self.remarks: list[Diagnostic] = []
        self.nodes: dict[str, StoredNode] = {}
        self.numbers: set[str] = set()
        self.taken = {name.lower() for name in network.nodes}
        self.axes = axis_reader({n.values.get("axis", "") for n in network.nodes.values()})
        self.deviations: set[str] = set()

    def graph(self) -> StoredGraph:
        """All nodes, old forms replaced by the ones of today."""
        for node in self.network.nodes.values():
            try:
                for made in spelled_out(self._node(node), self.taken):
                    self.nodes[made.name] = made
            except ValueError as error:
                why = f"node '{node.name}' ({node.operation}) has an unknown {error}"
                raise self.file.damaged(node.at, why) from None
        groups = dict(self.network.groups)
        self._drop_spent()
        return StoredGraph(self.file.path, self.precision, self.nodes, groups)

    def _drop_spent(self) -> None:
        """Nodes that lend their name to an axis or their number to an option are left out."""
        used = {name for node in self.nodes.values() for name in node.inputs}
        roots = {name for names in self.network.groups.values() for name in names}
        for node in list(self.nodes.values()):
            spent = node.operation == DYNAMIC_AXIS or node.name in self.numbers
            if spent and node.name not in used | roots:
                del self.nodes[node.name]

    def _node(self, node: FileNode) -> StoredNode:
        operation = ALIASES.get(node.operation, node.operation)
        if operation == PARAMETER:
            return self._parameter(node)
        if operation == INPUT:
            return self._input(node)
        inputs = node.inputs
        if operation in STATISTICS:
            self._statistic(node)
        elif operation == "BatchNormalization":
            inputs = self._batch_normalization(node)
        elif operation == "Convolution" and self.network.version < 5:
            self._count_channels(node)
        elif operation == "ROIPooling" and self.network.version < 26:
            self._note_regions(node)
        elif operation == "OptimizedRNNStack" and self.network.version < 14:
            inputs = inputs[::-1]
        if operation == NEGATIVE_SAMPLES and len(inputs) == 4:
            options = self._counts(inputs)
            return StoredNode(node.name, operation, inputs[:2], options, at=node.at)
        read = OPTIONS.get(operation)
        options = read(node.values) if read is not None else {}
        return StoredNode(node.name, operation, inputs, options, at=node.at)

    def _counts(self, inputs: tuple[str, ...]) -> Options:
        """The constants in the place of options, which nothing else uses."""
        names = ("numShifts", "numNegSamples")
        counts: Options = {}
        for option, name in zip(names, inputs[2:], strict=True):
            matrix = self.network.nodes[name].values.get("matrix")
            if not isinstance(matrix, Slice) or prod(matrix.shape) != 1:
                raise ValueError(f"{option}: '{name}' is no number")
            number = float(self.file.read_array(matrix.at, matrix.stored, 1)[0])
            if not isfinite(number):
                raise ValueError(f"{option} {number}")
            counts[option] = int(number)
            self.numbers.add(name)
        return counts

    def _parameter(self, node: FileNode) -> StoredNode:
        values = node.values
        dims = _parameter_dims(values)
        matrix: Slice | np.ndarray[Any, Any] = values["matrix"]
        if prod(matrix.shape) != prod(dims):
            why = f"parameter '{node.name}' is {list(dims)}, its matrix has {prod(matrix.shape)}"
            raise self.file.damaged(node.at, f"{why} elements")
        if isinstance(matrix, Slice):
            matrix = replace(matrix, shape=dims[::-1])
        else:
            matrix = matrix.reshape(dims[::-1])
        self.values.add(node.name, matrix)
        multiplier = values.get("multiplier", 1.0 if values.get("updates") else 0.0)
        if not 0 <= multiplier < float("inf"):
            raise ValueError(f"learning-rate multiplier {multiplier}")
        options: Options = {"learning_rate_multiplier": float(multiplier)}
        return StoredNode(node.name, PARAMETER, (), options, dims, at=node.at)

    def _input(self, node: FileNode) -> StoredNode:
        values = node.values
        dims: tuple[int, ...] = values["shape"]
        if values["rows"] and values["rows"] != prod(dims):
            dims = (values["rows"],)
        axis: str = values.get("axis", "")
        axis = self.axes.get(axis, axis)
        options: Options = {"sparse": node.operation.startswith("Sparse")}
        return StoredNode(node.name, INPUT, (), options, dims, axis, node.at)

    def _statistic(self, node: FileNode) -> None:
        matrix = node.values["matrix"]
        if node.values["computed"]:
            self.values.add(node.name, matrix)
            return
        title = f"'{node.name}' of '{self.file.path}' was never computed from data"
        help = "train or precompute before the model is used"
        remark = Diagnostic("BS0518", title, help=help, path=node.name, severity="warning")
        self.remarks.append(remark)

    def _count_channels(self, node: FileNode) -> None:
        """Files before version 5 have no kernel along the channels: its weights have one."""
        weights = self.network.nodes[node.inputs[0]] if node.inputs else node
        size = node.values["kernelWidth"] * node.values["kernelHeight"] * node.values["maps"]
        if weights.operation == PARAMETER and size:
            node.values["channels"] = max(1, prod(_parameter_dims(weights.values)) // size)

    def _note_regions(self, node: FileNode) -> None:
        title = f"'{node.name}' of '{self.file.path}' is from before CNTK 2.2, when regions were "
        title += "x, y, width and height as parts of the image; here they are taken as pixels"
        help = "give x1, y1, x2 and y2 in pixels of the image as regions"
        remark = Diagnostic("BS0516", title, help=help, path=node.name, severity="warning")
        self.remarks.append(remark)

    def _batch_normalization(self, node: FileNode) -> tuple[str, ...]:
        """The inputs, with the count of samples that old files keep in the node itself."""
        if len(node.inputs) == 6:
            return node.inputs
        version = self.network.version
        count = node.values.get("runCount", 0)
        if version < 13:
            count = 16 * node.values.get("minibatches", count)
            self._variance(node)
        name = f"{node.name}.{COUNT}"
        while name.lower() in self.taken:
            name = "_" + name
        self.taken.add(name.lower())
        self.values.add(name, np.full(1, count, np.float64))
        options: Options = {"learning_rate_multiplier": 0.0}
        self.nodes[name] = StoredNode(name, PARAMETER, (), options, (1,), at=node.at)
        return (*node.inputs, name)

    def _variance(self, node: FileNode) -> None:
        """Before version 13 the fifth input was `1 / sqrt (variance + epsilon)`."""
        if len(node.inputs) != 5:
            return
        source = self.network.nodes[node.inputs[4]]
        if source.operation != PARAMETER:
            raise ValueError(f"deviation: '{source.name}' is a '{source.operation}'")
        if source.name in self.deviations:
            return
        self.deviations.add(source.name)
        stored = source.values["matrix"]
        if isinstance(stored, Slice):
            stored = self.file.read_array(stored.at, stored.stored, prod(stored.shape))
        deviation = np.asarray(stored, np.float64).reshape(-1)
        epsilon = node.values.get("epsilon", 1e-5)
        with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
            variance = np.maximum(1 / np.square(deviation) - epsilon, 0)
        dims = _parameter_dims(source.values)
        source.values["matrix"] = variance.reshape(
            dims[::-1] if prod(dims) == variance.size else -1
        )
        if source.name in self.nodes:
            self.nodes[source.name] = self._parameter(source)


def _parameter_dims(values: dict[str, Any]) -> tuple[int, ...]:
    """The shape; in files before version 3 from rows and columns."""
    if "rows" not in values:
        return values["shape"]
    rows, cols = values["rows"], values["cols"]
    if rows:
        return (rows, cols)
    return (*values["shape"], cols) if cols > 1 else values["shape"]


def _precision(network: FileNetwork) -> Literal["float", "double"]:
    """Double when any node is: values of the others are widened without loss."""
    double = any(node.precision == "double" for node in network.nodes.values())
    return "double" if double else "float"
