"""`new Class { ... }`: the fields of a class are found through the scopes around its record."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache

from xdsl.dialects.builtin import StringAttr
from xdsl.ir import Attribute, SSAValue

from brainscript.diagnostic import did_you_mean, nearest
from brainscript.dialects.bs import (
    DELAYS,
    NAMED,
    PARAMETER_OPTIONS,
    BsOperation,
    BuiltinOp,
    CloneFunctionOp,
    EditOp,
    LoadOp,
    NetworkRecordOp,
    NodeOp,
    ParameterOp,
    join_path,
    strings,
)
from brainscript.dialects.net.kinds import KINDS
from brainscript.dialects.net.leaves import INPUT_OPTIONS
from brainscript.frontend import syntax
from brainscript.frontend.building.builder import Builder
from brainscript.frontend.building.scope import Scope
from brainscript.frontend.building.unsupported import REFUSED as NOT_OFFERED

BUILTINS: dict[str, dict[str, tuple[str, ...]]] = {
    "NumericFunction": {
        "Count": ("arg",),
        "Floor": ("arg",),
        "Length": ("arg",),
        "Mod": ("args",),
        "IntDiv": ("args",),
    },
    "StringFunction": {
        "Format": ("arg", "how"),
        "Replace": ("arg", "replacewhat", "withwhat"),
        "Substr": ("arg", "pos", "chars"),
        "Chr": ("arg",),
    },
    "CompareFunction": {
        "IsSameObject": ("args",),
        "IsArray": ("arg",),
        "IsDouble": ("arg",),
        "IsBool": ("arg",),
        "IsNode": ("arg",),
    },
    "ArrayFunction": {"Concat": ("args",), "Repeat": ("args",), "Resize": ("args",)},
}
"""Classes whose field `what` names a function, with the fields that are its arguments."""

ACTIONS: dict[str, tuple[str, tuple[str, ...]]] = {
    "PrintAction": ("Print", ("what",)),
    "FailAction": ("Fail", ("what",)),
    "Debug": ("Debug", ("value", "say", "enabled")),
}
SAME = {"TensorShape": "dims", "IntVector": "items", "SizeVector": "items", "BoolVector": "items"}
"""Classes that only hold the value of one field."""

NETWORKS: dict[str, tuple[type[BsOperation], tuple[str, ...]]] = {
    "ComputationNetworkFromFile": (LoadOp, ("pathName",)),
    "CloneFunctionConfigLambda": (CloneFunctionOp, ("inputNodes", "outputNodes", "parameters")),
    "ComputationNetworkWithEdits": (EditOp, ("inputModel", "editFunctions", "additionalRoots")),
}
"""Classes whose value is a network, or a function made of one, and their fields."""

REFUSED = {
    "TrainAction": "running BrainScript without a config",
}


def build_new(builder: Builder, node: syntax.New, scope: Scope, path: str) -> SSAValue:
    """The value of `new Class { ... }`."""
    if node.kind == "ComputationNetwork":
        record = builder.expression(node.operand, scope, "/")
        return builder.emit(scope, NetworkRecordOp, node.span, [record], path=path)
    maker = _MAKERS.get(node.kind)
    if maker is None:
        return _unknown_class(builder, node, scope)
    if not isinstance(node.operand, syntax.Record):
        title = f"'new {node.kind}' needs a record written in place"
        return builder.poison(scope, node.span, "BS0316", title)
    fields = Fields(builder, node, scope.inner(node.operand, path))
    return maker(fields, path)


def _unknown_class(builder: Builder, node: syntax.New, scope: Scope) -> SSAValue:
    refused = REFUSED.get(node.kind)
    if refused is not None:
        title = f"{refused} is not supported"
        return builder.poison(scope, node.span, "BS0317", title, f"'new {node.kind}' stands here")
    known = (*_MAKERS, *REFUSED, "ComputationNetwork")
    title = f"unknown class '{node.kind}'"
    return builder.poison(scope, node.span, "BS0315", title, help=did_you_mean(node.kind, known))


class Fields:
    """The fields of a class: members of its record, else names of the scopes around it."""

    def __init__(self, builder: Builder, node: syntax.New, scope: Scope):
        self.builder = builder
        self.node = node
        self.scope = scope

    def restart_path(self) -> None:
        """Let the paths of the members start anew, as they do in the record of a node."""
        self.scope.path = "/"

    def text(self, name: str) -> str | None:
        """The field when it is a string written in place."""
        member = self.scope.members.get(name)
        value = member.value if member is not None else None
        return value.value if isinstance(value, syntax.String) else None

    def given(self, names: Sequence[str]) -> list[str]:
        """Those of `names` that have a value."""
        return [name for name in names if self.scope.owner(name) is not None]

    def values(self, names: Sequence[str]) -> list[SSAValue]:
        """The values of the fields; one that is missing is an error for who demands it."""
        return [self._value(name) for name in names]

    def spread(self, name: str) -> list[SSAValue]:
        """The elements of an array written in place, else the field as one value."""
        member = self.scope.members.get(name)
        if member is None or not isinstance(member.value, syntax.Colon | syntax.ArrayLiteral):
            return [self._value(name)]
        path = join_path(self.scope.path, name)
        return [
            self.builder.operand(item, self.scope, f"{path}[{i}]")
            for i, item in enumerate(member.value.items)
        ]

    def fail(self, code: str, title: str, help: str = "") -> SSAValue:
        """An error at the class."""
        return self.builder.poison(self.scope, self.node.span, code, title, help=help)

    def _value(self, name: str) -> SSAValue:
        if self.scope.owner(name) is None:
            title = f"'new {self.node.kind}' needs a field '{name}'"
            near = nearest(name, self.scope.members)
            return self.fail("BS0318", title, f"is '{near}' meant to be it?" if near else "")
        member = self.scope.members.get(name)
        if member is not None and isinstance(member.value, syntax.Number | syntax.String):
            return self.builder.operand(member.value, self.scope, "")
        return self.builder.lookup(self.scope, name, self.node.span)


AXIS = "DynamicAxis"
"""The operation that makes no value but names the dynamic axis of an input."""


def _node(fields: Fields, path: str) -> SSAValue:
    kind = fields.text("operation")
    if kind is None:
        return fields.fail("BS0316", "the operation of a node must be a string written in place")
    fields.restart_path()
    if "nodeName" in fields.scope.members:
        name = fields.text("nodeName")
        if not name:
            return fields.fail("BS0316", "the name of a node must be a string written in place")
        path = NAMED + name
    if kind == "LearnableParameter":
        options = fields.given(PARAMETER_OPTIONS)
        properties = {"options": strings(options)}
        operands = fields.values(options)
        return fields.builder.emit(
            fields.scope, ParameterOp, fields.node.span, operands, properties, path=path
        )
    known = _options(kind)
    if known is None:
        hint = NOT_OFFERED.get(kind) or did_you_mean(kind, [*KINDS, *DELAYS])
        return fields.fail("BS0319", f"there is no operation '{kind}'", hint)
    options = fields.given(known)
    takes_none = kind in KINDS and KINDS[kind].most == 0
    inputs = [] if takes_none or kind in ("InputValue", AXIS) else fields.spread("inputs")
    properties: dict[str, Attribute] = {"kind": StringAttr(kind)}
    if options:
        properties["options"] = strings(options)
    operands = [*inputs, *fields.values(options)]
    for index, option in enumerate(options, len(inputs)):
        if option in _records(kind):
            operands[index] = _builtin(fields, "Members", [operands[index]], "")
    return fields.builder.emit(
        fields.scope, NodeOp, fields.node.span, operands, properties, path=path
    )


@cache
def _options(kind: str) -> tuple[str, ...] | None:
    if kind == "InputValue":
        return (*(option.name for option in INPUT_OPTIONS), "tag")
    if kind == AXIS:
        return ("tag",)
    if kind in DELAYS:
        return (*DELAYS[kind], "tag")
    found = KINDS.get(kind)
    return None if found is None else (*(option.name for option in found.options), "tag")


def _records(kind: str) -> Sequence[str]:
    """The options that are written as a record of texts."""
    return [o.name for o in KINDS[kind].options if o.read == "texts"] if kind in KINDS else ()


def _function(fields: Fields, path: str) -> SSAValue:
    table = BUILTINS[fields.node.kind]
    what = fields.text("what")
    if what is None or what not in table:
        title = f"'new {fields.node.kind}' has no function '{what}'"
        if what is None:
            title = f"the field 'what' of 'new {fields.node.kind}' must be a string"
        return fields.fail("BS0316", title, did_you_mean(what or "", table))
    arguments: list[SSAValue] = []
    for name in table[what]:
        arguments += fields.spread(name) if name == "args" else fields.values([name])
    return _builtin(fields, what, arguments, path)


def _action(fields: Fields, path: str) -> SSAValue:
    function, names = ACTIONS[fields.node.kind]
    given = names if function != "Debug" else fields.given(names)
    return _builtin(fields, function, fields.values(given), path)


def _builtin(fields: Fields, function: str, arguments: list[SSAValue], path: str) -> SSAValue:
    properties = {"function": StringAttr(function)}
    return fields.builder.emit(
        fields.scope, BuiltinOp, fields.node.span, arguments, properties, path=path
    )


def _same(fields: Fields, path: str) -> SSAValue:
    return fields.values([SAME[fields.node.kind]])[0]


def _network(fields: Fields, path: str) -> SSAValue:
    kind, names = NETWORKS[fields.node.kind]
    return fields.builder.emit(
        fields.scope, kind, fields.node.span, fields.values(names), path=path
    )


_MAKERS: dict[str, Callable[[Fields, str], SSAValue]] = {
    "ComputationNode": _node,
    **dict.fromkeys(BUILTINS, _function),
    **dict.fromkeys(ACTIONS, _action),
    **dict.fromkeys(SAME, _same),
    **dict.fromkeys(NETWORKS, _network),
}
