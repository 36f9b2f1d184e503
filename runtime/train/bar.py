"""A progress bar, shown only where the log goes to a terminal."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager

from brainscript.runtime.train.log import Log


@contextmanager
def epoch_bar(log: Log, epoch: int, epochs: int) -> Generator[Callable[[int], None]]:
    """A function to call with the number of minibatches done; it does nothing off a terminal."""
    if not log.stream.isatty():
        yield _nothing
        return
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    console = Console(file=log.stream)
    with Progress(*columns, console=console, transient=True, redirect_stderr=False) as progress:
        task = progress.add_task(f"epoch {epoch} of {epochs}", total=None)

        def advance(minibatches: int) -> None:
            text = f"epoch {epoch} of {epochs}, minibatch {minibatches}"
            progress.update(task, description=text)

        yield advance


def _nothing(minibatches: int) -> None:
    pass
