"""`--verify-diagnostics`: comments that announce diagnostics, matched both ways."""

from __future__ import annotations

import re
from collections.abc import Sequence

from brainscript.diagnostic import BrainScriptError, Diagnostic, Note, Span, render

ANNOUNCEMENT = re.compile(r"expected-(error|warning)(?:@([+-]\d+|above|below))?\s*\{\{(.*?)\}\}")
OFFSETS = {"above": -1, "below": 1}


def _no_text(file: str, line: int) -> str:
    return ""


def check_expected(text: str, name: str, found: Sequence[Diagnostic]) -> None:
    """Raise BrainScriptError (BS0908) unless announced and found diagnostics agree.

    `// expected-error@+1 {{words}}` announces an error on the next line whose rendered text
    contains the words; without `@` it is this line; `@above` and `@below` are one line off. A
    diagnostic without a place matches any line.
    """
    left = list(found)
    missing: list[Diagnostic] = []
    for span, severity, words in _announcements(text, name):
        hit = next((d for d in left if _matches(d, span, severity, words)), None)
        if hit is None:
            missing.append(Diagnostic("BS0908", f"expected {severity} was not raised", span, words))
        else:
            left.remove(hit)
    missing += [_unexpected(d) for d in left]
    if missing:
        raise BrainScriptError(*missing)


def _announcements(text: str, name: str) -> list[tuple[Span, str, str]]:
    result: list[tuple[Span, str, str]] = []
    for number, line in enumerate(text.splitlines(), 1):
        for match in ANNOUNCEMENT.finditer(line):
            place = match[2] or "+0"
            offset = OFFSETS[place] if place in OFFSETS else int(place)
            result.append((Span(name, number + offset, 1), match[1], match[3]))
    return result


def _matches(diagnostic: Diagnostic, span: Span, severity: str, words: str) -> bool:
    on_line = diagnostic.span is None or diagnostic.span.line == span.line
    return on_line and diagnostic.severity == severity and words in render(diagnostic, _no_text)


def _unexpected(diagnostic: Diagnostic) -> Diagnostic:
    notes = (Note(render(diagnostic, _no_text)),)
    return Diagnostic("BS0908", "diagnostic was not announced", diagnostic.span, notes=notes)
