"""Sections of CNTKTextFormatReader and CNTKTextFormatDeserializer: keys, defaults, checks."""

from __future__ import annotations

from brainscript.diagnostic import BrainScriptError, Diagnostic, did_you_mean
from brainscript.limits import limit
from brainscript.runtime.data.corpus import Stream, TextFile
from brainscript.settings import Settings

DEFAULT_CHUNK = 32 << 20
MAX_SPARSE_DIM = 2**31 - 1
MAX_REMARKS = 20
FORMATS = ("dense", "sparse")
WITHOUT_EFFECT = ("keepDataInMemory", "cacheIndex", "verbosity", "prefetch", "module")
"""Keys that CNTK knows and that change nothing here: all data stays in memory."""


def text_file(settings: Settings) -> TextFile:
    """The file that a section describes. Nothing is read yet."""
    for key in WITHOUT_EFFECT:
        settings.has(key, inherited=False)
    level = settings.integer("traceLevel") if settings.has("traceLevel", inherited=False) else 1
    return TextFile(
        path=settings.text("file"),
        streams=_streams(settings.section("input")),
        chunk_bytes=at_least(settings, "chunkSizeInBytes", 1, DEFAULT_CHUNK),
        max_errors=at_least(settings, "maxErrors", 0, 0),
        skip_ids=settings.boolean("skipSequenceIds", False),
        max_remarks=MAX_REMARKS if level > 0 else 0,
        span=settings.span_of("file"),
    )


def at_least(settings: Settings, key: str, least: int, default: int) -> int:
    """A whole number that must not be below `least`."""
    value = settings.integer(key, default)
    if value < least and not settings.has(key):
        raise settings.missing(key)
    if value < least:
        raise _refused(settings, key, f"'{key}' is {value}, the least is {least}")
    return min(value, 2**62)


def _refused(settings: Settings, key: str, title: str, help: str = "") -> BrainScriptError:
    return BrainScriptError(Diagnostic("BS0603", title, settings.span_of(key), help=help))


def _streams(inputs: Settings) -> tuple[Stream, ...]:
    """The sections under `input`, one stream each."""
    if not inputs.own_keys():
        title = "'input' declares no stream"
        remedy = "write input = [ features = [ dim = 784 ; format = dense ] ... ]"
        raise BrainScriptError(Diagnostic("BS0603", title, inputs.span, help=remedy))
    streams: list[Stream] = []
    for name in inputs.own_keys():
        stream = _stream(inputs, name)
        _check_against(streams, stream, inputs.section(name))
        streams.append(stream)
    return tuple(streams)


def _stream(inputs: Settings, name: str) -> Stream:
    section = inputs.section(name)
    kind = section.text("format").strip().lower()
    if kind not in FORMATS:
        help = did_you_mean(kind, FORMATS) or "write format = dense or format = sparse"
        raise _refused(section, "format", f"unknown format '{kind}'", help)
    dim = at_least(section, "dim", 1, 0)
    most = min(limit("tensor-elements"), MAX_SPARSE_DIM if kind == "sparse" else 2**62)
    if dim > most:
        raise _refused(section, "dim", f"'dim' is {dim}, the most is {most}")
    alias = section.text("alias", name) if section.has("alias", inherited=False) else name
    if not alias or any(not "!" <= c <= "~" or c == "|" for c in alias):
        title = f"'{alias}' cannot be the name of a stream in a file"
        raise _refused(section, "alias", title, "names are printable ASCII without '|'")
    defines = section.boolean("definesMBSize", False)
    return Stream(name, alias, dim, kind == "sparse", defines, section.key_span("dim"))


def _check_against(others: list[Stream], stream: Stream, section: Settings) -> None:
    """Aliases are unique, and one stream at most defines the minibatch size."""
    for other in others:
        if other.alias == stream.alias:
            title = f"streams '{other.name}' and '{stream.name}' have the same alias"
            raise _refused(
                section, "alias", title, "each stream needs a name of its own in the file"
            )
        if other.defines_size and stream.defines_size:
            title = f"both '{other.name}' and '{stream.name}' define the minibatch size"
            raise _refused(section, "definesMBSize", title, "only one stream may")
