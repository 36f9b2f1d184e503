"""From a `reader` section to a reader: which kind it is, its streams, its order."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from brainscript.diagnostic import BrainScriptError, Diagnostic, did_you_mean
from brainscript.runtime.data.binary import BinaryFile, binary_file, read_binary
from brainscript.runtime.data.corpus import Corpus, TextFile, join, read_text
from brainscript.runtime.data.minibatch import Reader
from brainscript.runtime.data.randomise import Order, order_of
from brainscript.runtime.data.streams import bind, check_lengths
from brainscript.runtime.data.text import at_least, text_file
from brainscript.runtime.network import InputSpec
from brainscript.settings import PRECISIONS, Settings

Warn = Callable[[Diagnostic], None]
DataFile = TextFile | BinaryFile

TEXT_READER = "CNTKTextFormatReader"
BINARY_READER = "CNTKBinaryReader"
BINARY_DESERIALIZER = "CNTKBinaryFormatDeserializer"
TEXT_DESERIALIZER = "CNTKTextFormatDeserializer"
OTHER_READERS = (
    "ImageReader",
    "HTKMLFReader",
    "HTKDeserializers",
    "LMSequenceReader",
    "LUSequenceReader",
    "UCIFastReader",
    "LibSVMBinaryReader",
    "SparsePCReader",
    "DSSMReader",
    "Kaldi2Reader",
    "BinaryReader",
)
OTHER_DESERIALIZERS = (
    "ImageDeserializer",
    "Base64ImageDeserializer",
    "HTKFeatureDeserializer",
    "HTKMLFDeserializer",
    "LatticeDeserializer",
)


def _silent(_: Diagnostic) -> None:
    """Drop a warning."""


def open_reader(
    settings: Settings,
    inputs: Sequence[InputSpec],
    randomize: bool = True,
    warn: Warn = _silent,
    *,
    in_order: bool = False,
) -> Reader:
    """The reader that a section describes, checked against the inputs it is to feed.

    `randomize` is the default of the key `randomize`; `in_order` overrules it. No file is opened
    before the first epoch starts.
    """
    composite = settings.has("deserializers", inherited=False)
    files = _composite_files(settings) if composite else [_simple_file(settings)]
    streams = [stream for file in files for stream in file.streams]
    binding = bind(streams, inputs, settings.span)
    chunk = at_least(settings, "chunkSizeInBytes", 1, 32 << 20)
    order = order_of(settings, chunk, randomize, composite=composite)
    if in_order:
        order = Order(randomize=False)
    frames = settings.boolean("frameMode", False)
    double = _is_double(settings, inputs)

    def load() -> Corpus:
        corpus = _load(files, settings, 8 if double else 4, warn)
        if frames:
            _check_frames(corpus, settings)
        check_lengths(corpus, inputs, binding, settings.span)
        return corpus

    dtype = np.dtype(np.float64 if double else np.float32)
    return Reader(load, order, inputs, binding, dtype)


def _is_double(settings: Settings, inputs: Sequence[InputSpec]) -> bool:
    if inputs:
        return inputs[0].element == "f64"
    return settings.word("precision", PRECISIONS, "float") == "double"


def _load(files: Sequence[DataFile], settings: Settings, element_bytes: int, warn: Warn) -> Corpus:
    parts: list[Corpus] = []
    for file in files:
        if isinstance(file, BinaryFile):
            parts.append(read_binary(file, element_bytes))
            continue
        corpus, warnings = read_text(file, element_bytes)
        parts.append(corpus)
        for warning in warnings:
            warn(warning)
    joined, warnings = join(parts, settings.span)
    for warning in warnings:
        warn(warning)
    return joined


def _simple_file(settings: Settings) -> DataFile:
    """The file of a section with its own `readerType`, or with none, which means text."""
    if settings.has("readers", inherited=False):
        title = "several readers under 'readers' are not available"
        help = "join the files in one reader: deserializers = ( [ type = ... ] : [ ... ] )"
        raise BrainScriptError(Diagnostic("BS0602", title, settings.span_of("readers"), help=help))
    name = settings.text("readerType", TEXT_READER)
    return _file(settings, "readerType", name, (TEXT_READER, BINARY_READER), OTHER_READERS)


def _composite_files(settings: Settings) -> list[DataFile]:
    for key in (
        "multiThreadedDeserialization",
        "useNumericSequenceKeys",
        "hashSequenceKeys",
        "checkData",
        "localTimeline",
        "verbosity",
        "traceLevel",
        "maxErrors",
        "prefetch",
    ):
        settings.has(key, inherited=False)
    if settings.boolean("truncated", False):
        title = "truncated sequences are not available"
        span = settings.span_of("truncated")
        help = "remove 'truncated' to train on whole sequences"
        raise BrainScriptError(Diagnostic("BS0619", title, span, help=help))
    files: list[DataFile] = []
    for section in settings.sections("deserializers"):
        name = section.text("type")
        known = (TEXT_DESERIALIZER, BINARY_DESERIALIZER)
        files.append(_file(section, "type", name, known, OTHER_DESERIALIZERS))
    if not files:
        title = "'deserializers' names no deserializer"
        span = settings.span_of("deserializers")
        raise BrainScriptError(Diagnostic("BS0602", title, span))
    return files


def _file(
    settings: Settings, key: str, name: str, available: tuple[str, str], others: tuple[str, ...]
) -> DataFile:
    """The file of a section by the kind it names; `available` are text and binary."""
    text, binary = available
    if name.lower() == text.lower():
        return text_file(settings)
    if name.lower() == binary.lower():
        return binary_file(settings)
    title = f"'{name}' is no reader that CNTK has"
    help = did_you_mean(name, (*available, *others)) or f"use {text}"
    if name.lower() in (other.lower() for other in others):
        title = f"'{name}' is not available"
        help = f"convert the data to CNTK's text format and use {text}"
    raise BrainScriptError(Diagnostic("BS0602", title, settings.span_of(key), help=help))


def _check_frames(corpus: Corpus, settings: Settings) -> None:
    """In frame mode every sequence is one sample."""
    for number, stream in enumerate(corpus.streams):
        if not corpus.single(number):
            title = f"frameMode is set, but stream '{stream.name}' has sequences of several samples"
            span = settings.span_of("frameMode")
            help = "set frameMode = false to read whole sequences"
            raise BrainScriptError(Diagnostic("BS0617", title, span, help=help))
