"""Model files of every known format: found by their first bytes, not by their extension."""

from __future__ import annotations

import hashlib
from pathlib import Path

from brainscript.diagnostic import BrainScriptError, Diagnostic
from brainscript.runtime.model import container
from brainscript.runtime.model.cntk_v1 import convert, network_file
from brainscript.runtime.model.loaded import LoadedModel
from brainscript.runtime.model.model_file import ModelFile

EXTENSIONS = (".model", ".dnn", ".cmf")


def load_model(path: str | Path) -> LoadedModel:
    """The network of a model file and its values (see `LoadedModel`).

    Raises MissingFileError (BS0501) when there is no such file, BrainScriptError when it cannot be
    read (BS0507), is not a model (BS0502, BS0504), is of an unknown version (BS0505) or is damaged
    (BS0503, with the place).
    """
    file = ModelFile(path)
    start = file.read(0, min(file.size, 16))
    if start.startswith(network_file.MAGIC):
        return convert.load(file)
    return _container(path)


def _container(path: str | Path) -> LoadedModel:
    stored = container.load(path)
    text = stored.metadata.get("bs.net")
    if text is None:
        title = f"'{path}' holds the state of an optimiser, not a network"
        raise BrainScriptError(Diagnostic("BS0504", title))
    key = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    return LoadedModel(str(path), "model container", key, text, stored.tensors)


def is_model(path: str | Path) -> bool:
    """Whether the file there is a model, or has the name of one."""
    return Path(path).suffix.lower() in EXTENSIONS and Path(path).is_file()
