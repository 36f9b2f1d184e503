"""Vocabularies: the number of each word, what stands for an unknown one, the classes of words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from brainscript.diagnostic import BrainScriptError, Diagnostic, Span
from brainscript.literals import read_integer
from brainscript.runtime.data.sources import read_lines, words_of

CLASS_COLUMNS = 4


@dataclass(frozen=True)
class Vocabulary:
    """Words and their numbers; `unknown` is the number for all other words, -1 for none."""

    numbers: dict[str, int]
    unknown: int
    path: str
    span: Span

    def number(self, word: str, place: str) -> int:
        """The number of a word; an error at `place` for one that is not known."""
        number = self.numbers.get(word, self.unknown)
        if number < 0:
            title = f"{place}: the word '{word}' is not in '{self.path}'"
            help = "put it there, or a word for unknown ones, which the key 'unk' names"
            raise BrainScriptError(Diagnostic("BS0650", title, self.span, help=help))
        return number


def read_vocabulary(path: str, unknown: str, span: Span) -> Vocabulary:
    """One word a line; the number of a word is that of its line, from 0."""
    numbers: dict[str, int] = {}
    for line in read_lines(path, span):
        words = words_of(line)
        if words:
            numbers.setdefault(words[0], len(numbers))
    return Vocabulary(numbers, numbers.get(unknown, -1), path, span)


def collected(sentences: Sequence[Sequence[str]], path: str, span: Span) -> Vocabulary:
    """The words of a text in the order in which they come."""
    numbers: dict[str, int] = {}
    for sentence in sentences:
        for word in sentence:
            numbers.setdefault(word, len(numbers))
    return Vocabulary(numbers, -1, path, span)


@dataclass(frozen=True)
class WordClasses:
    """The class of each word, and the first word and the end of each class."""

    classes: NDArray[np.int64]
    begins: NDArray[np.int64]
    ends: NDArray[np.int64]

    def rows(self, words: NDArray[np.int64]) -> NDArray[np.float64]:
        """Word, class, first word of the class and its end, for each word."""
        kinds = self.classes[words]
        return np.stack([words, kinds, self.begins[kinds], self.ends[kinds]], axis=1).astype(float)


def read_classes(path: str, unknown: str, span: Span) -> tuple[Vocabulary, WordClasses]:
    """Lines of id, count, word, class: ids count from 0, classes never fall."""
    numbers: dict[str, int] = {}
    classes: list[int] = []
    for number, line in enumerate(read_lines(path, span), 1):
        fields = words_of(line)
        if not fields:
            continue
        kind = read_integer(fields[3]) if len(fields) == CLASS_COLUMNS else None
        if kind is None or read_integer(fields[0]) != len(classes):
            raise classes_error(
                path, number, "a line is id, count, word, class; ids count up", span
            )
        last = classes[-1] if classes else 0
        if kind not in (last, last + 1) or (not classes and kind):
            raise classes_error(path, number, "classes count up from 0, one after the other", span)
        numbers[fields[2]] = len(classes)
        classes.append(kind)
    if not classes:
        raise classes_error(path, 1, "the file is empty", span)
    kinds = np.array(classes, np.int64)
    places = np.arange(classes[-1] + 1)
    begins = np.searchsorted(kinds, places, "left")
    ends = np.searchsorted(kinds, places, "right")
    vocabulary = Vocabulary(numbers, numbers.get(unknown, -1), path, span)
    return vocabulary, WordClasses(kinds, begins, ends)


def classes_error(path: str, number: int, why: str, span: Span) -> BrainScriptError:
    """The error for one line of a file of classes."""
    return BrainScriptError(Diagnostic("BS0650", f"{path}:{number}: {why}", span))
