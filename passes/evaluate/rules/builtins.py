"""The functions that are built in, on evaluated values."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Sequence

from xdsl.ir import Operation, SSAValue

from brainscript import limits
from brainscript.diagnostic import BrainScriptError
from brainscript.dialects.bs import ARITY, ArrayOp, BuiltinOp, RecordOp, strings
from brainscript.passes.evaluate.engine import Engine
from brainscript.passes.evaluate.failures import type_name
from brainscript.passes.evaluate.plain import Plain, integer, plain
from brainscript.passes.evaluate.rules.formatting import DIRECTIVE, format_value
from brainscript.passes.evaluate.rules.strings import replace_all, substring


class Call:
    """One call of a built-in function with evaluated arguments."""

    def __init__(self, engine: Engine, op: BuiltinOp):
        self.engine = engine
        self.op = op
        self.values: Sequence[SSAValue] = op.arguments

    def fail(self, title: str, code: str = "BS0305") -> BrainScriptError:
        """The error to raise at the call."""
        return self.engine.fail(self.op, code, f"{self.op.function.data}: {title}")

    def kind(self, index: int) -> str:
        """What an argument is, for a message."""
        owner = self.values[index].owner
        assert isinstance(owner, Operation)
        return type_name(owner)

    def integer(self, index: int) -> int:
        """An argument that must be an integer."""
        found = integer(self.values[index].owner)
        if found is None:
            value = plain(self.values[index].owner)
            what = f"{value:g}" if isinstance(value, float) else self.kind(index)
            raise self.fail(f"an integer is expected, not {what}")
        return found

    def text(self, index: int) -> str:
        """An argument that must be a string."""
        value = plain(self.values[index].owner)
        if not isinstance(value, str):
            raise self.fail(f"a string is expected, not {self.kind(index)}")
        return value

    def elements(self, index: int) -> list[SSAValue]:
        """The elements of an argument that must be an array beginning with index 0."""
        array = self.values[index].owner
        if not isinstance(array, ArrayOp):
            raise self.fail(f"an array is expected, not {self.kind(index)}")
        if array.first.value.data != 0:
            raise self.fail("the array must begin with index 0", "BS0307")
        return list(array.elements)

    def array(self, elements: Sequence[SSAValue]) -> SSAValue:
        """An array as the result."""
        return self.engine.array(self.op, elements)


def _length(call: Call) -> float:
    value = plain(call.values[0].owner)
    if isinstance(value, str):
        return float(len(value))
    return float(len(call.elements(0)))


def _members(call: Call) -> SSAValue:
    """Name, value, name, value of a record, as texts; an array of such texts is itself."""
    record, texts = call.values[0].owner, list[str]()
    if isinstance(record, ArrayOp):
        return call.values[0]
    if not isinstance(record, RecordOp):
        raise call.fail(f"a record is expected, not {call.kind(0)}")
    for name, member in zip(record.names.data, record.operands, strict=False):
        value = plain(member.owner)
        if value is None:
            assert isinstance(member.owner, Operation)
            raise call.fail(f"'{name.data}' must be a plain value, not {type_name(member.owner)}")
        texts += [name.data, _as_text(value)]
    return call.array([call.engine.literal(call.op, text) for text in texts])


def _as_text(value: Plain) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else f"{value:g}"


def _floor(call: Call) -> float:
    value = plain(call.values[0].owner)
    if isinstance(value, bool) or not isinstance(value, float):
        raise call.fail(f"a number is expected, not {call.kind(0)}")
    return float(math.floor(value)) if math.isfinite(value) else value


def _count(call: Call) -> float:
    """A number of calls to come: rounded up, not negative; one that cannot end is refused."""
    value, name = plain(call.values[0].owner), "the number of repetitions"
    if isinstance(value, bool) or not isinstance(value, float):
        raise call.engine.fail(call.op, "BS0305", f"{name} must be a number, not {call.kind(0)}")
    if math.isnan(value) or value == math.inf:
        raise call.engine.fail(call.op, "BS0305", f"{name} must be finite, not {value:g}")
    if value > limits.limit("calls"):
        raise call.engine.stop(call.op, "calls", f"{value:g} repetitions")
    return float(math.ceil(value)) if value > 0 else 0.0


def _quotient(call: Call) -> tuple[int, int]:
    """The quotient towards zero, and the remainder with the sign of the dividend."""
    a, b = call.integer(0), call.integer(1)
    if b == 0:
        raise call.fail("division by zero", "BS0310")
    quotient = abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1)
    return quotient, a - quotient * b


def _repeat(call: Call) -> SSAValue:
    count = call.integer(0)
    call.engine.check_length(call.op, count)
    return call.array([call.values[1]] * count)


def _concat(call: Call) -> SSAValue:
    found: list[SSAValue] = []
    for index, value in enumerate(call.values):
        found += call.elements(index) if isinstance(value.owner, ArrayOp) else [value]
    return call.array(found)


def _resize(call: Call) -> SSAValue:
    count, elements = call.integer(0), call.elements(1)
    call.engine.check_length(call.op, count)
    if not elements and count > 0:
        raise call.fail("an empty array cannot be made longer", "BS0307")
    return call.array([*elements, *elements[-1:] * (count - len(elements))][: max(0, count)])


def _chr(call: Call) -> str:
    code = call.integer(0)
    if not 0 < code < 0x110000 or 0xD800 <= code < 0xE000:
        raise call.fail(f"there is no character {code}", "BS0310")
    return chr(code)


def _format(call: Call) -> str:
    how = call.text(1)
    if DIRECTIVE.fullmatch(how) is None:
        raise call.fail(f"'{how}' is not the middle of a format, without '%' and letter", "BS0310")
    return format_value(call.values[0], how)


def _replace(call: Call) -> str:
    result = replace_all(call.text(0), call.text(1), call.text(2))
    if len(result) > limits.limit("string-bytes"):
        raise call.engine.stop(call.op, "string-bytes", "the text becomes too long")
    return result


def _print(call: Call) -> SSAValue:
    call.engine.say(format_value(call.values[0]) + "\n")
    return call.engine.make(RecordOp, call.op, (), {"names": strings(())})


def _fail(call: Call) -> Plain:
    text = plain(call.values[0].owner)
    message = text if isinstance(text, str) else format_value(call.values[0])
    raise call.engine.fail(call.op, "BS0311", message)


def _debug(call: Call) -> SSAValue:
    if len(call.values) < 3 or plain(call.values[2].owner) is not False:
        say = plain(call.values[1].owner) if len(call.values) > 1 else ""
        head = f"{say}\n" if say else ""
        call.engine.say(f"{head}{format_value(call.values[0])}\n")
    return call.values[0]


FUNCTIONS: dict[str, Callable[[Call], SSAValue | Plain]] = {
    "Chr": _chr,
    "Concat": _concat,
    "Count": _count,
    "Debug": _debug,
    "Fail": _fail,
    "Floor": _floor,
    "Format": _format,
    "IntDiv": lambda call: float(_quotient(call)[0]),
    "IsArray": lambda call: isinstance(call.values[0].owner, ArrayOp),
    "IsBool": lambda call: isinstance(plain(call.values[0].owner), bool),
    "IsDouble": lambda call: type(plain(call.values[0].owner)) is float,
    "IsNode": lambda call: call.engine.is_node(call.values[0]),
    "IsSameObject": lambda call: call.values[0] is call.values[1],
    "Length": _length,
    "Members": _members,
    "Mod": lambda call: float(_quotient(call)[1]),
    "Print": _print,
    "Repeat": _repeat,
    "Replace": _replace,
    "Resize": _resize,
    "Substr": lambda call: substring(call.text(0), call.integer(1), call.integer(2)),
}
DEEP = frozenset({"Debug", "Format", "Print", "Fail", "Members"})
"""Functions that need everything inside their arguments."""


def builtin_rule(engine: Engine, op: Operation) -> SSAValue | None:
    """`bs.builtin "Length" (%a)` becomes the number."""
    assert isinstance(op, BuiltinOp)
    function = op.function.data
    ready, needed = engine.wants(op, op.arguments)
    if ready and function in DEEP:
        ready, needed = _wants_everything(engine, op)
    if not ready:
        return needed
    if (arity := ARITY[function] or len(op.operands)) != len(op.operands):
        return _spread(engine, op, arity)
    result = FUNCTIONS[function](Call(engine, op))
    if isinstance(result, SSAValue):
        return engine.replace(op, result)
    return engine.replace(op, engine.literal(op, result))


def _spread(engine: Engine, op: BuiltinOp, arity: int) -> SSAValue:
    """One array stands for all arguments."""
    array = op.operands[0].owner
    if not isinstance(array, ArrayOp) or len(array.elements) != arity:
        name = op.function.data
        raise engine.fail(op, "BS0304", f"{name}: {arity} arguments expected in 'args'")
    spread = engine.make(BuiltinOp, op, array.elements, {"function": op.function})
    return engine.replace(op, spread)


def _wants_everything(engine: Engine, op: BuiltinOp) -> tuple[bool, SSAValue | None]:
    """As `Engine.wants`, with everything inside arrays and records."""
    seen: set[Operation] = set()
    todo = deque(op.arguments)
    while todo:
        ready, needed = engine.wants(op, [todo[0]])
        if not ready:
            return False, needed
        inner = todo.popleft().owner
        if isinstance(inner, ArrayOp | RecordOp) and inner not in seen:
            seen.add(inner)
            count = len(inner.names.data) if isinstance(inner, RecordOp) else None
            todo.extend(list(inner.operands)[:count])
    return True, None
