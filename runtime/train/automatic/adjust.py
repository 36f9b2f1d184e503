"""The block `AutoAdjust`, and control of the rate after an epoch (`adjustAfterEpoch`)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from brainscript.diagnostic import BrainScriptError, Diagnostic, did_you_mean
from brainscript.settings import Settings

MODES = {
    "none": "none",
    "adjustafterepoch": "after",
    "after": "after",
    "afterepoch": "after",
    "searchbeforeepoch": "search",
    "before": "search",
    "beforeepoch": "search",
}
Change = Literal["", "reduced", "increased"]


@dataclass(frozen=True)
class AdjustOptions:
    """The block `AutoAdjust`."""

    mode: str = "none"
    reduce_below: float = 0.0
    increase_above: float = math.inf
    decrease: float = 0.618
    increase: float = 1.382
    interval: int = 1
    continue_reduce: bool = False
    load_best: bool = True
    use_validation: bool = True
    use_metric: bool = False
    earlier_rates: int = 5
    detailed_epochs: int = 1
    samples: tuple[int, ...] = ()
    tune_size: bool = False
    tuning_interval: int = 1
    largest_size: int = 1048576
    margin: float = 1.0

    def trial_samples(self, epoch: int, minibatch: int) -> int:
        """The samples of a trial in an epoch (0-based)."""
        return self.samples[min(epoch, len(self.samples) - 1)] if self.samples else 500 * minibatch


@dataclass(frozen=True)
class Decision:
    """What to do after an epoch: the factor for the rate, whether to go back, whether to stop."""

    factor: float = 1.0
    change: Change = ""
    rollback: bool = False
    stop: bool = False


class Control:
    """Follows the control criterion over the intervals of a run."""

    def __init__(self, options: AdjustOptions, start_epoch: int, previous: float = math.inf):
        self.options = options
        self.previous = previous
        self.average = 0.0
        self.reducing = False
        self._uncounted = start_epoch % options.interval

    def after_epoch(self, epoch: int, criterion: float, explicit_next: bool) -> Decision:
        """Take in the criterion of an epoch and decide.

        `explicit_next` says that the config itself still gives the rate of this epoch: then the
        control only watches.
        """
        done = epoch % self.options.interval + 1
        counted = done - self._uncounted
        before = (counted - 1) * self.average if counted > 1 else 0.0
        self.average = (before + criterion) / counted
        if done != self.options.interval:
            return Decision()
        average, self._uncounted = self.average, 0
        decision = Decision()
        if self.options.mode == "after" and not explicit_next:
            decision = self._decide(average)
        if not decision.rollback:
            self.previous = average
        return decision

    def _decide(self, average: float) -> Decision:
        o, previous = self.options, self.previous
        bad = math.isnan(average)
        known = not math.isinf(previous)
        worse = bad or (known and average > previous)
        rollback = worse and o.load_best
        gain = previous - average
        short = bad or (known and gain <= o.reduce_below * previous)
        if o.continue_reduce:
            if short and self.reducing:
                return Decision(stop=True)
            self.reducing = self.reducing or short
            short = self.reducing
        if short:
            return Decision(o.decrease, "reduced", rollback)
        if not o.continue_reduce and known and gain > o.increase_above * previous:
            return Decision(o.increase, "increased", rollback)
        return Decision(rollback=rollback)


def read_adjust(sgd: Settings) -> AdjustOptions:
    """The options of the block `AutoAdjust` (or of its keys in the SGD section)."""
    block = sgd.find_section("AutoAdjust") or sgd
    asked = block.text("autoAdjustLR", "none")
    mode = MODES.get(asked.lower())
    if mode is None:
        help = did_you_mean(asked, ("none", "adjustAfterEpoch", "searchBeforeEpoch"))
        raise _error("BS0705", block, "autoAdjustLR", f"autoAdjustLR '{asked}' is not known", help)
    return AdjustOptions(
        mode=mode,
        reduce_below=block.number("reduceLearnRateIfImproveLessThan", 0.0),
        increase_above=block.number("increaseLearnRateIfImproveMoreThan", math.inf),
        decrease=block.number("learnRateDecreaseFactor", 0.618),
        increase=block.number("learnRateIncreaseFactor", 1.382),
        interval=_least_one(block, "learnRateAdjustInterval", 1),
        continue_reduce=block.boolean("continueReduce", False),
        load_best=block.boolean("loadBestModel", True),
        use_validation=block.boolean("useCVSetControlLRIfCVExists", True),
        use_metric=block.boolean("useEvalCriterionControlLR", False),
        earlier_rates=_least_one(block, "numPrevLearnRates", 5),
        detailed_epochs=block.integer("numBestSearchEpoch", 1),
        samples=_trial_samples(block),
        tune_size=block.boolean("autoAdjustMinibatch", False),
        tuning_interval=_least_one(block, "minibatchSizeTuningFrequency", 1),
        largest_size=_least_one(block, "minibatchSizeTuningMax", 1048576),
        margin=block.number("minibatchSearchCriterionErrorMargin", 1.0),
    )


def _least_one(block: Settings, key: str, default: int) -> int:
    """A whole number of 1 or more."""
    value = block.integer(key, default)
    if value < 1:
        title = f"{key} = {value}: the value must be 1 or more"
        raise _error("BS0705", block, key, title, "")
    return value


def _trial_samples(block: Settings) -> tuple[int, ...]:
    """The samples of trials, an entry an epoch; the older key counts minibatches."""
    if block.has("numSamples4Search"):
        key, factors = "numSamples4Search", (1,)
    elif block.has("numMiniBatch4LRSearch"):
        key, factors = "numMiniBatch4LRSearch", block.integers("minibatchSize", 256).values
    else:
        return ()
    given = block.integers(key).values
    if any(value < 1 for value in given):
        raise _error("BS0705", block, key, f"{key}: the values must be 1 or more", "")
    last = len(factors) - 1
    count = max(len(given), len(factors))
    return tuple(given[min(i, len(given) - 1)] * factors[min(i, last)] for i in range(count))


def _error(code: str, block: Settings, key: str, title: str, help: str) -> BrainScriptError:
    return BrainScriptError(Diagnostic(code, title, block.span_of(key), help=help))
