"""CNTK's log lines: one table of formats, and a log that prints them by name."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TextIO

from brainscript.runtime.train.metrics import Metrics

LINES: dict[str, str] = {
    "virgin": "Creating virgin network.",
    "from checkpoint": "Starting from checkpoint. Loading network from '%(path)s'.",
    "final exists": "Final model exists: %(path)s",
    "no further": "No further training is necessary.",
    "model size": "Model has %(nodes)d nodes. Using CPU.",
    "criterion": "Training criterion:   %(name)s = %(operation)s",
    "metric": "Evaluation criterion: %(name)s = %(operation)s",
    "metrics": "Evaluation criteria:",
    "listed": "\t%(name)s = %(operation)s",
    "parameters": "Training %(count)d parameters in %(tensors)d parameter tensors.",
    "parameters of": (
        "Training %(count)d parameters in %(tensors)d out of %(all)d parameter tensors"
        " and %(nodes)d nodes with gradient:"
    ),
    "tensor": "\tNode '%(name)s' (%(operation)s operation) : [%(dims)s]",
    "precompute": "Precomputing %(count)d nodes: one pass over the data.",
    "precompute node": "\t%(name)s = %(operation)s",
    "precompute done": "Precomputing done.",
    "starting epoch": (
        "Starting Epoch %(epoch)d: learning rate per sample = %(rate)f"
        "  effective momentum = %(momentum)f"
        "  momentum as time constant = %(constant).1f samples"
    ),
    "starting loop": "Starting minibatch loop.",
    "dropout": "Setting dropout rate to %(rate).8g.",
    "time constant": "Setting batch normalization time constant to %(value).8g.",
    "blend time constant": "Setting batch normalization blend time constant to %(value).8g.",
    "progress": (
        " Epoch[%(epoch)2d of %(epochs)d]-Minibatch[%(first)4d-%(last)4d%(percent)s]: "
        "%(values)stime = %(seconds).4fs; samplesPerSecond = %(speed).1f"
    ),
    "epoch": (
        "Finished Epoch[%(epoch)2d of %(epochs)d]: [Training] %(values)s"
        "totalSamplesSeen = %(seen)d; learningRatePerSample = %(rate).8g; "
        "epochTime=%(seconds).6gs"
    ),
    "validate": "Finished Epoch[%(epoch)2d of %(epochs)d]: [Validate] %(values)s",
    "best": "Best epoch per criterion so far: [Validate] %(values)s",
    "reduced": "learnRatePerSample reduced to %(rate).8g",
    "increased": "learnRatePerSample increased to %(rate).8g",
    "trial": (
        "%(label)s: Finished Mini-Epoch[%(epoch)d]: %(values)s"
        "learningRatePerSample = %(rate).8g; minibatchSize = %(size)d"
    ),
    "best rate": (
        " SearchForBestLearnRate Epoch[%(epoch)d]: Best learningRatePerSample = %(rate).10g, "
        "baseCriterion=%(base).10g"
    ),
    "best size": (
        "AdaptiveMinibatchSearch: the best minibatchSize is %(size)d, baseCriterion=%(base).10g"
    ),
    "rate too small": (
        "Learn Rate Per Sample for Epoch[%(epoch)d] = %(rate).8g is less than "
        "minLearningRatePerSample %(minimum).8g. Training complete."
    ),
    "stopped by control": "The criterion no longer improves: training stops, the model is saved.",
    "rollback": "The criterion got worse: going back to the model '%(path)s'.",
    "saving": "SGD: Saving checkpoint model '%(path)s'",
    "edit exists": "'%(path)s' exists, skipping. Specify makeMode=false to force it.",
    "edited": "Model with %(nodes)d nodes saved as '%(path)s'.",
    "factorised": "%(name)s [%(rows)d x %(columns)d] keeps rank %(rank)d.",
    "action complete": 'Action "%(action)s" complete.',
    "completed": "COMPLETED.",
    "completed stamped": "__COMPLETED__",
    "minibatch": "Minibatch[%(first)d-%(last)d]: %(values)s",
    "final": "Final Results: Minibatch[1-%(last)d]: %(values)s",
    "cv model": "Model '%(path)s':",
    "cv missing": "There is no model '%(path)s'.",
    "statistics": "Statistics of '%(name)s' estimated.",
    "model saved": "Model with %(nodes)d nodes saved as '%(path)s'.",
    "best models": "Best models:",
    "best model": ("Based on Err[%(index)d]: Best model = %(path)s with min err %(value).8g"),
    "write minibatch": "Minibatch[%(index)d]: ActualMBSize = %(samples)d",
    "written": "Written to %(path)s*",
    "total samples": "Total Samples Evaluated = %(samples)d",
    "interrupted": (
        "Interrupted in epoch %(epoch)d after %(minibatches)d minibatches; saved, "
        "the same command goes on from there."
    ),
    "resume": "Going on in epoch %(epoch)d after %(minibatches)d minibatches.",
}

PERPLEXITY = {
    "CrossEntropyWithSoftmax",
    "CrossEntropy",
    "ClassBasedCrossEntropyWithSoftmax",
    "NoiseContrastiveEstimation",
}
"""Operations whose average is also shown as exp (average) in the final line of a test."""


@dataclass(frozen=True)
class Value:
    """A criterion or metric over some samples: the average is `total / count`."""

    name: str
    total: float
    count: int
    operation: str = ""

    @property
    def average(self) -> float:
        """The mean per sample, 0 when there was none."""
        return self.total / self.count if self.count else 0.0


def shown(value: Value) -> str:
    """`name = VALUE * COUNT`, in percent when the name ends in 's'."""
    number = value.average
    percent = value.name.endswith("s")
    exponent = "e" in (f"{100 * number:.3g}" if percent else f"{number:.8g}")
    if percent:
        text = f"{100 * number:.3e}%" if exponent else f"{100 * number:2.3f}%"
    else:
        text = f"{number:.8e}" if exponent else f"{number:.8f}"
    return f"{value.name} = {text} * {value.count}"


def shown_all(values: Sequence[Value], *, trailing: bool) -> str:
    """All values as CNTK joins them; `trailing` ends the list with '; '."""
    text = "; ".join(shown(v) for v in values)
    return text + "; " if trailing and text else text


def shown_final(values: Sequence[Value]) -> str:
    """The values of a 'Final Results' line, perplexities behind their criteria."""
    parts: list[str] = []
    for value in values:
        parts.append(shown(value))
        if value.operation in PERPLEXITY:
            parts.append(f"perplexity = {_exp(value.average):.8f}")
    return "; ".join(parts)


def _exp(x: float) -> float:
    return math.exp(x) if x < 700 else math.inf


def percentage(done: float, total: float, digits: int) -> str:
    """`, 12.50%` with the digits of the run; empty when the total is not known."""
    return f", {100 * done / total:2.{digits}f}%" if total > 0 else ""


class Log:
    """Writes lines of the table to a stream, with or without time stamps."""

    def __init__(
        self,
        stream: TextIO,
        *,
        stamps: bool = False,
        trace: int = 0,
        metrics: Metrics | None = None,
    ):
        """`metrics` takes the values that training prints."""
        self.metrics = metrics or Metrics()
        self.stream = stream
        self.stamps = stamps
        self.trace = trace

    def line(self, name: str, /, **values: Any) -> None:
        """Print the line of the table under this name."""
        self.text(LINES[name] % values)

    def traced(self, name: str, /, **values: Any) -> None:
        """Print the line only when `traceLevel` is above 0."""
        if self.trace > 0:
            self.line(name, **values)

    def measured(self, set: str, epoch: int, minibatch: int, values: Sequence[Value]) -> None:
        """Record the averages that a line shows; see `metrics.Record`."""
        self.metrics.record(set, epoch, minibatch, [(v.name, v.average, v.count) for v in values])

    def text(self, text: str) -> None:
        """Print free text, each line stamped."""
        stamp = time.strftime("%m/%d/%Y %H:%M:%S: ") if self.stamps else ""
        self.stream.write("".join(f"{stamp if t else ''}{t}\n" for t in text.split("\n")))
        self.stream.flush()

    def banner(self, title: str) -> None:
        """The box of '#' that opens an action."""
        width = max(76, len(title) + 2)
        rule, empty = "#" * (width + 2), "#" + " " * width + "#"
        body = f"# {title}".ljust(width + 1) + "#"
        self.text("\n".join(("", rule, empty, body, empty, rule, "")))


Advance = Callable[[int, float], None]
"""Called with the minibatches done, and the part of the epoch that they are (0: not known)."""


@contextmanager
def epoch_bar(log: Log, epoch: int, epochs: int) -> Generator[Advance]:
    """What to call as an epoch goes on: a bar with the time left; nothing off a terminal."""
    if not log.stream.isatty():
        yield _nothing
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
    from rich.progress import TimeRemainingColumn as TimeLeftColumn

    text = TextColumn("{task.description}")
    columns = (text, BarColumn(), TimeElapsedColumn(), TextColumn("left"), TimeLeftColumn())
    console = Console(file=log.stream)
    with Progress(*columns, console=console, transient=True, redirect_stderr=False) as progress:
        task = progress.add_task(f"epoch {epoch} of {epochs}", total=None)

        def advance(minibatches: int, share: float) -> None:
            text = f"epoch {epoch} of {epochs}, minibatch {minibatches}"
            total = 1.0 if share else None
            progress.update(task, description=text, total=total, completed=min(share, 1.0))

        yield advance


def _nothing(minibatches: int, share: float) -> None:
    pass
