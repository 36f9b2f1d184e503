"""From BrainScript's options to the attributes of CNTK 2's functions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, cast

from brainscript.runtime.model.cntk_v2.dictionary import Axis
from brainscript.runtime.model.cntk_v2.encode import Int, Size
from brainscript.runtime.model.cntk_v2.operations import ALL, ALL_STATIC, DYNAMIC
from brainscript.runtime.model.spelling.selected import ARGUMENTS
from brainscript.stored_graph import StoredNode

END_STATIC = 2147483644
Attributes = dict[str, Any]


def _options(node: StoredNode) -> Mapping[str, Any]:
    return cast("Mapping[str, Any]", node.options)


def static_axis(number: int) -> Axis:
    """A static axis that BrainScript counts from 1."""
    return Axis(number - 1, f"staticAxisIdx={number - 1}")


def _times(node: StoredNode) -> Attributes:
    o = _options(node)
    found: Attributes = {"outputRank": Size(o.get("outputRank", 1))}
    if node.operation == "Times":
        found["inferInputRankToMap"] = Int(o.get("inferInputRankToMap", -1))
    return found


def _slice(node: StoredNode) -> Attributes:
    o = _options(node)
    return {
        "axis": static_axis(o.get("axis", 1)),
        "beginIndex": Int(o["beginIndex"]),
        "endIndex": Int(o["endIndex"]),
        "sliceStrides": Int(1),
    }


def _transpose(node: StoredNode) -> Attributes:
    o = _options(node)
    return {"axis1": static_axis(o["axis1"]), "axis2": static_axis(o["axis2"])}


def _reshape(node: StoredNode) -> Attributes:
    o = _options(node)
    begin, end = o.get("beginAxis", 0), o.get("endAxis", 0)
    return {
        "newShape": tuple(-1 if dim == 0 else dim for dim in o["dims"]),
        "beginAxis": static_axis(max(begin, 1)),
        "endAxis": static_axis(end) if end else Axis(END_STATIC),
    }


def _reduce(node: StoredNode) -> Attributes:
    o = _options(node)
    special = {0: Axis(ALL_STATIC), -1: Axis(ALL), -3: Axis(DYNAMIC, "defaultBatchAxis")}
    axis = o["axis"]
    if axis < -1 and axis not in special:
        raise ValueError(f"reduction over the axis {axis}")
    return {
        "axis": special.get(axis) or static_axis(axis),
        "reductionOpName": o["reductionOp"],
        "reductionKeepDimensions": True,
    }


def _splice(node: StoredNode) -> Attributes:
    return {"axis": static_axis(_options(node).get("axis", 1))}


def _delay(node: StoredNode) -> Attributes:
    return {"offset": Size(_options(node).get("timeStep", 1))}


def _windows(node: StoredNode) -> Attributes:
    o = _options(node)
    return {
        "strides": tuple(o.get("strideShape") or (1,)),
        "autoPadding": [bool(flag) for flag in o.get("dimPadding") or (1,)],
        "lowerPad": tuple(o.get("dimPadLower") or (0,)),
        "upperPad": tuple(o.get("dimPadUpper") or (0,)),
    }


def _convolution(node: StoredNode) -> Attributes:
    o = _options(node)
    own = {} if all(o.get("dimSharing") or (1,)) else {"mapCount": Size(o["mapShape"][-1])}
    return {
        **_windows(node),
        **own,
        "sharing": [bool(flag) for flag in o.get("dimSharing") or (1,)],
        "dilation": tuple(o.get("dilationShape") or (1,)),
        "transpose": bool(o.get("transpose", False)),
        "outputShape": tuple(o.get("dimOutputShape") or (0,)),
        "maxTempMemSizeInSamples": Size(o.get("maxTempMemSizeInSamples", 0)),
        "kernelShape": tuple(o["kernelShape"]),
        "groups": Size(1),
        "sequential": False,
    }


def _pooling(node: StoredNode) -> Attributes:
    o = _options(node)
    return {
        **_windows(node),
        "poolingType": Size(("max", "average").index(o["poolKind"])),
        "poolingWindowShape": tuple(o["kernelShape"]),
        "ceilOutDim": o.get("ceilOut", False),
        "includePad": o.get("poolIncludePad", False),
    }


def _unpooling(node: StoredNode) -> Attributes:
    shape = tuple(_options(node)["kernelShape"])
    return {**_windows(node), "poolingType": Size(0), "unpoolingWindowShape": shape}


def _roi_pooling(node: StoredNode) -> Attributes:
    o = _options(node)
    return {
        "poolingType": Size(0),
        "roiOutputShape": tuple(o["roiOutputShape"]),
        "spatialScale": float(o["spatialScale"]),
    }


def _batch_normalization(node: StoredNode) -> Attributes:
    o = _options(node)
    return {
        "spatial": bool(o["spatial"]),
        "normalizationTimeConstant": float(o["normalizationTimeConstant"]),
        "blendTimeConstant": float(o["blendTimeConstant"]),
        "epsilon": float(o["epsilon"]),
        "useCuDNNEngine": not o["useCntkEngine"],
        "disableRegularization": bool(o.get("disableRegularization", False)),
    }


def _dropout(node: StoredNode) -> Attributes:
    rate = float(_options(node).get("dropoutRate", 0.0))
    return {"dropoutRate": rate, "rngSeed": Size(1), "rngOffset": Size(0)}


def _where(node: StoredNode) -> Attributes:
    """Steps that are found lie on an axis named by their condition."""
    found = Axis(DYNAMIC, f"found_by_{node.inputs[0]}", True)
    return {"newDynamicAxes": [found, Axis(DYNAMIC, "defaultBatchAxis")]}


def _random_sample(node: StoredNode) -> Attributes:
    o = _options(node)
    return {
        "allowDuplicates": bool(o["allowDuplicates"]),
        "numSamples": Size(o["sizeOfSampledSet"]),
        "rngSeed": Size(1),
        "rngOffset": Size(0),
    }


def _random_distribution(node: StoredNode) -> Attributes:
    o = _options(node)
    kind = o.get("distribution", "uniform")
    numbers = [float(o.get("first", 0.0)), float(o.get("second", 1.0))]
    return {
        "randomDistributionType": kind,
        "randomDistributionArgs": numbers[: ARGUMENTS[kind]],
        "rngSeed": Size(o.get("rngSeed") or 1),
        "rngOffset": Size(0),
    }


def _crop(node: StoredNode) -> Attributes:
    offsets = [_options(node).get(name, -1) for name in ("xOffset", "yOffset")]
    return {"offset": [Size(offset) for offset in offsets]} if min(offsets) >= 0 else {}


def _rnn_stack(node: StoredNode) -> Attributes:
    o = _options(node)
    return {
        "hiddenSize": Size(o["hiddenDims"]),
        "numLayers": Size(o["numLayers"]),
        "bidirectional": bool(o["bidirectional"]),
        "recurrentOp": o["recurrentOp"],
    }


def _edit_distance(node: StoredNode) -> Attributes:
    o = _options(node)
    return {
        "SubstitutionPenalty": float(o["subPen"]),
        "DeletionPenalty": float(o["delPen"]),
        "InsertionPenalty": float(o["insPen"]),
        "SquashInputs": bool(o["squashInputs"]),
        "TokensToIgnore": [Size(token) for token in o["tokensToIgnore"]],
    }


def _forward_backward(node: StoredNode) -> Attributes:
    o = _options(node)
    return {"DelayConstraint": Int(o["delayConstraint"]), "BlankTokenId": Size(o["blankTokenId"])}


ATTRIBUTES: dict[str, Callable[[StoredNode], Attributes]] = {
    "BatchNormalization": _batch_normalization,
    "Convolution": _convolution,
    "Crop": _crop,
    "Dropout": _dropout,
    "EditDistanceError": _edit_distance,
    "ForwardBackward": _forward_backward,
    "FutureValue": _delay,
    "MaxUnpooling": _unpooling,
    "OptimizedRNNStack": _rnn_stack,
    "PastValue": _delay,
    "Pooling": _pooling,
    "ROIPooling": _roi_pooling,
    "RandomDistribution": _random_distribution,
    "RandomSample": _random_sample,
    "RandomSampleInclusionFrequency": _random_sample,
    "ReduceElements": _reduce,
    "Reshape": _reshape,
    "RowStack": _splice,
    "Slice": _slice,
    "Times": _times,
    "TransposeDimensions": _transpose,
    "TransposeTimes": _times,
    "Where": _where,
}
"""The attributes of each operation; those that are not listed have none."""

PLAIN = frozenset(
    (
        "Abs Acos Asin ClassificationError Clip CosDistance CosDistanceWithNegativeSamples Cosh "
        "Cosine CrossEntropyWithSoftmax ElementTimes Equal Exp ExponentialLinearUnit Floor "
        "GatherPacked Greater GreaterEqual Hardmax If LabelsToGraph LambdaRank Less LessEqual Log "
        "LogPlus LogSoftmax Logistic Minus NDCG1Eval Negate NotEqual PackedIndex Pass Plus "
        "Reciprocal ReconcileDynamicAxis RectifiedLinear ScatterPacked Sigmoid Sin Sinh Softmax "
        "Sqrt SquareError StableSigmoid StopGradient SumElements Tanh"
    ).split()
)
"""The operations that exist without attributes."""

REFUSED = {
    "ClassBasedCrossEntropyWithSoftmax": "it knows no classes of words",
    "DummyCriterion": "it has no gradients that are given",
    "EnvironmentInput": "it cannot ask whether a network is trained",
    "EpochAccumulator": "it accumulates nothing over an epoch",
    "NCEBasedCrossEntropyWithSoftmax": "it has no noise-contrastive estimation",
}
"""What the CNTK 2 library cannot do."""
