"""The words of a class: classes of any size, labels that are wrong, all threads, sequences."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from brainscript.dialects.tensors import type_of
from test.numeric.networks import parse_network, run_passes
from test.numeric.sequences import check
from test.passes.lower.rows_harness import (
    Array,
    aligned,
    kernel_text,
    lowered,
    parse_kernel,
    tensor,
)

CUTS = (0, 1, 6, 23, 24, 64)
"""Where the classes of the vocabulary begin: of 1, 5, 17, 1 and 40 words."""
WORDS, SAMPLES = CUTS[-1], 13


class Sketch:
    """A table, samples and labels; `inside` marks the words of the class of each sample."""

    def __init__(self, size: int, element: str):
        random = np.random.default_rng(size)
        kind = np.float32 if element == "f32" else np.float64
        self.size, self.element = size, element
        self.table = aligned(random.standard_normal((WORDS, size)).astype(kind))
        self.x = aligned(random.standard_normal((SAMPLES, size)).astype(kind))
        word = random.integers(0, WORDS, SAMPLES)
        group = np.searchsorted(CUTS, word, "right") - 1
        cuts = np.array(CUTS)
        label = np.stack([word, group, cuts[group], cuts[group + 1]], axis=1)
        label[3] = (5, 0, 9, 9)
        label[4] = (70, 0, 60, 99)
        label[5] = (-3, 0, -7, 2)
        self.label = aligned(label.astype(kind))
        number, first, end = np.arange(WORDS), label[:, 2:3], label[:, 3:4]
        self.inside = (number >= first) & (number < end)
        self.own = self.inside & (number == label[:, 0:1])
        self.scores = np.where(self.inside, self.x @ self.table.T, np.nan).astype(kind)

    def softmax(self) -> Array:
        """Over the words of each class."""
        powers = np.where(self.inside, np.exp(self.scores.astype(np.float64)), 0)
        return powers / np.maximum(powers.sum(axis=1, keepdims=True), 1e-300)

    def kinds(self, name: str) -> list[str]:
        """The types of the operands of an operation."""
        e, n = self.element, self.size
        table, x = tensor((n, WORDS), e, axis=False), tensor((n,), e)
        label, words = tensor((4,), e), tensor((WORDS,), e)
        return {
            "class_scores": [table, x, label],
            "class_log": [words, label],
            "class_slope": [words, label],
            "class_sums": [table, words, label],
            "class_gradient": [x, words, label],
        }[name]

    def run(self, name: str, result: str, operands: list[Array], threads: int) -> Array:
        """What the kernel of an operation writes."""
        names = ", ".join(f"%{i}" for i in range(len(operands)))
        lines = [f"%r = net.{name} {names} : {result}"]
        kernel = parse_kernel(kernel_text("sparse", self.kinds(name), lines, [("r", result)]))
        kind = type_of(kernel.outputs[0])
        columns = 1 if kind.axis is None else SAMPLES
        out = aligned(np.full((columns, kind.elements), np.nan, self.x.dtype))
        lowered(kernel).run([*operands, out], SAMPLES, threads)
        return out


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize(("size", "element"), [(3, "f32"), (37, "f32"), (16, "f64"), (41, "f64")])
def test_words_of_a_class(size: int, element: str, threads: int) -> None:
    s = Sketch(size, element)
    close: dict[str, Any] = {"rtol": 2e-5 if element == "f32" else 1e-12, "atol": 2e-5}
    words, x = tensor((WORDS,), element), tensor((size,), element)
    scores = s.run("class_scores", words, [s.table, s.x, s.label], threads)
    np.testing.assert_allclose(scores, s.scores, **close)
    slope = s.run("class_slope", words, [scores, s.label], threads)
    want = np.where(s.inside, s.softmax() - s.own, np.nan)
    np.testing.assert_allclose(slope, want, **close)
    value = s.run("class_log", tensor((1,), element), [scores, s.label], threads)[:, 0]
    chance = (s.softmax() * s.own).sum(axis=1)
    known = s.own.any(axis=1)
    assert 0 < known.sum() < SAMPLES
    np.testing.assert_allclose(value[known], np.log(chance[known]), **close)
    assert np.all(value[~known] == s.x.dtype.type(-1e30))
    slopes = np.nan_to_num(want)
    sums = s.run("class_sums", x, [s.table, slope, s.label], threads)
    np.testing.assert_allclose(sums, slopes @ s.table, **close)
    table = tensor((size, WORDS), element, axis=False)
    moved = s.run("class_gradient", table, [s.x, slope, s.label], threads)
    np.testing.assert_allclose(moved.reshape(WORDS, size), slopes.T @ s.x, **close)


RAGGED = """
%label = net.input "label" : S[4]
%x = net.input "x" : S[3]
%z = net.input "z" : S[5]
%w = net.read @W : T[3 x 64]
%last = net.sequence_slice %x {begin = -1} : !net.t<*, f64>
%h = net.reconcile_dynamic_axis %last, %x : !net.t<*, f64>
%r = net.class_based_cross_entropy_with_softmax %label, %h, %w, %z {node = "r"} : T[1]
net.roots output(%r)
"""


@pytest.mark.parametrize("lengths", [[3, 1, 4, 2], [1], [5, 5]], ids=str)
def test_sequences_of_unequal_length(lengths: list[int]) -> None:
    symbol = 'net.parameter @W : T[3 x 64] {init = "constant", value = 0.0}'
    module = parse_network(RAGGED, symbol, "double")
    run_passes(module, "net-infer-shapes", "net-settle-axes")
    group = np.random.default_rng(4).integers(0, 5, sum(lengths))
    first, end = np.array(CUTS)[group], np.array(CUTS)[group + 1]
    label = np.stack([end - 1, group, first, end]).astype(float)
    check(module, {"*": lengths}, 1e-12, {"label": label})
