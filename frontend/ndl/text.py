"""NDL text to statements; entries end as those of a config do: at a line end, `;` or `,`.

Example::

    F(a, w) [ t = Times(w, a) ; s = Sigmoid(t) ]      a macro
    W = Parameter(3, 2, init=uniform)                 a node
    h = F(x, W)                                       the nodes h.t and h.s
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from brainscript.brackets import inside, pairs_of, unquote
from brainscript.diagnostic import BrainScriptError, Diagnostic, Span
from brainscript.limits import exceeded, limit
from brainscript.literals import read_integer
from brainscript.placed import PlacedText

_GAP = re.compile(r"[\s;,]*")
_BLANKS = re.compile(r"\s*")
_KEY_STOP = re.compile(r'[=;,\n\[({"]')
_VALUE_STOP = re.compile(r'[;,\n\[({"]')
_LIST_STOP = re.compile(r'[,:;\n\[({"]')
_NAME = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*")
_OPERATOR = re.compile(r"[\w)]\s*(?:[+*/]|\.\*|\s-)\s*[\w(]")
MOST_REPEATS = 10_000


@dataclass(frozen=True, slots=True)
class Word:
    """A name, a number, or any other text; `quoted` when it stood in double quotes."""

    span: Span
    text: str
    quoted: bool = False


@dataclass(frozen=True, slots=True)
class Items:
    """A list in brackets, its items separated by `:` or `,`."""

    span: Span
    items: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Call:
    """`Name(a, b, option=c)`; options by lower-case name."""

    span: Span
    name: str
    positional: tuple[Value, ...]
    options: dict[str, Value]


Value = Word | Items | Call


@dataclass(frozen=True, slots=True)
class Assignment:
    """`name = value`; the only statement of a macro on one line has no name."""

    span: Span
    name: str
    value: Value


@dataclass(frozen=True, slots=True)
class Macro:
    """`name(a, b) [ statements ]`."""

    span: Span
    name: str
    parameters: tuple[Word, ...]
    body: tuple[Statement, ...]


Statement = Assignment | Macro


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a script as text: its key, the text in brackets behind the key, its value."""

    key: PlacedText
    parameters: PlacedText | None
    value: PlacedText

    @property
    def span(self) -> Span:
        """The place of the key."""
        return self.key.span(0, len(self.key.text))


def entries(text: PlacedText) -> Iterator[Entry]:
    """The entries of a script, in order."""
    pairs = pairs_of(text)
    at = _skip(_GAP, text.text, 0)
    while at < len(text.text):
        entry, at = _entry(text, pairs, at)
        yield entry
        at = _skip(_GAP, text.text, at)


def statements(text: PlacedText, depth: int = 0) -> tuple[Statement, ...]:
    """The statements of a script."""
    if depth > limit("function-nesting"):
        title = f"macros are nested more than {limit('function-nesting')} deep"
        raise exceeded("function-nesting", "BS0351", title, text.span(0))
    return tuple(_statement(entry, depth) for entry in entries(text))


def value_of(text: PlacedText, depth: int = 0) -> Value:
    """The value that a text stands for."""
    text = text.strip()
    span = text.span(0, max(1, len(text.text)))
    if depth > limit("expression-nesting"):
        title = f"calls are nested more than {limit('expression-nesting')} deep"
        raise exceeded("expression-nesting", "BS0351", title, span)
    if text.text.startswith('"'):
        return Word(span, unquote(text).text.strip(), True)
    inner = inside(text)
    if inner is not None:
        items = [item for part in split(inner) for item in _repeated(part, depth + 1)]
        return Items(span, tuple(items))
    name, opening, _ = text.text.partition("(")
    if not opening and not re.search(r"\s", text.text):
        return Word(span, text.text)
    if not text.text.endswith(")") or not _NAME.fullmatch(name.strip()):
        help = "a call is written Name(argument, ..., option=value)"
        if _OPERATOR.search(text.text):
            help = "there are no operators: write Plus (a, b), Minus (a, b), Times (W, x) ..."
        raise _malformed(span, help)
    return _call(text, name, depth)


def split(text: PlacedText) -> list[PlacedText]:
    """The items of a list, without empty ones."""
    pairs = pairs_of(text)
    found: list[PlacedText] = []
    start = at = 0
    while stop := _LIST_STOP.search(text.text, at):
        if stop.start() in pairs:
            at = pairs[stop.start()] + 1
            continue
        found.append(text.slice(start, stop.start()).strip())
        start = at = stop.end()
    found.append(text.slice(start, len(text.text)).strip())
    return [item for item in found if item.text]


def _skip(pattern: re.Pattern[str], text: str, at: int) -> int:
    match = pattern.match(text, at)
    return match.end() if match else at


def _entry(text: PlacedText, pairs: dict[int, int], start: int) -> tuple[Entry, int]:
    stop = _KEY_STOP.search(text.text, start)
    at = stop.start() if stop else len(text.text)
    key = text.slice(start, at).strip()
    if not key.text:
        raise _malformed(text.span(at), "a statement begins with a name")
    parameters: PlacedText | None = None
    if at in pairs and text.text[at] == "(":
        parameters = text.slice(at + 1, pairs[at])
        at = _skip(_BLANKS, text.text, pairs[at] + 1)
    if text.text[at : at + 1] == "=":
        at = _skip(_BLANKS, text.text, at + 1)
    elif at not in pairs or text.text[at] == '"':
        remedy = "a node is written name = Function(...), a macro name(a, b) [ ... ]"
        raise _malformed(key.span(0, len(key.text)), remedy)
    end = _value_end(text.text, pairs, at)
    return Entry(key, parameters, text.slice(at, end).strip()), end


def _value_end(text: str, pairs: dict[int, int], at: int) -> int:
    """A value ends at a separator, or behind the bracket that closes its first one."""
    stop = _VALUE_STOP.search(text, at)
    if stop is None:
        return len(text)
    return pairs[stop.start()] + 1 if stop.start() in pairs else stop.start()


def _statement(entry: Entry, depth: int) -> Statement:
    span, name = entry.span, entry.key.text
    if not entry.value.text:
        raise _malformed(span, f"no value is given for '{name}'")
    if entry.parameters is None:
        for part in name.split("."):
            _check_name(part, span, name)
        return Assignment(span, name, value_of(entry.value))
    parameters = tuple(_parameter(part) for part in split(entry.parameters))
    inner = inside(entry.value)
    if inner is None:
        body: tuple[Statement, ...] = (Assignment(span, "", value_of(entry.value)),)
    elif _is_call(inner):
        body = (Assignment(span, "", value_of(inner)),)
    else:
        body = statements(inner, depth + 1)
    return Macro(span, name, parameters, body)


def _is_call(text: PlacedText) -> bool:
    """Whether a text is a single call, as in `m(a) = { F(a) }`."""
    text = text.strip()
    name, opening, _ = text.text.partition("(")
    if not opening or not _NAME.fullmatch(name.strip()):
        return False
    return pairs_of(text)[len(name)] == len(text.text) - 1


def _parameter(text: PlacedText) -> Word:
    span = text.span(0, len(text.text))
    _check_name(text.text, span)
    return Word(span, text.text)


def _check_name(name: str, span: Span, whole: str = "") -> None:
    if not re.fullmatch(r"[A-Za-z_]\w*", name):
        raise _malformed(span, f"'{whole or name}' is no name: letters, digits and '_' make one")


def _call(text: PlacedText, name: str, depth: int) -> Call:
    span = text.span(0, len(name))
    positional: list[Value] = []
    options: dict[str, Value] = {}
    for part in split(text.slice(len(name) + 1, len(text.text) - 1)):
        key, equals, _ = part.text.partition("=")
        if equals and _NAME.fullmatch(key.strip()):
            rest = part.slice(len(key) + 1, len(part.text))
            options[key.strip().lower()] = value_of(rest, depth + 1)
        else:
            positional += _repeated(part, depth + 1)
    return Call(span, name.strip(), tuple(positional), options)


def _repeated(text: PlacedText, depth: int) -> list[Value]:
    """`x*3` in a list stands for three times x."""
    head, star, tail = text.text.rpartition("*")
    count = read_integer(tail) if star and head else None
    if count is None:
        return [value_of(text, depth)]
    if not 0 <= count <= MOST_REPEATS:
        raise _malformed(text.span(0, len(text.text)), f"at most {MOST_REPEATS} repetitions")
    return [value_of(text.slice(0, len(head)), depth)] * count


def _malformed(span: Span, help: str) -> BrainScriptError:
    return BrainScriptError(Diagnostic("BS0351", "this is no statement of NDL", span, help=help))
