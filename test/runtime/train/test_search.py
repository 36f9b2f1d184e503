"""Rates and sizes by trials: which are tried, which is taken."""

from __future__ import annotations

import io
import math
from collections.abc import Callable

import pytest

from brainscript.runtime.train.automatic import search
from brainscript.runtime.train.automatic.adjust import AdjustOptions
from brainscript.runtime.train.automatic.gradient_check import tolerance
from brainscript.runtime.train.log import Log


class Trials:
    """Records what is tried; the criterion is a function of rate and size."""

    def __init__(self, criterion: Callable[[float, int], float]):
        self.criterion = criterion
        self.tried: list[float] = []

    def __call__(self, label: str, rate: float, size: int) -> float:
        self.tried.append(rate if label != "AdaptiveMinibatchSearch" else size)
        return self.criterion(rate, size)


def constant(value: float) -> Callable[[float, int], float]:
    def criterion(rate: float, size: int) -> float:
        return value

    return criterion


def test_the_first_candidate_is_above_the_best_rate_so_far():
    assert search.first_candidate(30, ()) == pytest.approx(0.125 / 0.618 / math.sqrt(30))
    assert search.first_candidate(30, (0.1, 0.3, 0.2)) == pytest.approx(0.3 / 0.618**2)


def test_the_criterion_to_reach_lies_between_no_training_and_the_epoch_before():
    assert search.base_criterion(1.0, 2.0, 0.25) == 1.5
    assert search.base_criterion(1.0, 0.5, 0.25) == 1.0
    assert search.base_criterion(1.0, 2.0, 0.0) == pytest.approx(1.3)


def test_a_rate_falls_until_its_trial_is_good_enough():
    trials = Trials(lambda rate, _: math.nan if rate > 0.5 else rate)
    rate = search.best_rate(trials, 10, 1.0, 0.2, 1e-9, both_sides=False)
    assert trials.tried == pytest.approx([0.618, 0.618**2, 0.618**3, 0.618**4])
    assert rate == trials.tried[-1]


def test_a_rate_does_not_fall_for_ever():
    assert search.best_rate(Trials(constant(9.0)), 10, 1.0, 0.2, 0.3, both_sides=False) > 0.1
    assert search.best_rate(Trials(constant(math.nan)), 10, 1.0, 0.2, 0.3, both_sides=False) > 0
    for least in (0.0, -1.0):
        trials = Trials(constant(math.nan))
        assert search.best_rate(trials, 10, 1.0, 0.2, least, both_sides=False) < 1e-29


def test_a_search_from_both_sides_ends_near_the_best_rate():
    trials = Trials(lambda rate, _: abs(math.log(rate / 0.03)))
    rate = search.best_rate(trials, 10, 1.0, 9.0, 1e-9, both_sides=True)
    assert 0.03 / 1.7 < rate < 0.03 * 1.7


def test_sizes_grow_by_the_root_of_two_in_multiples_of_64():
    assert search.sizes((32, 256)) == [64, 128, 192, 256]
    assert search.sizes((128, 256)) == [128, 192, 256]
    assert search.sizes((300, 200)) == []


def test_bounds_of_sizes_follow_rate_and_earlier_choice():
    options = AdjustOptions(largest_size=1000)
    assert search.size_bounds(options, 32, 1.0, 0) == (32, 1000)
    assert search.size_bounds(options, 32, 0.25, 0) == (64, 1000)
    assert search.size_bounds(options, 32, 1.0, 256) == (128, 512)
    assert search.size_bounds(options, 32, 1e9, 0) == (1, 1000)
    assert search.size_bounds(options, 32, 0.0, 0) == (32, 1000)


def test_the_largest_size_within_the_margin_is_taken():
    options, log = AdjustOptions(margin=10), Log(io.StringIO())
    trials = Trials(lambda _, size: 1.0 if size < 192 else 2.0)
    assert search.best_size(trials, options, 0.1, (64, 512), log) == 128
    assert trials.tried == [64, 128, 192]
    assert search.best_size(trials, options, 0.1, (300, 200), log) == 200


def test_the_tolerance_of_a_gradient_keeps_its_figures():
    assert tolerance(0.5, 6) == 1e-6
    assert tolerance(123.0, 6) == 1e-3
    assert tolerance(0.0, 4) == 1e-4
