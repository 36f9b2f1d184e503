"""A call becomes a copy of the body of the function that is called."""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.dialects.builtin import LocationAttr, UnitAttr
from xdsl.ir import Attribute, Block, Operation, SSAValue

from brainscript.diagnostic import did_you_mean
from brainscript.dialects.attributes import called, text
from brainscript.dialects.bs import (
    ApplyOp,
    ArrayOp,
    BoolOp,
    CloneFunctionOp,
    ComposeOp,
    LambdaOp,
    NumberOp,
    StringOp,
    YieldOp,
    join_path,
    path_of,
)
from brainscript.passes.evaluate.engine import Engine
from brainscript.passes.evaluate.failures import at_argument, called_from, spans, type_name
from brainscript.passes.evaluate.paths import name_arguments
from brainscript.passes.evaluate.plain import flattened
from brainscript.passes.evaluate.rules.clones import call_clone

LITERALS = frozenset({NumberOp, StringOp, BoolOp})
"""Operations that carry no path."""
LAYER = "what a layer is applied to stands in brackets of its own: LinearLayer {8} (x)"
CONVOLUTION = (
    "the kernel is one argument and the rest have names: Convolution (W, x, (WIDTH:HEIGHT),"
    " mapDims=MAPS, stride=(X:Y), autoPadding=false); ConvolutionalLayer makes W too"
)
"""What to do about the arguments of CNTK 1: width, height, maps and strides one by one."""


def apply_rule(engine: Engine, op: Operation) -> SSAValue | None:
    """Before and after::

    %r = bs.apply %f (%a)      // %f = bs.lambda ["x"] { ... bs.infix "*" %x, %x ... }

    %r = bs.infix "*" %a, %a
    """
    assert isinstance(op, ApplyOp)
    ready, needed = engine.wants(op, op.operands[: 1 if op.eager is None else 2])
    if not ready:
        return needed
    engine.count_call(op)
    function = op.operands[0].owner
    if isinstance(function, LambdaOp):
        return _inline(engine, op, function)
    if isinstance(function, ComposeOp):
        return _compose(engine, op, function)
    if isinstance(function, CloneFunctionOp):
        return call_clone(engine, op, function)
    assert isinstance(function, Operation)
    title = f"a function is expected here, not {type_name(function)}"
    raise engine.fail(op, "BS0305", title, help=_no_function(op, function))


def _no_function(op: Operation, function: Operation) -> str:
    """What to do about a call of something else by the library."""
    if isinstance(function, ArrayOp) and not function.operands:
        return "None is an empty array; leave the option out"
    if not spans(op)[1]:
        return ""
    return "functions are layers such as LinearLayer {10}, names such as Sigmoid, or x => VALUE"


def _inline(engine: Engine, op: ApplyOp, function: LambdaOp) -> SSAValue:
    names = [name.data for name in function.parameters.data]
    arguments = bind(engine, op, function)
    path = path_of(op)
    if op.site is not None:
        name_arguments(path, op.site.value.data, _positional(op), names)
    return engine.replace(op, copy_body(engine, op, function, arguments, path))


def _named(op: ApplyOp) -> list[str]:
    return [name.data for name in op.named.data] if op.named else []


def _positional(op: ApplyOp) -> list[SSAValue]:
    return list(op.operands[1 : len(op.operands) - len(_named(op))])


def bind(engine: Engine, op: ApplyOp, function: LambdaOp) -> list[SSAValue]:
    """The values of the function's parameters: arguments of the call, else the defaults."""
    names = [name.data for name in function.parameters.data]
    defaults = tuple(function.operands)
    count = len(names) - len(defaults)
    positional = _positional(op)
    for name in _named(op):
        if name in names[:count]:
            raise _no_parameter(engine, op, name, names, count)
    if len(positional) != count:
        plural = "" if count == 1 else "s"
        title = f"{count} positional argument{plural} expected, {len(positional)} given"
        label = f"parameters: {', '.join(names[:count]) or 'none'}"
        if 0 < len(positional) < count:
            label = f"no value for {', '.join(names[len(positional) : count])}; {label}"
        raise engine.fail(op, "BS0304", title, label, _how_given(names, count, len(positional)))
    values = [*positional, *defaults]
    for name, value in zip(_named(op), op.operands[1 + count :], strict=True):
        if name not in names[count:]:
            raise _no_parameter(engine, op, name, names, count)
        values[names.index(name)] = value
    return values


def _how_given(names: Sequence[str], count: int, given: int) -> str:
    """How the other values are meant, where there are too many or too few."""
    if given > count and "kernelDims" in names[:count]:
        return CONVOLUTION
    found = [f"{', '.join(names[count:])} must be given by name"] if names[count:] else []
    if given > count == 1:
        layer = names[0] == "outDim"
        found.append(LAYER if layer else "several values in one argument are written (a : b)")
    return "; ".join(found)


def _no_parameter(
    engine: Engine, op: ApplyOp, name: str, names: Sequence[str], count: int
) -> Exception:
    if name in names[:count]:
        title = f"'{name}' is given by position, not by name"
        label = f"parameters: {', '.join(names[:count])}"
        error = engine.fail(op, "BS0304", title, label, "write the value alone, in its place")
        return at_argument(error, name)
    title = f"the function has no optional parameter '{name}'"
    known = f"optional parameters: {', '.join(names[count:]) or 'none'}"
    help = did_you_mean(name, names[count:])
    if name == "zeroPadding" and "autoPadding" in names:
        help = "it is called autoPadding, and unlike in CNTK 1 it is true where it is not given"
    return at_argument(engine.fail(op, "BS0304", title, known, help), name)


def copy_body(
    engine: Engine, op: Operation, function: LambdaOp, arguments: Sequence[SSAValue], path: str
) -> SSAValue:
    """Copy the body to the program, its paths below `path`; gives the value it yields."""
    body = function.body.block
    mapper: dict[SSAValue, SSAValue] = dict(zip(body.args, arguments, strict=True))
    caller = called_from(op.location)
    late: list[tuple[Operation, Operation]] = []
    copies: list[Operation] = []
    result: SSAValue | None = None
    for old in body.ops:
        if type(old) is YieldOp:
            result = old.operands[0]
            continue
        early = not old.regions and all(v in mapper or not _made_in(body, v) for v in old.operands)
        new = _copy(old, mapper, early, path, caller)
        copies.append(new)
        if not early:
            late.append((old, new))
    engine.block.add_ops(copies)
    for old, new in late:
        for one, other in zip(old.walk(), new.walk(), strict=True):
            other.operands = [mapper.get(v, v) for v in one.operands]
    assert result is not None
    return mapper.get(result, result)


def _made_in(body: Block, value: SSAValue) -> bool:
    owner = value.owner
    return isinstance(owner, Operation) and owner.parent is body


def _copy(
    old: Operation,
    mapper: dict[SSAValue, SSAValue],
    early: bool,
    path: str,
    caller: LocationAttr,
) -> Operation:
    """A copy below `path`; unless it is an early one its operands come later."""
    attributes = old.attributes
    if type(old) not in LITERALS:
        below = join_path(path, path_of(old))
        attributes = {**attributes, "path": text(below)} if below else {}
    location = called(old.location, caller)
    if not early:
        new = old.clone(mapper, clone_operands=False)
        new.attributes, new.location = dict(attributes), location
        return new
    new = type(old).create(
        operands=[mapper.get(v, v) for v in old.operands],
        result_types=old.result_types,
        properties=old.properties,
        attributes=attributes,
        location=location,
    )
    for value, copied in zip(old.results, new.results, strict=True):
        mapper[value] = copied
        if value.name_hint is not None:
            copied.name_hint = value.name_hint
    return new


def _compose(engine: Engine, op: ApplyOp, function: ComposeOp) -> SSAValue:
    """`(f >> g) (x)` at path P is `g (f (x))`, the inner call at `P.arg`; that one comes first.

    So the parameters of f are made before those of g, other than in `g (f (x))` as written.
    """
    names = _first_names(function)
    path = path_of(op)
    if op.site is not None:
        name_arguments(path, op.site.value.data, _positional(op), names)
    named = {} if op.named is None else {"named": op.named}
    operands = [function.first, *op.arguments]
    inner = engine.make(ApplyOp, op, operands, named, join_path(path, "arg"))
    outer: dict[str, Attribute] = {"eager": UnitAttr()}
    return engine.replace(op, engine.make(ApplyOp, op, [function.second, inner], outer, path))


def _first_names(function: ComposeOp) -> list[str]:
    first = function.first.owner
    while isinstance(first, ComposeOp):
        first = first.first.owner
    if isinstance(first, CloneFunctionOp):
        return [f"input_{index}" for index, _ in enumerate(flattened(first.inputs))]
    return [name.data for name in first.parameters.data] if isinstance(first, LambdaOp) else []
