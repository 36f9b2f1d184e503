"""Write English sentences with the part of speech of each word, generated from a small grammar.

Many words of this vocabulary have more than one part of speech ("they can fish", "the old fish can
swim"), so that only the words around tell which one it is. Words after it tell as much as words
before it: "the light was ..." and "the light bag was ..." begin with the same two words.

`train.ctf` holds 2500 sentences; `dev.ctf` and `test.ctf` hold 400 others each, all of them
different. Settings were chosen on `dev.ctf`. `words.txt` and `tags.txt` have a name in each line.
"""

from __future__ import annotations

import random
import sys
from collections import Counter
from pathlib import Path

SIZES = {"train": 2500, "dev": 400, "test": 400}

# A rule has alternatives; a name in capitals of WORDS is one word of that part of speech.
RULES = {
    "sentence": ["subject verbal", "subject verbal", "ADV subject verbal", "subject verbal ADV"],
    "subject": ["PRON", "thing", "thing", "thing PREP thing"],
    "thing": ["DET NOUN", "DET ADJ NOUN", "DET ADJ ADJ NOUN", "DET NOUN NOUN"],
    "verbal": ["VERB thing", "AUX VERB thing", "AUX VERB", "VERB PREP thing", "AUX ADV VERB thing"],
}
WORDS = {
    "DET": "the a my this every",
    "PRON": "they we you i",
    "AUX": "can will must should",
    "ADV": "often fast well still now",
    "PREP": "near behind like past for",
    "ADJ": "old light fast still well past green quiet cold kind",
    "NOUN": "can will fish light cold kind watch book park saw boat dog stone man past green",
    "VERB": "fish light watch book park like saw man see find cool stone",
}
TAGS = sorted(WORDS)
Sentence = tuple[tuple[str, str], ...]


def expand(draw: random.Random, symbol: str) -> Sentence:
    """Words with their parts of speech: one way to write out a symbol of the grammar."""
    if symbol in WORDS:
        return ((draw.choice(WORDS[symbol].split()), symbol),)
    parts = draw.choice(RULES[symbol]).split()
    return tuple(pair for part in parts for pair in expand(draw, part))


def sentences(count: int) -> list[Sentence]:
    """Different sentences."""
    draw = random.Random(1)
    found: dict[Sentence, None] = {}
    while len(found) < count:
        found[expand(draw, "sentence")] = None
    return list(found)


def without_context(known: list[Sentence], asked: list[Sentence]) -> float:
    """The error in percent of giving each word the part of speech that it mostly has."""
    counts = Counter(pair for sentence in known for pair in sentence)
    best: dict[str, str] = {}
    for (word, tag), _ in sorted(counts.items(), key=lambda item: item[1]):
        best[word] = tag
    wrong = [best.get(word) != tag for sentence in asked for word, tag in sentence]
    return 100 * sum(wrong) / len(wrong)


def write(folder: Path) -> float:
    """Write all files into `folder`; the error on the test set that needs no context."""
    rows = sentences(sum(SIZES.values()))
    words = sorted({word for row in WORDS.values() for word in row.split()})
    word_number = {word: i for i, word in enumerate(words)}
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "words.txt").write_text("\n".join(words) + "\n")
    (folder / "tags.txt").write_text("\n".join(TAGS) + "\n")
    parts: dict[str, list[Sentence]] = {}
    for name, size in SIZES.items():
        parts[name], rows = rows[:size], rows[size:]
        with (folder / f"{name}.ctf").open("w") as file:
            for sequence, sentence in enumerate(parts[name]):
                for word, tag in sentence:
                    numbers = f"|word {word_number[word]}:1 |tag {TAGS.index(tag)}:1"
                    file.write(f"{sequence} {numbers} |# {word} {tag}\n")
    return without_context(parts["train"], parts["test"])


if __name__ == "__main__":
    error = write(Path(*sys.argv[1:] or ["data"]))
    print(f"without looking at other words, {error:.1f} % of the parts of speech are wrong")
