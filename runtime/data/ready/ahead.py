"""Data that is read by a thread of its own while the network is compiled."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from threading import Thread

from brainscript.diagnostic import Diagnostic
from brainscript.runtime.data.corpus import Corpus

Warnings = list[Diagnostic]


class ReadAhead:
    """Calls `read` once, at `start` in another thread or when the data is asked for.

    Its warnings are shown, and its errors raised, only where the data is asked for: so the log of
    a run does not depend on which of two threads was faster.
    """

    def __init__(
        self, read: Callable[[Warnings], Corpus], warn: Callable[[Diagnostic], None]
    ) -> None:
        self._read, self._warn = read, warn
        self._warnings: Warnings = []
        self._coming: Future[Corpus] | None = None

    def start(self) -> None:
        """Begin to read, unless that has been done."""
        if self._coming is None:
            self._coming = Future()
            Thread(target=self._work, args=(self._coming,), name="reader", daemon=True).start()

    def _work(self, coming: Future[Corpus]) -> None:
        try:
            coming.set_result(self._read(self._warnings))
        except BaseException as error:
            coming.set_exception(error)

    def __call__(self) -> Corpus:
        """The data, when it is there."""
        try:
            return self._read(self._warnings) if self._coming is None else self._coming.result()
        finally:
            for warning in self._warnings:
                self._warn(warning)
            self._warnings.clear()
