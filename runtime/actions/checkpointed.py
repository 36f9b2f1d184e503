"""A run that goes on from a checkpoint, beside a config that has been changed since."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from brainscript.builders import find_builder
from brainscript.diagnostic import BrainScriptError, Diagnostic, Note
from brainscript.runtime.actions.session import Session
from brainscript.runtime.model.loading import load_model
from brainscript.runtime.network import Facts
from brainscript.runtime.train.saving.files import ModelFiles
from brainscript.settings import Settings

SHOWN = 3
"""The differences that are told."""


def check_unchanged(files: ModelFiles, done: int, section: Settings, session: Session) -> None:
    """Warn when the network of the checkpoint after `done` epochs is not that of the builder.

    A model of another program, which has no manifest, may name its nodes otherwise. A builder that
    cannot be built any more, because it copies from a model that is gone, is not needed.
    """
    builder, environment = find_builder(section), session.environment
    if builder is None or environment.describe is None or not files.manifest.exists():
        return
    path = files.model(done)
    try:
        described = environment.describe(section)
    except BrainScriptError:
        return
    stored = environment.stored_network(load_model(path)).facts
    found = list(islice(differences(described, stored), SHOWN))
    if found:
        title = f"{builder} is not the network of the model '{path}', which is used"
        help = "remove the models of the earlier run, or set makeMode = false, to begin anew"
        notes = tuple(Note(text) for text in found)
        span = section.span_of(builder)
        environment.warn(
            Diagnostic("BS0736", title, span, notes=notes, help=help, severity="warning")
        )


def differences(described: Facts, stored: Facts) -> Iterator[str]:
    """How two networks differ, node by node."""
    here, there = described.nodes, stored.nodes
    for name in sorted(here.keys() | there.keys()):
        if name not in there:
            yield f"'{name}' is not in the model"
        elif name not in here:
            yield f"'{name}' is in the model only"
        elif here[name].operation != there[name].operation:
            yield f"'{name}' is {here[name].operation}, in the model {there[name].operation}"
        elif here[name].dims != there[name].dims:
            ours, theirs = _dims(here[name].dims), _dims(there[name].dims)
            yield f"'{name}' is {ours}, in the model {theirs}"


def _dims(dims: tuple[int, ...]) -> str:
    return f"[{' x '.join(map(str, dims))}]"
