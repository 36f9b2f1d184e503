"""The SGD section as data: read once, checked, every value in the unit the loop uses."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from brainscript.diagnostic import BrainScriptError, Diagnostic, did_you_mean
from brainscript.runtime.network import UpdateRule
from brainscript.runtime.train.adjust import AdjustOptions, read_adjust
from brainscript.runtime.train.keys import check_keys, refused
from brainscript.runtime.train.rates import LearningRates, Momenta, MomentumUnit, at
from brainscript.settings import Settings

RULES = {"": "sgd", "none": "sgd", "normal": "sgd", "simple": "sgd"}
"""`gradUpdateType` in lower case -> name of the update rule."""
KNOWN_RULES = ("none", "normal", "simple", "adagrad", "rmsProp", "fsAdagrad", "adam")
MOMENTUM_KEYS: dict[str, MomentumUnit] = {
    "momentumPerMB": "minibatch",
    "momentumPerSample": "sample",
    "momentumAsTimeConstant": "time constant",
}


@dataclass(frozen=True)
class Options:
    """What an SGD section asks for."""

    max_epochs: int
    epoch_size: int
    minibatch_sizes: tuple[int, ...]
    rates: LearningRates
    momenta: Momenta
    update: UpdateRule
    adjust: AdjustOptions
    min_rate: float = 1e-9
    criterion: str = ""
    metrics: tuple[str, ...] = ()
    every: int = 10
    first: int = 0
    trace: int = 0
    keep_checkpoints: bool = False
    save_best: bool = False
    precompute_all: bool = True
    dropout: tuple[float, ...] = (0.0,)

    def minibatch_size(self, epoch: int) -> int:
        """The configured size of an epoch (0-based); the last entry repeats."""
        return self.minibatch_sizes[min(epoch, len(self.minibatch_sizes) - 1)]

    def momentum(self, epoch: int) -> float:
        """The momentum per sample of an epoch, in double."""
        return self.momenta.per_sample(epoch, self.minibatch_size(epoch))

    def dropout_rate(self, epoch: int) -> float:
        """The dropout rate of an epoch."""
        return at(self.dropout, epoch)


def read_options(sgd: Settings, warn: Callable[[Diagnostic], None]) -> Options:
    """The options of an SGD section; raises a diagnostic that names the key at fault."""
    check_keys(sgd, warn)
    max_epochs = sgd.integer("maxEpochs")
    sizes = _sizes(sgd)
    epoch_size = sgd.integer("epochSize", 0)
    if epoch_size and epoch_size < max(sizes[:max_epochs]):
        title = f"epochSize is {epoch_size}, smaller than minibatchSize {max(sizes)}"
        span = sgd.span_of("epochSize")
        help = "the epoch size must be 0 (a full sweep) or at least one minibatch"
        raise BrainScriptError(Diagnostic("BS0706", title, span, help=help))
    adjust = read_adjust(sgd)
    return Options(
        max_epochs=max_epochs,
        epoch_size=epoch_size,
        minibatch_sizes=sizes,
        rates=_rates(sgd, adjust),
        momenta=_momenta(sgd),
        update=_update(sgd),
        adjust=adjust,
        min_rate=sgd.number("minLearningRatePerSample", 1e-9),
        criterion=sgd.text("trainCriterionNodeName", ""),
        metrics=sgd.texts("evalCriterionNodeName", ()),
        every=sgd.integer("numMBsToShowResult", 10),
        first=sgd.integer("firstMBsToShowResult", 0),
        trace=sgd.integer("traceLevel", 0),
        keep_checkpoints=sgd.boolean("keepCheckPointFiles", False),
        save_best=sgd.boolean("saveBestModelPerCriterion", False),
        precompute_all=sgd.boolean("useAllDataForPreComputedNode", True),
        dropout=_fractions(sgd, "dropoutRate", (0.0,)),
    )


def _sizes(sgd: Settings) -> tuple[int, ...]:
    sizes = sgd.integers("minibatchSize", 256).values
    if any(size < 1 for size in sizes):
        raise _range(sgd, "minibatchSize", "must be positive")
    return sizes


def _rates(sgd: Settings, adjust: AdjustOptions) -> LearningRates:
    per_sample, per_mb = sgd.has("learningRatesPerSample"), sgd.has("learningRatesPerMB")
    if per_sample and per_mb:
        title = "learningRatesPerSample and learningRatesPerMB are both given"
        span = sgd.span_of("learningRatesPerMB")
        raise BrainScriptError(Diagnostic("BS0703", title, span, help="remove one of them"))
    if not per_sample and not per_mb:
        if adjust.mode != "none":
            return LearningRates((), "sample")
        title = "no learning rate is given"
        near = next((k for k in sgd.own_keys() if k.lower().startswith("learningrate")), "")
        help = did_you_mean(near, ("learningRatesPerMB", "learningRatesPerSample"))
        fallback = "set learningRatesPerMB or learningRatesPerSample"
        span = sgd.span_of(near) if near else sgd.span
        raise BrainScriptError(Diagnostic("BS0703", title, span, help=help or fallback))
    key = "learningRatesPerSample" if per_sample else "learningRatesPerMB"
    values = sgd.schedule(key).values
    if not all(math.isfinite(v) for v in values):
        raise _range(sgd, key, "must be finite")
    return LearningRates(values, "sample" if per_sample else "minibatch")


def _momenta(sgd: Settings) -> Momenta:
    given = [key for key in MOMENTUM_KEYS if sgd.has(key)]
    if len(given) > 1:
        title = f"{' and '.join(given)} are given together"
        span = sgd.span_of(given[1])
        raise BrainScriptError(Diagnostic("BS0704", title, span, help="keep one of them"))
    if not given:
        return Momenta()
    key = given[0]
    if MOMENTUM_KEYS[key] != "time constant":
        return Momenta(_fractions(sgd, key, ()), MOMENTUM_KEYS[key])
    values = sgd.schedule(key).values
    if any(not 0 <= v < math.inf for v in values):
        raise _range(sgd, key, "must be 0 or a positive number of samples")
    return Momenta(values, MOMENTUM_KEYS[key])


def _fractions(sgd: Settings, key: str, default: tuple[float, ...]) -> tuple[float, ...]:
    if not sgd.has(key):
        return default
    values = sgd.schedule(key).values
    if any(not 0 <= v < 1 for v in values):
        raise _range(sgd, key, "must be at least 0 and below 1")
    return values


def _update(sgd: Settings) -> UpdateRule:
    asked = sgd.text("gradUpdateType", "none")
    if sgd.boolean("useAdagrad", False):
        asked = "adagrad"
    if asked.lower() not in RULES:
        key = "gradUpdateType" if sgd.has("gradUpdateType") else "useAdagrad"
        known = asked.lower() in (rule.lower() for rule in KNOWN_RULES)
        verb = "is not supported" if known else "is not known"
        help = did_you_mean(asked, KNOWN_RULES) if not known else "use plain SGD: 'none'"
        raise refused(sgd, key, help, f"gradUpdateType '{asked}' {verb}")
    update = UpdateRule(
        rule=RULES[asked.lower()],
        nesterov=sgd.boolean("useNAG", False),
        clipping=sgd.number("clippingThresholdPerSample", math.inf),
        clip_by_truncation=sgd.boolean("gradientClippingWithTruncation", True),
        l1=sgd.number("L1RegWeight", 0.0),
        l2=sgd.number("L2RegWeight", 0.0),
    )
    for key, value in (("L1RegWeight", update.l1), ("L2RegWeight", update.l2)):
        if not 0 <= value < math.inf:
            raise _range(sgd, key, "must not be negative")
    if not update.clipping > 0:
        raise _range(sgd, "clippingThresholdPerSample", "must be positive")
    return update


def _range(sgd: Settings, key: str, why: str) -> BrainScriptError:
    given = ":".join(f"{v:g}" for v in sgd.schedule(key).values)
    title = f"{key} = {given}: the values {why}"
    return BrainScriptError(Diagnostic("BS0705", title, sgd.span_of(key)))
