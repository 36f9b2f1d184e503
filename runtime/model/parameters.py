"""First values of parameters, one row per `init` name.

Numbers are drawn in double, in column-major order, and then rounded to the element type.
"""

from __future__ import annotations

from collections.abc import Callable, Container
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from brainscript.diagnostic import BrainScriptError, Diagnostic, MissingFileError, did_you_mean
from brainscript.runtime import generators
from brainscript.runtime.data.side_files import side_file
from brainscript.runtime.model.inherited import inherit_statistics, inherited_value
from brainscript.runtime.network import Array, Network, ParameterSpec, numpy_type

Doubles = NDArray[np.float64]


def initial_values(spec: ParameterSpec) -> Array:
    """The first values of a parameter, flat, in column-major order of its dims."""
    if spec.init not in INITIALISERS:
        help = did_you_mean(spec.init, INITIALISERS) or "known: " + ", ".join(INITIALISERS)
        raise _error("BS0510", spec, f"unknown init '{spec.init}'", help=help)
    values = INITIALISERS[spec.init](spec)
    return values.astype(numpy_type(spec.element))


def initialise(network: Network, planned: Container[str] = (), *, drawn: bool = True) -> None:
    """Give every parameter of the network its first values, and known statistics theirs.

    Files that are only `planned` are not read. With `drawn` false only what can be wrong is made:
    values that are drawn or constant stay 0.
    """
    for spec in network.facts.parameters:
        if spec.init == "fromModel" and spec.file in planned:
            continue
        if not drawn and INITIALISERS.get(spec.init) in HARMLESS:
            continue
        view = network.state.view(spec.name)
        view.reshape(-1)[:] = initial_values(spec)
    inherit_statistics(network, planned)


def _uniform(spec: ParameterSpec) -> Doubles:
    if spec.range == 0:
        return np.zeros(spec.count)
    return generators.uniform(spec.seed, spec.count, -spec.range, spec.range)


def _normal(spec: ParameterSpec) -> Doubles:
    return generators.normal(spec.seed, spec.count, 0.0, spec.range)


def _truncated(spec: ParameterSpec) -> Doubles:
    return generators.truncated_normal(spec.seed, spec.count, 0.0, spec.range)


def _constant(spec: ParameterSpec) -> Doubles:
    return np.full(spec.count, spec.value)


def _bilinear(spec: ParameterSpec) -> Doubles:
    """`(1 - |w - center| / factor) (1 - |h - center| / factor)` for equal channels, else 0."""
    dims = spec.dims
    if len(dims) != 4 or dims[0] != dims[1] or dims[2] != dims[3]:
        raise _error("BS0511", spec, f"'bilinear' needs a shape [k x k x C x C], not {list(dims)}")
    k, channels = dims[0], dims[2]
    factor, center = (k + 1) // 2, (k - 1) / 2
    ramp = 1 - np.abs(np.arange(k) - center) / factor
    values = np.zeros((channels, channels, k, k))
    values[np.arange(channels), np.arange(channels)] = np.outer(ramp, ramp)
    return values.reshape(-1)


def _from_file(spec: ParameterSpec) -> Doubles:
    values = np.zeros(spec.count)
    with side_file():
        values = _matrix(spec, _file_text(spec), spec.file)
    return values


def _file_text(spec: ParameterSpec) -> str:
    try:
        return Path(spec.file).read_text("utf-8", "replace")
    except OSError as error:
        kind = MissingFileError if isinstance(error, FileNotFoundError) else BrainScriptError
        reason = error.strerror or "unreadable"
        title = f"the file '{spec.file}' with initial values cannot be read: {reason}"
        raise kind(Diagnostic("BS0512", title, spec.span, path=spec.name)) from None


def _from_literal(spec: ParameterSpec) -> Doubles:
    return _matrix(spec, spec.literal, "initFromLiteral")


def _from_model(spec: ParameterSpec) -> Doubles:
    return inherited_value(spec).astype(np.float64)


def _matrix(spec: ParameterSpec, text: str, source: str) -> Doubles:
    """A text matrix, one line per row, stored column by column."""
    rows: list[list[float]] = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        try:
            rows.append([float(word) for word in line.split()])
        except ValueError as error:
            raise _error("BS0511", spec, f"{source}, line {number}: {error}") from None
        if len(rows[-1]) != len(rows[0]):
            why = f"{source}, line {number}: {len(rows[-1])} numbers, the first row has "
            raise _error("BS0511", spec, why + str(len(rows[0])))
    values = np.asarray(rows, dtype=np.float64).T.reshape(-1)
    if len(values) != spec.count:
        why = f"{source} holds {len(values)} numbers, the shape {list(spec.dims)} has {spec.count}"
        raise _error("BS0511", spec, why)
    return values


def _error(code: str, spec: ParameterSpec, title: str, help: str = "") -> BrainScriptError:
    full = f"parameter '{spec.name}': {title}"
    return BrainScriptError(Diagnostic(code, full, spec.span, path=spec.name, help=help))


INITIALISERS: dict[str, Callable[[ParameterSpec], Doubles]] = {
    "uniform": _uniform,
    "uniform1": _uniform,
    "gaussian": _normal,
    "normal": _normal,
    "xavier": _uniform,
    "glorotUniform": _uniform,
    "glorotNormal": _normal,
    "heUniform": _uniform,
    "heNormal": _normal,
    "truncNormal": _truncated,
    "bilinear": _bilinear,
    "constant": _constant,
    "fromFile": _from_file,
    "fromLiteral": _from_literal,
    "fromModel": _from_model,
}

_RANDOM = (_uniform, _normal, _truncated)
DRAWN = frozenset(name for name, make in INITIALISERS.items() if make in _RANDOM)
"""The kinds of first values that are random numbers."""

HARMLESS = (*_RANDOM, _constant)
"""What makes values of any shape: nothing about it can be wrong."""
