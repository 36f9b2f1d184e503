"""LMSequenceReader: a text with a sentence a line, each word the input, the next one the label."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from brainscript.diagnostic import BrainScriptError, Diagnostic, Span
from brainscript.runtime.data.arrays import StreamArrays, corpus_of, one_hot
from brainscript.runtime.data.corpus import Corpus, Stream
from brainscript.runtime.data.sequence_keys import Keys
from brainscript.runtime.data.side_files import side_file
from brainscript.runtime.data.sources import Source, read_lines, words_of
from brainscript.runtime.data.text import at_least
from brainscript.runtime.data.words.vocabulary import (
    CLASS_COLUMNS,
    Vocabulary,
    WordClasses,
    collected,
    read_classes,
    read_vocabulary,
)
from brainscript.settings import Settings

LEAST_WORDS = 3
MODES = ("class", "softmax")
KINDS = ("category", "nextword", "none")
ALMOST_ZERO = 1e-6
"""What the mode `softmax` stores for word 0."""
WITHOUT_EFFECT = """
    cacheBlockSize randomize traceLevel verbosity
    wfile wsize wrecords windowSize noise_sampler noise_number nbrClass wordclass
""".split()
WITHOUT_EFFECT_INSIDE = """
    dim wrecords elementSize beginSequence endSequence labelDim labelMappingFile mode sectionType
    mapping category token
""".split()
"""Keys of binary caches and of other readers, which configs carry along."""


@dataclass(frozen=True)
class SentenceSource:
    """One text: the words as one-hot samples, and the labels of the next word."""

    words: Stream
    labels: Stream | None
    path: str
    span: Span
    vocabulary: str
    classes: str
    unknown: str
    next_word: bool

    @property
    def streams(self) -> tuple[Stream, ...]:
        """Words and labels."""
        return (self.words,) if self.labels is None else (self.words, self.labels)

    def read(self, element_bytes: int, keys: Keys, /) -> tuple[Corpus, list[Diagnostic]]:
        """All sentences of three words and more."""
        lines = [words_of(line) for line in read_lines(self.path, self.span)]
        sentences = [line for line in lines if len(line) >= LEAST_WORDS]
        if not sentences:
            title = f"'{self.path}' has no sentence of {LEAST_WORDS} words or more"
            raise BrainScriptError(Diagnostic("BS0650", title, self.span))
        vocabulary, classes = self._words(sentences)
        if len(vocabulary.numbers) > self.words.dim:
            title = f"'{vocabulary.path}' has {len(vocabulary.numbers)} words"
            help = f"labelDim is {self.words.dim}"
            raise BrainScriptError(Diagnostic("BS0650", title, self.words.span, help=help))
        numbers = [
            np.array([vocabulary.number(word, self.path) for word in sentence])
            for sentence in sentences
        ]
        last = -1 if self.next_word else None
        lengths = np.array([len(n[:last]) for n in numbers], np.uint32)
        arrays = [one_hot(self.words, lengths, np.concatenate([n[:last] for n in numbers]))]
        if self.labels is not None:
            first = 1 if self.next_word else 0
            targets = np.concatenate([n[first:] for n in numbers])
            arrays.append(StreamArrays(self.labels, lengths, label_rows(targets, classes)))
        return corpus_of(arrays, np.arange(len(numbers), dtype=np.uint64), element_bytes), []

    def _words(self, sentences: list[list[str]]) -> tuple[Vocabulary, WordClasses | None]:
        if self.classes:
            return read_classes(self.classes, self.unknown, self.span)
        if self.vocabulary:
            return read_vocabulary(self.vocabulary, self.unknown, self.span), None
        return collected(sentences, self.path, self.span), None


def label_rows(words: NDArray[np.int64], classes: WordClasses | None) -> NDArray[np.float64]:
    """The rows of a label: word and class with its borders, or the word alone."""
    if classes is not None:
        return classes.rows(words)
    return np.where(words == 0, ALMOST_ZERO, words.astype(float))[:, None]


def _sections(settings: Settings) -> tuple[list[str], list[str]]:
    """The names of all sections, and of those for labels, in alphabetical order."""
    names = sorted(n for n in settings.own_keys() if settings.is_section(n))
    for name, key in product(names, WITHOUT_EFFECT_INSIDE):
        settings.section(name).has(key, inherited=False)
    labels = [n for n in names if settings.section(n).has("labelType", inherited=False)]
    if not 1 <= len(labels) <= 2:
        title = f"the reader has {len(labels)} label sections; one or two are wanted"
        raise BrainScriptError(Diagnostic("BS0603", title, settings.span))
    return names, labels


def _count(section: Settings, classes: str, unknown: str) -> int:
    """The number of words, where `labelDim` leaves it to a list of them; 0 without that list."""
    mapping = section.text("labelMappingFile", "")
    if not (classes or mapping):
        raise section.wrong("labelDim", "is not given, and no file lists the words")
    span = section.span_of("labelMappingFile")
    count = 0
    with side_file():
        read = read_classes(classes, unknown, span)[0] if classes else None
        count = len((read or read_vocabulary(mapping, unknown, span)).numbers)
    return count


def sentence_sources(settings: Settings) -> list[Source]:
    """A section with `readerType = LMSequenceReader`.

    The two label sections are told apart by their names: the first in alphabetical order is the
    input. A minibatch is `nbruttsineachrecurrentiter` sentences; with 0 it counts words.
    """
    for key in WITHOUT_EFFECT:
        settings.has(key, inherited=False)
    if settings.text("mode", "class").lower() == "nce":
        why = "noise-contrastive labels have no use: CNTK 2 refuses the criterion with a bias"
        raise settings.wrong("mode", why, "write mode = softmax, or class with 'wordclass'")
    mode = settings.word("mode", MODES, "class")
    names, labels = _sections(settings)
    section, target = settings.section(labels[0]), labels[-1]
    if section.word("labelType", KINDS) == "nextword":
        raise section.wrong("labelType", "the first label section is the input")
    others = [n for n in names if n not in labels]
    kind = settings.section(target).word("labelType", KINDS)
    classes = settings.text("wordclass", "") if mode == "class" else ""
    if mode == "class" and kind != "none" and not classes:
        raise settings.wrong("mode", "the mode 'class' needs the key 'wordclass'")
    words = others[0] if others else labels[0]
    unknown = settings.text("unk", "<unk>")
    dim = at_least(section, "labelDim", 0, 0) or _count(section, classes, unknown)
    size, span = (CLASS_COLUMNS if classes else 1), settings.section(target).span
    label = Stream(target, target, size, False, span=span) if kind != "none" else None
    return [
        SentenceSource(
            Stream(words, words, dim, True, span=section.key_span("labelDim")),
            label,
            settings.text("file"),
            settings.span_of("file"),
            section.text("labelMappingFile", ""),
            classes,
            unknown,
            kind == "nextword",
        )
    ]
