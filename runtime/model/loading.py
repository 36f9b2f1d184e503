"""Model files of every known format: found by their first bytes, not by their extension."""

from __future__ import annotations

import hashlib
from pathlib import Path

from brainscript.diagnostic import BrainScriptError, Diagnostic
from brainscript.runtime.model import container, dbn
from brainscript.runtime.model.cntk_v1 import convert as cntk_v1
from brainscript.runtime.model.cntk_v1.network_file import MAGIC
from brainscript.runtime.model.cntk_v2 import convert as cntk_v2
from brainscript.runtime.model.cntk_v2.dictionary import looks_like_dictionary
from brainscript.runtime.model.loaded import LoadedModel
from brainscript.runtime.model.model_file import ModelFile

EXTENSIONS = (".model", ".dnn", ".cmf", ".onnx")


def load_model(path: str | Path) -> LoadedModel:
    """The network of a model file and its values (see `LoadedModel`).

    Raises MissingFileError (BS0501) when there is no such file, BrainScriptError when it cannot be
    read (BS0507), is not a model (BS0502, BS0504), is of an unknown version (BS0505) or is damaged
    (BS0503, with the place).
    """
    file = ModelFile(path)
    try:
        return _load(file)
    except BaseException:
        file.close()
        raise


def _load(file: ModelFile) -> LoadedModel:
    start = file.read(0, min(file.size, 16))
    if start.startswith(MAGIC):
        return cntk_v1.load(file)
    if looks_like_dictionary(start):
        return cntk_v2.load(file)
    if start[:4] in dbn.STARTS:
        return dbn.load(file)
    if Path(file.path).suffix.lower() == ".onnx":
        from brainscript.runtime.model.exchange.reading.importing import load

        return load(file)
    return _container(file)


def _container(file: ModelFile) -> LoadedModel:
    values, metadata = container.open_tensors(file)
    path, text = file.path, metadata.get("bs.net")
    if text is None:
        title = f"'{path}' holds the state of an optimiser, not a network"
        raise BrainScriptError(Diagnostic("BS0504", title))
    key = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    return LoadedModel(path, "model container", key, text, values)


def is_model(path: str | Path) -> bool:
    """Whether the file there begins as a model does, or has the name of one."""
    try:
        with Path(path).open("rb") as stream:
            start = stream.read(16)
    except OSError:
        return False
    known = start.startswith((MAGIC, *dbn.STARTS)) or looks_like_dictionary(start)
    container = start[8:9] == b"{" and b"\0" in start[:8]  # a config may begin with `train = {`
    return known or container or Path(path).suffix.lower() in EXTENSIONS
