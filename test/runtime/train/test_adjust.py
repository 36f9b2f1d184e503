"""Control of the learning rate after an epoch."""

from __future__ import annotations

from brainscript.runtime.train.automatic.adjust import AdjustOptions, Control, Decision

AFTER = AdjustOptions(mode="after", reduce_below=0.3, increase_above=0.8, load_best=False)


def test_no_decision_while_the_config_gives_the_rates():
    control = Control(AFTER, 0)
    assert control.after_epoch(0, 1.0, True) == Decision()
    assert control.previous == 1.0


def test_too_small_a_gain_reduces_and_a_large_one_increases():
    control = Control(AFTER, 1, previous=1.0)
    assert control.after_epoch(1, 0.9, False).change == "reduced"
    assert control.after_epoch(2, 0.5, False).change == ""
    assert control.after_epoch(3, 0.05, False).change == "increased"


def test_a_worse_epoch_is_rolled_back_and_does_not_become_the_reference():
    control = Control(AdjustOptions(mode="after"), 1, previous=1.0)
    decision = control.after_epoch(1, 2.0, False)
    assert decision == Decision(0.618, "reduced", rollback=True)
    assert control.previous == 1.0
    assert control.after_epoch(1, float("nan"), False).rollback


def test_decisions_come_at_the_end_of_an_interval_on_its_mean():
    options = AdjustOptions(mode="after", interval=2, reduce_below=0.5, load_best=False)
    control = Control(options, 2, previous=1.0)
    assert control.after_epoch(2, 0.1, False) == Decision()
    assert control.after_epoch(3, 0.3, False) == Decision()
    assert control.previous == 0.2
    assert control.after_epoch(4, 0.19, False) == Decision()
    assert control.after_epoch(5, 0.19, False).change == "reduced"


def test_continuous_reduction_stops_at_the_second_short_interval():
    options = AdjustOptions(mode="after", continue_reduce=True, load_best=False, reduce_below=0.1)
    control = Control(options, 0, previous=1.0)
    assert control.after_epoch(0, 0.99, False).change == "reduced"
    assert control.after_epoch(1, 0.5, False).change == "reduced"
    assert control.after_epoch(2, 0.49, False).stop


def test_an_epoch_that_is_no_number_is_forgotten_once_it_is_rolled_back():
    control = Control(AdjustOptions(mode="after", interval=2), 2, previous=1.0)
    control.after_epoch(2, float("nan"), False)
    assert control.after_epoch(3, 0.5, False).rollback
    control.after_epoch(2, 0.6, False)
    assert control.after_epoch(3, 0.5, False) == Decision()
    assert control.previous == 0.55
