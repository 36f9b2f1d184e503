"""Making inputs and parameters from BrainScript's options."""

from __future__ import annotations

from collections.abc import Mapping
from math import inf
from typing import cast

from xdsl.dialects.builtin import LocationAttr

from brainscript.diagnostic import nearest
from brainscript.dialects.net.base import Option, OptionError, read_number, read_option
from brainscript.dialects.net.kinds import UNKNOWN_LOCATION, located
from brainscript.dialects.net.parameters import INITS, RANDOM_INITS, InputOp, ParameterOp
from brainscript.dialects.net.shapes import ShapeError
from brainscript.dialects.tensors import DEFAULT_AXIS, UNKNOWN, Element, Shape, TensorType, f32

INPUT_OPTIONS = (
    Option("dims", None, "shape", "dims"),
    Option("dynamicAxis", "", "text", "axis"),
    Option("sparse", False, "boolean", "sparse"),
)

PARAMETER_OPTIONS = (
    Option("dims", None, "shape", "dims"),
    Option("learningRateMultiplier", 1.0, "number", "learning_rate_multiplier"),
    Option("init", "", "text", "init"),
    Option("initValueScale", 1.0, "number", "scale"),
    Option("value", 0.0, "number", "value"),
    Option("initFilterRank", 0, "integer", "filter_rank"),
    Option("initOutputRank", 1, "integer", "output_rank"),
    Option("initFromFilePath", "", "text", "file"),
    Option("initFromLiteral", "", "text", "literal"),
    Option("initFromNode", "", "text", "source"),
    Option("initOnCPUOnly", True, "boolean", "on_cpu"),
    Option("randomSeed", -1, "integer", "seed"),
)
"""The options of a parameter; besides them there is `initValue`, a number or an empty text."""

_SPELLED = {name.lower(): name for name in INITS}
_CONSTANT = ("fixedvalue", "fromvalue", "zero")


def initialiser(options: Mapping[str, object]) -> str:
    """Which of `INITS` the options of a parameter choose; raises `ShapeError` for none of them."""
    given = {name.lower(): value for name, value in options.items()}
    init = given.get("init") or ""
    value = given.get("initvalue", "")
    if not isinstance(init, str):
        raise ShapeError("BS0409", f"'init' must be a text, not {init!r}", "")
    if not init:
        if given.get("initfromfilepath"):
            return "fromFile"
        if isinstance(value, int | float):
            return "constant"
        if value not in ("", None):
            raise ShapeError("BS0409", "'initValue' must be one number", "")
        return "uniform"
    if init.lower() in _CONSTANT:
        return "constant"
    if init.lower() in _SPELLED:
        return _SPELLED[init.lower()]
    hit = nearest(init, [*INITS, "fixedValue", "zero"])
    help = f"did you mean '{hit}'?" if hit else f"known: {', '.join(INITS)}, fixedValue, zero"
    raise ShapeError("BS0409", f"unknown initialisation '{init}'", "", help)


def takes_seed(options: Mapping[str, object]) -> bool:
    """Whether the parameter draws random numbers and has no seed of its own."""
    given = {name.lower(): value for name, value in options.items()}
    seed = given.get("randomseed", -1)
    own = isinstance(seed, int | float) and seed >= 0
    return initialiser(options) in RANDOM_INITS and not own


def make_parameter(
    name: str,
    options: Mapping[str, object],
    seed: int,
    element: Element = f32,
    location: LocationAttr = UNKNOWN_LOCATION,
) -> ParameterOp:
    """The parameter that `LearnableParameter` with these options makes.

    `seed` is used when `takes_seed` says so. What is wrong is a `BrainScriptError`.
    """
    try:
        init = initialiser(options)
        values = _read(PARAMETER_OPTIONS, options)
        shape = cast("Shape", values.pop("dims"))
        kept = _kept(init, values, {k.lower(): v for k, v in options.items()}, seed)
    except ShapeError as e:
        raise located(e, name, location) from e
    kind = TensorType.of(_file_shape(init, shape), element)
    return ParameterOp(name, kind, kept, location)


def _file_shape(init: str, shape: Shape) -> Shape | None:
    """The shape of a parameter read from a text may be left open altogether."""
    return None if init.startswith("from") and shape in ((), (UNKNOWN,)) else shape


def _kept(
    init: str, values: dict[str, object], given: Mapping[str, object], seed: int
) -> dict[str, object]:
    """The options that matter for this initialisation."""
    kept: dict[str, object] = {"init": init}
    multiplier = values["learning_rate_multiplier"]
    assert isinstance(multiplier, float)
    if not 0 <= multiplier < inf:
        title = f"'learningRateMultiplier' must be 0 or more, not {multiplier:g}"
        raise ShapeError("BS0402", title, "", "0 keeps the parameter as it is")
    if multiplier != 1.0:
        kept["learning_rate_multiplier"] = multiplier
    if init in RANDOM_INITS:
        own = values["seed"]
        assert isinstance(own, int)
        kept["seed"] = own if own >= 0 else seed
        defaults = {o.property: o.default for o in PARAMETER_OPTIONS}
        for name in ("scale", "filter_rank", "output_rank"):
            if values[name] != defaults[name]:
                kept[name] = values[name]
    elif init == "constant":
        kept["value"] = _constant(values, given)
    elif init == "fromFile":
        kept["file"] = _needed(values, "file", "initFromFilePath")
    elif init == "fromLiteral":
        kept["literal"] = _needed(values, "literal", "initFromLiteral")
    elif init == "fromModel":
        kept["file"] = _needed(values, "file", "initFromFilePath")
        kept["source"] = _needed(values, "source", "initFromNode")
    return kept


def _constant(values: Mapping[str, object], given: Mapping[str, object]) -> object:
    """`zero`, `fixedValue` with `value`, or `initValue`."""
    init = str(given.get("init") or "").lower()
    if init == "zero":
        return 0.0
    if init == "fixedvalue":
        return values["value"]
    try:
        return read_number("initValue", given.get("initvalue"))
    except OptionError as e:
        raise ShapeError("BS0409", str(e), "") from e


def _needed(values: Mapping[str, object], name: str, option: str) -> object:
    if not values[name]:
        raise ShapeError("BS0409", f"the initialisation needs '{option}'", "")
    return values[name]


def _read(table: tuple[Option, ...], options: Mapping[str, object]) -> dict[str, object]:
    given = {name.lower(): value for name, value in options.items()}
    values: dict[str, object] = {}
    for option in table:
        value = given.get(option.name.lower(), option.default)
        if value is None:
            raise ShapeError("BS0402", f"'{option.name}' is missing", "")
        try:
            values[option.property] = read_option(option, value)
        except OptionError as e:
            raise ShapeError("BS0402", str(e), "") from e
    return values


def make_input(
    name: str,
    options: Mapping[str, object],
    element: Element = f32,
    location: LocationAttr = UNKNOWN_LOCATION,
) -> InputOp:
    """The operation that `Input` with these options makes."""
    try:
        values = _read(INPUT_OPTIONS, options)
        shape, axis = cast("Shape", values["dims"]), str(values["axis"])
        if not shape or UNKNOWN in shape:
            raise ShapeError("BS0402", "an input needs all its dimensions", "none may be 0")
    except ShapeError as e:
        raise located(e, name, location) from e
    return InputOp(
        result_type=TensorType.of(shape, element, axis or DEFAULT_AXIS),
        node=name,
        location=location,
        options={"sparse": values["sparse"]},
    )
