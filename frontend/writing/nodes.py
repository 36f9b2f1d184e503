"""One node as the expression that makes it: a call of the library, or `new ComputationNode`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast

from xdsl.ir import Operation

from brainscript.diagnostic import CommandLineError, Diagnostic
from brainscript.dialects.net.base import NetOp, Option, plain
from brainscript.dialects.net.leaves import PARAMETER_OPTIONS
from brainscript.dialects.net.network import node_name_of
from brainscript.dialects.net.parameters import RANDOM_INITS, InputOp, ParameterOp, ReadOp
from brainscript.dialects.tensors import DEFAULT_AXIS, type_of
from brainscript.frontend import syntax
from brainscript.frontend.writing.functions import Function, functions, plain_default
from brainscript.frontend.writing.literals import dimensions, literal
from brainscript.frontend.writing.places import Places

PARAMETER_DEFAULTS = {option.property: option for option in PARAMETER_OPTIONS}


class NodeWriter:
    """Writes the nodes of one network."""

    def __init__(
        self,
        places: Places,
        parameters: Mapping[str, ParameterOp],
        features: frozenset[str],
    ):
        self._places = places
        self._parameters = parameters
        self._features = features
        self._words = places.words

    def text(self, name: str, op: Operation) -> str:
        """The expression for the node of this name."""
        place = self._places.of[name]
        label = name if place.named else ""
        if isinstance(op, ReadOp):
            return self._parameter(self._parameters[op.target], label)
        assert isinstance(op, NetOp)
        if isinstance(op, InputOp):
            return self._input(op, label)
        inputs = [
            self._places.reference(place.records, node_name_of(value)) or ""
            for value in op.operands
        ]
        if not label and (called := self._call(op, inputs)) is not None:
            return called
        return self._new(op, inputs, label)

    def _parameter(self, op: ParameterOp, label: str) -> str:
        options: dict[str, object] = {}
        init = op.init.data
        if init == "fromModel":
            raise _stored(op)
        if init == "constant":
            options["initValue"] = _value(op, "value")
        elif init == "fromFile":
            options["initFromFilePath"] = _value(op, "file")
        elif init == "fromLiteral":
            options |= {"init": init, "initFromLiteral": _value(op, "literal")}
        elif init == "fromModel":
            options |= {"init": init, "initFromFilePath": _value(op, "file")}
            options["initFromNode"] = _value(op, "source")
        else:
            options["init"] = init
        for key in ("scale", "filter_rank", "output_rank", "learning_rate_multiplier"):
            option, value = PARAMETER_DEFAULTS[key], _value(op, key)
            if value != option.default:
                options[option.name] = value
        if init in RANDOM_INITS:
            options["randomSeed"] = _value(op, "seed")
        shape = dimensions(op.type.shape or (0,))
        return self._leaf("ParameterTensor", "LearnableParameter", shape, options, label)

    def _input(self, op: InputOp, label: str) -> str:
        type = type_of(op.result)
        options: dict[str, object] = {}
        if type.axis not in (None, DEFAULT_AXIS):
            options["dynamicAxis"] = type.axis
        if op.sparse:
            options["sparse"] = True
        if op.node_name not in self._features:
            options["tag"] = ""
        return self._leaf("Input", "InputValue", dimensions(type.shape or ()), options, label)

    def _leaf(
        self, function: str, kind: str, shape: str, options: Mapping[str, object], label: str
    ) -> str:
        if not label and function not in self._words:
            given = "".join(f", {name}={literal(value)}" for name, value in options.items())
            return f"{function} {{{shape}{given}}}"
        fields = [f"dims = {shape}", *(f"{n} = {literal(v)}" for n, v in options.items())]
        return _record(kind, fields, label)

    def _call(self, op: NetOp, inputs: Sequence[str]) -> str | None:
        """A call of a function of the library that makes just this node."""
        function = functions().get(f"{op.OPERATION}/{len(inputs)}")
        if function is None or function.name in self._words:
            return None
        options = _options_for(op, function)
        if options is None:
            return None
        given = [inputs[index] for index in function.order]
        records = {option.name for option in op.OPTIONS if option.read == "texts"}
        for name, value in options.items():
            given.append(f"{name}={_members(value) if name in records else literal(value)}")
        return f"{function.name} ({', '.join(given)})"

    def _new(self, op: NetOp, inputs: Sequence[str], label: str) -> str:
        fields = [f"inputs = ({' : '.join(inputs)})"] if inputs else []
        values = op.option_values()
        for option in op.OPTIONS:
            value = values[option.property]
            if value != option.default or option.name in self._words:
                shown = _members(value) if option.read == "texts" else literal(value)
                fields.append(f"{option.name} = {shown}")
        return _record(op.OPERATION, fields, label)


def _options_for(op: NetOp, function: Function) -> dict[str, object] | None:
    """The options to write in a call; None when the function has no such option."""
    found: dict[str, object] = {}
    values = op.option_values()
    for option in op.OPTIONS:
        value, default = values[option.property], function.defaults.get(option.name)
        if default is None and value == option.default:
            continue
        if default is None:
            return None
        if not _is(default, value, option):
            found[option.name] = value
    return found


def _is(default: syntax.Expression, value: object, option: Option) -> bool:
    """Whether a default of the library, as written, is this value."""
    wanted = plain_default(default)
    if wanted is not None:
        return wanted == value or (isinstance(value, tuple) and value == (wanted,))
    if isinstance(default, syntax.Record) and not default.members:
        return value == ()
    return isinstance(default, syntax.Name) and value == option.default


def _members(value: object) -> str:
    """Names and texts as the record that they were."""
    texts = cast("Sequence[str]", value)
    pairs = zip(texts[::2], texts[1::2], strict=True)
    return f"[ {' ; '.join(f'{name} = {literal(text)}' for name, text in pairs)} ]"


def _record(kind: str, fields: Sequence[str], label: str) -> str:
    named = [f"nodeName = {literal(label)}"] if label else []
    shown = " ; ".join([f"operation = '{kind}'", *fields, *named, "tag = ''"])
    return f"new ComputationNode {{ {shown} }}"


def _stored(op: ParameterOp) -> CommandLineError:
    name, file = op.sym_name.data, str(_value(op, "file"))
    title = f"the values of '{name}' are in the model '{file}': no text of BrainScript has them"
    remedy = f"in a config load them: BS.Network.Load ({literal(file)})"
    return CommandLineError(Diagnostic("BS0910", title, help=remedy))


def _value(op: ParameterOp, key: str) -> object:
    return plain(op.properties[key])
