"""What a function of NDL was given: nodes, numbers, shapes, options."""

from __future__ import annotations

from collections.abc import Sequence

from brainscript.diagnostic import BrainScriptError, Diagnostic, Span
from brainscript.frontend import flat
from brainscript.frontend.ndl.expand import Bound, Bounds, Expander, Node, Written
from brainscript.frontend.syntax import Expression
from brainscript.literals import read_boolean, read_number


class Arguments:
    """The arguments and options of one node; `constants` collects the nodes that numbers become."""

    def __init__(self, node: Node, expander: Expander, constants: list[tuple[str, Expression]]):
        self.node = node
        self.span = node.span
        self._expander = expander
        self._constants = constants

    def __len__(self) -> int:
        return len(self.node.arguments)

    def expect(self, least: int, most: int) -> None:
        """Raise BrainScriptError unless the number of positional arguments is within bounds."""
        count = len(self)
        if not least <= count <= most:
            wanted = str(least) if least == most else f"{least} to {most}"
            title = f"'{self.node.function}' takes {wanted} arguments, not {count}"
            raise BrainScriptError(Diagnostic("BS0355", title, self.span))

    def input(self, index: int) -> Expression:
        """An argument that is a node; a number is a constant."""
        return self._node_of(self.node.arguments[index])

    def inputs(self) -> list[Expression]:
        """All arguments as nodes."""
        return [self._node_of(bound) for bound in self.node.arguments]

    def number(self, index: int) -> float:
        """An argument that is a number."""
        bound = self._expander.resolve(self.node.arguments[index])
        value = _number(bound)
        if value is None:
            raise self._wrong(bound, f"argument {index + 1} of '{self.node.function}'", "a number")
        return value

    def constant(self, index: int) -> float:
        """An argument that is a number, or a node `Constant` with a number."""
        found = self._expander.resolve(self.node.arguments[index])
        if isinstance(found, Node) and found.function == "Constant" and found.arguments:
            value = _number(self._expander.resolve(found.arguments[0]))
            if value is not None:
                return value
        return self.number(index)

    def numbers(self, start: int = 0) -> list[float]:
        """The arguments from `start` on as numbers; lists are taken apart."""
        found: list[float] = []
        for bound in self.node.arguments[start:]:
            found += self._numbers(bound, f"a dimension of '{self.node.function}'")
        return found

    def shape(self, index: int) -> list[float]:
        """An argument that is a number or a list of numbers."""
        return self._numbers(self.node.arguments[index], f"argument {index + 1}")

    def is_number(self, index: int) -> bool:
        """Whether an argument is a number."""
        return _number(self._expander.resolve(self.node.arguments[index])) is not None

    def extra(self, name: str, dims: Sequence[float], value: float) -> Expression:
        """A constant beside the node; all its elements have this value."""
        options = {
            "dims": flat.shape(self.span, dims),
            "learningRateMultiplier": 0.0,
            "initValue": value,
        }
        made = flat.new_node(self.span, "LearnableParameter", (), options)
        self._constants.append((name, made))
        return flat.reference(self.span, name)

    def word(self, index: int) -> str:
        """An argument that is a word, in lower case."""
        return self._text(self.node.arguments[index]).lower()

    def text(self, option: str, default: str = "") -> str:
        """An option that is a text."""
        bound = self.node.options.get(option.lower())
        return default if bound is None else self._text(bound)

    def number_option(self, option: str, default: float) -> float:
        """An option that is a number."""
        return self.shape_option(option, [default])[0]

    def shape_option(self, option: str, default: Sequence[float]) -> list[float]:
        """An option that is a number or a list of numbers."""
        bound = self.node.options.get(option.lower())
        return list(default) if bound is None else self._numbers(bound, f"'{option}'")

    def flag(self, option: str, default: bool) -> bool:
        """An option that is true or false."""
        return self.flags(option, default)[0]

    def flags(self, option: str, default: bool) -> list[bool]:
        """An option that is true or false, or a list of these."""
        bound = self.node.options.get(option.lower())
        if bound is None:
            return [default]
        items = bound.items if isinstance(bound, Bounds) else [bound]
        return [self._flag(item, option) for item in items]

    def has(self, option: str) -> bool:
        """Whether an option is given."""
        return option.lower() in self.node.options

    def node_at(self, bound: Bound) -> list[Expression]:
        """The nodes that a value lists."""
        found = self._expander.resolve(bound)
        if isinstance(found, Bounds):
            return [node for item in found.items for node in self.node_at(item)]
        return [self._node_of(found)]

    def fail(self, title: str, help: str = "") -> BrainScriptError:
        """The error to raise at the call."""
        return BrainScriptError(Diagnostic("BS0355", title, self.span, help=help))

    def _flag(self, bound: Bound, option: str) -> bool:
        value = read_boolean(self._text(bound))
        if value is None:
            raise self._wrong(bound, f"'{option}'", "'true' or 'false'")
        return value

    def _text(self, bound: Bound) -> str:
        found = self._expander.resolve(bound)
        if not isinstance(found, Written):
            found = bound
        if not isinstance(found, Written):
            raise self._wrong(found, f"an argument of '{self.node.function}'", "a text")
        return found.word.text

    def _numbers(self, bound: Bound, what: str) -> list[float]:
        found = self._expander.resolve(bound)
        if isinstance(found, Bounds):
            return [number for item in found.items for number in self._numbers(item, what)]
        value = _number(found)
        if value is None:
            raise self._wrong(found, what, "a number")
        return [value]

    def _node_of(self, bound: Bound) -> Expression:
        found = self._expander.resolve(bound)
        if isinstance(found, Node):
            return flat.reference(self.span, found.name)
        value = _number(found)
        if value is not None:
            return self.extra(self._expander.unnamed(), [1.0, 1.0], value)
        if isinstance(found, Written):
            name = self._expander.outside(found.word.text)
            if name is not None:
                return flat.reference(found.word.span, name)
        function = self.node.function
        what = f"an input of '{function}'" if function else "each item of a list"
        raise self._wrong(found, what, "a node")

    def _wrong(self, found: Bound, what: str, wanted: str) -> BrainScriptError:
        if isinstance(found, Written) and not found.word.quoted and _number(found) is None:
            word = found.word
            title = f"there is nothing named '{word.text}'"
            label = f"{what} must be {wanted}"
            remedy = self._expander.nearest(found)
            return BrainScriptError(Diagnostic("BS0353", title, word.span, label, help=remedy))
        span = _span(found) or self.span
        return BrainScriptError(Diagnostic("BS0355", f"{what} must be {wanted}", span))


def _number(bound: Bound) -> float | None:
    if isinstance(bound, Written) and not bound.word.quoted:
        return read_number(bound.word.text)
    return None


def _span(bound: Bound) -> Span | None:
    if isinstance(bound, Written):
        return bound.word.span
    return bound.span if isinstance(bound, Node | Bounds) else None
