"""First values of parameters: one row per `init` name, arithmetic as CNTK does it, bit for bit."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from brainscript.diagnostic import BrainScriptError, Diagnostic, MissingFileError, did_you_mean
from brainscript.runtime import generators
from brainscript.runtime.network import Array, Network, ParameterSpec, numpy_type

Doubles = NDArray[np.float64]


def initial_values(spec: ParameterSpec) -> Array:
    """The first values of a parameter, flat, in column-major order of its dims."""
    table = {name.lower(): row for name, row in INITIALISERS.items()}
    if spec.init.lower() not in table:
        help = did_you_mean(spec.init, INITIALISERS) or "known: " + ", ".join(INITIALISERS)
        raise _error("BS0510", spec, f"unknown init '{spec.init}'", help=help)
    values = table[spec.init.lower()](spec)
    return values.astype(numpy_type(spec.element))


def initialise(network: Network) -> None:
    """Give every parameter of the network its first values."""
    for spec in network.facts.parameters:
        view = network.state.view(spec.name)
        view.reshape(-1)[:] = initial_values(spec)


def fans(spec: ParameterSpec) -> tuple[float, float]:
    """Fan-in and fan-out: filter axes first, then output axes, then input axes.

    A negative output rank counts from the end: input axes are then the ones before the outputs.
    """
    filters, outputs, rank = spec.filter_rank, spec.output_rank, len(spec.dims)
    if filters + abs(outputs) > rank:
        why = f"filter rank {filters} and output rank {outputs} need more than {rank} axes"
        raise _error("BS0511", spec, why)
    size = math.prod(spec.dims[:filters])
    after = spec.dims[filters + outputs :] if outputs >= 0 else spec.dims[filters : rank + outputs]
    fan_in = size * math.prod(after)
    return float(fan_in), float(spec.count * size / fan_in)


def _scaled(spec: ParameterSpec, range_: float) -> float:
    """The range in double, rounded to the element type, times the scale in the element type."""
    kind = numpy_type(spec.element).type
    return float(kind(range_) * kind(spec.scale))


def _uniform(range_of: Callable[[float, float], float]) -> Callable[[ParameterSpec], Doubles]:
    def draw(spec: ParameterSpec) -> Doubles:
        bound = _scaled(spec, range_of(*fans(spec)))
        if bound == 0:
            return np.zeros(spec.count)
        return generators.uniform(spec.seed, spec.count, -bound, bound)

    return draw


def _normal(sigma_of: Callable[[float, float], float]) -> Callable[[ParameterSpec], Doubles]:
    def draw(spec: ParameterSpec) -> Doubles:
        return generators.normal(spec.seed, spec.count, 0.0, _scaled(spec, sigma_of(*fans(spec))))

    return draw


def _truncated(spec: ParameterSpec) -> Doubles:
    return generators.truncated_normal(spec.seed, spec.count, 0.0, _scaled(spec, 1.0))


def _fixed(spec: ParameterSpec) -> Doubles:
    return np.full(spec.count, spec.value)


def _zero(spec: ParameterSpec) -> Doubles:
    return np.zeros(spec.count)


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
    try:
        text = Path(spec.file).read_text("utf-8", "replace")
    except OSError as error:
        kind = MissingFileError if isinstance(error, FileNotFoundError) else BrainScriptError
        reason = error.strerror or "unreadable"
        title = f"the file '{spec.file}' with initial values cannot be read: {reason}"
        raise kind(Diagnostic("BS0512", title, spec.span, path=spec.name)) from None
    return _matrix(spec, text, spec.file)


def _from_literal(spec: ParameterSpec) -> Doubles:
    return _matrix(spec, spec.literal, "initFromLiteral")


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


FLOAT_LITERAL = float(np.float32(0.05))
"""CNTK writes the default range as a float literal, also in double networks."""

INITIALISERS: dict[str, Callable[[ParameterSpec], Doubles]] = {
    "uniform": _uniform(lambda i, o: FLOAT_LITERAL),
    "uniform1": _uniform(lambda i, o: 1.0),
    "gaussian": _normal(lambda i, o: 0.2 / math.sqrt(i)),
    "normal": _normal(lambda i, o: 1.0),
    "xavier": _uniform(lambda i, o: math.sqrt(3.0 / i)),
    "glorotUniform": _uniform(lambda i, o: math.sqrt(6.0 / (i + o))),
    "glorotNormal": _normal(lambda i, o: math.sqrt(2.0 / (i + o))),
    "heUniform": _uniform(lambda i, o: math.sqrt(6.0 / i)),
    "heNormal": _normal(lambda i, o: math.sqrt(2.0 / i)),
    "truncNormal": _truncated,
    "bilinear": _bilinear,
    "zero": _zero,
    "fixedValue": _fixed,
    "fromFile": _from_file,
    "fromLiteral": _from_literal,
}
