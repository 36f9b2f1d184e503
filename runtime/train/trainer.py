"""A training run: precomputation, epochs, validation, control of the rate, saving."""

from __future__ import annotations

import math
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from brainscript.atomic import replacing
from brainscript.codegen.timing.trace import span
from brainscript.diagnostic import Diagnostic
from brainscript.runtime.model import container
from brainscript.runtime.model.store import STORED_ROLES, put_values
from brainscript.runtime.network import Network, NodeSpec, Reader, UpdateRule
from brainscript.runtime.train.adapted import Reference
from brainscript.runtime.train.automatic import search
from brainscript.runtime.train.automatic.adjust import Control, Decision
from brainscript.runtime.train.automatic.trials import Trials
from brainscript.runtime.train.epoch import Epoch, EpochSize
from brainscript.runtime.train.epoch_start import EpochStart
from brainscript.runtime.train.evaluator import Evaluator, Show
from brainscript.runtime.train.feed import set_constants
from brainscript.runtime.train.log import Log, Value, epoch_bar, shown_all
from brainscript.runtime.train.options import Options
from brainscript.runtime.train.parallel.together import Together
from brainscript.runtime.train.parallel.world import World
from brainscript.runtime.train.precompute import precompute
from brainscript.runtime.train.rates import time_constant
from brainscript.runtime.train.saving.checkpoint import STATE_ROLES, Checkpoints, Progress
from brainscript.runtime.train.saving.patience import patiently
from brainscript.runtime.train.signals import Stop


@dataclass
class Trainer:
    """Trains a network by the options of an SGD section.

    `nodes` are the criterion that trains and the metrics that are logged with it. The training
    step is compiled before a checkpoint is read, because it brings the optimiser's state along.
    Of the processes of a `world` the first one writes.
    """

    network: Network
    nodes: tuple[NodeSpec, ...]
    options: Options
    reader: Reader
    validation: Reader | None
    checkpoints: Checkpoints
    log: Log
    stop: Stop
    warn: Callable[[Diagnostic], None]
    show: Show | None = None
    reference: Reference | None = None
    world: World = field(default_factory=World)

    def run(self, start: int | None) -> None:
        """Train from a fresh network (None) or on from the model after `start` epochs."""
        self._rule: tuple[UpdateRule, bool] | None = None
        self.together = Together(self.network, self.options.parallel, self.world)
        self.start = EpochStart(self.network, self.options, self.nodes[0].name, self.log)
        self._compile(start or 0)
        if start is None:
            precompute(self.network, self.reader, self.options, self.log)
            self.progress = Progress()
            self._commit()
        else:
            self.progress = self._resumed(start)
        first = self.progress.epoch
        self._size = EpochSize()
        self._tuned = self.progress.tuned
        self.control = Control(self.options.adjust, first, self.progress.previous)
        self.control.average = self.progress.average
        self.control.reducing = self.progress.reducing
        epoch = first
        while epoch < self.options.max_epochs:
            self._compile(epoch)
            rank = self.world.rank if self.together.shares(epoch) else 0
            self.start.set(epoch, seed=self.progress.partial is None, rank=rank)
            if not self._choose(epoch):
                return
            values = self._train(epoch)
            decision = self._after(epoch, values)
            if decision.stop:
                self._save_final()
                return
            epoch = self._save(epoch, decision)
        self._save_best_models()

    def _compile(self, epoch: int) -> None:
        """The training step of an epoch, and the numbers that stay the same in it."""
        rule, shared = self.start.rule(epoch), self.together.shares(epoch)
        if (rule, shared) != self._rule:
            names = [node.name for node in self.nodes]
            self._rule = rule, shared
            self._step, self._update = self.together.compile(epoch, names, rule)
            set_constants(self.network, self.options.constants)

    def _resumed(self, start: int) -> Progress:
        progress = self.checkpoints.resume(self.network, start)
        if progress is not None and progress.partial is not None:
            done = progress.partial.minibatches
            self.log.line("resume", epoch=start + 1, minibatches=done)
            return progress
        if start == 0:
            return Progress()
        progress = self.checkpoints.restore(self.network, start, self._fresh)
        progress.epoch, progress.partial = start, None
        return progress

    def _choose(self, epoch: int) -> bool:
        """Choose rate and minibatch size of an epoch; False when the rate is too small to go on.

        An epoch that was interrupted keeps what it had.
        """
        o, progress = self.options, self.progress
        if progress.partial is None or not progress.size:
            if o.adjust.mode == "none" or o.rates.explicit(epoch):
                progress.rate = o.rates.per_sample(epoch, o.minibatch_size(epoch))
            elif o.adjust.mode == "search":
                self._search_rate(epoch)
        if progress.rate >= o.min_rate:
            if progress.partial is None or not progress.size:
                progress.size = self._size_of(epoch)
            return True
        rate = self.progress.rate
        self.log.line("rate too small", epoch=epoch + 1, rate=rate, minimum=o.min_rate)
        if o.adjust.mode != "none":
            self._save_final()
        return False

    def _search_rate(self, epoch: int) -> None:
        """Find the rate of an epoch by trials; the rates found are remembered."""
        o, progress = self.options, self.progress
        size, adjust = o.minibatch_size(epoch), o.adjust
        trials = self._trials(epoch)
        untrained = trials.run("BaseAdaptiveLearnRateSearch", 0.0, size)
        share = trials.samples / o.epoch_size if o.epoch_size else 0.0
        base = search.base_criterion(untrained, progress.previous, share)
        earlier = progress.rates[-adjust.earlier_rates :]
        start = search.first_candidate(size, earlier)
        detailed = epoch < adjust.detailed_epochs
        least = 0.3 * o.min_rate
        progress.rate = search.best_rate(trials.run, size, start, base, least, detailed)
        progress.rates = [*earlier, progress.rate][-adjust.earlier_rates :]
        self.log.line("best rate", epoch=epoch + 1, rate=progress.rate, base=base)

    def _size_of(self, epoch: int) -> int:
        """The minibatch size of an epoch: of the schedule, or found by trials behind its end."""
        o, progress, adjust = self.options, self.progress, self.options.adjust
        configured = o.minibatch_size(epoch)
        if not adjust.tune_size or epoch < len(o.minibatch_sizes):
            return configured
        previous = self._tuned
        if previous and (epoch + 1) % adjust.tuning_interval:
            return previous
        first = o.rates.per_sample(0, o.minibatch_size(0)) if o.rates.values else 0.0
        change = progress.rate / first if first > 0 else 1.0
        bounds = search.size_bounds(adjust, configured, change, previous)
        trials = self._trials(epoch)
        self._tuned = search.best_size(trials.run, adjust, progress.rate, bounds, self.log)
        return self._tuned

    def _trials(self, epoch: int) -> Trials:
        o = self.options
        samples = o.adjust.trial_samples(epoch, o.minibatch_size(epoch))
        samples = min(samples, o.epoch_size) if o.epoch_size else samples
        names = [node.name for node in self.nodes]
        step = self.network.compile("train", names, self.start.rule(epoch))
        apart = {"together": None, "update": None, "world": World()}
        alone = replace(self._epoch(epoch), step=step, **apart)
        return Trials(alone, self.reader, samples, self.log, self.world)

    def _epoch(self, epoch: int) -> Epoch:
        """The loop over the minibatches of an epoch."""
        o, progress = self.options, self.progress
        return Epoch(
            network=self.network,
            step=self._step,
            rule=self.start.rule(epoch),
            nodes=self.nodes,
            options=o,
            log=self.log,
            stop=self.stop,
            index=epoch,
            rate=progress.rate,
            minibatch=progress.size or o.minibatch_size(epoch),
            samples=o.epoch_size,
            size=self._size,
            show=self.show,
            reference=self.reference,
            together=self.together if self.together.shares(epoch) else None,
            update=self._update,
            world=self.world,
        )

    def _train(self, epoch: int) -> list[Value]:
        o, progress = self.options, self.progress
        momentum = o.momentum(epoch)
        self.log.traced(
            "starting epoch",
            epoch=epoch + 1,
            rate=progress.rate,
            momentum=momentum**progress.size,
            constant=time_constant(momentum),
        )
        self.log.traced("starting loop")
        begun = time.perf_counter()
        values = self._run_epoch(epoch)
        progress.samples_seen += values[0].count
        self.log.line(
            "epoch",
            epoch=epoch + 1,
            epochs=o.max_epochs,
            values=shown_all(values, trailing=True),
            seen=progress.samples_seen,
            rate=progress.rate,
            seconds=time.perf_counter() - begun,
        )
        self.log.measured("epoch", epoch + 1, 0, values)
        return values

    def _run_epoch(self, epoch: int) -> list[Value]:
        """The minibatches of an epoch; a signal among them saves and ends the process."""
        progress = self.progress
        number = epoch + 1
        with (
            span(f"epoch {number}", "train"),
            epoch_bar(self.log, number, self.options.max_epochs) as bar,
        ):
            run = replace(self._epoch(epoch), bar=bar)
            partial = run.run(self.reader, progress.partial)
        if partial is not None:
            progress.partial = partial
            self._write(lambda: self.checkpoints.interrupt(self.network, progress), Stop())
            self.log.line("interrupted", epoch=epoch + 1, minibatches=partial.minibatches)
            raise SystemExit(self.stop.exit_code)
        progress.partial, self._size.estimating = None, False
        return run.values()

    def _after(self, epoch: int, values: Sequence[Value]) -> Decision:
        """Validate, track the best epochs, and let the control decide."""
        adjust = self.options.adjust
        if self.validation is not None:
            checked = self._validate(epoch, self.validation)
            if adjust.use_validation:
                values = checked
        wanted = 1 if adjust.use_metric and len(values) > 1 else 0
        controlled = values[wanted].average
        decision = self.control.after_epoch(epoch, controlled, self.options.rates.explicit(epoch))
        if decision.change:
            self.progress.rate *= decision.factor
            self.log.line(decision.change, rate=self.progress.rate)
        return decision

    def _validate(self, epoch: int, reader: Reader) -> list[Value]:
        quiet = Log(self.log.stream, stamps=self.log.stamps)
        evaluator = Evaluator(self.network, self.nodes, quiet, world=self.world)
        with span("validation", "train"):
            values = evaluator.run(reader, 0, self.options.minibatch_size(epoch))
        text = shown_all(values, trailing=False)
        self.log.line("validate", epoch=epoch + 1, epochs=self.options.max_epochs, values=text)
        self.log.measured("validate", epoch + 1, 0, values)
        if self.options.save_best:
            self._track(epoch, values)
        return values

    def _track(self, epoch: int, values: Sequence[Value]) -> None:
        best = self.progress.best
        for value in values:
            if value.average < best.get(value.name, (math.inf, 0))[0]:
                best[value.name] = (value.average, epoch + 1)
        text = "; ".join(f"{k} = {v[0]:f} (Epoch {v[1]})" for k, v in best.items())
        self.log.line("best", values=text)

    def _save(self, epoch: int, decision: Decision) -> int:
        """Save the epoch, or go back when the control says so; gives the next epoch."""
        if decision.rollback:
            return self._roll_back(epoch)
        progress = self.progress
        progress.epoch, progress.tuned = epoch + 1, self._tuned
        progress.previous, progress.average = self.control.previous, self.control.average
        progress.reducing = self.control.reducing
        path = self.checkpoints.files.model(epoch + 1)
        self.log.traced("saving", path=path)
        self._commit()
        self.stop.number = self.world.agree(self.stop.number)
        if self.stop and epoch + 1 < self.options.max_epochs:
            self.log.line("interrupted", epoch=epoch + 2, minibatches=0)
            raise SystemExit(self.stop.exit_code)
        return epoch + 1

    def _roll_back(self, epoch: int) -> int:
        """Load the model before the interval again; the rate has been changed already.

        Its checkpoint gets the new rate: a run that is stopped goes on as if it had not been.
        """
        rate = self.progress.rate
        done = epoch + 1 - self.options.adjust.interval
        path = self.checkpoints.files.model(done)
        self.log.line("rollback", path=path)
        put_values(self.network, container.load(path).tensors, STORED_ROLES, path)
        if done:
            self.progress = self.checkpoints.restore(self.network, done, self._fresh)
        else:
            self._clear_momentum()
            self.progress = Progress()
        self.progress.rate, self.progress.epoch = rate, done
        self.progress.tuned, self.progress.reducing = self._tuned, self.control.reducing
        self.control.previous = self.progress.previous
        self.world.one(lambda: self.checkpoints.withdraw(done, epoch))
        if done:
            self._commit()
        return done

    def _commit(self) -> None:
        """Save the state after the epochs done; on a full disk wait for room."""
        self._write(lambda: self.checkpoints.commit(self.network, self.progress), self.stop)

    def _write(self, save: Callable[[], None], stop: Stop) -> None:
        """Write files in the first process; the others wait until they are there."""
        self.world.one(lambda: patiently(save, stop, self.warn))

    def _fresh(self, path: Path) -> None:
        title = f"there is no checkpoint '{path}': momentum and counts start afresh"
        self.warn(Diagnostic("BS0716", title, severity="warning"))
        self._clear_momentum()

    def _clear_momentum(self) -> None:
        state = self.network.state
        for name in state.names():
            if state.role(name) in STATE_ROLES:
                state.view(name).fill(0)

    def _save_final(self) -> None:
        self.log.line("stopped by control")
        self._write(lambda: self.checkpoints.finish(self.network), self.stop)

    def _save_best_models(self) -> None:
        """Copy the model of the best epoch for each criterion and metric."""
        if not self.options.save_best:
            return
        if self.validation is None:
            title = "saveBestModelPerCriterion needs a cvReader; no best model is written"
            self.warn(Diagnostic("BS0721", title, severity="warning"))
            return
        files = self.checkpoints.files
        for name, (_, epoch) in self.progress.best.items():
            if not self.world.rank:
                self._keep(files.model(epoch), Path(f"{files.path}_{name}"))

    def _keep(self, source: Path, target: Path) -> None:
        patiently(lambda: _copy(source, target), self.stop, self.warn)


def _copy(source: Path, target: Path) -> None:
    try:
        with source.open("rb") as model, replacing(target) as stream:
            shutil.copyfileobj(model, stream)
    except OSError as error:
        raise container.write_error(target, error) from None
