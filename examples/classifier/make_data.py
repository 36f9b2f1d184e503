"""Write short reviews, generated from a small grammar, as CNTK text files.

A review is one opinion or two. "not" and "hardly" turn what follows round ("not bad" is praise),
and after "but" only the second opinion counts. So the same words are praise or blame by their
order, and counting words does not tell. A third class says nothing either way.

`train.ctf` holds 2000 reviews; `dev.ctf` and `test.ctf` hold 400 others each, all of them
different. Settings were chosen on `dev.ctf`. `words.txt` has a word of the vocabulary in each line.
"""

from __future__ import annotations

import random
import sys
from pathlib import Path

PRAISE, BLAME, NEITHER = range(3)
WORDS = {
    PRAISE: "good great lovely brilliant charming funny clever moving".split(),
    BLAME: "bad awful boring dull clumsy tedious silly weak".split(),
    NEITHER: "long short new old french quiet modern loud".split(),
}
TURNED = {PRAISE: BLAME, BLAME: PRAISE, NEITHER: NEITHER}
THINGS = "film book plot cast music ending story hero dialogue camera".split()
FRONTS = ("i think", "honestly", "well", "we found that", "to me", "")
DEGREES = ("very", "really", "quite", "so", "")
SIZES = {"train": 2000, "dev": 400, "test": 400}


def opinion(draw: random.Random, kind: int) -> str:
    """A clause of this kind, straight or turned round."""
    turned = draw.random() < 0.5
    word = draw.choice(WORDS[TURNED[kind] if turned else kind])
    turn = draw.choice(("not", "hardly")) if turned else ""
    return f"the {draw.choice(THINGS)} was {turn} {draw.choice(DEGREES)} {word}"


def review(draw: random.Random) -> tuple[str, int]:
    """The words of a review, one space between them, and its class."""
    kind = draw.randrange(3)
    parts = [draw.choice(FRONTS)]
    if draw.random() < 0.5:
        parts += [opinion(draw, draw.randrange(3)), "but"]
    parts.append(opinion(draw, kind))
    return " ".join(" ".join(parts).split()), kind


def reviews(count: int) -> list[tuple[str, int]]:
    """Different reviews with their classes."""
    draw = random.Random(1)
    found: dict[str, int] = {}
    while len(found) < count:
        text, kind = review(draw)
        found[text] = kind
    return list(found.items())


def write(folder: Path) -> None:
    """Write the three sets and the vocabulary into `folder`."""
    rows = reviews(sum(SIZES.values()))
    words = sorted({word for text, _ in rows for word in text.split()})
    number = {word: str(i) for i, word in enumerate(words)}
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "words.txt").write_text("\n".join(words) + "\n")
    for name, size in SIZES.items():
        part, rows = rows[:size], rows[size:]
        with (folder / f"{name}.ctf").open("w") as file:
            for sequence, (text, kind) in enumerate(part):
                label = f" |kind {kind}:1"
                for word in text.split():
                    file.write(f"{sequence} |words {number[word]}:1{label}\n")
                    label = ""


if __name__ == "__main__":
    write(Path(*sys.argv[1:] or ["data"]))
