"""Trial epochs: a few samples with another rate or size, after which all is as it was."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from brainscript.runtime.network import Reader
from brainscript.runtime.train.automatic.restore import MOVED, restored
from brainscript.runtime.train.epoch import Epoch
from brainscript.runtime.train.log import Log, shown_all
from brainscript.runtime.train.parallel.world import World


@dataclass
class Trials:
    """Runs trial epochs in the place of `epoch`, on `samples` samples each.

    Each process of a `world` runs all of it, and what the first one finds counts in all of them.
    """

    epoch: Epoch
    reader: Reader
    samples: int
    log: Log
    world: World = field(default_factory=World)

    def run(self, label: str, rate: float, size: int) -> float:
        """The criterion of a trial, NaN when it diverges; every value is restored."""
        quiet = Log(self.log.stream, stamps=self.log.stamps)
        trial = replace(
            self.epoch,
            log=quiet,
            rate=rate,
            minibatch=size,
            samples=self.samples,
            tolerant=True,
        )
        with restored(self.epoch.network, MOVED):
            trial.run(self.reader)
            values = trial.values()
        stop = self.epoch.stop
        stop.number = self.world.agree(stop.number)
        if stop:
            raise SystemExit(stop.exit_code)
        self.log.line(
            "trial",
            label=label,
            epoch=self.epoch.index + 1,
            values=shown_all(values, trailing=True),
            rate=rate,
            size=size,
        )
        return self.world.first(values[0].average)
