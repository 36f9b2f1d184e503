"""Brackets and double quotes of configuration text: who closes whom, and splitting between them.

The configuration layer knows nothing of comments or strings of an embedded language: every
`[ ] { } ( )` counts, and a double quote hides the brackets up to the next double quote.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from brainscript.diagnostic import BrainScriptError, Diagnostic, Note
from brainscript.limits import exceeded, limit
from brainscript.placed import PlacedText

CLOSERS = {"[": "]", "{": "}", "(": ")"}
_SIGNS = re.compile(r'[\[\](){}"]')
_CUSTOM = frozenset("`~!@$%^&*_-+|:;,?.")
_PATHS = ("..", "./", ".\\", "\\\\")


def pairs_of(text: PlacedText, warn: Callable[[Diagnostic], None] | None = None) -> dict[int, int]:
    """Offset of each opening bracket and quote -> offset of what closes it.

    With `warn`, closing brackets of a kind that is not open are only warned of, and listed as
    closing themselves; without it they are errors.
    """
    pairs: dict[int, int] = {}
    open_at: list[int] = []
    extra: list[int] = []
    inside_of: dict[int, int] = {}
    characters = text.text
    match = _SIGNS.search(characters)
    while match:
        at = match.start()
        sign = match.group()
        if sign == '"':
            at = _quote_end(text, at, pairs)
        elif sign in CLOSERS:
            open_at.append(at)
            if len(open_at) > limit("expression-nesting"):
                title = f"brackets are nested more than {limit('expression-nesting')} deep"
                raise exceeded("expression-nesting", "BS0220", title, text.span(at))
        elif any(CLOSERS[characters[start]] == sign for start in open_at):
            pairs[_matching(text, open_at, at)] = at
        else:
            extra.append(at)
            inside_of[at] = open_at[-1] if open_at else at
        match = _SIGNS.search(characters, at + 1)
    if open_at:
        raise _unclosed(text, open_at[-1], inside_of, pairs)
    for at in extra:
        _too_many(text, at, warn)
        pairs[at] = at
    return pairs


def _unclosed(
    text: PlacedText, start: int, inside_of: dict[int, int], pairs: dict[int, int]
) -> BrainScriptError:
    wrong = next((at for at in inside_of if at > start), None)
    if wrong is not None:
        return _mismatch(text, inside_of[wrong], wrong)
    title = f"'{text.text[start]}' is never closed"
    notes: tuple[Note, ...] = ()
    strange = [(b, a) for a, b in pairs.items() if a > start and _out_of_step(text, a, b)]
    if strange:
        last, first = min(strange)
        line = text.span(last).line
        said = f"this one is closed by '{text.text[last]}' in line {line}: is one missing here?"
        notes = (Note(said, text.span(first)),)
    return BrainScriptError(Diagnostic("BS0202", title, text.span(start), "opened here", notes))


def _out_of_step(text: PlacedText, first: int, last: int) -> bool:
    """Whether a closing bracket begins a line that is indented otherwise than the opening one."""
    if "\n" not in text.text[first:last]:
        return False
    opening, closing = (text.text.rfind("\n", 0, at) + 1 for at in (first, last))
    indent = text.text[closing:last]
    line = text.text[opening:first]
    return not indent.strip() and line[: len(line) - len(line.lstrip())] != indent


def _quote_end(text: PlacedText, start: int, pairs: dict[int, int]) -> int:
    end = text.text.find('"', start + 1)
    if end >= 0:
        pairs[start] = end
        return end
    notes: tuple[Note, ...] = ()
    for first, last in pairs.items():
        if text.text[first] == '"' and "\n" in text.text[first:last]:
            notes = (Note("this earlier quote runs over a line end", text.span(first)),)
            break
    title = "this double quote has no closing quote"
    remedy = (
        "quotes count everywhere in a config, also in // comments of embedded BrainScript;"
        " a '#' after a blank starts a comment, also inside quotes"
    )
    raise BrainScriptError(
        Diagnostic("BS0213", title, text.span(start), "opened here", notes, remedy)
    )


def _matching(text: PlacedText, open_at: list[int], at: int) -> int:
    start = open_at.pop()
    if CLOSERS[text.text[start]] != text.text[at]:
        raise _mismatch(text, start, at)
    return start


def _mismatch(text: PlacedText, start: int, at: int) -> BrainScriptError:
    title = f"'{CLOSERS[text.text[start]]}' expected, found '{text.text[at]}'"
    note = Note("opened here", text.span(start))
    return BrainScriptError(Diagnostic("BS0203", title, text.span(at), "", (note,)))


def _too_many(text: PlacedText, at: int, warn: Callable[[Diagnostic], None] | None) -> None:
    title = f"one closing '{text.text[at]}' too many"
    label = "this closes nothing"
    if warn is None:
        raise BrainScriptError(Diagnostic("BS0204", title, text.span(at), label))
    remedy = "it is ignored; a section may have been closed too early before it"
    warn(Diagnostic("BS0204", title, text.span(at), label, help=remedy, severity="warning"))


def without_extra(text: PlacedText, pairs: dict[int, int]) -> PlacedText:
    """`text` with a blank in the place of each bracket that closes nothing."""
    extra = [at for at, end in pairs.items() if at == end]
    if not extra:
        return text
    characters = list(text.text)
    for at in extra:
        characters[at] = " "
    return PlacedText("".join(characters), text.pieces)


def inside(text: PlacedText) -> PlacedText | None:
    """What stands between the brackets, if one pair of brackets is all of `text`."""
    text = text.strip()
    if not text.text or text.text[0] not in CLOSERS:
        return None
    if pairs_of(text)[0] != len(text.text) - 1:
        return None
    return text.slice(1, len(text.text) - 1)


def custom_separator(text: str) -> str:
    """The sign right behind an opening bracket that replaces the usual separators, or nothing."""
    if not text or text[0] not in _CUSTOM or text.startswith(_PATHS):
        return ""
    if text[0] in "-+." and text[1:2].isdigit():
        return ""
    return text[0]


def array_items(text: PlacedText) -> list[PlacedText]:
    """The elements of a config array, stripped, quotes removed: `a:b*2:"c"` gives three."""
    separators = ":,\n"
    content = inside(text)
    if content is not None:
        text = content
        if own := custom_separator(text.text):
            separators = own + "\n"
            text = text.slice(1, len(text.text))
    pairs = pairs_of(text)
    stops = re.compile(f'[{re.escape(separators)}\\[({{"]')
    items: list[PlacedText] = []
    start = at = 0
    while match := stops.search(text.text, at):
        at = match.start()
        if at in pairs:
            at = pairs[at] + 1
            continue
        items.append(text.slice(start, at))
        start = at = at + 1
    items.append(text.slice(start, len(text.text)))
    return [item for item in map(unquote, items) if item.text]


def unquote(text: PlacedText) -> PlacedText:
    """Without blanks at both ends and without one pair of double quotes round everything."""
    text = text.strip()
    inner = text.text[1:-1]
    if len(text.text) >= 2 and text.text[0] == text.text[-1] == '"' and '"' not in inner:
        return text.slice(1, len(text.text) - 1).strip()
    return text
