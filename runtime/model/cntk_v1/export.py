"""From the graph of a network and its values to a version 1 file that CNTK reads."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import isfinite, prod
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from brainscript.diagnostic import BrainScriptError, Diagnostic
from brainscript.runtime.model.cntk_v1.axes import DYNAMIC_AXIS, axis_names, axis_nodes
from brainscript.runtime.model.cntk_v1.layouts import (
    LAYOUTS,
    TRACE_DEFAULTS,
    WRITTEN_VERSION,
)
from brainscript.runtime.model.cntk_v1.network_file import FileNetwork, FileNode, network_parts
from brainscript.runtime.model.cntk_v1.operations import IMAGE_LAYOUTS, NO_TOKEN, POOLS
from brainscript.runtime.model.spelling.pieces import spelled
from brainscript.runtime.model.spelling.uncomputed import uncomputed
from brainscript.runtime.model.spelling.written import CNTK1
from brainscript.stored_graph import INPUT, PARAMETER, TRACE_TEXTS, StoredGraph, StoredNode

Values = dict[str, Any]
Arrays = Mapping[str, NDArray[np.floating[Any]]]
LAYOUT_NAMES = {**{name: name for name in IMAGE_LAYOUTS}, "cudnn": "CHW", "legacy": "HWC"}
FIELDLESS = frozenset(
    (
        "Abs Acos Asin CastAs ClassBasedCrossEntropyWithSoftmax ClassificationError Clip "
        "CosDistance CosDistanceWithNegativeSamples Cosh Cosine CrossEntropy "
        "CrossEntropyWithSoftmax DiagTimes Diagonal DummyCriterion ElementTimes EpochAccumulator "
        "Equal Exp ExponentialLinearUnit Floor GatherPacked Greater GreaterEqual Hardmax If "
        "KhatriRaoProduct LabelsToGraph LambdaRank Less LessEqual Log LogPlus LogSoftmax Logistic "
        "LookupTable MatrixL1Reg MatrixL2Reg Minus NDCG1Eval Negate NotEqual PackedIndex Pass "
        "PerDimMeanVarDeNormalization PerDimMeanVarNormalization Plus Reciprocal "
        "ReconcileDynamicAxis RectifiedLinear ScatterPacked SequenceWithSoftmax Sigmoid Sin Sinh "
        "Softmax Sqrt SquareError StableSigmoid StopGradient SumColumnElements SumElements Tanh"
    ).split()
)
"""The operations that write nothing after their name."""


def file_parts(graph: StoredGraph, arrays: Arrays) -> list[bytes | memoryview]:
    """The file in pieces; BrainScriptError (BS0519) for what the format cannot hold.

    A statistic that no data have given a value is marked as such: CNTK finds it in training.
    """
    unknown = {remark.path for remark in uncomputed(graph, arrays)}
    graph, arrays = spelled(graph, arrays, CNTK1)
    arrays = {name: array for name, array in arrays.items() if name not in unknown}
    network = FileNetwork(WRITTEN_VERSION)
    folded: dict[str, str] = {}
    for node in graph.nodes.values():
        other = folded.setdefault(node.name.lower(), node.name)
        if other != node.name:
            raise _refused(f"'{other}' and '{node.name}' differ in case only")
        if not node.name or "\0" in node.name:
            raise _refused(f"{node.name!r} cannot be the name of a node")
        network.nodes[node.name] = _node(graph, node, arrays)
    axes = axis_names(graph)
    for node in graph.nodes.values():
        if node.operation == INPUT:
            network.nodes[node.name].values["axis"] = axes[node.axis]
    for name in axis_nodes(axes):
        network.nodes[name] = FileNode(name, DYNAMIC_AXIS, graph.precision)
    network.groups = dict(graph.groups)
    try:
        return network_parts(network)
    except OverflowError as error:
        raise _refused(str(error)) from None


def _node(graph: StoredGraph, node: StoredNode, arrays: Arrays) -> FileNode:
    operation, values = node.operation, {}
    if operation == PARAMETER:
        values = _parameter(node, arrays)
    elif operation == INPUT:
        operation = "SparseInputValue" if node.options.get("sparse") else INPUT
        values = _input(node)
    elif operation in ("Mean", "InvStdDev"):
        values = _statistic(node, arrays)
    elif operation in WRITERS:
        values = WRITERS[operation](node)
    elif operation not in FIELDLESS or operation in LAYOUTS:
        raise _refused(f"'{node.name}' is a '{operation}'")
    if operation == "BatchNormalization":
        values["runCount"] = _run_count(node, arrays)
    return FileNode(node.name, operation, graph.precision, values, node.inputs)


def _refused(why: str) -> BrainScriptError:
    title = f"a CNTK 1 file cannot hold this network: {why}"
    return BrainScriptError(Diagnostic("BS0519", title, help="write a model container instead"))


def _parameter(node: StoredNode, arrays: Arrays) -> Values:
    dims = node.dims or ()
    rows = dims[0] if dims else 1
    matrix = arrays[node.name].reshape(prod(dims) // max(rows, 1), rows)
    multiplier = cast("float", node.options.get("learning_rate_multiplier", 1.0))
    return {"multiplier": multiplier, "shape": dims, "matrix": matrix}


def _input(node: StoredNode) -> Values:
    """The fields; CNTK takes a shape without axes for one of old files."""
    return {
        "rows": 0,
        "cols": 0,
        "shape": node.dims or (1,),
        "axes": 1,
        "multiplier": 0.0,
    }


def _statistic(node: StoredNode, arrays: Arrays) -> Values:
    found = arrays.get(node.name)
    rows = prod(node.dims or ())
    matrix = np.zeros((1, rows)) if found is None else found.reshape(1, rows)
    return {"computed": found is not None, "matrix": matrix}


def _run_count(node: StoredNode, arrays: Arrays) -> int:
    if len(node.inputs) < 6:
        raise _refused(f"'{node.name}' has no sixth input, the count of samples")
    if node.inputs[5] not in arrays:
        return 0
    count = float(arrays[node.inputs[5]].reshape(-1)[0])
    if not isfinite(count):
        raise _refused(f"'{node.name}' has seen {count} samples")
    return max(0, int(count))


def _times(node: StoredNode) -> Values:
    o = node.options
    return {
        "outputRank": o.get("outputRank", 1),
        "inferInputRankToMap": o.get("inferInputRankToMap", -1),
    }


def _transpose(node: StoredNode) -> Values:
    return {"axis1": node.options["axis1"], "axis2": node.options["axis2"]}


def _slice(node: StoredNode) -> Values:
    o = node.options
    begin, end = cast("int", o["beginIndex"]), cast("int", o["endIndex"])
    return {
        "count": 1,
        "begin0": begin,
        "length0": end - begin,
        "axis0": o.get("axis", 1),
        "stride0": 1,
    }


def _row_stack(node: StoredNode) -> Values:
    return {"axis": node.options.get("axis", 1)}


def _row_repeat(node: StoredNode) -> Values:
    return {"repeats": node.options["numRepeats"]}


def _reshape(node: StoredNode) -> Values:
    o = node.options
    return {"shape": o["dims"], "beginAxis": o["beginAxis"], "endAxis": o["endAxis"]}


def _reduce(node: StoredNode) -> Values:
    o = node.options
    return {"count": 1, "axis0": o["axis"], "operation": o["reductionOp"], "keep": True}


def _where(node: StoredNode) -> Values:
    return {"axis": "WhereNodeAxis"}


def _crop(node: StoredNode) -> Values:
    unset = 2.0**64
    offsets = [cast("int", node.options.get(name, -1)) for name in ("xOffset", "yOffset")]
    x, y = (float(o) if o >= 0 else unset for o in offsets)
    return {"xOffset": x, "yOffset": y}


def _delay(node: StoredNode) -> Values:
    o = node.options
    return {
        "timeStep": o.get("timeStep", 1),
        "shape": node.dims or (),
        "initial": o.get("defaultHiddenActivation", 0.1),
    }


def _rnn_stack(node: StoredNode) -> Values:
    o = node.options
    return {
        "bidirectional": int(bool(o["bidirectional"])),
        "layers": o["numLayers"],
        "hidden": o["hiddenDims"],
        "kind": o["recurrentOp"],
        "axis": o.get("axis", -1),
    }


def _dropout(node: StoredNode) -> Values:
    return {"seed": 1, "offset": 0}


def _random_sample(node: StoredNode) -> Values:
    o = node.options
    kept = {"duplicates": o["allowDuplicates"], "count": o["sizeOfSampledSet"]}
    return {**kept, "seed": 1, "offset": 0}


def _batch_normalization(node: StoredNode) -> Values:
    o = node.options
    return {
        "spatial": o["spatial"],
        "normTime": o["normalizationTimeConstant"],
        "blendTime": o["blendTimeConstant"],
        "layout": _layout(o),
        "epsilon": o["epsilon"],
        "cntkEngine": o["useCntkEngine"],
    }


def _layout(options: Mapping[str, object]) -> int:
    name = str(options.get("imageLayout", "CHW"))
    return IMAGE_LAYOUTS.index(LAYOUT_NAMES.get(name, name))


def _windows(node: StoredNode) -> Values:
    """What all of the convolution family write; every list as long as the kernel has axes."""
    o = cast("Mapping[str, Any]", node.options)
    rank = len(o["kernelShape"])

    def full(name: str, default: int) -> list[int]:
        items = list(o.get(name, ())) or [default]
        return (items + [items[-1]] * rank)[: max(rank, 1)]

    return {
        "kernel": o["kernelShape"],
        "mapCount": o.get("mapShape", (1,)),
        "stride": full("strideShape", 1),
        "sharing": [bool(flag) for flag in full("dimSharing", 1)],
        "autoPad": [bool(flag) for flag in full("dimPadding", 1)],
        "lowerPad": full("dimPadLower", 0),
        "upperPad": full("dimPadUpper", 0),
        "pool": POOLS.index(str(o.get("poolKind", "none"))),
        "layout": _layout(o),
        "maxTemp": o.get("maxTempMemSizeInSamples", 0),
        "transpose": o.get("transpose", node.operation == "MaxUnpooling"),
        "outputShape": o.get("dimOutputShape") or (0,),
        "ceilOutDim": o.get("ceilOut", False),
        "includePad": o.get("poolIncludePad", False),
    }


def _convolution(node: StoredNode) -> Values:
    dilation = node.options.get("dilationShape") or (1,)
    return {**_windows(node), "is2D": False, "dilation": dilation}


def _unpooling(node: StoredNode) -> Values:
    return {**_windows(node), "pool": POOLS.index("max")}


def _image_pooling(node: StoredNode) -> Values:
    o = node.options
    return {
        "windowWidth": o["windowWidth"],
        "layout": _layout(o),
        "windowHeight": o["windowHeight"],
        "strideWidth": o["horizontalSubsample"],
        "strideHeight": o["verticalSubsample"],
    }


def _roi_pooling(node: StoredNode) -> Values:
    o = node.options
    return {"output": o["roiOutputShape"], "pool": 1, "scale": o["spatialScale"]}


def _edit_distance(node: StoredNode) -> Values:
    o = node.options
    return {
        "substitution": o["subPen"],
        "deletion": o["delPen"],
        "insertion": o["insPen"],
        "squash": o["squashInputs"],
        "ignore": o["tokensToIgnore"] or (NO_TOKEN,),
    }


def _environment(node: StoredNode) -> Values:
    return {"property": node.options["propertyName"]}


def _noise_contrastive(node: StoredNode) -> Values:
    return {"mode": 2}


def _trace(node: StoredNode) -> Values:
    o = node.options
    kept = {
        "message": o["say"],
        "first": o["logFirst"],
        "frequency": o["logFrequency"],
        "gradient": o["logGradientToo"],
        "rows": o["onlyUpToRow"],
        "steps": o["onlyUpToT"],
    }
    members = [str(text) for text in cast("list[object]", o["format"])]
    given = {k.lower(): v for k, v in zip(members[::2], members[1::2], strict=False)}
    texts = {n: given.get(n.lower(), TRACE_DEFAULTS.get(n, "")) for n in TRACE_TEXTS}
    form = {
        "category": given.get("type") == "category",
        "labels": given.get("labelmappingfile", ""),
        "sparse": given.get("type") == "sparse",
        "transpose": given.get("transpose", "true") == "true",
    }
    return {**kept, **form, **texts}


def _forward_backward(node: StoredNode) -> Values:
    return {"delay": node.options["delayConstraint"], "blank": node.options["blankTokenId"]}


WRITERS: dict[str, Callable[[StoredNode], Values]] = {
    "AveragePooling": _image_pooling,
    "BatchNormalization": _batch_normalization,
    "Convolution": _convolution,
    "Crop": _crop,
    "Dropout": _dropout,
    "EditDistanceError": _edit_distance,
    "ForwardBackward": _forward_backward,
    "EnvironmentInput": _environment,
    "FutureValue": _delay,
    "MaxPooling": _image_pooling,
    "MaxUnpooling": _unpooling,
    "NCEBasedCrossEntropyWithSoftmax": _noise_contrastive,
    "OptimizedRNNStack": _rnn_stack,
    "PastValue": _delay,
    "Pooling": _windows,
    "ROIPooling": _roi_pooling,
    "RandomSample": _random_sample,
    "RandomSampleInclusionFrequency": _random_sample,
    "ReduceElements": _reduce,
    "Reshape": _reshape,
    "RowRepeat": _row_repeat,
    "RowStack": _row_stack,
    "Slice": _slice,
    "Times": _times,
    "Trace": _trace,
    "TransposeDimensions": _transpose,
    "TransposeTimes": _times,
    "Where": _where,
}
"""The fields of each operation, from BrainScript's options."""
