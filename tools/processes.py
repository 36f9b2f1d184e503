"""A run in the processes of `mpiexec`: all of them work, the first one speaks."""

from __future__ import annotations

import os
from contextlib import ExitStack

from brainscript.runtime.actions.run import run_all
from brainscript.runtime.network import Environment
from brainscript.runtime.train.parallel.world import World, together, world
from brainscript.settings import Settings
from brainscript.tools.driver import Console


def run_commands(settings: Settings, environment: Environment, console: Console) -> None:
    """Run all commands of a config in each process; with `parallelTrain=false` each is alone."""
    mine = world() if settings.boolean("parallelTrain", True) else World()
    console.quiet = mine.rank > 0
    environment.world = mine
    with ExitStack() as stack:
        if mine.rank:
            nothing = stack.enter_context(open(os.devnull, "w", encoding="utf-8"))
            environment.stderr = environment.stdout = nothing
        together(mine, lambda: run_all(settings, environment))
