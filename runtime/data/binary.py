"""CNTKBinaryReader files: the header in Python, the chunks in native code.

Layout, little-endian: u64 magic, u32 version 1; the chunks; the header: u64 magic, u32 chunks, u32
streams, for each stream u8 encoding (0 dense, 1 sparse), u32 name bytes, name, u8 type (0 float, 1
double), u32 dim, then for each chunk i64 offset, u32 sequences, u32 samples; i64 offset of the
header.
"""

from __future__ import annotations

import ctypes
import struct
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from brainscript.diagnostic import BrainScriptError, Diagnostic, Span
from brainscript.runtime import native_library
from brainscript.runtime.data.corpus import Corpus, Stream
from brainscript.runtime.data.remarks import error_of
from brainscript.runtime.data.sequence_keys import Keys
from brainscript.runtime.data.sources import cannot_open
from brainscript.runtime.native_library import library
from brainscript.settings import Settings

MAGIC = 0x636E746B5F62696E
VERSION = 1
START_BYTES = 12
MAX_HEADER_BYTES = 1 << 30
ELEMENT_BYTES = (4, 8)


@dataclass(frozen=True)
class BinaryFile:
    """A file and what its header says; `offsets` ends with that of the header."""

    path: str
    streams: tuple[Stream, ...]
    element_bytes: int
    offsets: tuple[int, ...]
    sequences: tuple[int, ...]
    span: Span | None = None

    def read(self, element_bytes: int, keys: Keys, /) -> tuple[Corpus, list[Diagnostic]]:
        """The data, and no warnings."""
        corpus = read_binary(self, element_bytes)
        corpus.rename(keys)
        return corpus, []


class _Header:
    """The bytes of the header, read from the front."""

    def __init__(self, path: str, data: bytes, span: Span):
        self.path, self.data, self.span, self.at = path, data, span, 0

    def take(self, form: str) -> tuple[int, ...]:
        """The numbers of a `struct` format."""
        size = struct.calcsize(form)
        if size > len(self.data) - self.at:
            raise damaged(self.path, self.span, "its header is cut short")
        self.at += size
        return struct.unpack_from(form, self.data, self.at - size)

    def name(self, size: int) -> str:
        """A name of `size` bytes."""
        if size > len(self.data) - self.at:
            raise damaged(self.path, self.span, "its header is cut short")
        self.at += size
        return self.data[self.at - size : self.at].decode("utf-8", "replace")


def damaged(path: str, span: Span, why: str) -> BrainScriptError:
    """The error for a file whose parts do not fit together."""
    title = f"'{path}' is not a usable CNTKBinaryReader file: {why}"
    return BrainScriptError(Diagnostic("BS0620", title, span))


def binary_file(settings: Settings) -> BinaryFile:
    """The file of a reader section; only its header is read."""
    for key in ("keepDataInMemory", "traceLevel", "verbosity", "prefetch"):
        settings.has(key, inherited=False)
    path, span = settings.text("file"), settings.span_of("file")
    try:
        data, offset = _header_bytes(path, span)
    except OSError as error:
        raise cannot_open(path, error, span) from None
    return _parse(_Header(path, data, span), offset, _names(settings))


def _header_bytes(path: str, span: Span) -> tuple[bytes, int]:
    """The header and where it starts."""
    if not Path(path).is_file() and Path(path).exists():
        raise damaged(path, span, "it is no regular file")
    with open(path, "rb") as file:
        start = file.read(START_BYTES)
        if len(start) < START_BYTES or struct.unpack("<QI", start) != (MAGIC, VERSION):
            raise damaged(path, span, "it does not start with the magic number and version 1")
        end = file.seek(0, 2) - 8
        file.seek(max(end, 0))
        tail = file.read(8)
        offset = struct.unpack("<q", tail)[0] if len(tail) == 8 else -1
        if not START_BYTES <= offset <= end or end - offset > MAX_HEADER_BYTES:
            raise damaged(path, span, "the place of its header lies outside")
        file.seek(offset)
        return file.read(end - offset), offset


def _names(settings: Settings) -> dict[str, str]:
    """Name in the file -> name of the input, from the section `input`."""
    inputs = settings.find_section("input")
    if inputs is None:
        return {}
    return {inputs.section(name).text("alias", name): name for name in inputs.own_keys()}


def _parse(header: _Header, offset: int, names: dict[str, str]) -> BinaryFile:
    magic, chunks, count = header.take("<QII")
    if magic != MAGIC:
        raise damaged(header.path, header.span, "its header has no magic number")
    streams: list[Stream] = []
    types: set[int] = set()
    for _ in range(count):
        encoding, size = header.take("<BI")
        alias = header.name(size)
        kind, dim = header.take("<BI")
        if encoding > 1 or kind > 1 or not 0 < dim < 2**31:
            raise damaged(header.path, header.span, f"stream '{alias}' is of an unknown kind")
        types.add(kind)
        streams.append(Stream(names.get(alias, alias), alias, dim, encoding == 1))
    if len(types) != 1:
        raise damaged(header.path, header.span, "it has no streams, or streams of two types")
    table = [header.take("<qII") for _ in range(chunks)]
    offsets = (*(entry[0] for entry in table), offset)
    if offsets[0] < START_BYTES or any(a > b for a, b in pairwise(offsets)):
        raise damaged(header.path, header.span, "its chunks overlap")
    sequences = tuple(entry[1] for entry in table)
    element = ELEMENT_BYTES[types.pop()]
    return BinaryFile(header.path, tuple(streams), element, offsets, sequences, header.span)


def read_binary(file: BinaryFile, element_bytes: int) -> Corpus:
    """The data of a file, which must have been written in the precision of the run."""
    if file.element_bytes != element_bytes:
        words = {4: "float", 8: "double"}
        stored, wanted = words[file.element_bytes], words[element_bytes]
        title = f"'{file.path}' holds {stored} values, the precision of the run is {wanted}"
        help = f"set precision = {stored}, or write the file again with ctf2bin.py"
        raise BrainScriptError(Diagnostic("BS0621", title, file.span, help=help))
    specs = (native_library.StreamSpec * len(file.streams))()
    for spec, stream in zip(specs, file.streams, strict=True):
        spec.dim, spec.sparse = stream.dim, stream.sparse
    chunks = len(file.sequences)
    offsets = (ctypes.c_int64 * (chunks + 1))(*file.offsets)
    sequences = (ctypes.c_int64 * max(chunks, 1))(*file.sequences)
    path = file.path.encode("utf-8", "surrogateescape")
    handle = library().bs_binary_read(
        path, specs, len(specs), offsets, sequences, chunks, element_bytes
    )
    corpus = Corpus(handle, file.streams)
    failure = corpus.failure()
    if failure is not None:
        raise error_of(failure, file.path, file.span)
    return corpus
