"""The syntax tree of BrainScript: dataclasses only, each node with its place in the source.

Parentheses leave no trace. `f (a, b=1) = E` is a member bound to a `Lambda`; `v[i:lo..hi] = E` is
a member bound to a `Generate` of a `Lambda`; `x => E` is a `Lambda` with one parameter.
"""

from __future__ import annotations

from dataclasses import dataclass

from brainscript.diagnostic import Span


@dataclass(frozen=True, slots=True)
class Node:
    """Anything in the tree; `span` is where it starts (for operators: the operator sign)."""

    span: Span


@dataclass(frozen=True, slots=True)
class Number(Node):
    """A number literal; all numbers are doubles."""

    value: float


@dataclass(frozen=True, slots=True)
class String(Node):
    """A string literal, quotes removed."""

    value: str


@dataclass(frozen=True, slots=True)
class Bool(Node):
    """`true` or `false`."""

    value: bool


@dataclass(frozen=True, slots=True)
class Name(Node):
    """A reference to a name in scope."""

    name: str


@dataclass(frozen=True, slots=True)
class Unary(Node):
    """`-x`, `+x`, `!x`."""

    sign: str
    operand: Expression


@dataclass(frozen=True, slots=True)
class Binary(Node):
    """An infix operator: `* / .* ** % + - with == != < <= > >= && || >> <<`."""

    sign: str
    left: Expression
    right: Expression


@dataclass(frozen=True, slots=True)
class Colon(Node):
    """`a : b : c`, flattened on the left; always two items or more."""

    items: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class ArrayLiteral(Node):
    """`[| a ; b |]`, possibly empty."""

    items: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Generate(Node):
    """`array[lo..hi] (function)`."""

    low: Expression
    high: Expression
    function: Expression


@dataclass(frozen=True, slots=True)
class If(Node):
    """`if condition then a else b`."""

    condition: Expression
    then: Expression
    otherwise: Expression


@dataclass(frozen=True, slots=True)
class New(Node):
    """`new Name operand`."""

    kind: str
    operand: Expression


@dataclass(frozen=True, slots=True)
class Field(Node):
    """`record.name`; `span` is the place of the name."""

    record: Expression
    name: str


@dataclass(frozen=True, slots=True)
class Index(Node):
    """`array[index]`."""

    array: Expression
    index: Expression


@dataclass(frozen=True, slots=True)
class Argument:
    """One argument of a call; `name` is None for a positional one."""

    span: Span
    name: str | None
    value: Expression


@dataclass(frozen=True, slots=True)
class Call(Node):
    """`f (a, b, name=c)` or `f {...}`, arguments in source order."""

    function: Expression
    arguments: tuple[Argument, ...]


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a function; `default` makes it optional."""

    span: Span
    name: str
    default: Expression | None


@dataclass(frozen=True, slots=True)
class Lambda(Node):
    """A function value."""

    parameters: tuple[Parameter, ...]
    body: Expression


@dataclass(frozen=True, slots=True)
class Member:
    """`name = value` in a record; `span` is the place of the name."""

    span: Span
    name: str
    value: Expression


@dataclass(frozen=True, slots=True)
class Record(Node):
    """`{ members }` or `[ members ]`, in source order; names are unique."""

    members: tuple[Member, ...]


Expression = (
    Number
    | String
    | Bool
    | Name
    | Unary
    | Binary
    | Colon
    | ArrayLiteral
    | Generate
    | If
    | New
    | Field
    | Index
    | Call
    | Lambda
    | Record
)
