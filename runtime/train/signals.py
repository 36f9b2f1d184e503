"""SIGINT and SIGTERM end training at the next minibatch; a second one ends it at once."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Generator
from contextlib import contextmanager
from types import FrameType


class Stop:
    """Whether a signal has asked the run to end, and which."""

    def __init__(self) -> None:
        self.number = 0

    def __bool__(self) -> bool:
        return self.number != 0

    @property
    def exit_code(self) -> int:
        """The exit code of a process ended by this signal."""
        return 128 + self.number

    def receive(self, number: int, frame: FrameType | None) -> None:
        """Handle a signal: note the first, leave on the second."""
        if self.number:
            os._exit(128 + number)
        self.number = number


@contextmanager
def watching() -> Generator[Stop]:
    """Catch SIGINT and SIGTERM while the block runs."""
    stop = Stop()
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return
    numbers = (signal.SIGINT, signal.SIGTERM)
    old = [signal.signal(number, stop.receive) for number in numbers]
    try:
        yield stop
    finally:
        for number, handler in zip(numbers, old, strict=True):
            signal.signal(number, handler)
