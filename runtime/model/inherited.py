"""Values that a network takes over from model files, each of which is read once."""

from __future__ import annotations

import os
from collections.abc import Container
from pathlib import Path

import numpy as np

from brainscript.diagnostic import BrainScriptError, Diagnostic
from brainscript.runtime.model.loaded import LoadedModel
from brainscript.runtime.model.loading import load_model
from brainscript.runtime.network import Array, Network, ParameterSpec

KEPT = 4
_models: dict[tuple[str, int, int], LoadedModel] = {}


def model_of(path: str) -> LoadedModel:
    """The model in a file; raises as `load_model` does."""
    try:
        facts = os.stat(path)
    except OSError:
        return load_model(path)
    key = (str(Path(path).absolute()), facts.st_mtime_ns, facts.st_size)
    if key not in _models:
        while len(_models) >= KEPT:
            del _models[next(iter(_models))]
        _models[key] = load_model(path)
    return _models[key]


def inherited_value(spec: ParameterSpec) -> Array:
    """The value that a parameter has in the model file it comes from, flat."""
    return _value(spec.file, spec.source, spec.count, spec.name)


def inherit_statistics(network: Network, planned: Container[str] = ()) -> None:
    """Give statistics that are known from model files (not only `planned` ones) their values."""
    for spec in network.facts.precomputed:
        if spec.file and spec.file not in planned:
            view = network.state.view(spec.state).reshape(-1)
            view[:] = _value(spec.file, spec.source, len(view), spec.name)


def _value(file: str, source: str, count: int, name: str) -> Array:
    values = model_of(file).values
    if source not in values or values[source].size != count:
        why = "is missing" if source not in values else f"has {values[source].size} elements"
        title = f"'{name}': '{source}' {why} in '{file}', which has changed meanwhile"
        raise BrainScriptError(Diagnostic("BS0506", title, path=name))
    return np.asarray(values[source]).reshape(-1)
