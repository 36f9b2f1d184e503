"""Random numbers against published values, CNTK's recorded values and plain Python."""

from __future__ import annotations

import math

import numpy as np
import pytest

from brainscript.runtime import generators
from brainscript.runtime.generators import Generator

FLOAT_005 = float(np.float32(0.05))


def test_raw_words_are_those_of_the_standard_generator():
    assert list(Generator(1).words(3)) == [
        2469588189546311528,
        2516265689700432462,
        8323445853463659930,
    ]
    # The standard fixes the 10000th number of the default seed.
    assert int(Generator(5489).words(10000)[-1]) == 9981545732273789042


def test_uniform_golden_values():
    expected = [
        -0.03661233559874673,
        -0.03635929636338028,
        -0.0048785096155461866,
        -0.0478975771583273,
        -0.014910188621708044,
        0.04113580479111768,
    ]
    assert generators.uniform(1, 6, -0.05, 0.05).tolist() == expected


def test_normal_golden_values():
    expected = [
        -0.22770229850701265,
        -0.25937725029558445,
        -0.6128186290833155,
        -0.030246828233049857,
        -0.7377889472270557,
        1.7794682645389797,
    ]
    assert generators.normal(1, 6, 0.0, 1.0).tolist() == expected


def test_float_results_are_rounded_doubles():
    wide = generators.uniform(7, 100, -FLOAT_005, FLOAT_005)
    narrow = Generator(7).uniform(100, -FLOAT_005, FLOAT_005, "f32")
    assert narrow.dtype == np.float32
    assert np.array_equal(narrow, wide.astype(np.float32))


def reference_normal(words: list[int], count: int) -> list[float]:
    """The ziggurat in plain Python, from raw numbers."""
    x, y = generators.ziggurat()
    source = iter(words)

    def unit() -> float:
        return next(source) / 2.0**64

    def draw() -> float:
        while True:
            bits = next(source)
            sign, layer = (1 if bits & 1 else -1), (bits & 255) >> 1
            value = float((bits & ~(1 << 11)) >> 8) * 2.0**-56 * x[layer]
            if value < x[layer + 1]:
                return sign * value
            if layer == 0:
                while True:
                    a, c = -math.log(1 - unit()) / x[1], -math.log(1 - unit())
                    if 2 * c > a * a:
                        return sign * (x[1] + a)
            if y[layer] + unit() * (y[layer + 1] - y[layer]) < math.exp(-value * value / 2):
                return sign * value

    return [draw() for _ in range(count)]


def test_normal_equals_the_plain_procedure_also_in_the_tail():
    words = [int(w) for w in Generator(1).words(25000)]
    expected = reference_normal(words, 20000)
    assert generators.normal(1, 20000, 0.0, 1.0).tolist() == expected
    assert max(map(abs, expected)) > generators.ziggurat()[0][1]  # the tail was reached


def test_ziggurat_layers_have_equal_areas():
    x, y = generators.ziggurat()
    assert (len(x), len(y)) == (129, 129)
    assert (x[0], x[1]) == (3.7130862467403632609, 3.4426198558966521214)
    assert np.allclose(y[1:], np.exp(-(x[1:] ** 2) / 2), rtol=1e-15)
    areas = x[1:-1] * np.diff(y[1:])
    assert np.allclose(areas, x[0] * y[1], rtol=1e-13)


def test_truncated_normal_stays_within_two_sigma():
    values = generators.truncated_normal(3, 5000, 1.0, 0.5)
    assert values.min() >= 0.0
    assert values.max() <= 2.0
    plain = generators.normal(3, 5300, 1.0, 0.5)
    assert np.array_equal(values, plain[(plain >= 0) & (plain <= 2)][:5000])


def test_empty_ranges_do_not_hang():
    assert generators.uniform(1, 2, 1.0, 1.0).tolist() == [1.0, 1.0]
    assert generators.truncated_normal(1, 2, 1.0, 0.0).tolist() == [1.0, 1.0]
    assert generators.uniform(1, 0, 0.0, 1.0).size == 0


def test_state_goes_on_where_it_was():
    whole = Generator(9).uniform(1000, 0.0, 1.0)
    first = Generator(9)
    head = first.uniform(700, 0.0, 1.0)
    second = Generator(0)
    second.state[:] = first.state
    assert np.array_equal(np.concatenate([head, second.uniform(300, 0.0, 1.0)]), whole)


@pytest.mark.parametrize("seed", [0, 2**64 - 1, -1])
def test_extreme_seeds(seed: int):
    assert len(set(Generator(seed).words(1000).tolist())) == 1000
