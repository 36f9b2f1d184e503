"""From a `reader` section to a reader: which kind it is, its streams, its order."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from brainscript.diagnostic import BrainScriptError, Diagnostic, did_you_mean
from brainscript.runtime.data.binary import binary_file
from brainscript.runtime.data.corpus import Corpus, TextFile, join
from brainscript.runtime.data.images.reader import PictureReader
from brainscript.runtime.data.images.sections import (
    base64_deserializer,
    image_deserializer,
    image_reader,
)
from brainscript.runtime.data.images.source import ImageSource
from brainscript.runtime.data.minibatch import Reader
from brainscript.runtime.data.randomise import Order, order_of
from brainscript.runtime.data.ready.ahead import ReadAhead
from brainscript.runtime.data.ready.parsed import ParsedCache
from brainscript.runtime.data.sequence_keys import FRAME_BITS, Keys
from brainscript.runtime.data.side_files import side_file
from brainscript.runtime.data.sources import Source
from brainscript.runtime.data.speech.sections import (
    feature_deserializer,
    in_frames,
    label_deserializer,
    speech_sources,
)
from brainscript.runtime.data.speech.utterances import FeatureSource, LabelSource
from brainscript.runtime.data.streams import bind, check_lengths, check_pieces
from brainscript.runtime.data.text import at_least, text_file
from brainscript.runtime.data.words.columns import table_sources
from brainscript.runtime.data.words.sentences import sentence_sources
from brainscript.runtime.data.words.sparse_rows import RowsFile, sparse_rows
from brainscript.runtime.data.words.tagged import tagged_sources
from brainscript.runtime.network import InputSpec
from brainscript.settings import PRECISIONS, Settings

Warn = Callable[[Diagnostic], None]
Open = Callable[[Settings], Sequence[Source]]

TEXT_READER = "CNTKTextFormatReader"
READERS: dict[str, Open] = {
    TEXT_READER: lambda section: [text_file(section)],
    "CNTKBinaryReader": lambda section: [binary_file(section)],
    "HTKMLFReader": lambda section: speech_sources(section, legacy=True),
    "HTKDeserializers": lambda section: speech_sources(section, legacy=False),
    "ImageReader": image_reader,
    "LMSequenceReader": sentence_sources,
    "LUSequenceReader": tagged_sources,
    "UCIFastReader": table_sources,
    "LibSVMBinaryReader": sparse_rows,
}
"""What `readerType` may say."""
DESERIALIZERS: dict[str, Open] = {
    "CNTKTextFormatDeserializer": READERS[TEXT_READER],
    "CNTKBinaryFormatDeserializer": READERS["CNTKBinaryReader"],
    "HTKFeatureDeserializer": feature_deserializer,
    "HTKMLFDeserializer": label_deserializer,
    "ImageDeserializer": image_deserializer,
    "Base64ImageDeserializer": base64_deserializer,
}
"""What `type` of a deserializer may say."""
WORD_READERS = ("lmsequencereader", "lusequencereader")
"""Readers whose minibatches are sentences."""
PACKED_READER = "libsvmbinaryreader"
"""The reader that keeps the order of the file. Its epochs end with the data, as those of words."""
FRAME_READERS = ("htkmlfreader", "htkdeserializers")
"""Readers that cut utterances into frames unless told otherwise."""
AS_TEXT = f"convert the data to CNTK's text format and use {TEXT_READER}"
AS_HTK = "write the features as HTK files, the labels as an MLF file, and use HTKMLFReader"
OTHER_READERS = {
    "SparsePCReader": AS_TEXT,
    "DSSMReader": AS_TEXT,
    "BinaryReader": AS_TEXT,
    "KaldiReader": AS_HTK,
    "Kaldi2Reader": AS_HTK,
}
"""Readers that CNTK has or had, with what to do instead."""
OTHER_DESERIALIZERS = {
    "LatticeDeserializer": "training on lattices is not available",
    "HTKMLFBinaryDeserializer": "use HTKMLFDeserializer with the MLF file as it was before",
}
OLD_NAMES = {
    "htkdeserializer": "HTKFeatureDeserializer",
    "htkdatadeserializer": "HTKFeatureDeserializer",
    "mlfdeserializer": "HTKMLFDeserializer",
    "mlfdatadeserializer": "HTKMLFDeserializer",
}
"""What deserializers were called at first."""
ORDER_KEYS = (
    "randomize",
    "randomizationWindow",
    "sampleBasedRandomizationWindow",
    "randomizationSeed",
)
"""Keys that say nothing where the order is that of the file."""
BLOCK_KEYS = (
    "multiThreadedDeserialization",
    "hashSequenceKeys",
    "checkData",
    "localTimeline",
    "verbosity",
    "traceLevel",
    "maxErrors",
    "prefetch",
    "keepDataInMemory",
    "corpus",
)
"""Keys of a composite block that change nothing here."""


def _silent(_: Diagnostic) -> None:
    """Drop a warning."""


def open_reader(
    settings: Settings,
    inputs: Sequence[InputSpec],
    randomize: bool = True,
    warn: Warn = _silent,
    *,
    in_order: bool = False,
    cache: ParsedCache | None = None,
) -> Reader:
    """The reader that a section describes, checked against the inputs it is to feed.

    `randomize` is the default of the key `randomize`; `in_order` overrules it. No file is opened
    before the first epoch starts, or `prefetch` is called. Parsed text is kept in the `cache`.
    """
    composite = settings.has("deserializers", inherited=False)
    sources = _sources(settings, composite, cache, inputs)
    inputs = inputs if sources else ()
    streams = [stream for source in sources for stream in source.streams]
    binding = bind(streams, inputs, settings.span)
    pictures = {s.pictures.name: s for s in sources if isinstance(s, ImageSource)}
    alone = len(pictures) == len(sources)
    order = _order(settings, None if in_order else randomize, composite, alone=alone)
    frames = _frames(settings)
    double = _is_double(settings, inputs)
    cut = _pieces(settings, composite, frames)
    new_keys = _keys(settings, sources, composite=composite, frames=frames)

    def read(warnings: list[Diagnostic]) -> Corpus:
        corpus = _load(sources, settings, 8 if double else 4, new_keys(), warnings.append)
        if frames:
            _check_frames(corpus, settings)
        check_lengths(corpus, inputs, binding, settings.span)
        if any(cut):
            check_pieces(corpus, settings.span_of("truncated"))
        return corpus

    load, dtype = ReadAhead(read, warn), np.dtype(np.float64 if double else np.float32)
    if pictures:
        return PictureReader(load, order, list(inputs), binding, dtype, pictures)
    return Reader(load, order, inputs, binding, dtype, *cut, _group(settings), _once(settings))


def _sources(
    settings: Settings,
    composite: bool,
    cache: ParsedCache | None,
    inputs: Sequence[InputSpec] = (),
) -> list[Source]:
    """What the section reads; nothing in a check without the file that names the streams."""
    found: list[Source] = []
    with side_file():
        found = _composite(settings) if composite else _simple(settings)
    if not found:
        settings.accept_all()  # the reader stopped before it came to all keys
    found = [replace(s, cache=cache) if isinstance(s, TextFile) else s for s in found]
    return [s.fitted(inputs) if isinstance(s, RowsFile) else s for s in found]


def _order(settings: Settings, randomize: bool | None, composite: bool, *, alone: bool) -> Order:
    """The order of the section; pictures `alone` are shuffled as chunks of one.

    `randomize` None, `readMethod = none` of speech, or packed rows: the order of the file.
    """
    unread = _is_speech(settings) and settings.text("readMethod", "").lower() == "none"
    unread = unread or _kind(settings) == PACKED_READER
    if randomize is None or unread:
        for key in ORDER_KEYS:
            settings.has(key, inherited=False)
        return Order(randomize=False)
    chunk = at_least(settings, "chunkSizeInBytes", 1, 32 << 20)
    order = order_of(settings, chunk, randomize, composite=composite)
    if alone and not settings.has("randomizationWindow"):
        return replace(order, window=1, in_samples=False)
    return order


def _frames(settings: Settings) -> bool:
    """Whether every sample is a sequence of its own."""
    return in_frames(settings) if _is_speech(settings) else settings.boolean("frameMode", False)


def _pieces(settings: Settings, composite: bool, frames: bool) -> tuple[int, int]:
    """The most steps of a piece of a sequence, or the rows of pieces as long as a minibatch."""
    speech = _is_speech(settings)
    if speech and not settings.has("truncationLength"):
        return 0, _rows(settings, frames)
    return (_truncation(settings, frames) if composite or speech else 0), 0


def _rows(settings: Settings, frames: bool) -> int:
    """How many utterances are read side by side, in pieces of a minibatch; 0: whole ones."""
    if not settings.boolean("truncated", False) or frames:
        return 0
    return at_least(settings, "nbruttsineachrecurrentiter", 1, 1)


def _group(settings: Settings) -> int:
    """How many sentences a minibatch is; 0 where the minibatch size counts samples."""
    if _kind(settings) not in WORD_READERS:
        return 0
    return at_least(settings, "nbruttsineachrecurrentiter", 0, 1)


def _once(settings: Settings) -> bool:
    """Whether an epoch ends with the data, though it may ask for more samples."""
    whole = _kind(settings) in (*WORD_READERS, PACKED_READER)
    return whole and not settings.boolean("dataMultiPass", False)


def _truncation(settings: Settings, frames: bool) -> int:
    """The most steps of a piece of a sequence in a composite block; 0 for whole sequences."""
    if not settings.boolean("truncated", False):
        settings.has("truncationLength", inherited=False)
        return 0
    if frames:
        title = "'truncated' and 'frameMode' exclude each other"
        span = settings.span_of("truncated")
        help = "remove frameMode: samples of one step have nothing to truncate"
        raise BrainScriptError(Diagnostic("BS0619", title, span, help=help))
    settings.integer("truncationLength")
    return at_least(settings, "truncationLength", 1, 1)


def _is_speech(settings: Settings) -> bool:
    return _kind(settings) in FRAME_READERS


def _kind(settings: Settings) -> str:
    return settings.text("readerType", TEXT_READER).lower()


def _is_double(settings: Settings, inputs: Sequence[InputSpec]) -> bool:
    if inputs:
        return inputs[0].element == "f64"
    return settings.word("precision", PRECISIONS, "float") == "double"


def _keys(
    settings: Settings, sources: Sequence[Source], *, composite: bool, frames: bool
) -> Callable[[], Keys]:
    """What makes the keys of a reader: numbers, or words where speech is among its files."""
    speech = any(isinstance(source, FeatureSource | LabelSource) for source in sources)
    named = speech or (not composite and any(isinstance(s, ImageSource) for s in sources))
    numeric = not named
    if composite:
        numeric = settings.boolean("useNumericSequenceKeys", numeric)
    shift = FRAME_BITS if frames and speech else 0
    return partial(Keys, numeric, shift, settings.span_of("useNumericSequenceKeys"))


def _load(
    sources: Sequence[Source], settings: Settings, element_bytes: int, keys: Keys, warn: Warn
) -> Corpus:
    parts: dict[int, Corpus] = {}
    for place, source in sorted(enumerate(sources), key=_reading_order):
        parts[place], warnings = source.read(element_bytes, keys)
        for warning in warnings:
            warn(warning)
    names = keys.by_number()
    for part in parts.values():
        part.names, part.name_shift = names, keys.shift
    joined, warnings = join([parts[place] for place in sorted(parts)], settings.span)
    for warning in warnings:
        warn(warning)
    joined.names, joined.name_shift = names, keys.shift
    return joined


def _reading_order(source: tuple[int, Source]) -> tuple[bool, int]:
    """Labels of speech come last: which utterances they belong to is known by the features."""
    return isinstance(source[1], LabelSource), source[0]


def _simple(settings: Settings) -> list[Source]:
    """What a section with its own `readerType` reads, or one without, which means text."""
    if settings.has("readers", inherited=False):
        names = settings.texts("readers")
        return [source for name in names for source in _simple(settings.section(name))]
    return _open(settings, "readerType", READERS, OTHER_READERS, TEXT_READER)


def _composite(settings: Settings) -> list[Source]:
    for key in BLOCK_KEYS:
        settings.has(key, inherited=False)
    sources: list[Source] = []
    for section in settings.sections("deserializers"):
        sources += _open(section, "type", DESERIALIZERS, OTHER_DESERIALIZERS)
    if not sources:
        title = "'deserializers' names no deserializer"
        span = settings.span_of("deserializers")
        raise BrainScriptError(Diagnostic("BS0602", title, span))
    return sources


def _open(
    settings: Settings,
    key: str,
    available: dict[str, Open],
    others: Mapping[str, str],
    default: str | None = None,
) -> list[Source]:
    """The sources of a section by the kind that `key` names, in any case."""
    written = settings.text(key) if default is None else settings.text(key, default)
    settings.has("module", inherited=False)
    name = OLD_NAMES.get(written.lower(), written)
    for known, open_section in available.items():
        if name.lower() == known.lower():
            return list(open_section(settings))
    title = f"'{name}' is no reader that CNTK has"
    help = did_you_mean(name, (*available, *others), 0.75) or f"use {next(iter(available))}"
    for other, remedy in others.items():
        if name.lower() == other.lower():
            title, help = f"'{name}' is not available", remedy
    raise BrainScriptError(Diagnostic("BS0602", title, settings.span_of(key), help=help))


def _check_frames(corpus: Corpus, settings: Settings) -> None:
    """In frame mode every sequence is one sample."""
    for number, stream in enumerate(corpus.streams):
        if not corpus.single(number):
            title = f"frameMode is set, but stream '{stream.name}' has sequences of several samples"
            span = settings.span_of("frameMode")
            help = "set frameMode = false to read whole sequences"
            raise BrainScriptError(Diagnostic("BS0617", title, span, help=help))
