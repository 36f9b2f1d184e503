"""MEL text to statements: commands, and NDL that adds nodes to the model."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from brainscript.brackets import inside, pairs_of, unquote
from brainscript.diagnostic import BrainScriptError, Diagnostic, Span, did_you_mean
from brainscript.frontend.config import ConfigRules
from brainscript.frontend.config_files import ConfigFiles
from brainscript.frontend.mel.commands import ASSIGNED, COMMANDS, Command, find_command
from brainscript.frontend.source import Sources
from brainscript.placed import PlacedText
from brainscript.settings import Entry, Settings

_STOP = re.compile(r'[;\n\[({"]')
_ARGUMENT = re.compile(r'[,\[({"]')
_CALL = re.compile(r"(?:([A-Za-z_][\w.]*)\s*=\s*)?([A-Za-z_]\w*)\s*\(")
_OPTION = re.compile(r"([A-Za-z]+)\s*=")


@dataclass(frozen=True)
class Call:
    """One command: `result = name (arguments, option=value)`; options by lower-case name."""

    span: Span
    command: Command
    arguments: tuple[str, ...]
    options: dict[str, str]
    result: str = ""


@dataclass(frozen=True)
class Nodes:
    """NDL text for the default model, or (`model`) for a model of its own."""

    span: Span
    text: PlacedText
    model: str = ""


Statement = Call | Nodes


def script(path: PlacedText, settings: Settings, sources: Sources) -> PlacedText:
    """The text of a script: without comments, `$name$` replaced from the config."""
    span = path.span(0, len(path.text))
    found = sources.find(path.text, []) or path.text
    text = ConfigFiles(sources).expand(sources.read(found, span))
    parts = ConfigRules().resolve(settings, Entry("editPath", span, (text,)))
    return PlacedText.join(parts)


def statements(text: PlacedText) -> Iterator[Statement]:
    """The statements of a script; NDL between two commands is one statement."""
    held: list[PlacedText] = []
    for part in _parts(text):
        statement = _statement(part)
        if statement is None:
            held.append(part)
            continue
        if held:
            yield _nodes(held)
            held = []
        yield statement
    if held:
        yield _nodes(held)


def _nodes(parts: list[PlacedText]) -> Nodes:
    span = parts[0].span(0, len(parts[0].text))
    lines: list[PlacedText] = []
    for part in parts:
        lines += [part, PlacedText.fixed("\n", span)]
    return Nodes(span, PlacedText.join(lines))


def _parts(text: PlacedText) -> Iterator[PlacedText]:
    """The text cut at line ends and `;` outside of brackets and quotes."""
    pairs = pairs_of(text)
    start = at = 0
    while stop := _STOP.search(text.text, at):
        if stop.start() in pairs:
            at = pairs[stop.start()] + 1
            continue
        if part := _filled(text, start, stop.start()):
            yield part
        start = at = stop.end()
    if part := _filled(text, start, len(text.text)):
        yield part


def _filled(text: PlacedText, start: int, end: int) -> PlacedText | None:
    part = text.slice(start, end).strip()
    return part if part.text else None


def _statement(part: PlacedText) -> Statement | None:
    """A command, a model of its own, or None for NDL."""
    name, equals, _ = part.text.partition("=")
    content = inside(part.slice(len(name) + 1, len(part.text)).strip()) if equals else None
    if content is not None and re.fullmatch(r"\w+", name.strip()):
        return Nodes(part.span(0, len(part.text)), content, name.strip())
    found = _CALL.match(part.text)
    if found is None or not part.text.endswith(")"):
        return None
    result, word = found[1] or "", found[2]
    command = find_command(word)
    if result and (command is None or command.name not in ASSIGNED):
        return None
    span = part.span(found.start(2), len(word))
    if command is None:
        title = f"there is no editing command '{word}'"
        help = did_you_mean(word, [c.name for c in COMMANDS])
        raise BrainScriptError(Diagnostic("BS0381", title, span, help=help))
    return _call(span, command, part.slice(found.end(), len(part.text) - 1), result)


def _call(span: Span, command: Command, text: PlacedText, result: str) -> Call:
    arguments: list[str] = []
    options: dict[str, str] = {}
    for part in _arguments(text):
        found = _OPTION.match(part.text)
        if found is None:
            arguments.append(unquote(part).text.strip())
            continue
        key = found[1].lower()
        known = [option for option in command.options if option.lower() == key]
        if not known:
            title = f"'{command.name}' has no option '{found[1]}'"
            help = f"options: {', '.join(command.options) or 'none'}"
            raise BrainScriptError(Diagnostic("BS0382", title, part.span(0), help=help))
        options[key] = unquote(part.slice(found.end(), len(part.text)).strip()).text.strip()
    if not command.least <= len(arguments) <= command.most:
        title = f"'{command.name}' does not take {len(arguments)} arguments"
        if command.least == command.most:
            plural = "" if command.least == 1 else "s"
            title = f"'{command.name}' takes {command.least} argument{plural}, not {len(arguments)}"
        help = f"it is written {command.usage}"
        raise BrainScriptError(Diagnostic("BS0382", title, span, help=help))
    return Call(span, command, tuple(arguments), options, result)


def _arguments(text: PlacedText) -> Iterator[PlacedText]:
    pairs = pairs_of(text)
    start = at = 0
    while stop := _ARGUMENT.search(text.text, at):
        if stop.start() in pairs:
            at = pairs[stop.start()] + 1
            continue
        if part := _filled(text, start, stop.start()):
            yield part
        start = at = stop.end()
    if part := _filled(text, start, len(text.text)):
        yield part
