"""Names to values: a name that is not built yet is a placeholder and an entry of a queue."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Mapping, Sequence

from xdsl.dialects.builtin import BoolAttr, FileLineColLoc, StringAttr
from xdsl.ir import Attribute, Block, Region, SSAValue

from brainscript.diagnostic import Span, did_you_mean
from brainscript.dialects.attributes import number, place, text
from brainscript.dialects.bs import (
    VALUE,
    BoolOp,
    BsOperation,
    NumberOp,
    PoisonOp,
    StringOp,
    YieldOp,
    join_path,
)
from brainscript.dialects.bs.wide import WideOperands
from brainscript.frontend import syntax
from brainscript.frontend.building.library import namespaced
from brainscript.frontend.building.scope import Scope
from brainscript.frontend.building.unsupported import OTHER_NAMES, REFUSED
from brainscript.frontend.flat import DOT

Build = Callable[["Builder", syntax.Expression, Scope, str], SSAValue]
"""Builds the value of one expression in a scope, under a path."""
_NO_LETTER = re.compile(r"\W")
Literal = syntax.Number | syntax.String | syntax.Bool


WORDS = frozenset(("tag", "init", "imageLayout", "parameters", "poolKind", "recurrentOp"))
"""Arguments whose values are words in quotes."""


OWN_MEMBER = "a name means the member of its own record first: call one of the two otherwise"


def _meant(name: str, scope: Scope, path: str) -> str:
    """What to write in the place of an unknown name."""
    if path.rpartition(".")[2] in WORDS:
        return f"a word as a value stands in quotes: '{name}'"
    if name in OTHER_NAMES:
        return f"here it is called {OTHER_NAMES[name]}"
    if name in namespaced():
        return f"write {namespaced()[name]}"
    return did_you_mean(name, sorted(scope.visible()))


class Builder:
    """Builds one graph region of `bs` operations; never recurses from member to member.

    `table` has one function for each class of the syntax tree, `asked` the names that some
    `.name` of the program asks a record for.
    """

    def __init__(self, table: Mapping[type[syntax.Node], Build], asked: frozenset[str]):
        self.block = Block()
        self.asked = asked
        self.sites = 0
        self._table = table
        self._queue: deque[tuple[Scope, str, SSAValue]] = deque()
        self._placeholders: set[SSAValue] = set()
        self._wide = WideOperands()
        self._forward: dict[SSAValue, SSAValue] = {}
        self._bodies: list[tuple[Block, SSAValue]] = []
        self._pool: dict[tuple[type[syntax.Node], float | str], SSAValue] = {}
        self._files: dict[str, StringAttr] = {}

    def emit(
        self,
        scope: Scope,
        kind: type[BsOperation],
        span: Span,
        operands: Sequence[SSAValue] = (),
        properties: Mapping[str, Attribute] | None = None,
        *,
        path: str = "",
        regions: Sequence[Region] = (),
    ) -> SSAValue:
        """Add one operation to the scope's block."""
        op = kind.create(
            operands=operands,
            result_types=(VALUE,),
            properties=dict(properties or {}),
            attributes={"path": text(path)} if path else {},
            regions=regions,
            location=self.location(span),
        )
        scope.block.add_op(op)
        return op.results[0]

    def location(self, span: Span) -> FileLineColLoc:
        """The place of `span` as an attribute."""
        file = self._files.get(span.file)
        if file is None:
            file = self._files[span.file] = StringAttr(span.file)
        return place(file, span.line, span.column)

    def site(self) -> int:
        """A new number for a call or a condition."""
        self.sites += 1
        return self.sites

    def expression(self, node: syntax.Expression, scope: Scope, path: str) -> SSAValue:
        """The value of any expression; a literal is an object of its own."""
        return self._table[type(node)](self, node, scope, path)

    def operand(self, node: syntax.Expression, scope: Scope, path: str) -> SSAValue:
        """The value of an expression whose identity nobody can ask for: literals are pooled."""
        if not isinstance(node, Literal):
            return self._table[type(node)](self, node, scope, path)
        key = (type(node), repr(node.value) if node.value == 0 else node.value)
        value = self._pool.get(key)
        if value is None:
            value = self._pool[key] = self._literal(node, self.block)
        return value

    def literal(self, node: Literal, scope: Scope) -> SSAValue:
        """A literal as an object of its own."""
        return self._literal(node, scope.block)

    def _literal(self, node: Literal, block: Block) -> SSAValue:
        value: Attribute
        if isinstance(node, syntax.Number):
            kind, value = NumberOp, number(node.value)
        elif isinstance(node, syntax.String):
            kind, value = StringOp, text(node.value)
        else:
            kind, value = BoolOp, BoolAttr.from_bool(node.value)
        op = kind.create(
            result_types=(VALUE,),
            properties={"value": value},
            location=self.location(node.span),
        )
        block.add_op(op)
        return op.results[0]

    def poison(
        self,
        scope: Scope,
        span: Span,
        code: str,
        message: str,
        label: str = "",
        help: str = "",
        path: str = "",
    ) -> SSAValue:
        """An error for whoever demands this value; `path` is what it was to be a part of."""
        texts = {"code": code, "message": message, "label": label, "help": help}
        properties = {key: StringAttr(text) for key, text in texts.items() if text}
        return self.emit(scope, PoisonOp, span, properties=properties, path=path)

    def lookup(self, scope: Scope, name: str, span: Span, path: str = "") -> SSAValue:
        """The value that `name` stands for in `scope`; `path` is for the error."""
        owner = scope.owner(name)
        if owner is None:
            return self._unknown(scope, name, span, path)
        value = owner.values.get(name)
        if value is None:
            placeholder = PoisonOp.create(
                result_types=(VALUE,),
                properties={"code": StringAttr("BS0301"), "message": StringAttr(name)},
            )
            value = owner.values[name] = placeholder.results[0]
            self._placeholders.add(value)
            self._queue.append((owner, name, value))
        return self.built(value)

    def _unknown(self, scope: Scope, name: str, span: Span, path: str) -> SSAValue:
        if name in REFUSED:
            title = f"'{name}' of CNTK's library is not supported"
            remedy = f"define '{name}' in the network"
            return self.poison(scope, span, "BS0317", title, REFUSED[name], remedy, path)
        label = "not defined in this record or around it"
        hint = _meant(name, scope, path)
        return self.poison(scope, span, "BS0301", f"unknown name '{name}'", label, hint, path)

    def later(self, body: Block, value: SSAValue) -> None:
        """End a function's body with `value` once everything in the queue is built."""
        self._bodies.append((body, value))

    def drain(self) -> None:
        """Build every member that has been named, and what those name in turn."""
        while self._queue:
            scope, name, placeholder = self._queue.popleft()
            member = scope.members[name]
            value = self.built(self._member(scope, member))
            if value is placeholder:
                title = f"'{name}' is defined by itself alone"
                value = self.poison(scope, member.span, "BS0302", title, help=OWN_MEMBER)
            if value.name_hint is None and value not in self._placeholders:
                value.name_hint = _hint(name)
            self._wide.replace_uses(placeholder, value)
            self._forward[placeholder] = value
        self._wide.settle()
        for body, value in self._bodies:
            body.add_op(YieldOp.create(operands=[self.built(value)]))
        self._bodies.clear()

    def _member(self, scope: Scope, member: syntax.Member) -> SSAValue:
        path = join_path(scope.path, member.name.removeprefix(DOT))
        return self.expression(member.value, scope, path)

    def built(self, value: SSAValue) -> SSAValue:
        """What stands now for a value that may have been a placeholder."""
        seen: list[SSAValue] = []
        while (known := self._forward.get(value)) is not None:
            seen.append(value)
            value = known
        for early in seen:
            self._forward[early] = value
        return value


def _hint(name: str) -> str | None:
    """What a member is called in printed text; None where that has no letter to begin with."""
    plain = name if name.isidentifier() else _NO_LETTER.sub("_", name[1:])
    return plain if plain.isidentifier() and plain.isascii() else None
