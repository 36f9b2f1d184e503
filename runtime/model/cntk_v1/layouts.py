"""The fields that each node type writes after its name, for every version of the format."""

from __future__ import annotations

from collections.abc import Callable

from brainscript.runtime.model.cntk_v1.fields import Fields
from brainscript.stored_graph import TRACE_TEXTS

FIRST_VERSION, WRITTEN_VERSION, LAST_VERSION = 1, 28, 31
Layout = Callable[[Fields], None]


def parameter(f: Fields) -> None:
    """From version 3 on: multiplier, shape, matrix; before, rows and columns or an image shape."""
    if f.version >= 3:
        f.number("multiplier", "float")
        f.shape("shape")
    else:
        f.number("updates", "bool")
        rows, _ = f.number("rows", "size"), f.number("cols", "size")
        if rows == 0:
            f.shape("shape", legacy=True)
    f.matrix("matrix")


def input_value(f: Fields) -> None:
    """Rows and columns of old files, the shape, the dynamic axis, a multiplier."""
    f.number("rows", "size")
    f.number("cols", "size")
    f.shape("shape", legacy=True)
    if f.version >= 8 and f.number("axes", "uint") == 1:
        f.text("axis")
    if f.version >= 10:
        f.number("multiplier", "float")


def statistic(f: Fields) -> None:
    """`Mean`, `InvStdDev`."""
    f.number("computed", "bool")
    f.matrix("matrix")


def times(f: Fields) -> None:
    """`Times`, `TransposeTimes`."""
    if f.version >= 3:
        f.number("outputRank", "size")
    if f.version >= 12:
        f.number("inferInputRankToMap", "int")


def quantized_times(f: Fields) -> None:
    """`QuantizedTimes`."""
    times(f)
    f.number("bitShiftA", "size")
    f.number("bitShiftB", "size")


def transpose_dimensions(f: Fields) -> None:
    """Two axes from 1, or from version 25 on 0, 0 and a permutation from 0."""
    if f.version < 3:
        return
    axes = f.number("axis1", "int"), f.number("axis2", "int")
    if f.version >= 25 and axes == (0, 0):
        f.sizes("permutation")


def slices(f: Fields) -> None:
    """Begin, length, axis and stride of each sliced axis."""
    count = f.number("count", "int") if f.version >= 22 else 1
    for i in range(_few(f, count)):
        f.number(f"begin{i}", "ssize")
        f.number(f"length{i}", "ssize")
        if f.version >= 3:
            f.number(f"axis{i}", "int")
        if f.version >= 27:
            f.number(f"stride{i}", "int")


def row_stack(f: Fields) -> None:
    """`RowStack`."""
    if f.version >= 3:
        f.number("axis", "int")


def row_repeat(f: Fields) -> None:
    """`RowRepeat`."""
    f.number("repeats", "size")


def reshape(f: Fields) -> None:
    """`Reshape`."""
    f.number("beginAxis", "int")
    f.number("endAxis", "int")
    f.shape("shape")


def legacy_reshape(f: Fields) -> None:
    """`LegacyReshape`."""
    f.number("rows", "size")
    f.shape("image", legacy=True)


def reduce_elements(f: Fields) -> None:
    """`ReduceElements`."""
    count = f.number("count", "int") if f.version >= 27 else 1
    for i in range(_few(f, count)):
        f.number(f"axis{i}", "int")
    f.text("operation")
    if f.version >= 24:
        f.number("keep", "bool")


def where(f: Fields) -> None:
    """`Where`."""
    if f.version >= 11:
        f.text("axis")


def crop(f: Fields) -> None:
    """`Crop`."""
    f.number("xOffset", "double")
    f.number("yOffset", "double")


def delay(f: Fields) -> None:
    """`PastValue`, `FutureValue`."""
    f.number("timeStep", "int")
    if f.version >= 4:
        f.shape("shape")
    else:
        f.number("rows", "size")
        f.number("cols", "size")
    if f.version >= 2:
        f.number("initial", "element")


def rnn_stack(f: Fields) -> None:
    """`OptimizedRNNStack`."""
    for name in ("bidirectional", "layers", "hidden"):
        f.number(name, "size")
    f.text("kind")
    if f.version >= 14:
        f.number("axis", "int")


def random_state(f: Fields) -> None:
    """Seed and offset of a random generator."""
    if f.version >= 16:
        f.number("seed", "seed")
        f.number("offset", "size")


def random_sample(f: Fields) -> None:
    """`RandomSample`, `RandomSampleInclusionFrequency`."""
    f.number("duplicates", "bool")
    f.number("count", "size")
    random_state(f)


def batch_normalization(f: Fields) -> None:
    """`BatchNormalization`; before version 6 it had a version scheme of its own."""
    if f.version < 6:
        _early_batch_normalization(f)
        return
    f.number("spatial", "bool")
    f.number("normTime", "double")
    f.number("blendTime", "double")
    f.number("layout", "int")
    if f.version == 19:
        f.number("runCountIsZero", "bool")
    else:
        f.number("runCount", "size")
    f.number("epsilon", "double")
    f.number("cntkEngine", "bool")


def _early_batch_normalization(f: Fields) -> None:
    written = f.number("written", "int")
    f.number("readable", "int")
    f.number("evaluating", "bool")
    f.number("spatial", "bool")
    f.number("normTime" if written >= 0x10004 else "average", "double")
    if written >= 0x10002:
        f.number("layout", "int")
        f.number("minibatches", "size")
    if written >= 0x10003:
        f.number("epsilon", "double")
        f.number("cntkEngine", "bool")


def pooling(f: Fields) -> None:
    """What all of the convolution family share from version 5 on."""
    f.shape("kernel")
    f.shape("mapCount")
    f.shape("stride")
    f.flags("sharing")
    f.flags("autoPad")
    f.shape("lowerPad")
    f.shape("upperPad")
    f.number("pool", "int")
    f.number("layout", "int")
    f.number("maxTemp", "size")
    if f.version >= 9:
        f.number("transpose", "bool")
    if f.version >= 20:
        f.shape("outputShape")
    if f.version >= 21:
        f.number("ceilOutDim", "bool")
    if f.version >= 23:
        f.number("includePad", "bool")


def convolution(f: Fields) -> None:
    """`Convolution`; before version 5 in two dimensions only."""
    if f.version >= 5:
        pooling(f)
        f.number("is2D", "bool")
        if f.version >= 18:
            f.shape("dilation")
        return
    for name in ("kernelWidth", "kernelHeight", "strideWidth", "strideHeight"):
        f.number(name, "size")
    f.number("maps", "uint")
    f.number("layout", "uint")
    f.number("pad", "bool")
    f.number("maxTemp", "size")


def image_pooling(f: Fields) -> None:
    """`MaxPooling`, `AveragePooling`."""
    f.number("windowWidth", "uint")
    f.number("layout", "uint")
    for name in ("windowHeight", "strideWidth", "strideHeight"):
        f.number(name, "size")


def roi_pooling(f: Fields) -> None:
    """`ROIPooling`."""
    f.shape("output")
    if f.version >= 26:
        f.number("pool", "int")
        f.number("scale", "double")


def edit_distance(f: Fields) -> None:
    """`EditDistanceError`."""
    for name in ("substitution", "deletion", "insertion"):
        f.number(name, "float")
    f.number("squash", "bool")
    f.sizes("ignore")


def forward_backward(f: Fields) -> None:
    """`ForwardBackward`."""
    f.number("delay", "int")
    f.number("blank", "size")


def noise_contrastive(f: Fields) -> None:
    """`NCEBasedCrossEntropyWithSoftmax`; files before the mode was stored have none."""
    if f.number("mode", "int") > 2:
        f.values["mode"] = 2
        f.back(4)


def environment(f: Fields) -> None:
    """`EnvironmentInput`."""
    f.text("property")


def trace(f: Fields) -> None:
    """`Trace`."""
    f.text("message")
    f.number("first", "size")
    f.number("frequency", "size")
    f.number("gradient", "bool")
    f.number("category", "bool")
    f.text("labels")
    f.number("sparse", "bool")
    f.number("transpose", "bool")
    for name in TRACE_TEXTS:
        f.bytes_text(name)
    f.number("rows", "size")
    f.number("steps", "size")


TRACE_DEFAULTS = {
    "type": "real",
    "transpose": "true",
    "sequenceEpilogue": r"\n",
    "elementSeparator": " ",
    "sampleSeparator": r"\n",
}
"""The members of a format that are no empty text by default."""


def lattice(f: Fields) -> None:
    """`LatticeSequenceWithSoftmax`."""
    for name in ("symbols", "phones", "states", "transitions", "lattice"):
        f.text(name)
    for name in ("frameDrop", "smoothing", "amf", "lmf", "wp", "factor"):
        f.number(name, "double")
    f.number("usesMBR", "bool")
    f.number("realign", "bool")


def _few(f: Fields, count: int) -> int:
    """A number of axes; more than any tensor has is taken as a sign of damage."""
    if not 0 <= count <= 64:
        raise ValueError(f"{count} axes")
    return count


LAYOUTS: dict[str, Layout] = {
    "LearnableParameter": parameter,
    "InputValue": input_value,
    "SparseInputValue": input_value,
    "Mean": statistic,
    "InvStdDev": statistic,
    "Times": times,
    "TransposeTimes": times,
    "QuantizedTimes": quantized_times,
    "TransposeDimensions": transpose_dimensions,
    "Transpose": transpose_dimensions,
    "Slice": slices,
    "RowSlice": slices,
    "RowStack": row_stack,
    "RowRepeat": row_repeat,
    "Reshape": reshape,
    "LegacyReshape": legacy_reshape,
    "ReduceElements": reduce_elements,
    "Where": where,
    "Crop": crop,
    "PastValue": delay,
    "FutureValue": delay,
    "Delay": delay,
    "OptimizedRNNStack": rnn_stack,
    "RNN": rnn_stack,
    "Dropout": random_state,
    "RandomSample": random_sample,
    "RandomSampleInclusionFrequency": random_sample,
    "BatchNormalization": batch_normalization,
    "Convolution": convolution,
    "Pooling": pooling,
    "MaxUnpooling": pooling,
    "MaxPooling": image_pooling,
    "AveragePooling": image_pooling,
    "ROIPooling": roi_pooling,
    "EditDistanceError": edit_distance,
    "ForwardBackward": forward_backward,
    "NCEBasedCrossEntropyWithSoftmax": noise_contrastive,
    "EnvironmentInput": environment,
    "Trace": trace,
    "LatticeSequenceWithSoftmax": lattice,
}
"""Node types that are not listed write no fields."""
