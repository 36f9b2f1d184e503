"""The configuration layer: CNTK's command line and config files to `Settings`.

Assignments are taken from left to right, later ones win: `key=[...]` is merged into a section that
is there already, `key={...}` and plain values replace it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence

from brainscript.brackets import (
    CLOSERS,
    custom_separator,
    inside,
    pairs_of,
    unquote,
    without_extra,
)
from brainscript.diagnostic import (
    BrainScriptError,
    CommandLineError,
    Diagnostic,
    MissingFileError,
    Span,
)
from brainscript.frontend.config_files import ConfigFiles
from brainscript.frontend.source import Sources, SourceText
from brainscript.frontend.substitute import Substitution
from brainscript.placed import PlacedText
from brainscript.remedies import COMMAND_LINE
from brainscript.settings import Entry, Settings

_BLANKS = re.compile(r"[ \t\f\v]*")


class ConfigRules(Substitution):
    """Substitution and the parsing of sections: what `Settings` needs to read values."""

    def open(self, parts: Sequence[PlacedText]) -> dict[str, Entry] | None:
        """The entries of a section; the parts after the first are merged into it."""
        entries: dict[str, Entry] = {}
        for part in parts:
            content = inside(part)
            if content is None:
                return None
            separators = ",;\n"
            if own := custom_separator(content.text):
                separators = own + "\n"
                content = content.slice(1, len(content.text))
            add_entries(entries, content, separators)
        return entries


def load_config(arguments: Sequence[str], sources: Sources) -> Settings:
    """The top-level section that this command line (without the program's name) describes.

    `configFile=a+b` reads files at its place; `currentDirectory=DIR` changes the directory of the
    process at once. Warnings go to `sources.warnings`.
    """
    return _CommandLine(arguments, sources).settings()


def parse_config(source: SourceText, sources: Sources) -> Settings:
    """The top-level section of one config text, without a command line."""
    sources.add(source)
    entries: dict[str, Entry] = {}
    text = ConfigFiles(sources).expand(source)
    add_entries(entries, _balanced(text, sources), ",;\n")
    return Settings("", entries, ConfigRules(sources.warn), Span(source.name, 1, 1))


class _CommandLine:
    """The arguments, one a line of a text of its own, taken from left to right."""

    def __init__(self, arguments: Sequence[str], sources: Sources):
        line = sources.add(SourceText(COMMAND_LINE, "\n".join(arguments)))
        text = line.placed()
        self._arguments: list[PlacedText] = []
        start = 0
        for argument in arguments:
            self._arguments.append(text.slice(start, start + len(argument)))
            start += len(argument) + 1
        self._sources = sources
        self._files = ConfigFiles(sources)
        self._entries: dict[str, Entry] = {}
        self._place = Span(COMMAND_LINE, 1, 1)

    def settings(self) -> Settings:
        """The top-level section."""
        rest = iter(self._arguments)
        for argument in rest:
            key, equals, value = argument.text.partition("=")
            tail = argument.slice(len(key) + 1, len(argument.text))
            lower = key.strip().lower() if equals else ""
            if lower == "configfile":
                name = tail if value.strip() else next(rest, None)
                self._read_files(name, argument)
                continue
            if lower == "currentdirectory":
                _change_directory(unquote(tail))
            self._add(argument)
        return Settings("", self._entries, ConfigRules(self._sources.warn), self._place)

    def _add(self, text: PlacedText) -> None:
        add_entries(self._entries, _balanced(text, self._sources), ",;\n")

    def _read_files(self, names: PlacedText | None, asked: PlacedText) -> None:
        if names is None or "=" in names.text:
            raise _no_file(asked)
        self._place = names.span(0, len(names.text))
        start = 0
        for name in names.text.split("+"):
            piece = unquote(names.slice(start, start + len(name)))
            start += len(name) + 1
            if not piece.text:
                raise _no_file(asked)
            self._add(self._files.read(piece))


def _no_file(place: PlacedText) -> CommandLineError:
    title = "'configFile=' needs the name of a config file"
    remedy = "write configFile=a.cntk, without a blank behind '='; several files: a.cntk+b.cntk"
    span = place.span(0, len(place.text))
    return CommandLineError(Diagnostic("BS0201", title, span, help=remedy))


def _change_directory(folder: PlacedText) -> None:
    try:
        os.chdir(folder.text)
    except OSError as error:
        title = f"cannot change to directory '{folder.text}': {error.strerror}"
        span = folder.span(0, len(folder.text))
        raise MissingFileError(Diagnostic("BS0222", title, span)) from None


def _balanced(text: PlacedText, sources: Sources) -> PlacedText:
    return without_extra(text, pairs_of(text, sources.warn))


def add_entries(entries: dict[str, Entry], text: PlacedText, separators: str) -> None:
    """Parse `text` as key/value pairs into `entries`."""
    for entry in _EntryReader(text, separators).entries():
        key = entry.key.lower()
        old = entries.pop(key, None)
        if old is not None and entry.parts[0].text.startswith("["):
            first = old.parts[0].text[:1]
            if first and first in CLOSERS:
                entry.parts = old.parts + entry.parts
        entries[key] = entry


class _EntryReader:
    """Cuts the text of one section into entries; nested brackets stay text."""

    def __init__(self, text: PlacedText, separators: str):
        self._placed = text
        self._text = text.text
        self._separators = separators
        self._pairs = pairs_of(text)
        signs = re.escape(separators)
        self._key_stop = re.compile(rf'[={signs}\[({{"]')
        self._value_stop = re.compile(rf'[{signs}\[({{"]')
        self._gap = re.compile(rf"[\s{signs}]*")
        self._at = 0

    def entries(self) -> list[Entry]:
        """All entries in order, repeated keys included."""
        found: list[Entry] = []
        self._at = self._skip(self._gap, 0)
        while self._at < len(self._text):
            found.append(self._entry())
            self._at = self._skip(self._gap, self._at)
        return found

    def _skip(self, pattern: re.Pattern[str], at: int) -> int:
        match = pattern.match(self._text, at)
        return match.end() if match else at

    def _entry(self) -> Entry:
        start = self._at
        stop = self._key_stop.search(self._text, start)
        end = stop.start() if stop else len(self._text)
        sign = stop.group() if stop else ""
        key = self._placed.slice(start, end).strip()
        span = key.span(0, len(key.text))
        if not key.text:
            title = f"a key is expected before '{sign}'"
            remedy = ""
            if self._text[:end].rstrip().endswith(")"):
                remedy = "functions and macros are defined in the section of the network"
            place = self._placed.span(end)
            raise BrainScriptError(Diagnostic("BS0219", title, place, help=remedy))
        if sign == "=":
            return Entry(key.text, span, (self._value(end + 1, key),))
        if sign in CLOSERS or sign == '"':
            return Entry(key.text, span, (self._value(end, key),))
        bracket = self._bracket_on_next_line(end)
        if bracket is not None:
            return Entry(key.text, span, (self._value(bracket, key),))
        self._at = end
        return Entry(key.text, span, (PlacedText.fixed("true", span),))

    def _bracket_on_next_line(self, at: int) -> int | None:
        """The offset of an opening bracket that only white space keeps from `at`."""
        while at < len(self._text) and self._text[at].isspace():
            at += 1
        return at if self._text[at : at + 1] in ("[", "{", "(") else None

    def _value(self, at: int, key: PlacedText) -> PlacedText:
        start = self._skip(_BLANKS, at)
        if start >= len(self._text) or self._text[start] in self._separators:
            bracket = self._bracket_on_next_line(start)
            if bracket is None:
                title = f"no value is given for '{key.text}'"
                span = key.span(0, len(key.text))
                remedy = f'write {key.text}="" for an empty text'
                raise BrainScriptError(Diagnostic("BS0205", title, span, help=remedy))
            start = bracket
        self._at = self._value_end(start)
        return unquote(self._placed.slice(start, self._at))

    def _value_end(self, start: int) -> int:
        """A value ends at a separator, or with a bracket or quote that a blank follows."""
        at = start
        while True:
            stop = self._value_stop.search(self._text, at)
            if stop is None:
                return len(self._text)
            at = stop.start()
            if at not in self._pairs:
                return at
            at = self._pairs[at] + 1
            follows = self._text[at : at + 1]
            whole = self._text[start] in '[{("'
            if not follows or follows.isspace() or (whole and follows not in ":*"):
                return at
