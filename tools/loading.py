"""Networks of model files as level-2 modules whose parameters name the file they come from."""

from __future__ import annotations

from collections.abc import Container

from xdsl.dialects.builtin import ModuleOp

from brainscript.dialects.net.base import NetOp, attribute
from brainscript.dialects.net.network import network_of
from brainscript.dialects.net.parameters import ParameterOp
from brainscript.dialects.net.stored import set_stored
from brainscript.runtime.model.inherited import model_of
from brainscript.runtime.model.loaded import LoadedModel

INITIAL = ("scale", "range", "seed", "value", "literal", "filter_rank", "output_rank")
"""Properties that say how a parameter got its first value before it was trained."""


def module_of_file(path: str) -> ModuleOp:
    """The network of a model file, for a program that loads it."""
    return inherited_module(model_of(path), path)


def inherited_module(model: LoadedModel, path: str) -> ModuleOp:
    """The module of a model; parameters and known statistics take their values from the file."""
    return inherited(model.module(), path, model.values)


def inherited(module: ModuleOp, path: str, values: Container[str]) -> ModuleOp:
    """The module with parameters, and the statistics among `values`, that name their file."""
    for op in module.ops:
        if isinstance(op, ParameterOp):
            name = op.sym_name.data
            for known in INITIAL:
                op.properties.pop(known, None)
            defaults = {"scale": 1.0, "filter_rank": 0, "output_rank": 1}
            given = {"init": "fromModel", "file": path, "source": name}
            for known, value in {**defaults, **given}.items():
                op.properties[known] = attribute(value)
    network = network_of(module)
    for op in network.block.ops if network is not None else ():
        if isinstance(op, NetOp) and op.OPERATION in ("Mean", "InvStdDev"):
            set_stored(op, path if op.node_name in values else "", op.node_name)
    return module
