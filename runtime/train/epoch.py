"""One epoch of training: the minibatch loop, its sums and its progress lines."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field

from brainscript.codegen.timing import trace
from brainscript.diagnostic import BrainScriptError, Diagnostic
from brainscript.runtime.data.minibatch import Reader as NativeReader
from brainscript.runtime.data.minibatch_loop import Progress
from brainscript.runtime.network import ALL, Network, NodeSpec, Reader, Step, UpdateRule
from brainscript.runtime.program import Program
from brainscript.runtime.train.adapted import AdaptedLoop, Reference
from brainscript.runtime.train.automatic.gradient_check import CheckedLoop
from brainscript.runtime.train.evaluator import Show
from brainscript.runtime.train.feed import (
    Loop,
    SingleLoop,
    Sums,
    clear_accumulated,
    loop_over,
)
from brainscript.runtime.train.log import Advance, Log, Value, percentage, shown_all
from brainscript.runtime.train.options import Options
from brainscript.runtime.train.parallel.loops import SharedLoop, Work
from brainscript.runtime.train.parallel.together import Together
from brainscript.runtime.train.parallel.world import World
from brainscript.runtime.train.saving.checkpoint import Partial
from brainscript.runtime.train.signals import Stop

PATIENCE = 0.2
"""Seconds after which a native loop comes back, so that signals and the bar are served."""
MANY = 1 << 40


@dataclass
class EpochSize:
    """The samples of an epoch, estimated while the first sweep is still running."""

    samples: float = 0.0
    estimating: bool = True


@dataclass
class Epoch:
    """What stays the same over one epoch (0-based `index`); `step` is the training step by `rule`.

    It covers `samples` samples (0: a sweep of the data); with `tolerant` the criterion may become
    NaN. `show` is called where it asks for it with the step and the numbers of both. Labels are
    drawn towards the `reference`. Minibatches are shared with the processes `together`, if that is
    given; `update` then is the half of the step that moves the parameters. The processes of a
    `world` end at the same minibatch, whether they share it or not."""

    network: Network
    step: Step
    rule: UpdateRule
    nodes: tuple[NodeSpec, ...]
    options: Options
    log: Log
    stop: Stop
    index: int
    rate: float
    minibatch: int
    samples: int
    size: EpochSize
    bar: Advance = field(default=lambda minibatches, share: None)
    tolerant: bool = False
    show: Show | None = None
    reference: Reference | None = None
    together: Together | None = None
    update: Step | None = None
    world: World = field(default_factory=World)

    def run(self, reader: Reader, partial: Partial | None = None) -> Partial | None:
        """Train over one epoch; gives the position when a signal ended it early."""
        step = self._running = self._compile()
        self.sums = Sums(self.network, self.nodes)
        reader.share = self.together.share if self.together is not None else ALL
        reader.start_epoch(self.index, self.samples, self.minibatch)
        self._begin(reader, partial)
        self._recorded = (self.sums.totals(), list(self.sums.counts))
        resident = isinstance(reader, NativeReader)
        self._expected = self.samples or (reader.corpus.samples if resident else 0)
        loop = self._loop(step, reader)
        loop.set_rates(self.rate, self.options.momentum(self.index))
        while not (progress := self._call(loop, step)).finished:
            self._advance(progress)
            if self._stopped():
                return self._position()
        self._advance(progress)
        if self.together is not None:
            self.together.settle()
        if not self.count:
            raise BrainScriptError(Diagnostic("BS0718", "the reader gave no data to train on"))
        return None

    def _call(self, loop: Loop, step: Step) -> Progress:
        """One call of the loop, and its time for the record of the run."""
        recorded = trace.running()
        count, seconds = (1, 0.0) if self.world.size > 1 else (self._until_shown(), PATIENCE)
        if recorded is None:
            return loop.run(count, seconds)
        begin = time.perf_counter_ns()
        progress = loop.run(count, seconds)
        length, first = time.perf_counter_ns() - begin, self.count + 1
        details = {"first": first, "count": progress.minibatches, "samples": progress.samples}
        recorded.add("minibatches", "train", begin, length, **details)
        if isinstance(step, Program):
            recorded.add_kernels(begin, step.spent())
        return progress

    def _stopped(self) -> bool:
        """Whether a signal ends the run here, in all of its processes."""
        self.stop.number = self.world.agree(self.stop.number)
        if self.stop and self.together is not None:
            self.together.settle()
            self.together.gather(self.nodes)
        return bool(self.stop)

    def _loop(self, step: Step, reader: Reader) -> Loop:
        """What runs the step on the minibatches of the reader."""
        if (together := self.together) is not None:
            if step is self.step:
                return together.loop((step, self.update), self._inputs, reader, self.nodes)
            work = Work(self.network, self._inputs, reader, self.nodes, self.world)
            return SharedLoop(work, step)
        if self.reference is not None:
            adapted = AdaptedLoop(self.network, step, reader, self.nodes[0], self.reference)
            adapted.inputs = self._inputs
            return adapted
        if not self.options.gradient_check or step is not self.step:
            first, watch = self.nodes[0], not self._controlled
            return loop_over(self.network, step, self._inputs, reader, first, watch=watch)
        single = SingleLoop(self.network, step, reader, self.nodes[0])
        single.inputs = self._inputs
        return CheckedLoop(single, self.rule, self.options.figures, self.index)

    def _compile(self) -> Step:
        names = [node.name for node in self.nodes]
        moves = self.rate > 0.01 * self.options.min_rate
        self._inputs = self.network.inputs_of("train", [*names, *self.rule.traced])
        return self.step if moves else self.network.compile("criterion", names, self.rule)

    def _begin(self, reader: Reader, partial: Partial | None) -> None:
        self.count, self._shown_at, self._clock = 0, 0, time.perf_counter()
        self._read = partial.samples if partial is not None else 0
        if partial is None:
            self.sums.reset()
            clear_accumulated(self.network)
            return
        if self.together is not None and self.world.rank:
            clear_accumulated(self.network)  # the first process has those of all
        for _ in range(partial.minibatches):
            reader.next()
        self.count, self._shown_at = partial.minibatches, partial.shown_at
        self.sums.counts = list(partial.counts)
        self.sums.set_marks(partial.shown, partial.shown_counts)

    def _position(self) -> Partial:
        shown, shown_counts = self.sums.marks()
        counts = list(self.sums.counts)
        return Partial(self.count, counts[0], counts, shown, shown_counts, self._shown_at)

    def _until_shown(self) -> int:
        """The minibatches up to the next line of the log."""
        if self.count < self.options.first:
            return 1
        lines = (self.options.every, self.options.log_every)
        ends = [every - self.count % every for every in lines if every > 0]
        if self.show is not None:
            ends.append(self.show.until(self.count))
        return min(ends, default=MANY)

    def _advance(self, progress: Progress) -> None:
        """Take in what a call of the loop did."""
        if not progress.minibatches:
            return
        self.sums.count(progress.columns)
        self.count += progress.minibatches
        self._check(self.sums.totals(), self.count)
        self._read += progress.samples
        self.bar(self.count, self._read / self._expected if self._expected else 0.0)
        if self.show is not None:
            self.show(self._running, self.index + 1, self.count)
        self._record()
        every = self.options.every
        if self.count <= self.options.first or (every > 0 and self.count % every == 0):
            self._show()

    def _record(self) -> None:
        """Hand the averages to tables and the like, where they have an interval of their own."""
        every = self.options.log_every
        if every > 0 and self.count % every == 0:
            values = self.sums.interval(self._recorded)
            self.log.measured("minibatch", self.index + 1, self.count, values)
            self._recorded = (self.sums.totals(), list(self.sums.counts))

    def _show(self) -> None:
        values = self.sums.interval()
        self._check([value.total for value in values], self._shown_at + 1)
        seconds = max(time.perf_counter() - self._clock, 1e-9)
        samples = values[0].count
        self.log.traced(
            "progress",
            epoch=self.index + 1,
            epochs=self.options.max_epochs,
            first=self._shown_at + 1,
            last=self.count,
            percent=self._percent(samples),
            values=shown_all(values, trailing=True),
            seconds=seconds,
            speed=samples / seconds,
        )
        if self.options.log_every <= 0:
            self.log.measured("minibatch", self.index + 1, self.count, values)
        self.sums.mark()
        self._shown_at, self._clock = self.count, time.perf_counter()

    def _percent(self, samples: int) -> str:
        """`, 12.50%` of the epoch; empty while its size is being estimated."""
        if self.samples:
            self.size.samples, self.size.estimating = float(self.samples), False
        elif self.size.estimating:
            interval = self.count - self._shown_at
            self.size.samples = self.count * samples / interval
            return ""
        total = self.size.samples / self.minibatch
        if total <= 0:
            return ""
        digits = max(2, math.ceil(math.log10(total / max(1, self.options.every))) - 2)
        return percentage(min(self.count, total), total, digits)

    def _check(self, totals: list[float], first: int) -> None:
        """Stop when the criterion is not finite; `first` is the earliest minibatch at fault."""
        for node, total in zip(self.nodes[:1], totals[:1], strict=True):
            if not math.isfinite(total) and not self._controlled:
                where = f"minibatch {first}"
                if first < self.count:
                    where = f"minibatches {first} to {self.count}"
                what = "not a number (nan)" if math.isnan(total) else "infinite"
                title = f"the criterion '{node.name}' is {what} in epoch {self.index + 1}, {where}"
                help = "lower the learning rate, or look for values such as nan in the data"
                raise BrainScriptError(Diagnostic("BS0708", title, path=node.name, help=help))

    @property
    def _controlled(self) -> bool:
        """Whether the control of the rate undoes a diverging epoch."""
        if self.tolerant:
            return True
        adjust = self.options.adjust
        explicit = self.options.rates.explicit(self.index)
        return adjust.mode == "after" and adjust.load_best and not explicit

    def values(self) -> list[Value]:
        """The values of the whole epoch."""
        return self.sums.values()
