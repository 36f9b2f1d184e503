"""`--verify-diagnostics`: comments that announce diagnostics, matched both ways."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from brainscript.diagnostic import Diagnostic, Note, Span, render

ANNOUNCEMENT = re.compile(
    r"expected-(error|warning|remark|note)\s*(?:@([+-]\d+|above|below|unknown))?\s*\{\{(.*?)\}\}"
)


@dataclass(frozen=True, slots=True)
class _Announced:
    """What a comment announces: `line` is None for `@unknown`, `span` is the comment's place."""

    severity: str
    line: int | None
    words: str
    span: Span


def _no_text(file: str, line: int) -> str:
    return ""


def disagreements(text: str, name: str, found: Sequence[Diagnostic]) -> list[Diagnostic]:
    """Where announced and found diagnostics do not agree (BS0908).

    `// expected-error@+1 {{words}}` announces an error on the next line whose rendered text
    contains the words; so do `expected-warning` and `expected-remark`. Without `@` it is this
    line; `@above` and `@below` are the nearest lines that announce nothing; `@unknown` is a
    diagnostic without a place. A diagnostic without a place, or with one in another file, matches
    any line. `expected-note` announces a further place of a diagnostic; others need no
    announcement.
    """
    left, wrong = list(found), list[Diagnostic]()
    for announced in _announcements(text, name):
        if announced.severity == "note":
            hit = any(_has_note(diagnostic, announced, name) for diagnostic in found)
        else:
            hits = (d for d in left if _matches(d, announced, name))
            if hit := next(hits, None):
                left.remove(hit)
        if not hit:
            title = f"expected {announced.severity} was not raised"
            wrong.append(Diagnostic("BS0908", title, announced.span, announced.words))
    return wrong + [_unexpected(d) for d in left]


def _announcements(text: str, name: str) -> list[_Announced]:
    lines = text.splitlines()
    speaking = {n for n, line in enumerate(lines, 1) if ANNOUNCEMENT.search(line)}
    result: list[_Announced] = []
    for number in sorted(speaking):
        for match in ANNOUNCEMENT.finditer(lines[number - 1]):
            line = _line_meant(match[2], number, speaking)
            span = Span(name, number, match.start() + 1, match.end() - match.start())
            result.append(_Announced(match[1], line, match[3], span))
    return result


def _line_meant(place: str | None, number: int, speaking: set[int]) -> int | None:
    """The line that an announcement on line `number` is about."""
    if place == "unknown":
        return None
    if place not in ("above", "below"):
        return number + int(place or 0)
    step = -1 if place == "above" else 1
    while number in speaking:
        number += step
    return number


def _matches(diagnostic: Diagnostic, announced: _Announced, name: str) -> bool:
    if diagnostic.severity != announced.severity:
        return False
    shown = render(diagnostic, _no_text)
    return _is_at(diagnostic.span, announced, name) and announced.words in shown


def _has_note(diagnostic: Diagnostic, announced: _Announced, name: str) -> bool:
    """Whether the diagnostic has this note; the sites of calls are notes, too."""
    notes = (*diagnostic.notes, *(Note("called from here", span) for span in diagnostic.calls))
    return any(_is_at(n.span, announced, name) and announced.words in n.text for n in notes)


def _is_at(span: Span | None, announced: _Announced, name: str) -> bool:
    if span is None or span.file != name:
        return True
    return announced.line == span.line


def _unexpected(diagnostic: Diagnostic) -> Diagnostic:
    notes = (Note(render(diagnostic, _no_text)),)
    title = f"{diagnostic.severity} was not announced"
    return Diagnostic("BS0908", title, diagnostic.span, notes=notes)
