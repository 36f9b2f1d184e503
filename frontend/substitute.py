"""`$name$` in values: replaced by the value of that name, looked up from the value outwards."""

from __future__ import annotations

import re
from collections.abc import Callable

from brainscript.diagnostic import BrainScriptError, Diagnostic, Note, Span, did_you_mean
from brainscript.limits import exceeded, limit
from brainscript.placed import PlacedText
from brainscript.settings import Entry, Settings

VARIABLE = re.compile(r"\$([A-Za-z_][^,/<>?;':\"\[\]{}\\|!@#%^&*()+=~`$\s]*)\$")

OPEN = re.compile(r"\$([A-Za-z_]\w*)(?=[/\\.\"\s]|$)")


class Substitution:
    """Replaces `$name$` in the values of one configuration, each value once.

    The place of what is put in is the place of `$name$` itself. What only begins like that, such
    as `$name/`, stays as it is; where there is such a name, `warn` is told.
    """

    def __init__(self, warn: Callable[[Diagnostic], None] | None = None) -> None:
        self._warn = warn
        self._warned: set[Span] = set()
        self._total = 0
        self._under_way: list[tuple[Entry, str, Span]] = []

    def resolve(self, holder: Settings, entry: Entry) -> tuple[PlacedText, ...]:
        """The parts of the value of `entry`, which stands in the section `holder`."""
        if entry.resolved is None:
            entry.resolved = tuple(self._resolved(part, holder, entry) for part in entry.parts)
        return entry.resolved

    def _resolved(self, text: PlacedText, holder: Settings, entry: Entry) -> PlacedText:
        result: list[PlacedText] = []
        last = size = 0
        for match in VARIABLE.finditer(text.text):
            span = text.span(match.start(), len(match.group()))
            value = self._value_of(match[1], span, holder, entry)
            result += [text.slice(last, match.start()), PlacedText.fixed(value, span)]
            size += match.start() - last + len(value)
            self._check_size(size, span)
            last = match.end()
        self._remark_open(text, holder)
        if not result:
            return text
        result.append(text.slice(last, len(text.text)))
        joined = PlacedText.join(result)
        self._total += len(joined.text)
        return joined

    def _remark_open(self, text: PlacedText, holder: Settings) -> None:
        if self._warn is None or "$" not in text.text:
            return
        others = VARIABLE.sub(lambda match: " " * len(match.group()), text.text)
        for match in OPEN.finditer(others):
            name = match[1]
            span = text.span(match.start(), len(match.group()))
            if holder.find(name) is None or span in self._warned:
                continue
            self._warned.add(span)
            title = f"'${name}' is text as it stands: a variable has '$' on both sides"
            self._warn(
                Diagnostic("BS0223", title, span, help=f"write ${name}$", severity="warning")
            )

    def _check_size(self, size: int, span: Span) -> None:
        most = limit("substitution-bytes")
        if self._total + size > most:
            title = f"replaced '$name$' values grow beyond {most} characters"
            raise exceeded("substitution-bytes", "BS0210", title, span)

    def _value_of(self, name: str, span: Span, holder: Settings, user: Entry) -> str:
        found = holder.find(name)
        if found is None:
            title = f"no variable '{name}' for '${name}$'"
            label = "not defined in the sections around this value"
            remedy = did_you_mean(name, _names_around(holder))
            remedy = remedy or f"give it at top level or on the command line: {name}=..."
            if any(_gives(part.text, name) for part in user.parts):
                remedy = f"what '{user.key}' has inside is not seen: write {name} = ... before it"
            raise BrainScriptError(Diagnostic("BS0208", title, span, label, help=remedy))
        self._check_ring(found[1], name, span, user)
        self._under_way.append((user, name, span))
        try:
            parts = self.resolve(*found)
        finally:
            self._under_way.pop()
        value = "".join(part.text for part in parts)
        if "\n" in value:
            title = f"the value of '{name}' has several lines and cannot replace '${name}$'"
            note = Note("it is defined here", found[1].span)
            raise BrainScriptError(Diagnostic("BS0218", title, span, "used here", (note,)))
        return value

    def _check_ring(self, wanted: Entry, name: str, span: Span, user: Entry) -> None:
        chain = [*self._under_way, (user, name, span)]
        for i, (entry, _, _) in enumerate(chain):
            if entry is wanted:
                notes = tuple(Note(f"'${n}$' is used here", s) for _, n, s in chain[i:-1])
                title = f"the value of '{name}' contains itself"
                label = f"'${name}$' leads back to itself"
                raise BrainScriptError(Diagnostic("BS0209", title, span, label, notes))
        if len(chain) > limit("substitution-depth"):
            title = f"'$name$' values are nested more than {limit('substitution-depth')} deep"
            raise exceeded("substitution-depth", "BS0210", title, span)


def _gives(text: str, name: str) -> bool:
    """Whether a section gives a key."""
    return re.search(rf"(?<![\w$]){re.escape(name)}\s*=(?!=)", text, re.IGNORECASE) is not None


def _names_around(holder: Settings) -> list[str]:
    names: list[str] = []
    section: Settings | None = holder
    while section is not None:
        names += section.own_keys()
        section = section.parent
    return names
