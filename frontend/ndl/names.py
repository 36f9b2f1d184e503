"""The names that NDL knows: functions with their other spellings, lists of nodes, tags."""

from __future__ import annotations

from brainscript.frontend.building.unsupported import REFUSED

SAME = frozenset(
    """
    Abs Acos Asin ClassBasedCrossEntropyWithSoftmax ClassificationError Clip CosDistance Cosh
    Cosine CrossEntropy CrossEntropyWithSoftmax DiagTimes Diagonal Dropout DummyCriterion
    EditDistanceError ElementTimes EpochAccumulator Equal Exp Floor ForwardBackward
    Greater GreaterEqual Hardmax If InvStdDev KhatriRaoProduct LabelsToGraph Less LessEqual Log
    LogPlus LogSoftmax Logistic LookupTable MatrixL1Reg MatrixL2Reg Mean Minus Negate NotEqual
    Pass PerDimMeanVarDeNormalization PerDimMeanVarNormalization Plus ROIPooling Reciprocal
    ReconcileDynamicAxis RectifiedLinear RowStack SequenceWithSoftmax Sigmoid Sin Sinh Softmax
    Sqrt SquareError SumColumnElements SumElements Tanh Times TransposeTimes
    """.split()
)
"""Functions whose positional arguments are the inputs of the operation of that name."""

SPECIAL = (
    "InputValue",
    "SparseInputValue",
    "ImageInput",
    "SparseImageInput",
    "LearnableParameter",
    "ImageParameter",
    "Constant",
    "CosDistanceWithNegativeSamples",
    "RowSlice",
    "RowRepeat",
    "Reshape",
    "PastValue",
    "FutureValue",
    "Convolution",
    "Pooling",
    "MaxUnpooling",
    "MaxPooling",
    "AveragePooling",
    "BatchNormalization",
    "Crop",
    "Transpose",
)
"""Functions with arguments of their own."""

INPUTS = SPECIAL[:4]
"""Those that take data from a reader."""

ALIASES: dict[str, str] = {
    "CBCEWithSM": "ClassBasedCrossEntropyWithSoftmax",
    "CEWithSM": "CrossEntropyWithSoftmax",
    "ColumnElementTimes": "ElementTimes",
    "ColumnwiseCrossProduct": "KhatriRaoProduct",
    "Const": "Constant",
    "Convolve": "Convolution",
    "Cos": "Cosine",
    "CosDist": "CosDistance",
    "CosWithNegSamples": "CosDistanceWithNegativeSamples",
    "Delay": "PastValue",
    "ErrorPrediction": "ClassificationError",
    "Image": "ImageInput",
    "Input": "InputValue",
    "L1Reg": "MatrixL1Reg",
    "L2Reg": "MatrixL2Reg",
    "Parameter": "LearnableParameter",
    "PerDimMVDeNorm": "PerDimMeanVarDeNormalization",
    "PerDimMVNorm": "PerDimMeanVarNormalization",
    "ReLU": "RectifiedLinear",
    "RowElementTimes": "ElementTimes",
    "SE": "SquareError",
    "SEWithSM": "SequenceWithSoftmax",
    "Scale": "ElementTimes",
    "SparseImage": "SparseImageInput",
    "SparseInput": "SparseInputValue",
}
"""Other spellings of functions."""

FUNCTIONS = (*sorted(SAME), *SPECIAL, *ALIASES)
_REFUSED = {name.lower(): why for name, why in REFUSED.items()}
_REFUSED["gmmll"] = REFUSED["GMMLogLikelihood"]
_BY_LOWER = {name.lower(): ALIASES.get(name, name) for name in FUNCTIONS}

LISTS: dict[str, str] = {
    "featurenodes": "feature",
    "labelnodes": "label",
    "criterionnodes": "criterion",
    "criterianodes": "criterion",
    "evalnodes": "evaluation",
    "outputnodes": "output",
}
"""Lists of nodes by lower-case name, and the group that each one fills."""

GROUPS = ("feature", "label", "criterion", "evaluation", "output")


def function_name(name: str) -> str | None:
    """The name that a function has in this module, for any spelling; None when there is none."""
    return _BY_LOWER.get(name.lower())


def why_refused(name: str) -> str:
    """Why a function that CNTK once had is not offered, for any spelling; else an empty text."""
    return _REFUSED.get(name.lower(), "")


def group_of(tag: str) -> str | None:
    """The group that a tag in lower case means; "" for one that means none, None if unknown."""
    if tag.startswith("eval"):
        return "evaluation"
    if tag == "criteria":
        return "criterion"
    if tag == "multiseq":
        return ""
    return tag if tag in GROUPS else None
