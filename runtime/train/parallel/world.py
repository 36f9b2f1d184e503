"""The processes that `mpiexec` has started, as one of them sees it.

Each meeting of the processes begins with a word: the number of a signal, or that one of them has
failed. So all of them stop at the same minibatch, and an error in one ends all, told once.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from typing import Any, TypeVar

import numpy as np

from brainscript.literals import read_integer
from brainscript.runtime.state_arena import Array

STARTED = ("OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "MV2_COMM_WORLD_SIZE")
"""Where `mpiexec` says how many processes it has started."""
LOCAL = ("OMPI_COMM_WORLD_LOCAL_SIZE", "MPI_LOCALNRANKS", "MV2_COMM_WORLD_LOCAL_SIZE")
"""Where it says how many of them are on this machine."""
Result = TypeVar("Result")
FAILED = 1000
"""Words from this one on say that a process has failed; signals have smaller numbers."""


class Elsewhere(SystemExit):
    """Another process has failed and says why; this one ends in silence."""

    def __init__(self) -> None:
        super().__init__(1)


class World:
    """A process on its own."""

    rank = 0
    size = 1

    def sum(self, *arrays: Array) -> None:
        """Replace each array by its sum over all processes, the same bits in each of them."""

    def agree(self, signal: int = 0) -> int:
        """Wait for all processes; gives the largest signal number that one of them has."""
        return signal

    def first(self, number: float) -> float:
        """The number that the first process has."""
        shared = np.array([0.0 if self.rank else number])
        self.sum(shared)
        return float(shared[0])

    def one(self, work: Callable[[], None]) -> None:
        """Do something in the first process while the others wait for it."""
        self.agree()
        if not self.rank:
            work()
        self.agree()

    def failed(self) -> bool:
        """Tell the others that this process has failed; whether this one is to say why."""
        return True


class MpiWorld(World):
    """A process among others, all of which call the same methods in the same order."""

    def __init__(self) -> None:
        self._mpi: Any = import_module("mpi4py.MPI")
        self._all: Any = self._mpi.COMM_WORLD
        self.rank, self.size = int(self._all.Get_rank()), int(self._all.Get_size())

    def sum(self, *arrays: Array) -> None:
        """Replace each array by its sum over all processes."""
        self.agree()
        for array in arrays:
            self._all.Allreduce(self._mpi.IN_PLACE, array, self._mpi.SUM)

    def agree(self, signal: int = 0) -> int:
        """Wait for all processes; raises Elsewhere when one of them has failed."""
        word = self._meet(signal)
        if word >= FAILED:
            raise Elsewhere
        return word

    def failed(self) -> bool:
        """Tell the others; of several that fail at once the first one says why."""
        word = FAILED + self.size - self.rank
        return self._meet(word) == word

    def _meet(self, word: int) -> int:
        words = np.array([word], np.int64)
        self._all.Allreduce(self._mpi.IN_PLACE, words, self._mpi.MAX)
        return int(words[0])


def together(world: World, work: Callable[[], Result]) -> Result:
    """Do the same work in all processes; where it fails in one, all of them end."""
    try:
        result = work()
        world.agree()
    except Elsewhere:
        raise
    except SystemExit:
        world.failed()
        raise
    except BaseException:
        if not world.failed():
            raise Elsewhere from None
        raise
    return result


def started() -> int:
    """How many processes `mpiexec` has started; 1 without it."""
    return _largest(STARTED)


def beside() -> int:
    """How many of them share this machine; 1 without `mpiexec`."""
    return _largest(LOCAL)


def _largest(names: tuple[str, ...]) -> int:
    return max(1, *(read_integer(os.environ.get(name, "")) or 0 for name in names))


@cache
def world() -> World:
    """This process among those of `mpiexec`; on its own without it, or without `mpi4py`."""
    if started() > 1 and find_spec("mpi4py") is not None:
        return MpiWorld()
    return World()
