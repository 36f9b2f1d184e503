"""One function for each class of the syntax tree: expression -> `bs` operations."""

from __future__ import annotations

from collections.abc import Callable

from xdsl.dialects.builtin import StringAttr
from xdsl.ir import Block, Region, SSAValue

from brainscript import limits
from brainscript.dialects.bs import (
    OPERANDS,
    VALUE,
    ApplyOp,
    ArrayOp,
    FieldOp,
    GenerateOp,
    IfOp,
    IndexOp,
    InfixOp,
    LambdaOp,
    PrefixOp,
    RecordOp,
    join_path,
    strings,
    whole,
)
from brainscript.frontend import syntax
from brainscript.frontend.building.builder import Builder, Literal
from brainscript.frontend.building.creation import build_new
from brainscript.frontend.building.scope import Scope, static_record

PREFIXES = {"-": "_negate", "!": "_not", "+": ""}


def build_literal(
    builder: Builder,
    node: syntax.Number | syntax.String | syntax.Bool,
    scope: Scope,
    path: str,
) -> SSAValue:
    """`3`, `"text"`, `true`."""
    return builder.literal(node, scope)


def build_name(builder: Builder, node: syntax.Name, scope: Scope, path: str) -> SSAValue:
    """A name is the value it stands for: no operation is left of it."""
    return builder.lookup(scope, node.name, node.span, path)


def build_prefix(builder: Builder, node: syntax.Unary, scope: Scope, path: str) -> SSAValue:
    """`-x` at path P has its operand at `P._negate`."""
    term = builder.operand(node.operand, scope, join_path(path, PREFIXES[node.sign]))
    properties = {"sign": StringAttr(node.sign)}
    return builder.emit(scope, PrefixOp, node.span, [term], properties, path=path)


def build_infix(builder: Builder, node: syntax.Binary, scope: Scope, path: str) -> SSAValue:
    """The left spine in a loop; a run of one operator becomes one operation.

    `a + b + c` at path P has its operands at `P.PlusArgs[0].PlusArgs[0]`,
    `P.PlusArgs[0].PlusArgs[1]` and `P.PlusArgs[1]`.
    """
    spine: list[tuple[syntax.Binary, str]] = []
    left: syntax.Expression = node
    while isinstance(left, syntax.Binary):
        spine.append((left, path))
        if len(path) <= limits.limit("path-length"):
            path = join_path(path, OPERANDS[left.sign] + "Args[0]")
        left = left.left
    value = builder.operand(left, scope, path)
    while spine:
        sign = spine[-1][0].sign
        terms = [value]
        last, path = spine[-1]
        while spine and spine[-1][0].sign == sign:
            last, path = spine.pop()
            literal = isinstance(last.right, Literal)
            below = "" if literal else join_path(path, OPERANDS[sign] + "Args[1]")
            terms.append(builder.operand(last.right, scope, below))
        properties = {"sign": StringAttr(sign)}
        value = builder.emit(scope, InfixOp, last.span, terms, properties, path=path)
    return value


def build_array(
    builder: Builder, node: syntax.Colon | syntax.ArrayLiteral, scope: Scope, path: str
) -> SSAValue:
    """Element i of an array at path P has path `P[i]`."""
    elements = [
        builder.operand(item, scope, f"{path}[{i}]" if path else f"[{i}]")
        for i, item in enumerate(node.items)
    ]
    return builder.emit(scope, ArrayOp, node.span, elements, {"first": whole(0)}, path=path)


def build_generate(builder: Builder, node: syntax.Generate, scope: Scope, path: str) -> SSAValue:
    """`array[low..high] (function)`."""
    operands = [
        builder.operand(node.low, scope, join_path(path, "array_first")),
        builder.operand(node.high, scope, join_path(path, "array_last")),
        builder.expression(node.function, scope, join_path(path, "_initializer")),
    ]
    return builder.emit(scope, GenerateOp, node.span, operands, path=path)


def build_if(builder: Builder, node: syntax.If, scope: Scope, path: str) -> SSAValue:
    """The branches' paths wait under a site number until the condition's type is known."""
    site = builder.site()
    operands = [
        builder.operand(node.condition, scope, join_path(path, "if")),
        builder.expression(node.then, scope, join_path(path, f"@{site}#0")),
        builder.expression(node.otherwise, scope, join_path(path, f"@{site}#1")),
    ]
    return builder.emit(scope, IfOp, node.span, operands, {"site": whole(site)}, path=path)


def build_record(builder: Builder, node: syntax.Record, scope: Scope, path: str) -> SSAValue:
    """Members as operands, then those outer values that some `.name` may reach through it."""
    inner = scope.inner(node, path)
    outer = sorted(
        name for name in builder.asked if name not in inner.members and scope.owner(name)
    )
    names = list(inner.members)
    members = [builder.lookup(inner, name, node.span) for name in (*names, *outer)]
    properties = {"names": strings(names)}
    if outer:
        properties["outer"] = strings(outer)
    return builder.emit(scope, RecordOp, node.span, members, properties, path=path)


def build_field(builder: Builder, node: syntax.Field, scope: Scope, path: str) -> SSAValue:
    """A member of a record that is written in place is just a name; others wait for demand.

    The chain `a.b.c` is walked from its first name in a loop, so its length is free.
    """
    chain = [node]
    while isinstance(chain[-1].record, syntax.Field):
        chain.append(chain[-1].record)
    first = chain[-1].record
    inner = static_record(first, scope, path)
    value = builder.expression(first, scope, path) if inner is None else None
    for field in reversed(chain):
        if value is None and inner is not None:
            further = inner.record(field.name) if field is not node else None
            if further is None:
                value = builder.lookup(inner, field.name, field.span)
            inner = further
        elif value is not None:
            properties = {"field": StringAttr(field.name)}
            value = builder.emit(scope, FieldOp, field.span, [value], properties, path=path)
    assert value is not None
    return value


def build_index(builder: Builder, node: syntax.Index, scope: Scope, path: str) -> SSAValue:
    """`array[index]`."""
    operands = [
        builder.expression(node.array, scope, join_path(path, "_vector")),
        builder.operand(node.index, scope, join_path(path, "_index")),
    ]
    return builder.emit(scope, IndexOp, node.span, operands, path=path)


def build_lambda(builder: Builder, node: syntax.Lambda, scope: Scope, path: str) -> SSAValue:
    """A function; the paths in its body start anew, relative to the call."""
    depth = scope.depth + 1
    if depth > limits.limit("function-nesting"):
        title = f"functions are nested {depth} deep"
        raise limits.exceeded("function-nesting", "BS0320", title, node.span)
    positional = [p.name for p in node.parameters if p.default is None]
    optional = [(p.name, p.default) for p in node.parameters if p.default is not None]
    defaults = [
        builder.operand(default, scope, join_path(path, name)) for name, default in optional
    ]
    names = positional + [name for name, _ in optional]
    body = Block(arg_types=[VALUE] * len(names))
    inner = Scope(scope, body)
    inner.depth = depth
    for name, argument in zip(names, body.args, strict=True):
        argument.name_hint = name
        inner.values[name] = argument
    builder.later(body, builder.expression(node.body, inner, ""))
    properties = {"parameters": strings(names)}
    return builder.emit(
        scope, LambdaOp, node.span, defaults, properties, path=path, regions=[Region(body)]
    )


def build_call(builder: Builder, node: syntax.Call, scope: Scope, path: str) -> SSAValue:
    """A positional argument's path waits under a site number for the parameter's name."""
    function = builder.expression(node.function, scope, path)
    site = builder.site()
    positional: list[SSAValue] = []
    named: list[SSAValue] = []
    names: list[str] = []
    for argument in node.arguments:
        if argument.name is None:
            below = join_path(path, f"@{site}#{len(positional)}")
            positional.append(builder.expression(argument.value, scope, below))
        else:
            names.append(argument.name)
            below = join_path(path, argument.name)
            named.append(builder.expression(argument.value, scope, below))
    properties = {"site": whole(site)} | ({"named": strings(names)} if names else {})
    return builder.emit(
        scope, ApplyOp, node.span, [function, *positional, *named], properties, path=path
    )


TABLE: dict[type[syntax.Node], Callable[..., SSAValue]] = {
    syntax.Number: build_literal,
    syntax.String: build_literal,
    syntax.Bool: build_literal,
    syntax.Name: build_name,
    syntax.Unary: build_prefix,
    syntax.Binary: build_infix,
    syntax.Colon: build_array,
    syntax.ArrayLiteral: build_array,
    syntax.Generate: build_generate,
    syntax.If: build_if,
    syntax.New: build_new,
    syntax.Field: build_field,
    syntax.Index: build_index,
    syntax.Call: build_call,
    syntax.Lambda: build_lambda,
    syntax.Record: build_record,
}
