"""Files beside the data (lists, names of classes, mean images) that a check may do without."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import replace

from brainscript.diagnostic import Diagnostic, MissingFileError

_warn: ContextVar[Callable[[Diagnostic], None] | None] = ContextVar("_warn", default=None)


@contextmanager
def only_checking(warn: Callable[[Diagnostic], None]) -> Generator[None]:
    """Within, nothing is run: a side file that is not there is a warning."""
    token = _warn.set(warn)
    try:
        yield
    finally:
        _warn.reset(token)


@contextmanager
def side_file() -> Generator[None]:
    """Read a side file; what is within is left with a warning when only checks are made."""
    try:
        yield
    except MissingFileError as error:
        warn = _warn.get()
        if warn is None:
            raise
        for diagnostic in error.diagnostics:
            warn(replace(diagnostic, severity="warning"))
