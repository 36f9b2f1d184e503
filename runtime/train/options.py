"""The SGD section as data: read once, checked, every value in the unit the loop uses."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from brainscript.diagnostic import BrainScriptError, Diagnostic, did_you_mean
from brainscript.runtime.network import UpdateRule
from brainscript.runtime.train.automatic.adjust import AdjustOptions, read_adjust
from brainscript.runtime.train.keys import check_keys
from brainscript.runtime.train.parallel.options import ParallelOptions, read_parallel
from brainscript.runtime.train.rates import LearningRates, Momenta, MomentumUnit
from brainscript.settings import Settings

RULES = {
    "": "sgd",
    "none": "sgd",
    "normal": "sgd",
    "simple": "sgd",
    "adagrad": "adagrad",
    "rmsprop": "rmsprop",
    "fsadagrad": "fsadagrad",
    "adam": "adam",
}
"""`gradUpdateType` in lower case -> name of the update rule."""
KNOWN_RULES = ("none", "normal", "simple", "adagrad", "rmsProp", "fsAdagrad", "adam")
TRACED = ("traceNodeNamesReal", "traceNodeNamesCategory", "traceNodeNamesSparse")
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
    constants: Mapping[str, float]
    adjust: AdjustOptions
    min_rate: float = 1e-9
    criterion: str = ""
    metrics: tuple[str, ...] = ()
    every: int = 10
    log_every: int = 0
    first: int = 0
    trace: int = 0
    keep_checkpoints: bool = False
    save_best: bool = False
    precompute_all: bool = True
    gradient_check: bool = False
    figures: int = 6
    dropout: tuple[float, ...] = (0.0,)
    time_constants: tuple[tuple[float, ...], tuple[float, ...]] = ((0.0,), (0.0,))
    traced: tuple[tuple[str, tuple[str, ...]], ...] = ()
    adaptation: float = 0.0
    parallel: ParallelOptions = field(default_factory=ParallelOptions)

    def minibatch_size(self, epoch: int) -> int:
        """The configured size of an epoch (0-based); the last entry repeats."""
        return self.minibatch_sizes[min(epoch, len(self.minibatch_sizes) - 1)]

    def momentum(self, epoch: int) -> float:
        """The momentum per sample of an epoch, in double."""
        return self.momenta.per_sample(epoch, self.minibatch_size(epoch))


def read_options(sgd: Settings, warn: Callable[[Diagnostic], None], workers: int = 1) -> Options:
    """The options of an SGD section, for so many processes; raises a diagnostic that names the key
    at fault."""
    check_keys(sgd, warn)
    max_epochs, sizes = sgd.integer("maxEpochs"), _sizes(sgd)
    if max_epochs < 0:
        raise _range(sgd, "maxEpochs", "must not be negative")
    adjust = read_adjust(sgd)
    return Options(
        max_epochs=max_epochs,
        epoch_size=_epoch_size(sgd, sizes[: max_epochs or 1]),
        minibatch_sizes=sizes,
        rates=_rates(sgd, adjust),
        momenta=_momenta(sgd),
        update=_update(sgd),
        constants=_constants(sgd),
        adjust=adjust,
        min_rate=sgd.number("minLearningRatePerSample", 1e-9),
        criterion=sgd.text("trainCriterionNodeName", ""),
        metrics=sgd.texts("evalCriterionNodeName", ()),
        every=sgd.integer("numMBsToShowResult", 10),
        log_every=sgd.integer("tensorBoardNumMBsToLogResult", 0),
        first=sgd.integer("firstMBsToShowResult", 0),
        trace=sgd.integer("traceLevel", 0),
        keep_checkpoints=sgd.boolean("keepCheckPointFiles", False),
        save_best=sgd.boolean("saveBestModelPerCriterion", False),
        precompute_all=sgd.boolean("useAllDataForPreComputedNode", True),
        gradient_check=_gradient_check(sgd),
        figures=sgd.integer("sigFigs", 6),
        dropout=_fractions(sgd, "dropoutRate", (0.0,)),
        time_constants=(
            _schedule(sgd, "batchNormalizationTimeConstant"),
            _schedule(sgd, "batchNormalizationBlendTimeConstant", least=0.0),
        ),
        traced=_traced(sgd),
        adaptation=_adaptation(sgd),
        parallel=read_parallel(sgd, workers),
    )


def _epoch_size(sgd: Settings, sizes: Sequence[int]) -> int:
    """The samples of an epoch, no fewer than the minibatches of any; 0 for a sweep."""
    size = sgd.integer("epochSize", 0)
    if not size or size >= max(sizes):
        return size
    title = f"epochSize is {size}, smaller than minibatchSize {max(sizes)}"
    help = "the epoch size must be 0 (a full sweep) or at least one minibatch"
    raise BrainScriptError(Diagnostic("BS0706", title, sgd.span_of("epochSize"), help=help))


def _adaptation(sgd: Settings) -> float:
    """The weight of the network that a model is adapted from; 0 for none."""
    key = "adaptationRegType"
    kind, weight = sgd.text(key, "none"), sgd.number("adaptationRegWeight", 0.0)
    if kind.lower() not in ("", "none", "kl"):
        title = f"{key} '{kind}' is not known"
        help = did_you_mean(kind, ("none", "KL")) or "known: none, KL"
        raise BrainScriptError(Diagnostic("BS0705", title, sgd.span_of(key), help=help))
    if not 0 <= weight <= 1:
        raise _range(sgd, "adaptationRegWeight", "must be between 0 and 1")
    return weight if kind.lower() == "kl" else 0.0


def _traced(sgd: Settings) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Kind and names of the nodes whose values are shown."""
    kinds = {key.removeprefix("traceNodeNames").lower(): key for key in TRACED}
    return tuple((kind, sgd.texts(key, ())) for kind, key in kinds.items() if sgd.texts(key, ()))


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


def _gradient_check(sgd: Settings) -> bool:
    """Whether to compare gradients with differences, which needs double precision."""
    asked = sgd.boolean("gradientcheck", False)
    if asked and sgd.text("precision", "float").lower() != "double":
        title = "gradientcheck needs double precision"
        span, help = sgd.span_of("gradientcheck"), "add precision = double at the top level"
        raise BrainScriptError(Diagnostic("BS0705", title, span, help=help))
    return asked


def _schedule(sgd: Settings, key: str, least: float = -math.inf) -> tuple[float, ...]:
    """Numbers, one an epoch; 0 when the key is not there."""
    if not sgd.has(key):
        return (0.0,)
    values = sgd.schedule(key).values
    if any(math.isnan(v) or v < least for v in values):
        raise _range(sgd, key, "must not be negative")
    return values


def _update(sgd: Settings) -> UpdateRule:
    key = "gradUpdateType"
    asked = "adagrad" if sgd.boolean("useAdagrad", False) else sgd.text(key, "none")
    if asked.lower() not in RULES:
        title = f"gradUpdateType '{asked}' is not known"
        help = did_you_mean(asked, KNOWN_RULES) or f"known: {', '.join(KNOWN_RULES)}"
        raise BrainScriptError(Diagnostic("BS0705", title, sgd.span_of(key), help=help))
    rule = RULES[asked.lower()]
    if rule == "sgd" and sgd.boolean("useNAG", False):
        rule = "nesterov"
    bounded = sgd.number("clippingThresholdPerSample", math.inf) < math.inf
    whole = not sgd.boolean("gradientClippingWithTruncation", True)
    return UpdateRule(
        rule,
        ("norm" if whole else "elements") if bounded else "",
        sgd.number("L1RegWeight", 0.0) > 0,
        sgd.number("L2RegWeight", 0.0) > 0,
        sgd.boolean("normWithAveMultiplier", True),
        not sgd.boolean("disableRegInBatchNormalization", False),
        noise=sgd.number("gaussianNoiseInjectStd", 0.0) > 0,
        traced=tuple(dict.fromkeys(name for _, names in _traced(sgd) for name in names)),
    )


def _constants(sgd: Settings) -> dict[str, float]:
    """The numbers of the update rule that do not change: hyper scalar -> value."""
    l1, l2 = sgd.number("L1RegWeight", 0.0), sgd.number("L2RegWeight", 0.0)
    clipping = sgd.number("clippingThresholdPerSample", math.inf)
    noise = sgd.number("gaussianNoiseInjectStd", 0.0)
    for key, bad in (
        ("L1RegWeight", not 0 <= l1 < math.inf),
        ("L2RegWeight", not 0 <= l2 < math.inf),
        ("clippingThresholdPerSample", not clipping > 0),
        ("gaussianNoiseInjectStd", not 0 <= noise < math.inf),
        ("varianceTimeConstant", not sgd.number("varianceTimeConstant", 720000) > 0),
    ):
        if bad:
            raise _range(sgd, key, "must not be negative")
    mean, variance = (
        sgd.number("adam_meanMomentum", 0.9),
        sgd.number("adam_varMomentum", 0.999),
    )
    for key, value in (("adam_meanMomentum", mean), ("adam_varMomentum", variance)):
        if not 0 <= value < 1:
            raise _range(sgd, key, "must be at least 0 and below 1")
    return {
        "l1": l1,
        "l2": l2,
        "clipping": clipping,
        "noise": noise,
        "inverse_variance_time": 1 / sgd.number("varianceTimeConstant", 720000),
        "target": sgd.number("fsAdagradTargetAvDenom", 1.0),
        "rms_gamma": sgd.number("rms_gamma", 0.99),
        "rms_inc": sgd.number("rms_wgt_inc", 1.2),
        "rms_dec": sgd.number("rms_wgt_dec", 0.75),
        "rms_max": sgd.number("rms_wgt_max", 10.0),
        "rms_min": sgd.number("rms_wgt_min", 0.1),
        "adam_mean": mean,
        "adam_variance": variance,
        "adam_epsilon": sgd.number("adam_epsilon", 1e-8),
        "adam_correction": math.sqrt(1 - variance) / (1 - mean),
    }


def _range(sgd: Settings, key: str, why: str) -> BrainScriptError:
    given = ":".join(f"{v:g}" for v in sgd.schedule(key).values)
    title = f"{key} = {given}: the values {why}"
    return BrainScriptError(Diagnostic("BS0705", title, sgd.span_of(key)))
