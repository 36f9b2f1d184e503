"""From the fields of a file to the options that BrainScript gives its nodes, and back."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from brainscript.runtime.model.cntk_v1.layouts import TRACE_DEFAULTS, TRACE_TEXTS

Values = Mapping[str, Any]
Options = dict[str, object]

ALIASES = {
    "SparseInputValue": "InputValue",
    "ColumnElementTimes": "ElementTimes",
    "RowElementTimes": "ElementTimes",
    "Scale": "ElementTimes",
    "ErrorPrediction": "ClassificationError",
    "Delay": "PastValue",
    "RowSlice": "Slice",
    "Transpose": "TransposeDimensions",
    "RNN": "OptimizedRNNStack",
    "ReconcileMBLayout": "ReconcileDynamicAxis",
    "PerDimMeanVarNormalizationNode": "PerDimMeanVarNormalization",
    "PerDimMeanVarDeNormalizationNode": "PerDimMeanVarDeNormalization",
}
"""Names of operations in old files, and what they are called now."""

IMAGE_LAYOUTS = ("HWC", "CHW")
POOLS = ("none", "max", "average")
NO_TOKEN = (1 << 31) - 1
"""Stands for an empty list of tokens, which CNTK cannot read."""


def renamed(values: Values, names: Mapping[str, str]) -> Options:
    """The fields that are there, under the names of options."""
    return {option: values[name] for name, option in names.items() if name in values}


def list_or_one(items: Sequence[object]) -> object:
    """A list of one item as that item."""
    return items[0] if len(items) == 1 else list(items)


def _times(values: Values) -> Options:
    return renamed(
        values, {"outputRank": "outputRank", "inferInputRankToMap": "inferInputRankToMap"}
    )


def _quantized_times(values: Values) -> Options:
    shifts = {"bitShiftA": "bitSmoothingA", "bitShiftB": "bitSmoothingB"}
    return {**_times(values), **renamed(values, shifts)}


def _transpose(values: Values) -> Options:
    if "permutation" in values:
        return {"axis1": 0, "axis2": 0, "permutation": [i + 1 for i in values["permutation"]]}
    return {"axis1": values.get("axis1", 1), "axis2": values.get("axis2", 2)}


def _slice(values: Values) -> Options:
    count = values.get("count", 1)
    begins = [values[f"begin{i}"] for i in range(count)]
    ends = [values[f"begin{i}"] + values[f"length{i}"] for i in range(count)]
    axes = [values.get(f"axis{i}", 1) for i in range(count)]
    strides = [values.get(f"stride{i}", 1) for i in range(count)]
    options: Options = {
        "beginIndex": list_or_one(begins),
        "endIndex": list_or_one(ends),
        "axis": list_or_one(axes),
    }
    if strides != [1] * count:
        options["stride"] = list_or_one(strides)
    return options


def _row_stack(values: Values) -> Options:
    return renamed(values, {"axis": "axis"})


def _row_repeat(values: Values) -> Options:
    return {"numRepeats": values["repeats"]}


def _reshape(values: Values) -> Options:
    return {
        "dims": list(values["shape"]),
        "beginAxis": values["beginAxis"],
        "endAxis": values["endAxis"],
    }


def _legacy_reshape(values: Values) -> Options:
    width, height, channels = ([*values["image"], 0, 0, 0])[:3]
    return {
        "numRows": values["rows"],
        "imageWidth": width,
        "imageHeight": height,
        "imageChannels": channels,
        "imageLayout": "CHW",
    }


def _reduce(values: Values) -> Options:
    axes = [values[f"axis{i}"] for i in range(values.get("count", 1))]
    options: Options = {"reductionOp": values["operation"], "axis": list_or_one(axes)}
    if not values.get("keep", True):
        options["keepDimensions"] = False
    return options


def _crop(values: Values) -> Options:
    offsets = {"xOffset": values["xOffset"], "yOffset": values["yOffset"]}
    return {name: int(value) for name, value in offsets.items() if 0 <= value < 1 << 40}


def _delay(values: Values) -> Options:
    dims = values["shape"] if "shape" in values else (values["rows"],)
    return {
        "timeStep": values["timeStep"],
        "defaultHiddenActivation": values.get("initial", 0.1),
        "shape": list(dims) if all(dims) else [],
    }


OLD_RNN_KINDS = {"LSTM": "lstm", "GRU": "gru", "RNN_RELU": "rnnReLU", "RNN_TANH": "rnnTanh"}


def _rnn_stack(values: Values) -> Options:
    return {
        "hiddenDims": values["hidden"],
        "numLayers": values["layers"],
        "bidirectional": bool(values["bidirectional"]),
        "recurrentOp": OLD_RNN_KINDS.get(values["kind"], values["kind"]),
        "axis": values.get("axis", -1),
    }


def _random_sample(values: Values) -> Options:
    return {"sizeOfSampledSet": values["count"], "allowDuplicates": values["duplicates"]}


def _batch_normalization(values: Values) -> Options:
    return {
        "spatial": values["spatial"],
        "normalizationTimeConstant": values.get("normTime", 0.0),
        "blendTimeConstant": values.get("blendTime", 0.0),
        "epsilon": values.get("epsilon", 1e-5),
        "useCntkEngine": values.get("cntkEngine", True),
        "imageLayout": _layout(values.get("layout", 1)),
    }


def _layout(code: int) -> str:
    if not 0 <= code < len(IMAGE_LAYOUTS):
        raise ValueError(f"image layout {code}")
    return IMAGE_LAYOUTS[code]


def _pool(code: int) -> str:
    if not 0 <= code < len(POOLS):
        raise ValueError(f"kind of pooling {code}")
    return POOLS[code]


def _windows(values: Values) -> Options:
    """What all of the convolution family share."""
    return {
        "kernelShape": list(values["kernel"]),
        "strideShape": list(values["stride"]),
        "dimPadding": _numbers(values["autoPad"]),
        "dimPadLower": list(values["lowerPad"]),
        "dimPadUpper": list(values["upperPad"]),
        "imageLayout": _layout(values["layout"]),
    }


def _numbers(flags: Sequence[bool]) -> list[int]:
    return [int(flag) for flag in flags]


def _convolution(values: Values) -> Options:
    if "kernel" not in values:
        return _old_convolution(values)
    options = {
        **_windows(values),
        "dimSharing": _numbers(values["sharing"]),
        "mapShape": list(values["mapCount"]),
        "transpose": values.get("transpose", False),
        "dilationShape": list(values.get("dilation", (1,))),
        "maxTempMemSizeInSamples": values["maxTemp"],
    }
    if values.get("outputShape") not in (None, (), (0,)):
        options["dimOutputShape"] = list(values["outputShape"])
    return options


def _old_convolution(values: Values) -> Options:
    """Windows of images; each covers all channels, whose number follows from the weights."""
    channels, pad = values.get("channels", 1), int(values["pad"])
    return {
        "kernelShape": [values["kernelWidth"], values["kernelHeight"], channels],
        "strideShape": [values["strideWidth"], values["strideHeight"], channels],
        "mapShape": [values["maps"]],
        "dimPadding": [pad, pad, 0],
        "imageLayout": _layout(values["layout"]),
        "maxTempMemSizeInSamples": values["maxTemp"],
    }


def _pooling(values: Values) -> Options:
    return {
        **_windows(values),
        "poolKind": _pool(values["pool"]),
        "ceilOut": values.get("ceilOutDim", False),
        "poolIncludePad": values.get("includePad", False),
    }


def _image_pooling(values: Values) -> Options:
    return {
        "windowWidth": values["windowWidth"],
        "windowHeight": values["windowHeight"],
        "horizontalSubsample": values["strideWidth"],
        "verticalSubsample": values["strideHeight"],
        "imageLayout": _layout(values["layout"]),
    }


def _roi_pooling(values: Values) -> Options:
    return {
        "roiOutputShape": list(values["output"]),
        **({} if values.get("pool", 1) == 1 else {"poolKind": _pool(values["pool"])}),
        "spatialScale": values.get("scale", 1 / 16),
    }


def _edit_distance(values: Values) -> Options:
    return {
        "subPen": values["substitution"],
        "delPen": values["deletion"],
        "insPen": values["insertion"],
        "squashInputs": values["squash"],
        "tokensToIgnore": [token for token in values["ignore"] if token != NO_TOKEN],
    }


def _forward_backward(values: Values) -> Options:
    return {"delayConstraint": values["delay"], "blankTokenId": values["blank"]}


def _environment(values: Values) -> Options:
    return {"propertyName": values["property"]}


def _trace(values: Values) -> Options:
    return {
        "say": values["message"],
        "logFirst": values["first"],
        "logFrequency": values["frequency"],
        "logGradientToo": values["gradient"],
        "onlyUpToRow": values["rows"],
        "onlyUpToT": values["steps"],
        "format": _format(values),
    }


def _format(values: Values) -> list[str]:
    """The members of a format that are not as they are by default."""
    kind = "category" if values["category"] else "sparse" if values["sparse"] else "real"
    given = {"type": kind, "labelMappingFile": values["labels"]}
    given["transpose"] = "true" if values["transpose"] else "false"
    for name in TRACE_TEXTS:
        given[name] = str(values[name]).replace("\n", r"\n").replace("\t", r"\t")
    changed = {k: str(v) for k, v in given.items() if v != TRACE_DEFAULTS.get(k, "")}
    return [text for pair in changed.items() for text in pair]


OPTIONS: dict[str, Callable[[Values], Options]] = {
    "BatchNormalization": _batch_normalization,
    "Convolution": _convolution,
    "Crop": _crop,
    "EditDistanceError": _edit_distance,
    "EnvironmentInput": _environment,
    "ForwardBackward": _forward_backward,
    "FutureValue": _delay,
    "AveragePooling": _image_pooling,
    "LegacyReshape": _legacy_reshape,
    "MaxPooling": _image_pooling,
    "MaxUnpooling": _windows,
    "OptimizedRNNStack": _rnn_stack,
    "PastValue": _delay,
    "Pooling": _pooling,
    "QuantizedTimes": _quantized_times,
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
}
"""The options of each operation, from the fields of a file of any version."""
