"""Config files to text: comments cut off, `include=` lines replaced by the files they name."""

from __future__ import annotations

import os

from brainscript.diagnostic import BrainScriptError, CommandLineError, Diagnostic, Span
from brainscript.frontend.source import Sources, SourceText, missing_file
from brainscript.limits import exceeded, limit
from brainscript.placed import PlacedText

_INCLUDE = "include="


def without_comment(line: str) -> str:
    """A line without its comment.

    `#` starts one as the first sign of a line; elsewhere only the first `#` of the line counts,
    and only with a blank before it. Quotes do not protect it.
    """
    at = line.find("#")
    if at < 0:
        return line
    if not line[:at].strip():
        return ""
    return line[:at].rstrip() if line[at - 1] in " \t" else line


class ConfigFiles:
    """The config files of one command line; each is read once."""

    def __init__(self, sources: Sources):
        self._sources = sources
        self._seen: set[str] = set()
        self._chain: list[str] = []

    def read(self, name: PlacedText) -> PlacedText:
        """The text of a file named by `configFile=`."""
        span = name.span(0, len(name.text))
        path = name.text if os.path.exists(name.text) else name.text.replace("\\", "/")
        identity = os.path.realpath(path)
        if identity in self._seen:
            title = f"'{name.text}' is given twice as a config file"
            raise CommandLineError(Diagnostic("BS0211", title, span))
        source = self._sources.read(path, span)
        folder = os.path.dirname(os.path.abspath(path))
        if folder not in self._sources.folders:
            self._sources.folders.append(folder)
        return self._expanded(source, identity)

    def expand(self, source: SourceText) -> PlacedText:
        """The text of a source that is no file on the command line."""
        return self._expanded(source, os.path.realpath(source.name))

    def _expanded(self, source: SourceText, identity: str) -> PlacedText:
        self._seen.add(identity)
        self._chain.append(source.name)
        parts: list[PlacedText] = []
        lines: list[tuple[int, str]] = []
        for number, raw in enumerate(source.text.split("\n"), 1):
            line = without_comment(raw)
            if line.startswith(_INCLUDE):
                parts.append(PlacedText.of_lines(source.name, lines))
                lines = []
                parts += self._included(line, Span(source.name, number, 1, len(line)))
            elif line and not line.isspace():
                lines.append((number, line + "\n"))
        parts.append(PlacedText.of_lines(source.name, lines))
        self._chain.pop()
        return PlacedText.join(parts)

    def _included(self, line: str, span: Span) -> list[PlacedText]:
        if "$" in line:
            title = "'$name$' cannot be used in an include line of a config file"
            raise BrainScriptError(Diagnostic("BS0212", title, span))
        if len(self._chain) > limit("include-depth"):
            title = f"config files are included more than {limit('include-depth')} deep"
            chain = " > ".join([*self._chain[:3], "...", *self._chain[-3:]])
            raise exceeded("include-depth", "BS0115", title, span, chain)
        names = [n.strip().strip('"') for n in line[len(_INCLUDE) :].split("+")]
        return [self._include(name, span) for name in names if name]

    def _include(self, name: str, span: Span) -> PlacedText:
        path = self._sources.find(name, list(reversed(self._chain)))
        if path is None:
            raise missing_file(name, span)
        identity = os.path.realpath(path)
        if identity in self._seen:
            chain = " > ".join([*self._chain, name])
            title = f"'{name}' is included already and is skipped"
            self._sources.warn(
                Diagnostic("BS0212", title, span, f"asked for by {chain}", severity="warning")
            )
            return PlacedText("", ())
        return self._expanded(self._sources.read(path, span), identity)
