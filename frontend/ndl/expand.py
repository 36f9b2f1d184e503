"""NDL statements to nodes: macros are copied for each call, names are found in any case.

A call of a macro makes an instance with symbols of its own; what it assigns to `T` in the call
assigned to `L1` is the node `L1.T`. Names may be used before they are defined, so a value keeps
the scope that it was written in and is looked up when everything is there.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from brainscript.diagnostic import BrainScriptError, Diagnostic, Note, Span, did_you_mean
from brainscript.frontend.ndl.names import FUNCTIONS, INPUTS, LISTS, function_name, why_refused
from brainscript.frontend.ndl.text import Assignment, Call, Items, Macro, Statement, Value, Word
from brainscript.limits import exceeded, limit
from brainscript.literals import read_number

Outside = Callable[[str], str | None]
"""Gives the name of a node that is there already, for a name of the script in any case."""


@dataclass(eq=False)
class Instance:
    """The symbols of a script, or of one call of a macro, by lower-case name.

    `own` is what the call is assigned to in the scope `around` it; `made` are the symbols that
    its statements assign, as far as they are nodes and calls.
    """

    own: str = ""
    around: Instance | None = None
    parent: Instance | None = None
    symbols: dict[str, Bound] = field(default_factory=dict[str, "Bound"])
    made: dict[str, Instance | Node] = field(default_factory=dict[str, "Instance | Node"])
    result: Bound | None = None

    @property
    def prefix(self) -> str:
        """What the names of its nodes begin with."""
        parts: list[str] = []
        scope: Instance | None = self
        while scope is not None and scope.own:
            parts.append(scope.own + ".")
            scope = scope.around
        return "".join(reversed(parts))

    def find(self, name: str) -> Bound | None:
        """The symbol of this name, here or in the script around the macros."""
        scope: Instance | None = self
        while scope is not None:
            if name in scope.symbols:
                return scope.symbols[name]
            scope = scope.parent
        return None


@dataclass(eq=False)
class Node:
    """One call of a function of NDL: its name in its scope, the function, what it was given."""

    own: str
    function: str
    span: Span
    arguments: Sequence[Bound]
    options: Mapping[str, Bound]
    around: Instance = field(default_factory=Instance)

    @property
    def name(self) -> str:
        """Its full name."""
        return self.around.prefix + self.own


@dataclass(eq=False)
class Written:
    """A word with the scope that it was written in."""

    word: Word
    scope: Instance


@dataclass(eq=False)
class Bounds:
    """A list of values."""

    span: Span
    items: Sequence[Bound]


Bound = Instance | Node | Written | Bounds


@dataclass(eq=False)
class Tagged:
    """A node, or a list of nodes, that belongs to a group."""

    group: str
    bound: Bound
    span: Span


class Expander:
    """The nodes of one script; `macros` are shared by the scripts of a command.

    `unread` are the places of macros that stand outside of the sections of the script.
    """

    def __init__(self, macros: dict[str, Macro], outside: Outside = lambda _: None):
        self.macros = macros
        self.outside = outside
        self.top = Instance()
        self.nodes: list[Node] = []
        self.tagged: list[Tagged] = []
        self.unread: dict[str, Span] = {}
        self._unnamed = 0
        self._depth = 0
        self._followed_now: list[Written] = []

    def run(self, statements: Iterable[Statement]) -> None:
        """Expand the statements of a script in order."""
        for statement in statements:
            if isinstance(statement, Macro):
                self.define(statement)
            else:
                self._assign(statement, self.top)

    def define(self, macro: Macro) -> None:
        """Make a macro known."""
        name = macro.name.lower()
        for word in (Word(macro.span, macro.name), *macro.parameters):
            _check_free(word.text, word.span)
        if name in self.macros:
            note = Note("the first one is here", self.macros[name].span)
            title = f"the macro '{macro.name}' is defined twice"
            raise BrainScriptError(Diagnostic("BS0354", title, macro.span, "", (note,)))
        self.macros[name] = macro

    def constants(self) -> dict[str, Bound]:
        """The symbols of the script that stand for no node: numbers, texts and lists."""
        symbols = self.top.symbols.items()
        return {name: bound for name, bound in symbols if isinstance(bound, Written | Bounds)}

    def unnamed(self) -> str:
        """A name for a node that the script gives none."""
        self._unnamed += 1
        return f"unnamed{self._unnamed}"

    def resolve(self, bound: Bound) -> Bound:
        """What a value stands for: a node, a list, or a word that is no name."""
        seen: set[int] = set()
        while isinstance(bound, Written | Instance):
            if id(bound) in seen:
                raise _circular(bound.word.span if isinstance(bound, Written) else Span("", 1, 1))
            seen.add(id(bound))
            following = bound.result if isinstance(bound, Instance) else self._meant(bound)
            if following is None:
                return bound
            bound = following
        return bound

    def visible(self, scope: Instance) -> list[str]:
        """The names that can be written in a scope."""
        names: list[str] = []
        inner: Instance | None = scope
        while inner is not None:
            names += inner.symbols
            inner = inner.parent
        return names

    def nearest(self, written: Written) -> str:
        """A remedy for a word that names nothing: the nearest name that can be written there."""
        if variable := re.fullmatch(r"\$(\w+)\$", written.word.text):
            return f"no config gives the variable: write {variable[1]}=... on the command line"
        known = self.visible(written.scope)
        inside = written.word.text.rpartition(".")[0]
        if inside:
            reached = self._followed(Written(replace(written.word, text=inside), written.scope))
            if isinstance(reached, Instance):
                known += [f"{inside}.{name}" for name in reached.symbols]
        return did_you_mean(written.word.text, known)

    def _meant(self, written: Written) -> Bound | None:
        """What a word names; None when it is a number, a text, or no name."""
        word = written.word
        if word.quoted or read_number(word.text) is not None:
            return None
        parts = word.text.lower().split(".")
        found, head = None, len(parts)
        while found is None and head:
            found, head = written.scope.find(".".join(parts[:head])), head - 1
        for name in parts[head + 1 :]:
            found = self._followed(found)
            found = found.symbols.get(name) if isinstance(found, Instance) else None
        return found

    def _followed(self, bound: Bound | None) -> Bound | None:
        """What a word stands for in the end, as far as that is no word; None if it is no name."""
        while isinstance(bound, Written):
            if bound in self._followed_now:
                raise _circular(bound.word.span)
            self._followed_now.append(bound)
            try:
                bound = self._meant(bound)
            finally:
                self._followed_now.pop()
        return bound

    def _assign(self, statement: Assignment, scope: Instance) -> None:
        name, value = statement.name, statement.value
        lower = name.lower()
        if scope is self.top and lower in LISTS:
            bound = self._bind(value, scope, "")
            self.tagged.append(Tagged(LISTS[lower], bound, statement.span))
            self._rename(value, scope, name)
            return
        if name:
            _check_free(name, statement.span)
        if lower in scope.symbols and name:
            title = f"'{name}' is assigned twice"
            raise BrainScriptError(Diagnostic("BS0354", title, statement.span))
        scope.result = self._bind(value, scope, name)
        if name:
            renamed = self._rename(value, scope, name)
            scope.symbols[lower] = scope.result if renamed is None else renamed
            if isinstance(value, Call) and isinstance(scope.result, Instance | Node):
                scope.made[lower] = scope.result

    def _rename(self, value: Value, scope: Instance, name: str) -> Instance | Node | None:
        """`name = value` where the value is what the scope has made: that gets the new name.

        An input of the whole network that a list names keeps its own, by which a reader knows it.
        """
        if not isinstance(value, Word) or value.quoted:
            return None
        bound = scope.made.get(value.text.lower())
        if bound is None:
            return None
        lower = name.lower()
        listed = scope is self.top and lower in LISTS
        is_input = isinstance(bound, Node) and bound.function in INPUTS
        if not (listed and is_input) and lower not in scope.made:
            bound.own = name
            scope.made[lower] = bound
        return bound

    def _bind(self, value: Value, scope: Instance, name: str) -> Bound:
        """A value in its scope; a call makes its nodes at once, under `name` if it has one."""
        if isinstance(value, Word):
            return Written(value, scope)
        if isinstance(value, Items):
            return Bounds(value.span, [self._bind(item, scope, "") for item in value.items])
        name = name or self.unnamed()
        arguments = [self._bind(argument, scope, "") for argument in value.positional]
        options = {key: self._bind(option, scope, "") for key, option in value.options.items()}
        macro = self.macros.get(value.name.lower())
        if macro is not None:
            return self._instance(macro, value, Instance(name, scope, self.top), arguments, options)
        node = Node(name, self._function(value), value.span, arguments, options, scope)
        self.nodes.append(node)
        self._tag(node, options)
        return node

    def _tag(self, bound: Bound, options: Mapping[str, Bound]) -> None:
        tag = options.get("tag")
        if isinstance(tag, Written):
            self.tagged.append(Tagged(tag.word.text.lower(), bound, tag.word.span))

    def _function(self, call: Call) -> str:
        found = function_name(call.name)
        if found is None:
            if why := why_refused(call.name):
                title = f"'{call.name}' of NDL is not supported"
                raise BrainScriptError(Diagnostic("BS0317", title, call.span, why))
            title = f"there is no function or macro '{call.name}'"
            known = [*FUNCTIONS, *(macro.name for macro in self.macros.values())]
            remedy = did_you_mean(call.name, known) or "a macro is defined before it is called"
            place = self.unread.get(call.name.lower())
            notes = (Note("this macro is not read", place),) if place else ()
            if place:
                remedy = "move it into a section that 'load' names"
            raise BrainScriptError(Diagnostic("BS0352", title, call.span, "", notes, remedy))
        return found

    def _instance(
        self,
        macro: Macro,
        call: Call,
        instance: Instance,
        arguments: Sequence[Bound],
        options: Mapping[str, Bound],
    ) -> Instance:
        """One call of a macro: its statements again, below the name of the call."""
        count = len(macro.parameters)
        if len(arguments) < count:
            title = f"the macro '{macro.name}' takes {count} arguments, not {len(arguments)}"
            note = Note("it is defined here", macro.span)
            raise BrainScriptError(Diagnostic("BS0355", title, call.span, "", (note,)))
        for parameter, argument in zip(macro.parameters, arguments[:count], strict=True):
            instance.symbols[parameter.text.lower()] = argument
        given = set(instance.symbols)
        for key, option in options.items():
            instance.symbols.setdefault(key, option)
        self._depth += 1
        self._check_size(call)
        for statement in macro.body:
            if isinstance(statement, Macro):
                self.define(statement)
                continue
            lower = statement.name.lower()
            if lower not in given and lower in options:
                del instance.symbols[lower]
            self._assign(statement, instance)
        self._depth -= 1
        own = instance.symbols.get(macro.name.lower())
        instance.result = own if own is not None else instance.result
        self._tag(instance, options)
        return instance

    def _check_size(self, call: Call) -> None:
        if self._depth > limit("function-nesting"):
            title = f"macros call each other more than {limit('function-nesting')} deep"
            raise exceeded("function-nesting", "BS0351", title, call.span)
        if len(self.nodes) > limit("network-nodes"):
            title = f"the script makes more than {limit('network-nodes')} nodes"
            raise exceeded("network-nodes", "BS0351", title, call.span)


def _check_free(name: str, span: Span) -> None:
    if function_name(name) is not None:
        title = f"'{name}' is the name of a function and cannot name anything else"
        remedy = "names of functions count in any case; choose another name"
        raise BrainScriptError(Diagnostic("BS0354", title, span, help=remedy))


def _circular(span: Span) -> BrainScriptError:
    return BrainScriptError(Diagnostic("BS0353", "this name stands for itself", span))
