"""Saving and resuming: the optimiser's state beside each model, committed by the manifest.

Order of a save: checkpoint, model, manifest; only then are older checkpoints removed. A run that
is stopped at any moment therefore finds the newest complete epoch again.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, cast

from brainscript.codegen.timing.trace import span
from brainscript.diagnostic import BrainScriptError, Diagnostic
from brainscript.runtime.model import container
from brainscript.runtime.model.store import STORED_ROLES, put_values, save_network, values_of
from brainscript.runtime.network import Network
from brainscript.runtime.train.saving.files import Manifest, ModelFiles

BLOCK_ROLE = "block"
"""What the momentum of blocks remembers: zero in a run that goes on from one without it."""
STATE_ROLES = ("momentum", BLOCK_ROLE)
SUM_ROLES = ("criterion", "random", "carried", "accumulated")


@dataclass
class Partial:
    """Where an interrupted run stood within an epoch."""

    minibatches: int = 0
    samples: int = 0
    counts: list[int] = field(default_factory=list[int])
    shown: list[float] = field(default_factory=list[float])
    shown_counts: list[int] = field(default_factory=list[int])
    shown_at: int = 0


@dataclass
class Progress:
    """What a run must remember besides the values of its network."""

    epoch: int = 0
    samples_seen: int = 0
    rate: float = 0.0
    previous: float = math.inf
    average: float = 0.0
    reducing: bool = False
    best: dict[str, tuple[float, int]] = field(default_factory=dict[str, tuple[float, int]])
    partial: Partial | None = None
    size: int = 0
    tuned: int = 0
    rates: list[float] = field(default_factory=list[float])

    def as_text(self) -> str:
        """As JSON; infinities as CNTK's arrays spell them."""
        return json.dumps(asdict(self), sort_keys=True)

    @staticmethod
    def from_text(text: str) -> Progress:
        """The progress written by `as_text`."""
        record: dict[str, Any] = json.loads(text)
        partial = record.pop("partial", None)
        best = {k: (float(v[0]), int(v[1])) for k, v in record.pop("best", {}).items()}
        inner = Partial(**partial) if partial is not None else None
        _check_kinds(record, Progress())
        _check_kinds(partial or {}, Partial())
        return Progress(**record, best=best, partial=inner)


@dataclass
class Checkpoints:
    """Writes and reads the files of one run."""

    files: ModelFiles
    keep: bool = False
    spare: int = 0
    manifest: Manifest = field(default_factory=Manifest)
    _pruned: int = 0

    @span("save", "train")
    def commit(self, network: Network, progress: Progress) -> None:
        """Save the state after `progress.epoch` epochs and make it the newest complete one."""
        done = progress.epoch
        model, state = self.files.model(done), self.files.checkpoint(done)
        stored = _save_state(state, network, STATE_ROLES, progress) if done else None
        self.manifest.add(model, save_network(model, network))
        if stored is not None:
            self.manifest.add(state, stored)
        self.manifest.epoch = done
        self.manifest.position = {"epoch": done, "minibatches": 0, "rate": progress.rate}
        old = self._prune(done)
        self.manifest.save(self.files.manifest)
        for path in (*old, self.files.partial):
            with suppress(FileNotFoundError):
                path.unlink()
        self._pruned = max(self._pruned, done - self.spare)

    def finish(self, network: Network) -> None:
        """Save the final model of a run that ends before its last epoch."""
        path = self.files.path
        self.manifest.add(path, save_network(path, network))
        self.manifest.save(self.files.manifest)

    def _prune(self, done: int) -> list[Path]:
        """The checkpoints that are no longer needed, taken out of the manifest.

        The first time they are those of all epochs before: a run that was killed may have left any.
        """
        if self.keep:
            return []
        old = [self.files.checkpoint(k) for k in range(self._pruned, done - self.spare)]
        for path in old:
            self.manifest.files.pop(path.name, None)
        self.manifest.files.pop(self.files.partial.name, None)
        return [path for path in old if path != self.files.checkpoint(done)]

    def withdraw(self, done: int, last: int) -> None:
        """Forget the models after `done` epochs up to `last`: the run goes back."""
        for k in range(done + 1, last + 1):
            for path in (self.files.model(k), self.files.checkpoint(k)):
                self.manifest.files.pop(path.name, None)
                with suppress(FileNotFoundError):
                    path.unlink()

    def interrupt(self, network: Network, progress: Progress) -> None:
        """Save a run within an epoch: values, optimiser state and sums in one file."""
        path = self.files.partial
        roles = STORED_ROLES + STATE_ROLES + SUM_ROLES
        self.manifest.add(path, _save_state(path, network, roles, progress))
        count = progress.partial.minibatches if progress.partial else 0
        self.manifest.position = {
            "epoch": progress.epoch,
            "minibatches": count,
            "rate": progress.rate,
        }
        self.manifest.save(self.files.manifest)

    def restore(self, network: Network, done: int, missing: Callable[[Path], None]) -> Progress:
        """The optimiser state after `done` epochs into the network; `missing` when it is gone."""
        path = self.files.checkpoint(done)
        if not path.is_file():
            missing(path)
            return Progress(epoch=done)
        return _load_state(path, network, STATE_ROLES)

    def resume(self, network: Network, done: int) -> Progress | None:
        """The state of a run that was interrupted after `done` epochs, into the network."""
        path = self.files.partial
        named = self.manifest.files.get(path.name) is not None
        if not named or self.manifest.epoch != done or not path.is_file():
            return None
        if not self.manifest.lists(path):
            return None
        return _load_state(path, network, STORED_ROLES + STATE_ROLES + SUM_ROLES)


def _check_kinds(record: dict[str, Any], like: Progress | Partial) -> None:
    """Every number is one, and counts are not negative; ValueError otherwise."""
    for name, value in record.items():
        wanted = getattr(like, name, None)
        items = cast("list[Any]", value) if isinstance(value, list) else [value]
        if isinstance(wanted, list) != isinstance(value, list):
            raise ValueError(f"'{name}' is {value!r}")
        whole = isinstance(wanted, int) or name == "counts" or name == "shown_counts"
        kinds = (int,) if whole else (int, float)
        if any(not isinstance(item, kinds) or (whole and item < 0) for item in items):
            raise ValueError(f"'{name}' is {value!r}")


def _save_state(
    path: Path, network: Network, roles: tuple[str, ...], progress: Progress
) -> container.Written:
    return container.save(path, values_of(network, roles), {"bs.checkpoint": progress.as_text()})


def _load_state(path: Path, network: Network, roles: tuple[str, ...]) -> Progress:
    stored = container.load(path)
    try:
        progress = Progress.from_text(stored.metadata["bs.checkpoint"])
    except (LookupError, AttributeError, TypeError, ValueError) as error:
        title = f"'{path}' is not a checkpoint of this program: {error}"
        raise BrainScriptError(Diagnostic("BS0715", title)) from None
    state = network.state
    blocks = {name for name in state.names() if state.role(name) == BLOCK_ROLE}
    try:
        put_values(network, stored.tensors, roles, path, blocks)
    except BrainScriptError as error:
        title = f"the checkpoint does not belong to this network: {error.diagnostics[0].title}"
        help = "remove it to start with fresh momentum"
        raise BrainScriptError(Diagnostic("BS0715", title, help=help)) from None
    return progress
