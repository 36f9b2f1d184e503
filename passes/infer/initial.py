"""What a parameter's first value needs to know about its dimensions."""

from __future__ import annotations

from math import prod, sqrt
from pathlib import Path

import numpy as np
from xdsl.dialects.builtin import Float64Type

from brainscript.diagnostic import Diagnostic, MissingFileError
from brainscript.dialects.net.base import attribute
from brainscript.dialects.net.parameters import RANDOM_INITS, ParameterOp
from brainscript.dialects.net.places import failure, span_of
from brainscript.dialects.tensors import UNKNOWN, Shape, shape_text

FIXED_RANGES = {"uniform1": 1.0, "normal": 1.0, "truncNormal": 1.0}


def fans(shape: Shape, filter_rank: int, output_rank: int) -> tuple[int, int]:
    """Fan-in and fan-out: `(filter size * input axes, elements * filter size / fan-in)`.

    The filter axes come first, then (`output_rank >= 0`) the output axes and the input axes, or
    (`output_rank < 0`) the input axes and the output axes.
    """
    size = prod(shape[:filter_rank])
    if output_rank >= 0:
        inputs = shape[filter_rank + output_rank :]
    else:
        inputs = shape[filter_rank : len(shape) + output_rank]
    fan_in = size * prod(inputs)
    return fan_in, prod(shape) * size // fan_in


def range_formula(init: str, fan_in: int, fan_out: int) -> float:
    """Half width of the uniform or deviation of the normal distribution, before scaling."""
    if init == "uniform":
        return float(np.float32(0.05))
    if init in FIXED_RANGES:
        return FIXED_RANGES[init]
    return {
        "gaussian": 0.2 / sqrt(fan_in),
        "xavier": sqrt(3 / fan_in),
        "glorotUniform": sqrt(6 / (fan_in + fan_out)),
        "glorotNormal": sqrt(2 / (fan_in + fan_out)),
        "heUniform": sqrt(6 / fan_in),
        "heNormal": sqrt(2 / fan_in),
    }[init]


def initial_range(parameter: ParameterOp) -> None:
    """Set `range` of a random parameter: the formula in double, rounded, times the scale."""
    init, shape = parameter.init.data, parameter.type.shape
    assert shape is not None
    if init == "bilinear":
        check_bilinear(parameter, shape)
    if init not in RANDOM_INITS:
        return
    filter_rank = parameter.filter_rank.value.data
    output_rank = parameter.output_rank.value.data
    if filter_rank < 0 or filter_rank + abs(output_rank) > len(shape):
        raise failure(
            parameter,
            "BS0409",
            f"'{parameter.sym_name.data}' has too few axes for its initialisation",
            f"its shape is {shape_text(shape)}; initFilterRank is {filter_rank} and "
            f"initOutputRank is {output_rank}",
        )
    formula = range_formula(init, *fans(shape, filter_rank, output_rank))
    kind = np.float64 if isinstance(parameter.type.element, Float64Type) else np.float32
    with np.errstate(over="ignore"):
        scaled = float(kind(formula) * kind(parameter.scale.value.data))
    if not np.isfinite(scaled):
        title = f"the first values of '{parameter.sym_name.data}' would be infinite"
        label = f"its initValueScale is {parameter.scale.value.data:g}"
        raise failure(parameter, "BS0409", title, label)
    parameter.properties["range"] = attribute(scaled)


def check_bilinear(parameter: ParameterOp, shape: Shape) -> None:
    """A bilinear filter is `[k x k x C x C]`."""
    if len(shape) != 4 or shape[0] != shape[1] or shape[2] != shape[3]:
        title = f"'{parameter.sym_name.data}' cannot be a bilinear filter"
        label = f"its shape is {shape_text(shape)}, not [k x k x C x C]"
        raise failure(parameter, "BS0409", title, label)


def file_shape(parameter: ParameterOp) -> None:
    """Open dimensions of a parameter read from a text follow from its rows and columns."""
    if parameter.type.known or parameter.init.data not in ("fromFile", "fromLiteral"):
        return
    rows = matrix_rows(_text(parameter))
    widths = {len(row) for row in rows}
    if len(widths) != 1:
        title = f"the initial value of '{parameter.sym_name.data}' is not a matrix"
        label = "it is empty" if not rows else "its rows differ in length"
        raise failure(parameter, "BS0409", title, label)
    shape = completed(parameter.type.shape or (), len(rows), widths.pop())
    if shape is None:
        title = f"the initial value of '{parameter.sym_name.data}' does not fit its shape"
        label = f"the shape is {shape_text(parameter.type.shape)}, the value has {len(rows)} rows"
        raise failure(parameter, "BS0409", title, label)
    parameter.properties["type"] = parameter.type.with_shape(shape)


def completed(shape: Shape, rows: int, columns: int) -> Shape | None:
    """The shape with its first axis as many as the rows and one other open axis filled in."""
    if len(shape) <= 1:
        shape = (*shape, *(UNKNOWN,) * (1 - len(shape)), *(UNKNOWN,) * (columns > 1))
    if shape[0] not in (UNKNOWN, rows):
        return None
    rest = shape[1:]
    known = prod(d for d in rest if d != UNKNOWN)
    if rest.count(UNKNOWN) > 1 or columns % known:
        return None
    return (rows, *(columns // known if d == UNKNOWN else d for d in rest))


def _text(parameter: ParameterOp) -> str:
    if parameter.literal is not None:
        return parameter.literal.data
    assert parameter.file is not None
    path = parameter.file.data
    try:
        return Path(path).read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        title = f"cannot read '{path}', the initial value of '{parameter.sym_name.data}'"
        reason = error.strerror or type(error).__name__
        span = span_of(parameter.location)
        help = "the file gives the open dimensions: write all of them to check without it"
        raise MissingFileError(Diagnostic("BS0409", title, span, reason, help=help)) from error


def matrix_rows(text: str) -> list[list[str]]:
    """The rows of a text matrix: one per line, numbers apart by blanks, empty lines left out."""
    return [line.split() for line in text.splitlines() if line.strip()]
