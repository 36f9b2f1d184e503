"""A network to a model file and back."""

from __future__ import annotations

import json
from collections.abc import Container, Mapping
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from brainscript.diagnostic import BrainScriptError, Diagnostic
from brainscript.runtime.model import container
from brainscript.runtime.model.file_values import FileValues
from brainscript.runtime.model.loading import load_model
from brainscript.runtime.network import Array, Environment, Facts, Network

STORED_ROLES = ("parameter", "statistic")
NEVER_COMPUTED = "BS0518"


def save_network(path: str | Path, network: Network) -> container.Written:
    """Write parameters, statistics and the network text to `path`, atomically."""
    return save_values(path, network.facts, values_of(network, STORED_ROLES))


def save_values(path: str | Path, facts: Facts, tensors: Mapping[str, Array]) -> container.Written:
    """Write a network and its values as a model container, atomically."""
    axes = {spec.name: spec.axis for spec in facts.inputs}
    metadata = {
        "bs.net": facts.ir_text,
        "bs.roots": json.dumps({k: list(v) for k, v in facts.roots.items()}),
        "bs.axes": json.dumps(axes),
    }
    return container.save(path, tensors, metadata)


def load_network(path: str | Path, environment: Environment) -> Network:
    """The network of a model file of any known format, with its values."""
    model = load_model(path)
    for remark in model.remarks:
        environment.warn(remark)
    network = environment.stored_network(model)
    unknown = {remark.path for remark in model.remarks if remark.code == NEVER_COMPUTED}
    put_values(network, model.values, STORED_ROLES, path, unknown)
    return network


def values_of(network: Network, roles: tuple[str, ...]) -> dict[str, Array]:
    """Views of all values of these roles, shaped as the reversed dims where they are known."""
    shapes = _shapes(network)
    state = network.state
    names = [name for name in state.names() if state.role(name) in roles]
    views = {name: state.view(name) for name in names}
    return {name: v.reshape(shapes.get(name, v.shape)) for name, v in views.items()}


def put_values(
    network: Network,
    tensors: Mapping[str, Array],
    roles: tuple[str, ...],
    path: str | Path,
    unknown: Container[str] = (),
) -> None:
    """Copy stored values into the network; nothing is copied unless all of them fit.

    Those that are `unknown` to the file keep what they have.
    """
    found = values_of(network, roles)
    targets = {k: v for k, v in found.items() if k in tensors or k not in unknown}
    for name, target in targets.items():
        if name not in tensors:
            raise _misfit(path, f"'{name}' is missing")
        shape, dtype = _form(tensors, name)
        if prod(shape) != target.size or dtype != target.dtype:
            theirs, ours = _describe(shape, dtype), _describe(target.shape, target.dtype)
            raise _misfit(path, f"'{name}' is {theirs}, the network has {ours}")
    if isinstance(tensors, FileValues):
        tensors.copy_into(targets)
        return
    for name, target in targets.items():
        target.reshape(-1)[:] = tensors[name].reshape(-1)


def _shapes(network: Network) -> dict[str, tuple[int, ...]]:
    return {spec.name: spec.dims[::-1] for spec in network.facts.parameters}


def _form(tensors: Mapping[str, Array], name: str) -> tuple[tuple[int, ...], np.dtype[Any]]:
    if isinstance(tensors, FileValues):
        return tensors.form(name)
    return tensors[name].shape, tensors[name].dtype


def _describe(shape: tuple[int, ...], dtype: np.dtype[Any]) -> str:
    dims = " x ".join(str(d) for d in shape[::-1]) or "1"
    return f"[{dims}] {dtype.name}"


def _misfit(path: str | Path, why: str) -> BrainScriptError:
    title = f"the model file '{path}' does not fit its network: {why}"
    return BrainScriptError(Diagnostic("BS0506", title))
