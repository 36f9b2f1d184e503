"""Units of learning rate and momentum."""

from __future__ import annotations

import math

import pytest

from brainscript.runtime.train.rates import LearningRates, Momenta, float32, time_constant


def test_a_rate_per_minibatch_is_divided_by_the_configured_size_and_rounded():
    rates = LearningRates((0.2,), "minibatch")
    assert f"{rates.per_sample(0, 25):.8g}" == "0.0080000004"


def test_the_last_rate_repeats_and_knows_that_it_is_not_explicit():
    rates = LearningRates((0.002, 0.002, 0.0005), "sample")
    assert [rates.per_sample(e, 16) for e in (1, 2, 9)] == [
        float32(0.002),
        float32(0.0005),
        float32(0.0005),
    ]
    assert rates.explicit(2)
    assert not rates.explicit(3)


def test_momentum_per_minibatch_becomes_one_per_sample_of_the_single_precision_value():
    assert Momenta().per_sample(0, 20) == float32(0.9) ** (1 / 20)
    assert Momenta((0.99,), "sample").per_sample(3, 20) == float32(0.99)


def test_a_time_constant_is_rounded_to_single_precision():
    momenta = Momenta((2500.0, 0.0), "time constant")
    assert momenta.per_sample(0, 1) == float32(math.exp(-1 / 2500.0))
    assert momenta.per_sample(1, 1) == 0.0


@pytest.mark.parametrize(("momentum", "constant"), [(0.0, 0.0), (math.exp(-0.01), 100.0)])
def test_a_momentum_as_time_constant(momentum: float, constant: float):
    assert time_constant(momentum) == pytest.approx(constant)
