"""Names of CNTK's library and operations that are refused, each with the reason.

The page `docs/refused.md` lists the same.
"""

from __future__ import annotations

PYTHON_ONLY = "only CNTK's Python library makes it"
LATTICES = "it needs lattices of speech tools; ForwardBackward needs none"

REFUSED: dict[str, str] = {
    "Assign": PYTHON_ONLY,
    "CRF": "CNTK 2 has no such node any more",
    "ExponentialLinearUnit": PYTHON_ONLY,
    "GMMLogLikelihood": "CNTK 2 has no such node any more",
    "LatticeSequenceWithSoftmax": LATTICES,
    "OneHot": PYTHON_ONLY,
    "OutputMultiplexer": PYTHON_ONLY,
    "Padding": PYTHON_ONLY,
    "ParallelSequence": "Parallel is its successor",
    "Pow": PYTHON_ONLY,
    "QuantizedTimes": "CNTK's function cannot make the node; Times is exact",
    "SequenceDecoder": "CNTK 2 has no such node any more",
    "SequenceWithSoftmax": LATTICES,
    "Shift": "CNTK 2 has no such node any more; PastValue and FutureValue shift",
    "TimeReverse": "CNTK 2 has no such node; FutureValue runs backwards",
    "ToBatchAxis": PYTHON_ONLY,
    "ToSequence": PYTHON_ONLY,
    "ToSequenceLike": PYTHON_ONLY,
    "UnpackBatchAxis": PYTHON_ONLY,
    "UnpackSequence": PYTHON_ONLY,
}
"""Functions, namespaces and operations; a program may define any of the names itself."""

OTHER_NAMES: dict[str, str] = {
    "BatchNorm": "BatchNormalizationLayer",
    "CBCEWithSM": "ClassBasedCrossEntropyWithSoftmax",
    "CEWithSM": "CrossEntropyWithSoftmax",
    "Concat": "Splice",
    "Conv2D": "ConvolutionalLayer",
    "Convolution2D": "ConvolutionalLayer",
    "GRU": "BS.RNNs.RecurrentGRU",
    "LSTM": "RecurrentLSTMLayer",
    "MaxPool": "MaxPoolingLayer",
    "MSE": "SquareError",
    "SE": "SquareError",
    "concat": "Splice",
    "cross_entropy": "CrossEntropyWithSoftmax",
    "hstack": "Splice",
    "last": "BS.Sequences.Last",
    "first": "BS.Sequences.First",
    "null": "None",
    "print": "Print",
    "range": "array [0 .. n - 1] (i => ...)",
    "True": "true",
    "False": "false",
}
"""What NDL, CNTK's Python library and other languages call a function, and its name here."""
