"""The actions that make lists: `writeWordAndClass` from a text, `createLabelMap` from a table."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path

from brainscript import atomic
from brainscript.diagnostic import BrainScriptError, Diagnostic
from brainscript.runtime.actions.session import Session
from brainscript.runtime.data.sources import read_lines, words_of
from brainscript.runtime.data.text import at_least
from brainscript.runtime.data.words.columns import class_names
from brainscript.settings import Settings

INDENT = "     "
"""What stands before numbers in a vocabulary file."""


@dataclass(frozen=True)
class WordList:
    """Words by falling count; `classes` is empty without classes."""

    counts: tuple[tuple[str, int], ...]
    classes: tuple[int, ...]

    def vocabulary(self) -> str:
        """Lines of number, count, word and class."""
        lines = ""
        for number, (word, count) in enumerate(self.counts):
            fields = [f"{INDENT}{number}", f"{INDENT}{count}", word]
            fields += [str(self.classes[number])] if self.classes else []
            lines += "\t".join(fields) + "\n"
        return lines

    def words(self) -> str:
        """The words, one a line."""
        return "".join(f"{word}\n" for word, _ in self.counts)

    def word_to_class(self) -> str:
        """The class of each word, one a line."""
        return "".join(f"{number}\n" for number in self.classes)

    def class_to_index(self) -> str:
        """The first word of each class, one a line."""
        firsts = {number: place for place, number in reversed(list(enumerate(self.classes)))}
        return "".join(f"{firsts[number]}\n" for number in sorted(firsts))


def count_words(lines: list[str], begin: str, end: str) -> Counter[str]:
    """How often each word occurs; sentences get their tokens where these are missing.

    When both tokens are the same, the one in front is not counted.
    """
    counts: Counter[str] = Counter()
    for line in lines:
        words = words_of(line)
        if not words:
            continue
        if words[0] != begin:
            words.insert(0, begin)
        if words[-1] != end or len(words) == 1:
            words.append(end)
        counts.update(words[1:] if begin == end else words)
    return counts


def choose(counts: Counter[str], size: int, cutoff: int, unknown: str) -> list[tuple[str, int]]:
    """The `size - 1` most frequent words above the cutoff, and `unknown` for all others."""
    rest = counts.pop(unknown, 0)
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    kept = [item for item in ranked if item[1] > cutoff][: max(size - 1, 0)]
    left_out = rest + sum(count for _, count in ranked[len(kept) :])
    return sorted([*kept, (unknown, left_out)], key=lambda item: -item[1])


def classes_of(counts: list[tuple[str, int]], classes: int) -> tuple[int, ...]:
    """The class of each word, such that classes have equal shares of `sqrt (frequency)`."""
    if not classes:
        return ()
    roots = [count**0.5 for _, count in counts]
    shares = (share / sum(roots) for share in accumulate(roots))
    found: list[int] = []
    current = 0
    for share in shares:
        if share > (current + 1) / classes and current < classes - 1:
            current += 1
        found.append(current)
    return tuple(found)


def write_words(section: Settings, session: Session) -> None:
    """The action `writeWordAndClass`."""
    classes = at_least(section, "nbrClass", 0, 0)
    outputs = {"outputVocabFile": WordList.vocabulary}
    if section.has("outputMappingFile", inherited=False):
        outputs["outputMappingFile"] = WordList.words
    if classes:
        outputs |= {
            "outputWord2Cls": WordList.word_to_class,
            "outputCls2Index": WordList.class_to_index,
        }
    paths = {key: section.text(key) for key in outputs}
    source, span = section.text("inputFile"), section.span_of("inputFile")
    begin, end = section.text("beginSequence"), section.text("endSequence")
    size, cutoff = at_least(section, "vocabSize", 1, 0), at_least(section, "cutoff", 0, 1)
    unknown = section.text("unk", "<unk>")
    done = all(Path(path).is_file() for path in paths.values())
    if session.environment.dry_run or (section.boolean("makeMode", True) and done):
        return
    counts = choose(count_words(read_lines(source, span), begin, end), size, cutoff, unknown)
    if len(counts) < 2:
        title = f"no word of '{source}' occurs more than {cutoff} times"
        raise BrainScriptError(Diagnostic("BS0650", title, span, help="lower 'cutoff'"))
    words = WordList(tuple(counts), classes_of(counts, classes))
    for key, make in outputs.items():
        _write(paths[key], make(words))


def create_label_map(section: Settings, session: Session) -> None:
    """The action `createLabelMap`: the classes of a table, in the order in which they come."""
    at_least(section, "minibatchSize", 1, 2048)
    path, source = class_names(section.borrowed(section.text("section")).section("reader"))
    if session.environment.dry_run or Path(path).is_file():
        return
    _write(path, "".join(f"{name}\n" for name in source()))


def _write(path: str, text: str) -> None:
    """Write a file, or say why it cannot be written."""
    try:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        atomic.write_text(path, text)
    except OSError as error:
        title = f"the file '{path}' cannot be written: {error.strerror}"
        raise BrainScriptError(Diagnostic("BS0722", title)) from None
