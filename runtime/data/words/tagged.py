"""LUSequenceReader: a word and its tag a line, sentences apart by blank lines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import product

import numpy as np
from numpy.typing import NDArray

from brainscript.diagnostic import BrainScriptError, Diagnostic, Span
from brainscript.runtime.data.arrays import StreamArrays, corpus_of, one_hot
from brainscript.runtime.data.corpus import Corpus, Stream
from brainscript.runtime.data.sequence_keys import Keys
from brainscript.runtime.data.sources import Source, read_lines, words_of
from brainscript.runtime.data.words.vocabulary import Vocabulary, read_vocabulary
from brainscript.settings import Settings

WITHOUT_EFFECT = """
    equalLength randomize traceLevel verbosity wfile wsize wrecords windowSize
""".split()
WITHOUT_EFFECT_INSIDE = """
    dim wrecords elementSize beginSequence endSequence labelDim labelMappingFile labelType
    sectionType mapping category useWordMap
""".split()
"""Keys of binary caches and of other readers, which configs carry along."""
Sentence = list[tuple[str, str]]


@dataclass(frozen=True)
class TaggedSource:
    """One text of tagged words: one-hots of the words around each, and the one-hot of its tag."""

    words: Stream
    tags: Stream
    path: str
    span: Span
    word_list: tuple[str, Span]
    tag_list: tuple[str, Span]
    end: str
    unknown: str
    context: tuple[int, ...] = (0,)
    replacements: tuple[str, Span] | None = None
    most_words: int = field(default=0)

    @property
    def streams(self) -> tuple[Stream, ...]:
        """Words and tags."""
        return (self.words, self.tags)

    def read(self, element_bytes: int, keys: Keys, /) -> tuple[Corpus, list[Diagnostic]]:
        """All sentences."""
        words = read_vocabulary(self.word_list[0], self.unknown, self.word_list[1])
        tags = read_vocabulary(self.tag_list[0], "", self.tag_list[1])
        for vocabulary, most in ((words, self.most_words), (tags, self.tags.dim)):
            if len(vocabulary.numbers) > most:
                count = len(vocabulary.numbers)
                title = f"'{vocabulary.path}' has {count} words, {most} are wanted"
                raise BrainScriptError(Diagnostic("BS0650", title, vocabulary.span))
        sentences = self._sentences()
        lengths = np.array([len(s) for s in sentences], np.uint32)
        classes = [tags.number(tag, self.path) for s in sentences for _, tag in s]
        arrays = [
            self._in_context(sentences, words, lengths),
            one_hot(self.tags, lengths, np.array(classes)),
        ]
        return corpus_of(arrays, np.arange(len(lengths), dtype=np.uint64), element_bytes), []

    def _sentences(self) -> list[Sentence]:
        replaced = self._replacements()
        found: list[Sentence] = [[]]
        for number, line in enumerate(read_lines(self.path, self.span), 1):
            fields = words_of(line)
            if len(fields) == 1:
                title = f"{self.path}:{number}: a line is a word and its tag"
                raise BrainScriptError(Diagnostic("BS0650", title, self.span))
            if fields:
                found[-1].append((replaced.get(fields[0], fields[0]), fields[-1]))
            if found[-1] and (not fields or fields[0] == self.end):
                found.append([])
        sentences = [s for s in found if s]
        if not sentences:
            title = f"'{self.path}' holds no sentence"
            raise BrainScriptError(Diagnostic("BS0650", title, self.span))
        return sentences

    def _replacements(self) -> dict[str, str]:
        if self.replacements is None:
            return {}
        pairs = (words_of(line) for line in read_lines(*self.replacements))
        return {pair[0]: pair[1] for pair in pairs if len(pair) == 2}

    def _in_context(
        self, sentences: Sequence[Sentence], words: Vocabulary, lengths: NDArray[np.uint32]
    ) -> StreamArrays:
        """The one-hots of the words at each offset, one block for each offset."""
        rows: list[int] = []
        for sentence in sentences:
            numbers = [words.number(word, self.path) for word, _ in sentence]
            for place in range(len(numbers)):
                for block, offset in enumerate(self.context):
                    near = min(max(place + offset, 0), len(numbers) - 1)
                    rows.append(block * self.most_words + numbers[near])
        count = int(lengths.sum())
        entries = np.full(count, len(self.context), np.uint32)
        return StreamArrays(
            self.words, lengths, np.ones(len(rows)), entries, np.array(rows, np.int32)
        )


def _sections(settings: Settings) -> tuple[str, str, list[str]]:
    """The names of the sections of words, of tags, and of all others.

    Without `inputLabel` and `outputLabel` the first in alphabetical order is that of the words.
    """
    names = sorted(n for n in settings.own_keys() if settings.is_section(n))
    for name, key in product(names, WITHOUT_EFFECT_INSIDE):
        settings.section(name).has(key, inherited=False)
    lists = [n for n in names if settings.section(n).has("token", inherited=False)]
    if settings.has("inputLabel") or settings.has("outputLabel"):
        lists = [settings.text("inputLabel"), settings.text("outputLabel")]
    if len(lists) != 2:
        title = f"the reader has {len(lists)} sections with 'token'; two are wanted"
        raise BrainScriptError(Diagnostic("BS0603", title, settings.span))
    return lists[0], lists[1], [n for n in names if n not in lists]


def _count(section: Settings) -> int:
    """How many words the list of a section has, which is the size of its stream."""
    span = section.span_of("token")
    return len(read_vocabulary(section.text("token"), "", span).numbers)


def tagged_sources(settings: Settings) -> list[Source]:
    """A section with `readerType = LUSequenceReader`."""
    for key in WITHOUT_EFFECT:
        settings.has(key, inherited=False)
    if settings.boolean("ignoresentencebegintag", False):
        raise settings.wrong("ignoresentencebegintag", "it is not supported any more")
    given, wanted, others = _sections(settings)
    source, target = settings.section(given), settings.section(wanted)
    for section in (source, target):
        section.word("labelType", ("category",), "category")
        if section.has("mode", inherited=False):
            section.word("mode", ("plain",))
    context = tuple(settings.integers("wordContext", 0))
    size, classes = _count(source), _count(target)
    words = others[0] if others else given
    mapped = settings.text("wordmap", "")
    replaced = source.boolean("useWordMap", True) and bool(mapped)
    return [
        TaggedSource(
            Stream(words, words, size * len(context), True, span=source.key_span("token")),
            Stream(wanted, wanted, classes, True, span=target.key_span("token")),
            settings.text("file"),
            settings.span_of("file"),
            (source.text("token"), source.span_of("token")),
            (target.text("token"), target.span_of("token")),
            source.text("endSequence", ""),
            settings.text("unk", "<unk>"),
            context,
            (mapped, settings.span_of("wordmap")) if replaced else None,
            size,
        )
    ]
