"""BrainScript text to tokens; `include "path"` splices the tokens of another file in place."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import Literal, NamedTuple

from brainscript.diagnostic import BrainScriptError, Diagnostic, Note, Span
from brainscript.frontend.source import Sources, missing_file
from brainscript.limits import exceeded, limit
from brainscript.literals import DECIMAL, HEXADECIMAL
from brainscript.placed import Text

Kind = Literal["number", "string", "name", "keyword", "sign", "end"]

KEYWORDS = frozenset(("include", "new", "with", "true", "false", "if", "then", "else", "array"))

_TOKEN = re.compile(
    rf"""
    [ ]* (?:
    (?P<blank>  [ \t\r\n\f\v]+ | \#[^\n]* | //[^\n]* | /\*.*?\*/ )
  | (?P<number> {HEXADECIMAL} | {DECIMAL} )
  | (?P<name>   [A-Za-z_][A-Za-z0-9_]* )
  | (?P<string> "[^"]*" | '[^']*' )
  | (?P<sign>   \[\| | \|\] | \*\* | \.\* | \|\| | && | << | >> | == | >= | != | <= | => | \.\.
              | (?!/\*)[=;,\[\](){{}}+\-*/%!<>:.] )
  | (?P<bad>    . )
    )
    """,
    re.VERBOSE | re.DOTALL,
)

_HINTS = {
    "^": "the power operator is '**'",
    "&": "the logical operator is '&&'",
    "|": "the logical operator is '||', an array literal is '[| a ; b |]'",
    "$": "'$name$' is replaced in config files only, and only where 'name' is defined",
    "\u201c": 'use the straight quote "',
    "\u201d": 'use the straight quote "',
    "\u2018": "use the straight quote '",
    "\u2019": "use the straight quote '",
    "\u00a0": "this is a no-break space; use an ordinary one",
}


class Token(NamedTuple):
    """One token: `text` as written (strings with their quotes), `start` its offset in `source`."""

    kind: Kind
    text: str
    source: Text
    start: int

    @property
    def span(self) -> Span:
        """The place of the token."""
        return self.source.span(self.start, len(self.text) or 1)

    def __str__(self) -> str:
        if self.kind == "end":
            return "the end of the text"
        return f"'{self.text}'" if len(self.text) <= 30 else f"'{self.text[:27]}...'"


@dataclass(slots=True)
class _File:
    """A text being read: where scanning goes on, and the `include` that named it."""

    source: Text
    position: int = 0
    asked: Span | None = None
    identity: str = ""


def tokenize(source: Text, sources: Sources) -> list[Token]:
    """All tokens of `source` and of the files it includes, closed by one of kind 'end'."""
    tokens: list[Token] = []
    name = source.span(0).file
    stack = [_File(source, identity=os.path.realpath(name) if os.path.exists(name) else "")]
    total = len(source.text)
    while stack:
        path = _scan(stack[-1], tokens)
        if path is None:
            stack.pop()
            continue
        stack.append(_open(path, stack, sources))
        total += len(stack[-1].source.text)
        if total > limit("source-bytes"):
            title = "the included files are too large together"
            raise exceeded("source-bytes", "BS0104", title, path.span)
    tokens.append(Token("end", "", source, len(source.text)))
    return tokens


def _scan(file: _File, tokens: list[Token]) -> Token | None:
    """Add tokens up to the next `include`, whose path is returned, or up to the end."""
    source = file.source
    include: Token | None = None
    for match in _TOKEN.finditer(source.text, file.position):
        kind = match.lastgroup
        if kind == "blank":
            continue
        assert kind is not None
        text, start = match[kind], match.start(kind)
        if kind == "bad":
            raise _bad(source, start, text)
        if kind == "name" and text in KEYWORDS:
            kind = "keyword"
        token = Token(kind, text, source, start)  # pyright: ignore[reportArgumentType]
        if include is not None:
            if kind != "string":
                raise _no_path(token.span)
            file.position = match.end()
            return token
        if text == "include":
            include = token
        else:
            tokens.append(token)
    if include is not None:
        raise _no_path(include.span)
    return None


def _no_path(span: Span) -> BrainScriptError:
    title = "'include' must be followed by a file name in quotes"
    return BrainScriptError(Diagnostic("BS0113", title, span, "a string is expected here"))


def _bad(source: Text, start: int, character: str) -> BrainScriptError:
    span = source.span(start)
    if character in "\"'":
        remedy = "a string has no escapes and ends at the next quote of the same kind"
        title = "this string has no closing quote"
        return BrainScriptError(Diagnostic("BS0111", title, span, "opened here", help=remedy))
    if source.text.startswith("/*", start):
        title = "this comment has no closing '*/'"
        return BrainScriptError(Diagnostic("BS0112", title, source.span(start, 2), "opened here"))
    shown = f"'{character}'" if character.isprintable() else f"U+{ord(character):04X}"
    remedy = _HINTS.get(character, "")
    return BrainScriptError(
        Diagnostic("BS0110", f"unexpected character {shown}", span, help=remedy)
    )


def _open(path: Token, stack: list[_File], sources: Sources) -> _File:
    """The file named by an `include`, after the checks for a ring and for depth."""
    asked = path.span
    including = [file.source.span(0).file for file in reversed(stack)]
    found = sources.find(path.text[1:-1], including)
    if found is None:
        raise missing_file(path.text[1:-1], asked)
    identity = os.path.realpath(found)
    chain = tuple(
        Note("included from here", file.asked) for file in reversed(stack) if file.asked is not None
    )
    if any(file.identity == identity for file in stack):
        title = f"'{found}' includes itself"
        raise BrainScriptError(Diagnostic("BS0114", title, asked, "included again here", chain))
    if len(stack) > limit("include-depth"):
        title = f"includes are nested more than {limit('include-depth')} deep"
        error = exceeded("include-depth", "BS0115", title, asked)
        first = error.diagnostics[0]
        raise type(error)(Diagnostic(first.code, title, asked, "", chain[:8], first.help))
    return _File(sources.read(found, asked), 0, asked, identity)
