"""The functions of CNTK 2 as BrainScript's nodes: names, order of inputs, options."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from brainscript.runtime.model.cntk_v2.dictionary import Axis

Attributes = Mapping[str, Any]
Options = dict[str, object]

NAMES = (
    "Negate Sigmoid Tanh RectifiedLinear Exp Log Sqrt Floor Abs Reciprocal Softmax Hardmax "
    "TransposeDimensions Where Slice Dropout Reshape Pooling SumElements Plus Minus ElementTimes "
    "Equal NotEqual Less LessEqual Greater GreaterEqual PackedIndex GatherPacked ScatterPacked "
    "Times TransposeTimes Convolution SquareError CrossEntropyWithSoftmax ClassificationError "
    "PastValue FutureValue ReduceElements BatchNormalization Clip If RowStack Combine RandomSample "
    "RandomSampleInclusionFrequency ROIPooling Logistic OptimizedRNNStack ReconcileDynamicAxis "
    "LogSoftmax LogPlus CosDistance Sin Cosine Pass Block MaxUnpooling LambdaRank NDCG1Eval "
    "EditDistanceError NoOp LabelsToGraph StopGradient ExponentialLinearUnit ForwardBackward "
    "CosDistanceWithNegativeSamples OneHot Pow ToSequence ToSequenceLike UnpackSequence Assign "
    "Gather StableSigmoid RandomDistribution Sinh Cosh UnpackBatch ToBatch Asin Acos Pad Crop "
    "Atanh Asinh TopK Squeeze ConstantOp LatticeSequenceWithSoftmax Cast EyeLike CustomProxy "
    "StraightThrough Tan Atan ConvolutionSequenceShape"
).split()
"""The operation of each code, by the name that BrainScript's nodes have."""

SAME = {"NoOp": "Pass"}
COMBINE, BLOCK = NAMES.index("Combine"), NAMES.index("Block")

REVERSED = {
    "ClassificationError",
    "Logistic",
    "LambdaRank",
    "NDCG1Eval",
    "CrossEntropyWithSoftmax",
    "GatherPacked",
    "ScatterPacked",
    "OptimizedRNNStack",
}
"""The first two inputs stand the other way round in BrainScript."""

DYNAMIC, ALL_STATIC, ALL = 2147483647, 2147483646, 2147483643


def inputs_of(operation: str, inputs: list[str]) -> list[str]:
    """The inputs in BrainScript's order."""
    if operation in REVERSED and len(inputs) > 1:
        return [inputs[1], inputs[0], *inputs[2:]]
    if operation == "Clip" and len(inputs) == 3:
        return [inputs[1], inputs[2], inputs[0]]
    return inputs


def operation_inputs(operation: str, inputs: list[str]) -> list[str]:
    """The inputs in CNTK 2's order: the way back of `inputs_of`."""
    if operation == "Clip" and len(inputs) == 3:
        return [inputs[2], inputs[0], inputs[1]]
    return inputs_of(operation, inputs)


def axis_number(axis: Any) -> int:
    """An axis as BrainScript counts it: from 1, 0 for all of the sample, negative for others."""
    if not isinstance(axis, Axis):
        raise ValueError(f"axis {axis!r}")
    if axis.index == ALL_STATIC:
        return 0
    if axis.index == ALL:
        return -1
    if axis.index == DYNAMIC:
        return -2 if axis.ordered else -3
    if not 0 <= axis.index < 64:
        raise ValueError(f"axis {axis.index}")
    return axis.index + 1


def _axes(a: Attributes, one: str, many: str) -> list[int]:
    return [axis_number(axis) for axis in (a[many] if many in a else [a[one]])]


def _one(items: list[Any]) -> Any:
    return items[0] if len(items) == 1 else items


def _times(a: Attributes) -> Options:
    options: Options = {"outputRank": a.get("outputRank", 1)}
    if "inferInputRankToMap" in a:
        options["inferInputRankToMap"] = a["inferInputRankToMap"]
    return options


def _slice(a: Attributes) -> Options:
    axes = _axes(a, "axis", "axisVec")
    begins = a["beginIndexVec"] if "axisVec" in a else [a["beginIndex"]]
    ends = a["endIndexVec"] if "axisVec" in a else [a["endIndex"]]
    steps = a["sliceStridesVec"] if "sliceStridesVec" in a else [a.get("sliceStrides", 1)]
    if min(axes) < 1:
        raise ValueError("slice of a dynamic axis")
    options: Options = {
        "axis": _one(axes),
        "beginIndex": _one(list(begins)),
        "endIndex": _one(list(ends)),
    }
    if any(step != 1 for step in steps):
        options["stride"] = _one(list(steps))
    return options


def _transpose(a: Attributes) -> Options:
    if "axisVec" in a:
        permutation = [axis_number(axis) for axis in a["axisVec"]]
        moved = [i for i, axis in enumerate(permutation, 1) if axis != i]
        if len(moved) == 2:
            return {"axis1": moved[0], "axis2": moved[1]}
        return {"axis1": 0, "axis2": 0, "permutation": permutation}
    return {"axis1": axis_number(a["axis1"]), "axis2": axis_number(a["axis2"])}


def _reshape(a: Attributes) -> Options:
    begin, end = a.get("beginAxis"), a.get("endAxis")
    dims = [0 if dim == -1 else dim for dim in a["newShape"]]
    first = 0 if begin is None or begin.index == ALL_STATIC else axis_number(begin)
    last = 0 if end is None or end.index >= ALL else axis_number(end)
    return {"dims": dims, "beginAxis": first, "endAxis": last}


def _reduce(a: Attributes) -> Options:
    options: Options = {
        "reductionOp": a["reductionOpName"],
        "axis": _one(_axes(a, "axis", "axisVec")),
    }
    if not a.get("reductionKeepDimensions", True):
        options["keepDimensions"] = False
    return options


def _splice(a: Attributes) -> Options:
    return {"axis": axis_number(a["axis"])}


def _delay(a: Attributes) -> Options:
    return {"timeStep": a.get("offset", 1)}


def _windows(a: Attributes) -> Options:
    return {
        "strideShape": list(a.get("strides", (1,))),
        "dimPadding": [int(flag) for flag in a.get("autoPadding", [True])],
        "dimPadLower": list(a.get("lowerPad", (0,))),
        "dimPadUpper": list(a.get("upperPad", (0,))),
        "imageLayout": "CHW",
    }


def _convolution(a: Attributes) -> Options:
    if a.get("groups", 1) != 1 or a.get("sequential", False):
        raise ValueError("grouped or sequential convolution")
    options = {
        **_windows(a),
        "kernelShape": list(a["kernelShape"]),
        "mapShape": [a["mapCount"]],
        "dimSharing": [int(flag) for flag in a.get("sharing", [True])],
        "transpose": a.get("transpose", False),
        "dilationShape": list(a.get("dilation", (1,))),
        "maxTempMemSizeInSamples": a.get("maxTempMemSizeInSamples", 0),
    }
    if a.get("outputShape") not in (None, (), (0,)):
        options["dimOutputShape"] = list(a["outputShape"])
    return options


def _pool(code: Any) -> str:
    if code not in (0, 1):
        raise ValueError(f"kind of pooling {code}")
    return ("max", "average")[code]


def _pooling(a: Attributes) -> Options:
    return {
        **_windows(a),
        "poolKind": _pool(a["poolingType"]),
        "kernelShape": list(a["poolingWindowShape"]),
        "ceilOut": a.get("ceilOutDim", False),
        "poolIncludePad": a.get("includePad", False),
    }


def _unpooling(a: Attributes) -> Options:
    return {**_windows(a), "kernelShape": list(a["unpoolingWindowShape"])}


def _roi_pooling(a: Attributes) -> Options:
    return {
        **({} if a.get("poolingType", 0) == 0 else {"poolKind": _pool(a["poolingType"])}),
        "roiOutputShape": list(a["roiOutputShape"]),
        "spatialScale": a.get("spatialScale", 1 / 16),
    }


def _batch_normalization(a: Attributes) -> Options:
    return {
        "spatial": a["spatial"],
        "normalizationTimeConstant": a.get("normalizationTimeConstant", 0.0),
        "blendTimeConstant": a.get("blendTimeConstant", 0.0),
        "epsilon": a.get("epsilon", 1e-5),
        "useCntkEngine": not a.get("useCuDNNEngine", False),
        "imageLayout": "CHW",
    }


def _crop(a: Attributes) -> Options:
    x, y = a.get("offset") or (-1, -1)
    return {"xOffset": x, "yOffset": y} if min(x, y) >= 0 else {}


def _random_sample(a: Attributes) -> Options:
    return {"sizeOfSampledSet": a["numSamples"], "allowDuplicates": a["allowDuplicates"]}


def _rnn_stack(a: Attributes) -> Options:
    return {
        "hiddenDims": a["hiddenSize"],
        "numLayers": a["numLayers"],
        "bidirectional": a["bidirectional"],
        "recurrentOp": a["recurrentOp"],
    }


def _edit_distance(a: Attributes) -> Options:
    return {
        "subPen": a["SubstitutionPenalty"],
        "delPen": a["DeletionPenalty"],
        "insPen": a["InsertionPenalty"],
        "squashInputs": a["SquashInputs"],
        "tokensToIgnore": list(a["TokensToIgnore"]),
    }


def _forward_backward(a: Attributes) -> Options:
    return {"delayConstraint": a["DelayConstraint"], "blankTokenId": a["BlankTokenId"]}


OPTIONS: dict[str, Callable[[Attributes], Options]] = {
    "BatchNormalization": _batch_normalization,
    "Convolution": _convolution,
    "Crop": _crop,
    "EditDistanceError": _edit_distance,
    "ForwardBackward": _forward_backward,
    "FutureValue": _delay,
    "MaxUnpooling": _unpooling,
    "OptimizedRNNStack": _rnn_stack,
    "PastValue": _delay,
    "Pooling": _pooling,
    "ROIPooling": _roi_pooling,
    "RandomSample": _random_sample,
    "RandomSampleInclusionFrequency": _random_sample,
    "ReduceElements": _reduce,
    "Reshape": _reshape,
    "RowStack": _splice,
    "Slice": _slice,
    "Times": _times,
    "TransposeDimensions": _transpose,
    "TransposeTimes": _times,
}
"""The options of each operation, from the attributes of a function."""
