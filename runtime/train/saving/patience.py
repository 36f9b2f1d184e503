"""Saving on a full disk: the run waits for room instead of losing what it has learnt."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

from brainscript.diagnostic import Diagnostic
from brainscript.limits import limit
from brainscript.runtime.model.container import DiskFullError
from brainscript.runtime.train.signals import Stop

PAUSE = 1.0
"""Seconds between two tries."""


def patiently(save: Callable[[], object], stop: Stop, warn: Callable[[Diagnostic], None]) -> None:
    """Call `save` until the disk has room; the error is raised when time is up or a signal came."""
    seconds = limit("disk-full-seconds")
    end = time.monotonic() + seconds
    told = False
    while True:
        try:
            save()
            return
        except DiskFullError as error:
            if stop or time.monotonic() >= end:
                raise
            if not told:
                help = f"make room: the run waits for it, {seconds} seconds long"
                warn(replace(error.diagnostics[0], help=help, severity="warning"))
            told = True
            time.sleep(PAUSE)
