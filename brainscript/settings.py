"""One section of a configuration as the runtime reads it: typed values, defaults, inheritance."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Generic, Protocol, TypeVar

from brainscript.brackets import array_items, inside
from brainscript.diagnostic import BrainScriptError, Diagnostic, Note, Span, shorten
from brainscript.limits import exceeded, limit
from brainscript.literals import opened_path, read_boolean, read_integer, read_number, read_word
from brainscript.placed import PlacedText
from brainscript.remedies import COMMAND_LINE, for_missing, for_override, for_unknown, for_value

Value = TypeVar("Value")

PRECISIONS = ("float", "double")
"""What the key `precision` may say."""


class Required(Enum):
    """The type of `REQUIRED`."""

    REQUIRED = "required"


REQUIRED = Required.REQUIRED
"""Stands for the default of a key that must be given."""


@dataclass(frozen=True)
class Repeating(Generic[Value]):
    """Values by epoch or by any other index; reading past the end repeats the last one."""

    values: tuple[Value, ...]

    def __getitem__(self, index: int) -> Value:
        return self.values[min(index, len(self.values) - 1)]

    def __len__(self) -> int:
        return len(self.values)

    def __iter__(self) -> Iterator[Value]:
        return iter(self.values)


class Schedule(Repeating[float]):
    """Numbers such as `0.1*3:0.05`: 0.1 for three epochs, then 0.05 for all others."""


class IntegerSchedule(Repeating[int]):
    """Whole numbers such as `256*3:1024`."""


@dataclass(slots=True)
class Entry:
    """One key: its place, and its value; several parts when `[...]` was merged into `{...}`."""

    key: str
    span: Span
    parts: tuple[PlacedText, ...]
    used: bool = False
    resolved: tuple[PlacedText, ...] | None = None
    opened: dict[str, Entry] | None = None


class Rules(Protocol):
    """How values are read; `frontend/config.py` supplies it."""

    def resolve(self, holder: Settings, entry: Entry) -> tuple[PlacedText, ...]:
        """The parts of a value after `$name$` substitution."""
        ...

    def open(self, parts: Sequence[PlacedText]) -> dict[str, Entry] | None:
        """The entries of a section by lower-case key; None when it is no section."""
        ...


PATHS = frozenset(
    "file modelpath outputpath scpfile mlffile mlffilelist labelmappingfile meanfile editpath"
    " wordclass outputfile outputdotfile stderr newmodelpath dbnmodelpath curmodel newmodel"
    " inputfile token wordmap outputvocabfile outputword2cls outputcls2index outputmappingfile"
    " origmodelfilename originalmodelfilename outputmodelpath svdconfig intensityfile"
    " prefixpathinscp tensorboardlogdir donefile".split()
)
"""Keys whose values are paths."""
CARRIED = frozenset(
    "deviceid precision tracelevel numcputhreads minibatchmode minibatchsize epochsize"
    " defaulthiddenactivity recurrentlayer rnntype usevalidation makemode printvalues run wfile"
    " wsize wrecords windowsize elementsize sectiontype initoncpuonly sharenodevaluematrices"
    " hypercompressmemory forcedeterministicalgorithms forceconstantrandomseed".split()
)
"""Keys that configs hand from section to section, also to those that have no use for them."""


class Settings:
    """A section: keys are case-insensitive, missing ones are looked for in the enclosing sections.

    The value text `default` stands for the default. Only keys that some reader asked for count as
    known: `unused` lists the others.
    """

    def __init__(
        self,
        name: str,
        entries: dict[str, Entry],
        rules: Rules,
        span: Span,
        parent: Settings | None = None,
    ):
        self.name = name
        self.parent = parent
        self.span = span
        self._entries = entries
        self._rules = rules
        self._sections: dict[str, Settings] = {}
        self._absent: set[str] = set()

    @property
    def path(self) -> str:
        """The names of the enclosing sections and of this one, joined by ':'."""
        above = self.parent.path if self.parent else ""
        return f"{above}:{self.name}" if above else self.name

    def find(self, key: str, *, inherited: bool = True) -> tuple[Settings, Entry] | None:
        """The entry of a key and the section that holds it."""
        lower = key.lower()
        holder: Settings | None = self
        while holder is not None:
            entry = holder._entries.get(lower)
            if entry is not None:
                entry.used = True
                return holder, entry
            holder = holder.parent if inherited else None
        self._absent.add(key)
        return None

    def has(self, key: str, *, inherited: bool = True) -> bool:
        """Whether the key is given, here or (if `inherited`) in an enclosing section."""
        return self.find(key, inherited=inherited) is not None

    def parts(self, key: str) -> tuple[PlacedText, ...]:
        """The value as written, substituted, with its places; several parts if it was merged."""
        found = self.find(key)
        if found is None:
            raise self.missing(key)
        return self._rules.resolve(*found)

    def placed(self, key: str) -> PlacedText:
        """The value as one text with its places."""
        parts = self.parts(key)
        return parts[0] if len(parts) == 1 else PlacedText.join(parts)

    def raw(self, key: str) -> str:
        """The value as written, brackets included, after substitution."""
        return self.placed(key).text

    def span_of(self, key: str) -> Span:
        """The place of the value of a key, or of this section when the key is missing."""
        if not self.has(key):
            return self.span
        value = self.parts(key)[0]
        return value.span(0, len(value.text))

    def text(self, key: str, default: str | Required = REQUIRED) -> str:
        """The value as text."""
        value = self._value(key, default)
        text = value if isinstance(value, str) else value.text
        return opened_path(text) if key.lower() in PATHS else text

    def number(self, key: str, default: float | Required = REQUIRED) -> float:
        """The value as a number; `1#INF` is infinity."""
        return self._read(key, default, read_number, "a number")

    def integer(self, key: str, default: int | Required = REQUIRED) -> int:
        """The value as a whole number."""
        return self._read(key, default, read_integer, "a whole number")

    def boolean(self, key: str, default: bool | Required = REQUIRED) -> bool:
        """The value as `true` or `false`; a key without value is true."""
        return self._read(key, default, read_boolean, "'true' or 'false'")

    def word(self, key: str, known: Sequence[str], default: str | Required = REQUIRED) -> str:
        """The value as one of some known lower-case words; it may be written in capitals."""
        what = " or ".join(f"'{word}'" for word in known)
        return self._read(key, default, lambda text: read_word(text, known), what)

    def schedule(self, key: str, default: Schedule | float | Required = REQUIRED) -> Schedule:
        """The value as numbers `a:b*n:c`."""
        if isinstance(default, int | float):
            default = Schedule((float(default),))
        value = self._value(key, default)
        if isinstance(value, Schedule):
            return value
        return Schedule(self._items(key, value, read_number, "a number"))

    def integers(
        self, key: str, default: IntegerSchedule | int | Required = REQUIRED
    ) -> IntegerSchedule:
        """The value as whole numbers `a:b*n:c`."""
        if isinstance(default, int):
            default = IntegerSchedule((default,))
        value = self._value(key, default)
        if isinstance(value, IntegerSchedule):
            return value
        return IntegerSchedule(self._items(key, value, read_integer, "a whole number"))

    def texts(self, key: str, default: Sequence[str] | Required = ()) -> tuple[str, ...]:
        """The value as texts `a:b*n:c`."""
        value = self._value(key, default)
        if not isinstance(value, PlacedText):
            return tuple(value)
        found = self._items(key, value, str, "a text")
        return tuple(map(opened_path, found)) if key.lower() in PATHS else found

    def section(self, key: str) -> Settings:
        """The value as a section below this one."""
        found = self.find_section(key)
        if found is None:
            raise self.missing(key)
        return found

    def find_section(self, key: str) -> Settings | None:
        """The value as a section below this one; None when the key is missing."""
        lower = key.lower()
        known = self._sections.get(lower)
        found = self.find(key)
        if known or found is None:
            return known
        entry = found[1]
        parts = self._rules.resolve(*found)
        if entry.opened is None:
            entry.opened = self._rules.open(parts)
        if entry.opened is None:
            raise self._no_section(key, parts[0], f"write {key} = [ key = value ... ]")
        section = Settings(entry.key, entry.opened, self._rules, entry.span, self)
        self._sections[lower] = section
        return section

    def borrowed(self, key: str) -> Settings:
        """A section that another command owns: `unknown_keys` leaves it to that one."""
        found = self.section(key)
        del self._sections[key.lower()]
        return found

    def sections(self, key: str) -> tuple[Settings, ...]:
        """The elements of an array of sections `( [ ... ] : [ ... ] )`; one may stand bare."""
        value = self.placed(key)
        content = inside(value)
        bare = content is not None and content.text.strip()[:1] not in ("", "[", "{", "(")
        found: list[Settings] = []
        for i, item in enumerate([value.strip()] if bare else array_items(value)):
            name = f"{key}[{i}]"
            if name not in self._sections:
                entries = self._rules.open((item,))
                if entries is None:
                    raise self._no_section(key, item, f"write {key} = ( [ ... ] : [ ... ] )")
                span = item.span(0, len(item.text))
                self._sections[name] = Settings(name, entries, self._rules, span, self)
            found.append(self._sections[name])
        return tuple(found)

    def _no_section(self, key: str, value: PlacedText, remedy: str) -> BrainScriptError:
        title = f"'{self._label(key)}' must be a section in brackets"
        span = value.span(0, len(value.text))
        return BrainScriptError(Diagnostic("BS0214", title, span, help=remedy))

    def is_section(self, key: str) -> bool:
        """Whether this section itself gives the key as a block in brackets."""
        entry = self._entries.get(key.lower())
        return entry is not None and entry.parts[0].text[:1] in ("[", "{", "(")

    def own_keys(self) -> tuple[str, ...]:
        """The keys of this section itself, as spelt, in the order of the file."""
        return tuple(entry.key for entry in self._entries.values())

    def key_span(self, key: str) -> Span:
        """The place of the key itself, or of this section when the key is missing."""
        entry = self._entries.get(key.lower())
        return entry.span if entry else self.span

    def opened(self) -> tuple[Settings, ...]:
        """The sections below this one that were asked for."""
        return tuple(self._sections.values())

    def _below(self) -> Iterator[Settings]:
        yield from self._sections.values()
        for section in self._sections.values():
            yield from section._below()

    def unused(self) -> list[tuple[str, Span]]:
        """The keys of this section that nobody asked for, with their places."""
        return [(e.key, e.span) for e in self._entries.values() if not e.used]

    def accept_all(self) -> None:
        """Count every key as asked for, also below: the section is not going to be used."""
        for entry in self._entries.values():
            entry.used = True
        for section in self._sections.values():
            section.accept_all()

    def unknown_keys(self) -> list[Diagnostic]:
        """Warnings for keys that nobody asked for, here and in the sections that were opened.

        At top level only one like a key asked for in vain, or given by the command line alone.
        """
        found: list[Diagnostic] = []
        values = "\n".join(p.text for e in self._entries.values() for p in e.parts).lower()
        for key, span in self.unused():
            lower = key.lower()
            if lower in CARRIED or f"${lower}$" in values or "networkbuilder" in lower:
                continue
            remedy = for_unknown(key, self._absent, 0.6 if self.parent else 0.75)
            files = {part.span(0, 1).file for part in self._entries[lower].parts}
            if self.parent is None and files == {COMMAND_LINE} and not remedy:
                holding = [s.path for s in self._below() if lower in s._entries]
                remedy = for_override(key, self.own_keys(), holding, values)
            if remedy or self.parent is not None:
                title = f"nothing reads the key '{self._label(key)}'"
                found.append(Diagnostic("BS0217", title, span, help=remedy, severity="warning"))
        for section in self._sections.values():
            found += section.unknown_keys()
        return found

    def missing(self, key: str) -> BrainScriptError:
        """The error for a required key that is not given or is empty."""
        title = f"required parameter '{self._label(key)}' is missing"
        if self.has(key):
            why = "an empty value and 'default' do not count as given"
            return BrainScriptError(Diagnostic("BS0206", title, self.span_of(key), why))
        given = {e.key: "".join(part.text for part in e.parts) for e in self._entries.values()}
        label = f"not given in section '{self.name}'" if self.name else "not given at top level"
        if self.parent is not None:
            label += " or around it"
        help = for_missing(key, given)
        return BrainScriptError(Diagnostic("BS0206", title, self.span, label, help=help))

    def wrong(self, key: str, why: str, help: str = "") -> BrainScriptError:
        """The error for a value that its reader cannot accept, at the place of the value."""
        title = f"'{self._label(key)}' {why}"
        return BrainScriptError(Diagnostic("BS0207", title, self.span_of(key), help=help))

    def _label(self, key: str) -> str:
        return f"{self.path}:{key}" if self.path else key

    def _value(self, key: str, default: Value | Required) -> PlacedText | Value:
        found = self.find(key)
        if found is not None:
            parts = self._rules.resolve(*found)
            value = parts[0] if len(parts) == 1 else PlacedText.join(parts)
            if value.text.strip() != "default":
                if default is REQUIRED and not value.text:
                    raise self.missing(key)
                return value
        if isinstance(default, Required):
            raise self.missing(key)
        return default

    def _read(
        self, key: str, default: Value | Required, read: Callable[[str], Value | None], what: str
    ) -> Value:
        value = self._value(key, default)
        if not isinstance(value, PlacedText):
            return value
        result = read(value.text)
        if result is None:
            raise self._unreadable(key, value, what)
        return result

    def _unreadable(self, key: str, value: PlacedText, what: str) -> BrainScriptError:
        title = f"'{shorten(value.text, 60)}' is not {what}"
        span = value.span(0, len(value.text))
        notes = (Note(f"read as the value of '{self._label(key)}'"),)
        label, help = f"{what} is expected", for_value(value.text)
        return BrainScriptError(Diagnostic("BS0207", title, span, label, notes, help))

    def _items(
        self, key: str, value: PlacedText, read: Callable[[str], Value | None], what: str
    ) -> tuple[Value, ...]:
        """The elements of an array value; `x*3` stands for three times x."""
        result: list[Value] = []
        most = limit("array-length")
        for item in array_items(value):
            head, star, tail = item.text.rpartition("*")
            count = read_integer(tail) if star and head else None
            if count is None:
                count, head = 1, item.text
            read_item = read(head.strip())
            if read_item is None or count < 0:
                raise self._unreadable(key, item, what)
            if len(result) + count > most:
                title = f"'{self._label(key)}' has more than {most} elements"
                raise exceeded("array-length", "BS0221", title, item.span(0, len(item.text)))
            result += [read_item] * count
        if not result:
            raise self._unreadable(key, value, f"an array of {what.removeprefix('a ')}s")
        return tuple(result)
