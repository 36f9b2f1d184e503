"""How `write` turns values into text: the `format` section, CNTK's meaning of every field."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from brainscript.diagnostic import (
    BrainScriptError,
    Diagnostic,
    MissingFileError,
    Note,
    Span,
    did_you_mean,
)
from brainscript.placed import PlacedText
from brainscript.runtime.data.side_files import side_file
from brainscript.runtime.network import Array, NodeSpec, Step
from brainscript.settings import Entry, Settings

TYPES = ("real", "category", "sparse")
ESCAPES = {r"\n": "\n", r"\r": "\r", r"\t": "\t", r"\s": " "}


@dataclass(frozen=True)
class Format:
    """The `format` section of an action `write`."""

    type: str = "real"
    labels: tuple[str, ...] = ()
    transpose: bool = True
    prologue: str = ""
    epilogue: str = ""
    sequence_separator: str = ""
    sequence_prologue: str = ""
    sequence_epilogue: str = "\n"
    element_separator: str = " "
    sample_separator: str = "\n"
    precision: str = ""

    def number(self, value: float) -> str:
        """One number; a negative zero prints as 0."""
        return f"%{self.precision}f" % (value + 0.0)


def read_format(section: Settings) -> Format:
    """The format of a command: its `format` section, or the default."""
    found = section.find_section("format")
    return Format() if found is None else _format(found)


class _Members:
    """Values that stand as they are."""

    def resolve(self, holder: Settings, entry: Entry) -> tuple[PlacedText, ...]:
        """The value."""
        return entry.parts

    def open(self, parts: Sequence[PlacedText]) -> dict[str, Entry] | None:
        """No section."""
        return None


def format_of(name: str, members: Sequence[str]) -> Format:
    """The format of a node: name, value, name, value."""
    place = Span(name, 1, 1)
    pairs = zip(members[::2], members[1::2], strict=False)
    entries = {k.lower(): Entry(k, place, (PlacedText.fixed(v, place),)) for k, v in pairs}
    try:
        return _format(Settings("format", entries, _Members(), place))
    except BrainScriptError as error:
        note = Note(f"in the format of '{name}'")
        found = [replace(d, span=None, notes=(note,)) for d in error.diagnostics]
        raise type(error)(*found) from None


def _format(found: Settings) -> Format:
    kind = found.text("type", "real").lower()
    if kind not in TYPES:
        title = f"format type '{kind}' is not known"
        span, help = found.span_of("type"), did_you_mean(kind, TYPES)
        raise BrainScriptError(Diagnostic("BS0721", title, span, help=help))
    precision = found.text("precisionFormat", "")
    if not re.fullmatch(r"[-+ 0#]*\d{0,3}(\.\d{0,3})?", precision):
        title = f"precisionFormat '{precision}' is not a width and a number of decimals"
        span = found.span_of("precisionFormat")
        raise BrainScriptError(Diagnostic("BS0721", title, span, help="write it as in '8.4'"))
    return Format(
        type=kind,
        labels=_labels(found),
        transpose=found.boolean("transpose", True),
        prologue=found.text("prologue", ""),
        epilogue=found.text("epilogue", ""),
        sequence_separator=unescape(found.text("sequenceSeparator", "")),
        sequence_prologue=unescape(found.text("sequencePrologue", "")),
        sequence_epilogue=unescape(found.text("sequenceEpilogue", r"\n")),
        element_separator=unescape(found.text("elementSeparator", r"\s")),
        sample_separator=unescape(found.text("sampleSeparator", r"\n")),
        precision=precision,
    )


def _labels(section: Settings) -> tuple[str, ...]:
    path = section.text("labelMappingFile", "")
    if not path:
        return ()
    labels: tuple[str, ...] = ()
    with side_file():
        labels = _words(path, section.span_of("labelMappingFile"))
    return labels


def _words(path: str, span: Span) -> tuple[str, ...]:
    """One label a line, which may have blanks in it; or all of them in one line."""
    try:
        data = Path(path).read_bytes()
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError:
            text = data.decode("latin-1")
        lines = [line.strip() for line in re.split("[\r\n]+", text) if line.strip()]
        return tuple(lines if len(lines) > 1 else text.split())
    except OSError as error:
        title = f"the label file '{path}' (labelMappingFile) cannot be read: {error.strerror}"
        kind = MissingFileError if isinstance(error, FileNotFoundError) else BrainScriptError
        raise kind(Diagnostic("BS0723", title, span)) from None


def unescape(text: str) -> str:
    """`\\n`, `\\r`, `\\t` and `\\s` (a blank) as the characters they stand for."""
    return re.sub(r"\\[nrts]", lambda match: ESCAPES[match[0]], text)


def values_of(found: Array, node: NodeSpec, step: Step) -> tuple[Array, Sequence[int]]:
    """The values as [samples, elements], sequence after sequence, and the sequence lengths.

    A node without dynamic axis is one sequence whose samples are the columns of its matrix.
    """
    if node.axis:
        layout = step.layout(node.axis)
        values = found.reshape(len(found), -1)
        return values[layout.columns_in_order()], layout.lengths.tolist()
    rows = node.dims[0] if node.dims else 1
    matrix = found.reshape(-1, rows)
    return matrix, [len(matrix)]


@dataclass(frozen=True)
class Formatter:
    """The text of one node: name, sample dims (column-major), and the format."""

    format: Format
    name: str
    dims: tuple[int, ...]

    def fill(self, text: str, minibatch: int) -> str:
        """`%s` and `%n` replaced by the node's name and the number of the minibatch."""
        values = {"%s": self.name, "%n": str(minibatch)}
        return re.sub("%[sn]", lambda match: values[match[0]], text)

    def place(
        self, text: str, minibatch: int, sequence: int, length: int, keys: Sequence[str] = ()
    ) -> str:
        """`fill`, and `%d`, `%x` replaced by the sequence's number, and dims with its length.

        With `keys` also `%k`, by that of the sequence.
        """
        dims = " ".join(str(d) for d in (*self.dims, length))
        values = {"%d": str(sequence), "%x": dims}
        if keys:
            values["%k"] = keys[sequence] if sequence < len(keys) else ""
        known = "|".join(values)
        return re.sub(known, lambda match: values[match[0]], self.fill(text, minibatch))

    def minibatch(
        self, values: Array, lengths: Sequence[int], index: int, keys: Sequence[str] = ()
    ) -> Iterator[str]:
        """The text of all sequences of a minibatch; `values` is [columns, elements]."""
        start = 0
        f = self.format
        for number, length in enumerate(lengths):
            if number:
                yield self.fill(f.sequence_separator, index)
            yield self.place(f.sequence_prologue, index, number, length, keys)
            part = values[start : start + length]
            separator = self.place(f.sample_separator, index, number, length, keys)
            yield self._sequence(part, separator)
            yield self.fill(f.sequence_epilogue, index)
            start += length

    def _sequence(self, part: Array, separator: str) -> str:
        if self.format.type == "category":
            return self._categories(part, separator)
        if self.format.type == "sparse":
            return separator.join(self._sparse(part))
        number, between = self.format.number, self.format.element_separator
        if self.format.transpose:
            return separator.join(between.join(map(number, row)) for row in part.tolist())
        lines = (between.join(map(number, column)) for column in part.T.tolist())
        return separator.join(self._prefix(i) + line for i, line in enumerate(lines))

    def _categories(self, part: Array, separator: str) -> str:
        """The position of the largest element of each sample, the last one of equals."""
        last = part.shape[1] - 1 - np.argmax(part[:, ::-1], axis=1)
        words = [self._word(int(i)) for i in last]
        between = separator if self.format.transpose else self.format.element_separator
        return between.join(words)

    def _word(self, index: int) -> str:
        labels = self.format.labels
        if labels and self.labels_fit:
            return f"%{self.format.precision}s" % labels[index % len(labels)]
        return f"%{self.format.precision}d" % index

    @property
    def labels_fit(self) -> bool:
        """Whether the label file has a label for every element, or for the first axis."""
        elements = int(np.prod(self.dims)) if self.dims else 1
        return len(self.format.labels) in (elements, self.dims[0] if self.dims else 1)

    def _sparse(self, part: Array) -> Iterator[str]:
        """`value[i,j;t]` for every non-zero element; no value when it is 1, no t for one sample."""
        for element, t in zip(*np.nonzero(part.T), strict=True):
            value = float(part[t, element])
            shown = "" if value == 1 else self.format.number(value)
            where = ",".join(str(i) for i in self._index(int(element)))
            if self.format.labels and self.labels_fit:
                where = self.format.labels[int(element) % len(self.format.labels)]
            yield f"{shown}[{where};{t}]" if len(part) > 1 else f"{shown}[{where}]"

    def _prefix(self, element: int) -> str:
        if len(self.dims) <= 1:
            return ""
        return f"[{','.join(str(i) for i in self._index(element))}]\t"

    def _index(self, element: int) -> list[int]:
        index: list[int] = []
        for dim in self.dims or (1,):
            index.append(element % dim)
            element //= dim
        return index
