"""The block `ParallelTrain` as data."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from brainscript.diagnostic import BrainScriptError, Diagnostic, did_you_mean
from brainscript.settings import Settings

Method = Literal["none", "DataParallelSGD", "ModelAveragingSGD", "BlockMomentumSGD"]
METHODS = (
    "none",
    "DataParallelSGD",
    "ModelAveragingSGD",
    "BlockMomentumSGD",
    "dataParallelASGD",
)
"""What `parallelizationMethod` may be; with one worker all are the same."""

PER_WORKER = ("blockSizePerWorker", "syncFrequencyInFrames", "syncPeroid", "syncPeriod")
BLOCK_SIZES = {"ModelAveragingSGD": 40000, "BlockMomentumSGD": 120000}
"""The samples of each worker between two meetings, where the config does not say."""


@dataclass(frozen=True)
class BlockMomentum:
    """How the moves of whole blocks are filtered; `time` is in samples of one worker, 0 for that
    of the momentum 1 - 1/workers."""

    time: float = 0.0
    momentum: float | None = None
    rate: float = 1.0
    nesterov: bool = True
    reset: bool = True

    def gain(self, block: int, workers: int) -> float:
        """The momentum of blocks of so many samples of each worker."""
        if self.momentum is not None:
            return self.momentum
        return math.exp(-block / self.time) if self.time else 1 - 1 / workers


@dataclass(frozen=True)
class ParallelOptions:
    """How several processes train together, from the epoch `start` (0-based) on.

    `delayed` gradients are applied one minibatch later. A block has `per_worker` samples of each
    process, or `total` samples of all (0: not given).
    """

    method: Method = "none"
    start: int = 0
    delayed: bool = False
    per_worker: int = 0
    total: int = 0
    momentum: BlockMomentum = BlockMomentum()

    def block(self, workers: int) -> int:
        """The samples of each worker between two meetings."""
        return max(1, self.total // workers) if self.total else self.per_worker

    def at(self, epoch: int) -> Method:
        """The method of an epoch."""
        return self.method if epoch >= self.start else "none"


def read_parallel(sgd: Settings, workers: int) -> ParallelOptions:
    """What the block `ParallelTrain` of an SGD section asks of so many processes."""
    block = sgd.find_section("ParallelTrain") if sgd.is_section("ParallelTrain") else None
    if block is None:
        return ParallelOptions()
    asked = _asked(block)
    if asked == "none" or workers == 1:
        return ParallelOptions()
    method = _method(block, asked)
    start = max(1, block.integer("parallelizationStartEpoch", 1)) - 1
    own = block.find_section(method) if block.is_section(method) else None
    if own is None:
        return ParallelOptions(method, start, per_worker=BLOCK_SIZES.get(method, 0))
    if method == "DataParallelSGD":
        _check_bits(own)
        return ParallelOptions(method, start, own.boolean(DELAYED, False))
    total = _positive(own, "blockSize") if own.has("blockSize") else 0
    given = next((key for key in PER_WORKER if own.has(key)), "")
    size = _positive(own, given) if given else BLOCK_SIZES[method]
    momentum = _momentum(own) if method == "BlockMomentumSGD" else BlockMomentum()
    return ParallelOptions(method, start, per_worker=size, total=total, momentum=momentum)


DELAYED = "useBufferedAsyncGradientAggregation"


def _asked(block: Settings) -> str:
    """One of METHODS."""
    key = "parallelizationMethod"
    asked = block.text(key, "none")
    found = next((method for method in METHODS if method.lower() == asked.lower()), None)
    if found is None:
        title = f"{key} '{asked}' is not known"
        help = did_you_mean(asked, METHODS) or f"known: {', '.join(METHODS)}"
        raise BrainScriptError(Diagnostic("BS0705", title, block.span_of(key), help=help))
    return found


def _method(block: Settings, asked: str) -> Method:
    for method in ("none", "DataParallelSGD", "ModelAveragingSGD", "BlockMomentumSGD"):
        if asked == method:
            return method
    key = "parallelizationMethod"
    title = f"{key} '{asked}' is not supported: its results differ from run to run"
    help = "use DataParallelSGD, or ModelAveragingSGD for processes that seldom meet"
    raise BrainScriptError(Diagnostic("BS0730", title, block.span_of(key), help=help))


def _check_bits(own: Settings) -> None:
    """Gradients are exchanged as they are."""
    key = "gradientBits"
    full = 64 if own.text("precision", "float").lower() == "double" else 32
    if own.has(key) and any(bits < full for bits in own.integers(key, full).values):
        title = f"{key} below {full} is not supported: gradients are exchanged in full precision"
        raise BrainScriptError(Diagnostic("BS0730", title, own.span_of(key), help=f"remove {key}"))


def _momentum(own: Settings) -> BlockMomentum:
    time, each = "blockMomentumAsTimeConstant", "blockMomentumPerSync"
    momentum = own.number(each, 0.0) if own.has(each) and not own.has(time) else None
    if momentum is not None and not 0 <= momentum < 1:
        raise _out_of_range(own, each, "must be at least 0 and below 1")
    constant = own.number(time, 0.0)
    if not 0 <= constant < math.inf:
        raise _out_of_range(own, time, "must be a positive number of samples")
    rate = own.number("blockLearningRate", 1.0)
    if not math.isfinite(rate):
        raise _out_of_range(own, "blockLearningRate", "must be finite")
    nesterov = own.boolean("useNesterovMomentum", True)
    return BlockMomentum(constant, momentum, rate, nesterov, own.boolean("resetSGDMomentum", True))


def _positive(own: Settings, key: str) -> int:
    size = own.integer(key)
    if size < 1:
        raise _out_of_range(own, key, "must be positive")
    return size


def _out_of_range(own: Settings, key: str, why: str) -> BrainScriptError:
    title = f"{key} = {own.text(key)}: {why}"
    return BrainScriptError(Diagnostic("BS0705", title, own.span_of(key)))
