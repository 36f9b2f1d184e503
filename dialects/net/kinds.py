"""The table of node kinds: what BrainScript's `new ComputationNode` needs to make an operation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from xdsl.dialects.builtin import LocationAttr, UnknownLoc
from xdsl.ir import SSAValue
from xdsl.irdl import OptionalDef

from brainscript.diagnostic import BrainScriptError, Diagnostic, did_you_mean
from brainscript.dialects.net import (
    alignment,
    convolution,
    criteria,
    crop,
    elementwise,
    linear,
    normalise,
    pooling,
    random,
    recurrence,
    reduce,
    rnn_stack,
    sequence,
    shape,
)
from brainscript.dialects.net.axis_sources import with_sources
from brainscript.dialects.net.base import NetOp, Option, OptionError, is_variadic, read_option
from brainscript.dialects.net.places import calls_of, span_of
from brainscript.dialects.net.shapes import ShapeError
from brainscript.dialects.tensors import Element, TensorType, f32, type_of

UNKNOWN_LOCATION = UnknownLoc()
MOST_INPUTS = 1 << 20
"""The bound on the inputs of an operation that takes any number of them."""


@dataclass(frozen=True)
class Kind:
    """One operation of CNTK: its class, how many inputs it takes, and its options.

    `least` and `most` bound the number of inputs; `inputs` is that number, or None if it varies.
    """

    name: str
    op: type[NetOp]
    least: int
    most: int
    options: tuple[Option, ...]

    @property
    def inputs(self) -> int | None:
        """The number of inputs, or None if it varies."""
        return self.least if self.least == self.most else None

    def infer(self, inputs: Sequence[TensorType], options: Mapping[str, object]) -> TensorType:
        """The type of the result as far as it is known; raises `ShapeError`."""
        self._check_count(len(inputs))
        return self.op.result_type_for(inputs, self._read(options))

    def make(
        self,
        inputs: Sequence[SSAValue],
        options: Mapping[str, object],
        node: str,
        location: LocationAttr = UNKNOWN_LOCATION,
        element: Element = f32,
    ) -> NetOp:
        """The operation; options by their BrainScript names, those left out have their defaults.

        `element` is the element type where there is no input to take it from.

        A wrong option, number of inputs or shape is a `BrainScriptError` at `location`.
        """
        try:
            self._check_count(len(inputs))
            values = self._read(options)
            result = self.op.result_type_for([type_of(v) for v in inputs], values)
        except ShapeError as e:
            raise located(with_sources(e, inputs), node, location) from e
        if not inputs:
            result = TensorType.of(result.shape, element, result.axis)
        return self.op(*inputs, result_type=result, node=node, location=location, options=values)

    def _read(self, options: Mapping[str, object]) -> dict[str, object]:
        known = {o.name.lower(): o for o in self.options}
        values: dict[str, object] = {}
        for name, value in options.items():
            if (option := known.get(name.lower())) is None:
                help = did_you_mean(name, [o.name for o in self.options])
                raise ShapeError("BS0414", f"'{self.name}' has no option '{name}'", "", help)
            try:
                values[option.property] = read_option(option, value)
            except OptionError as e:
                raise ShapeError("BS0402", f"'{self.name}': {e}", "") from e
        return values

    def _check_count(self, given: int) -> None:
        if self.least <= given <= self.most:
            return
        wants = str(self.least) if self.least == self.most else f"{self.least} to {self.most}"
        wants = f"at least {self.least}" if self.most == MOST_INPUTS else wants
        plural = "" if wants.split()[-1] == "1" else "s"
        title = f"'{self.name}' takes {wants} input{plural}, not {given}"
        raise ShapeError("BS0413", title, "")


def located(error: ShapeError, node: str, location: LocationAttr) -> BrainScriptError:
    """A shape error as a diagnostic of the node."""
    return BrainScriptError(
        Diagnostic(
            error.code,
            error.title,
            span_of(location),
            error.label,
            help=error.help,
            path=node,
            calls=calls_of(location),
        )
    )


def _kind(op: type[NetOp]) -> Kind:
    operands = [definition for _, definition in op.get_irdl_definition().operands]
    if any(is_variadic(d) for d in operands):
        return Kind(op.OPERATION, op, 1, MOST_INPUTS, op.OPTIONS)
    least = sum(not isinstance(d, OptionalDef) for d in operands)
    return Kind(op.OPERATION, op, least, len(operands), op.OPTIONS)


FAMILIES = (
    elementwise,
    linear,
    reduce,
    shape,
    convolution,
    pooling,
    crop,
    normalise,
    random,
    recurrence,
    rnn_stack,
    sequence,
    alignment,
    criteria,
)
"""The modules whose operations have a name of CNTK's, one a line."""


def _classes() -> list[type[NetOp]]:
    found: list[type[NetOp]] = []
    for family in FAMILIES:
        for item in vars(family).values():
            if isinstance(item, type) and issubclass(item, NetOp) and item.OPERATION:
                found.append(item)
    return found


KINDS: dict[str, Kind] = {kind.name: kind for kind in map(_kind, _classes())}
"""The kinds by CNTK's name of the operation; parameters and inputs are in `leaves.py`."""

ALIASES: dict[str, str] = {
    "ColumnElementTimes": "ElementTimes",
    "Delay": "PastValue",
    "RowElementTimes": "ElementTimes",
    "Scale": "ElementTimes",
    "ErrorPrediction": "ClassificationError",
    "ReLU": "RectifiedLinear",
    "PerDimMeanVarDeNormalizationNode": "PerDimMeanVarDeNormalization",
    "PerDimMeanVarNormalizationNode": "PerDimMeanVarNormalization",
    "WeightedLogistic": "Logistic",
    "ReconcileMBLayout": "ReconcileDynamicAxis",
    "ColumnwiseCrossProduct": "KhatriRaoProduct",
    "RowSlice": "Slice",
    "Splice": "RowStack",
    "NewReshape": "Reshape",
    "Transpose": "TransposeDimensions",
}
"""Other names of operations, as old models and scripts use them."""

for _alias, _name in ALIASES.items():
    KINDS[_alias] = KINDS[_name]
