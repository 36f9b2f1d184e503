"""What a training run measures, for other programs: tables, TensorBoard, a picture of the curves.

Every progress line, epoch and validation is one record. A table file grows line by line, so it can
be read while the run goes on, and a run that is started again appends.
"""

from __future__ import annotations

import csv
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol, TextIO

from brainscript.diagnostic import BrainScriptError, Diagnostic

COLUMNS = ("time", "epoch", "minibatch", "set", "node", "value", "samples")
SETS = {"minibatch": "minibatch/", "epoch": "summary/", "validate": "summary/test_"}
"""The sets of samples that a value is an average over, and TensorBoard's prefix for each."""


@dataclass(frozen=True)
class Record:
    """The average of one node: over some minibatches, over an epoch, or over validation data.

    `epoch` counts from 1; `minibatch` is the last one of the epoch that is covered, 0 for all.
    """

    time: float
    epoch: int
    minibatch: int
    set: str
    node: str
    value: float
    samples: int


class Recorder(Protocol):
    """Takes records, one after the other."""

    def record(self, record: Record) -> None:
        """Keep or write a record."""
        ...

    def close(self) -> None:
        """Nothing more will come."""
        ...


class TableRecorder:
    """A file with a line for each record: CSV, or JSON lines when the name ends in `.jsonl`."""

    def __init__(self, path: Path):
        self.path = path
        self._json = path.suffix == ".jsonl"
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._stream: TextIO = open(path, "a", encoding="utf-8", newline="")
        except OSError as error:
            raise cannot_write(path, error) from None
        if not self._json and self._stream.tell() == 0:
            csv.writer(self._stream).writerow(COLUMNS)

    def record(self, record: Record) -> None:
        """Write one line."""
        values = asdict(record)
        try:
            if self._json:
                self._stream.write(json.dumps(values) + "\n")
            else:
                csv.writer(self._stream).writerow([values[name] for name in COLUMNS])
            self._stream.flush()
        except OSError as error:
            raise cannot_write(self.path, error) from None

    def close(self) -> None:
        """Close the file."""
        self._stream.close()


class TensorboardRecorder:
    """Scalars for TensorBoard: `minibatch/<node>`, `summary/<node>`, `summary/test_<node>`."""

    def __init__(self, folder: Path):
        try:
            writer: Any = import_module("tensorboardX").SummaryWriter
        except ImportError:
            title = "TensorBoard needs the library tensorboardX, which is not installed"
            help = "pip install 'brainscript[tensorboard]', or use --metrics FILE.csv"
            raise BrainScriptError(Diagnostic("BS0740", title, help=help)) from None
        try:
            self._writer = writer(str(folder))
        except OSError as error:
            raise cannot_write(folder, error) from None
        self._before, self._epoch, self._last = 0, 0, 0

    def record(self, record: Record) -> None:
        """Add one scalar; minibatches are counted over all epochs."""
        if record.epoch != self._epoch:
            self._before, self._epoch, self._last = self._before + self._last, record.epoch, 0
        self._last = max(self._last, record.minibatch)
        step = self._before + record.minibatch if record.set == "minibatch" else record.epoch
        self._writer.add_scalar(SETS[record.set] + record.node, record.value, step, record.time)

    def close(self) -> None:
        """Write what is left."""
        self._writer.close()


class CurveRecorder:
    """A picture of the averages by epoch, written anew after each: PNG or SVG by its name."""

    def __init__(self, path: Path):
        self.path = path
        try:
            import_module("matplotlib").use("Agg")
            self._pyplot: Any = import_module("matplotlib.pyplot")
        except ImportError:
            title = "a picture of the curves needs matplotlib, which is not installed"
            help = "pip install 'brainscript[examples]', or use --metrics FILE.csv"
            raise BrainScriptError(Diagnostic("BS0740", title, help=help)) from None
        self._curves: dict[str, tuple[list[int], list[float]]] = {}

    def record(self, record: Record) -> None:
        """Add a point and draw, if this is the value of an epoch."""
        if record.set == "minibatch":
            return
        name = f"{record.node} (validation)" if record.set == "validate" else record.node
        epochs, values = self._curves.setdefault(name, ([], []))
        epochs.append(record.epoch)
        values.append(record.value)
        self._draw()

    def _draw(self) -> None:
        figure, axes = self._pyplot.subplots(len(self._curves), sharex=True, squeeze=False)
        for axis, (name, (epochs, values)) in zip(axes[:, 0], self._curves.items(), strict=True):
            axis.plot(epochs, values, marker="." if len(epochs) < 50 else "")
            axis.set_ylabel(name)
        axes[-1, 0].set_xlabel("epoch")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            figure.savefig(self.path)
        except (OSError, ValueError) as error:
            raise cannot_write(self.path, error) from None
        finally:
            self._pyplot.close(figure)

    def close(self) -> None:
        """The picture is written already."""


@dataclass
class Metrics:
    """Hands values to all recorders."""

    recorders: Sequence[Recorder] = ()
    clock: Callable[[], float] = time.time

    def record(
        self, set: str, epoch: int, minibatch: int, values: Sequence[tuple[str, float, int]]
    ) -> None:
        """Record name, average and samples of some nodes."""
        if not self.recorders:
            return
        now = self.clock()
        for name, average, samples in values:
            record = Record(now, epoch, minibatch, set, name, average, samples)
            for recorder in self.recorders:
                recorder.record(record)


def cannot_write(path: Path, error: Exception) -> BrainScriptError:
    """The error for a place where nothing can be written."""
    why = error.strerror if isinstance(error, OSError) else str(error)
    return BrainScriptError(Diagnostic("BS0741", f"'{path}' cannot be written: {why}"))
