"""The section `writer` of the action `write`: feature files of HTK, and texts of words."""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, TypeVar

import numpy as np

from brainscript import atomic
from brainscript.diagnostic import BrainScriptError, Diagnostic, Span
from brainscript.runtime.data.side_files import side_file
from brainscript.runtime.data.sources import read_lines
from brainscript.runtime.data.speech.script import resolve
from brainscript.runtime.data.words.vocabulary import read_vocabulary
from brainscript.runtime.network import Array, NodeSpec
from brainscript.settings import Settings

USER_KIND = 9
PERIOD = 100_000
"""The kind of an HTK file whose numbers mean what the user likes; 10 ms in units of 100 ns."""
LARGEST_FRAME = 0x7FFF // 4
"""The most numbers of a frame: its bytes are a signed number of 16 bits in the file."""

KINDS = {
    "htkmlfwriter": "speech",
    "htkmlfreader": "speech",
    "lusequencewriter": "words",
    "lusequencereader": "words",
}
"""`writerType` in lower case -> what is written."""


class Sink(Protocol):
    """Takes the values of one node, minibatch after minibatch."""

    def minibatch(
        self, values: Array, lengths: Sequence[int], index: int, keys: Sequence[str] = ()
    ) -> None:
        """The values [columns, elements] of the sequences of these lengths."""
        ...

    def end(self) -> None:
        """There is no more."""
        ...


@dataclass
class FeatureFiles:
    """A feature file for each sequence: float32, big-endian, of kind USER."""

    node: str
    paths: Sequence[str]
    span: Span
    warn: Callable[[Diagnostic], None]
    written: int = 0
    bad: list[str] = field(default_factory=list[str])

    def minibatch(
        self, values: Array, lengths: Sequence[int], index: int, keys: Sequence[str] = ()
    ) -> None:
        """One file a sequence, in the order of the list."""
        start = 0
        for length in lengths:
            if self.written == len(self.paths):
                title = f"'{self.node}' has more sequences than the list has paths ({self.written})"
                help = "list one path for each utterance that the reader gives"
                raise BrainScriptError(Diagnostic("BS0731", title, self.span, help=help))
            self._write(self.paths[self.written], values[start : start + length])
            self.written += 1
            start += length

    def _write(self, path: str, frames: Array) -> None:
        if not np.isfinite(frames).all():
            self.bad.append(path)
        head = struct.pack(">iihH", len(frames), PERIOD, 4 * frames.shape[1], USER_KIND)
        save(path, head + frames.astype(">f4").tobytes())

    def end(self) -> None:
        """Warn of what a reader of the files should know."""
        if self.bad:
            title = f"'{self.node}' has values that are not finite, first in '{self.bad[0]}'"
            help = f"{len(self.bad)} files have such values"
            self.warn(Diagnostic("BS0731", title, help=help, severity="warning"))
        if self.written < len(self.paths):
            title = f"'{self.paths[self.written]}' and what follows in the list was not written"
            help = f"the data end after {self.written} sequences"
            self.warn(Diagnostic("BS0731", title, self.span, help=help, severity="warning"))


@dataclass
class WordFile:
    """A text with the best word of each sample on a line; a blank line ends a sequence."""

    path: str
    words: Sequence[str]
    best: int = 1
    lines: list[str] = field(default_factory=list[str])

    def minibatch(
        self, values: Array, lengths: Sequence[int], index: int, keys: Sequence[str] = ()
    ) -> None:
        """The words of the largest elements, the first of equals first."""
        order = np.argsort(-values[:, : len(self.words)], axis=1, kind="stable")
        rows: list[list[int]] = order[:, : self.best].tolist()
        found = [" ".join(self.words[i] for i in row) for row in rows]
        start = 0
        for length in lengths:
            self.lines += [*found[start : start + length], ""]
            start += length

    def end(self) -> None:
        """Write the text."""
        save(self.path, "".join(f"{line}\n" for line in self.lines).encode())


def sinks_of(
    writer: Settings, nodes: Sequence[NodeSpec], warn: Callable[[Diagnostic], None]
) -> list[Sink]:
    """What takes the values of each node; each has a section of its name in the writer's."""
    kind = writer.text("writerType", "BinaryReader")
    if kind.lower() not in KINDS:
        title = f"the writer '{kind}' is not supported"
        help = "use outputPath, which writes text, or writerType = HTKMLFWriter"
        raise BrainScriptError(Diagnostic("BS0711", title, writer.span_of("writerType"), help=help))
    if KINDS[kind.lower()] == "words":
        return list(_found(nodes, lambda node: _word_file(writer.section(node.name), node)))
    found = _found(nodes, lambda node: _feature_files(writer.section(node.name), node, warn))
    if len({len(files.paths) for files in found}) > 1:
        title = "the lists of files of the nodes have different lengths"
        shown = ", ".join(f"{len(f.paths)} for '{f.node}'" for f in found)
        raise BrainScriptError(Diagnostic("BS0721", title, writer.span, label=shown))
    return list(found)


_Found = TypeVar("_Found")


def _found(nodes: Sequence[NodeSpec], sink: Callable[[NodeSpec], _Found]) -> list[_Found]:
    """The sink of each node, in a check only of those whose lists are there."""
    found: list[_Found] = []
    for node in nodes:
        with side_file():
            found.append(sink(node))
    return found


def _feature_files(
    section: Settings, node: NodeSpec, warn: Callable[[Diagnostic], None]
) -> FeatureFiles:
    if section.has("type", inherited=False):
        section.word("type", ("real",))
    size = int(np.prod(node.dims)) if node.dims else 1
    if section.has("dim", inherited=False) and section.integer("dim") != size:
        raise section.wrong("dim", f"the node '{node.name}' has {size} elements")
    if size > LARGEST_FRAME:
        title = f"a frame of an HTK file has at most {LARGEST_FRAME} numbers, not {size}"
        raise BrainScriptError(Diagnostic("BS0721", title, section.span))
    key = "scpFile" if section.has("scpFile", inherited=False) else "file"
    path, span = section.text(key), section.span_of(key)
    prefix, folder = section.text("prefixPathInSCP", ""), str(Path(path).parent)
    lines = (line.strip().rpartition("=")[2] for line in read_lines(path, span))
    return FeatureFiles(node.name, [resolve(p, folder, prefix) for p in lines if p], span, warn)


def _word_file(section: Settings, node: NodeSpec) -> WordFile:
    best = section.integer("nbest", 1)
    if best < 1:
        raise section.wrong("nbest", "it counts words, from 1")
    path = section.text("file")
    words = read_vocabulary(section.text("token"), "", section.span_of("token"))
    if not words.numbers:
        raise section.wrong("token", "the file has no words")
    return WordFile(path, list(words.numbers), best)


def save(path: str, data: bytes) -> None:
    """Write a file of the action, in a folder that is made if need be."""
    try:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        atomic.write_bytes(path, data)
    except OSError as error:
        title = f"'{path}' cannot be written: {error.strerror}"
        raise BrainScriptError(Diagnostic("BS0722", title)) from None
