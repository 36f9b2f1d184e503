"""Shape rules of products of samples and of criteria with more than a label and a prediction."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from brainscript.dialects.net.shapes import (
    SCALAR,
    Inferred,
    Options,
    ShapeError,
    criterion_rule,
    infer_from,
    is_known,
    join_axes,
)
from brainscript.dialects.tensors import Shape, TensorType, shape_text


def elements(shape: Shape | None) -> int | None:
    """The number of elements, None when it is not known."""
    return prod(shape) if shape is not None and is_known(shape) else None


def each_sample_rule(inputs: Sequence[TensorType], options: Options) -> Inferred:
    """One number for each sample."""
    return Inferred(SCALAR, inputs[0].axis)


def khatri_rao_rule(inputs: Sequence[TensorType], options: Options) -> Inferred:
    """A column of all products of an element of one sample and one of the other."""
    sizes = [elements(t.shape) for t in inputs]
    axis = join_axes(inputs)
    if sizes[0] is None or sizes[1] is None:
        return Inferred(None, axis)
    return Inferred((sizes[0] * sizes[1],), axis)


def lookup_rule(inputs: Sequence[TensorType], options: Options) -> Inferred:
    """A matrix `[r x c]` and stacked columns of c elements give as many columns of r."""
    table, size, axis = inputs[0].shape, elements(inputs[1].shape), join_axes(inputs)
    if not is_known(table) or table is None or size is None:
        return Inferred(None, axis)
    if len(table) != 2 or size % table[1]:
        label = f"a table {shape_text(table)} and {shape_text(inputs[1].shape)}"
        raise ShapeError("BS0403", "the pieces do not fit the lookup table", label)
    return Inferred((table[0] * (size // table[1]),), axis)


def negative_samples_rule(inputs: Sequence[TensorType], options: Options) -> Inferred:
    """One number for the sample's own partner, then one for each of `count` others."""
    found = criterion_rule(inputs, options)
    count, shift = options["count"], options["shift"]
    assert isinstance(count, int)
    assert isinstance(shift, int)
    if count < 1 or shift < 1:
        label = f"numShifts is {shift}, numNegSamples {count}"
        raise ShapeError("BS0402", "shifts and negative samples are 1 or more", label)
    return Inferred((count + 1,), join_axes(inputs), found.operands)


def class_based_rule(inputs: Sequence[TensorType], options: Options) -> Inferred:
    """`(label [4], h [d], W [d x V], scores of the classes)`."""
    label, h, table = (t.shape for t in inputs[:3])
    if inputs[2].axis is not None:
        text = "they depend on an Input"
        raise ShapeError("BS0401", "the weights are the same for all samples", text)
    if elements(label) not in (None, 4):
        raise ShapeError("BS0401", "the label has four elements", f"it is {shape_text(label)}")
    size = elements(h)
    if table is None or size is None or len(table) != 2:
        return _of_samples(inputs, (label, h, table))
    table = (size if table[0] < 0 else table[0], table[1])
    if table[0] != size:
        text = f"{shape_text(h)} and {shape_text(table)}"
        raise ShapeError("BS0403", "the weights need one row per element of the input", text)
    return _of_samples(inputs, (label, h, table))


def _of_samples(inputs: Sequence[TensorType], operands: tuple[Shape | None, ...]) -> Inferred:
    join_axes(inputs)
    return Inferred(SCALAR, None, operands)


def contrastive_rule(inputs: Sequence[TensorType], options: Options) -> Inferred:
    """`(labels [2 k], h [d], E [d x V], bias)`: the bias has one element per word."""
    label, h, table, bias = (t.shape for t in inputs)
    pairs, size = elements(label), elements(h)
    if any(kind.axis is not None for kind in inputs[2:]):
        text = "they depend on an Input"
        raise ShapeError("BS0401", "weights and bias are the same for all samples", text)
    if pairs is not None and pairs % 2:
        text = f"it is {shape_text(label)}"
        raise ShapeError("BS0401", "the label is pairs of a word and a value", text)
    if table is not None and len(table) == 2 and size is not None:
        table = (size if table[0] < 0 else table[0], table[1])
        bias = infer_from(bias, (table[1],))
        if table[0] != size or elements(bias) not in (None, table[1]):
            text = f"{shape_text(h)}, {shape_text(table)} and {shape_text(bias)}"
            raise ShapeError("BS0403", "input, weights and bias do not fit", text)
    return _of_samples(inputs, (label, h, table, bias))


def ranking_rule(inputs: Sequence[TensorType], options: Options) -> Inferred:
    """`(gain, score, query)`: one number each for every sample."""
    for kind in inputs:
        if elements(kind.shape) not in (None, 1):
            text = f"it is {shape_text(kind.shape)}"
            raise ShapeError("BS0401", "gain, score and query are one number each", text)
    join_axes(inputs)
    return Inferred(SCALAR, None)
