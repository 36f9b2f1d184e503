"""Writes the data of these examples: speech-like frames, small images, pairs of points.

`frames.txt` are frames of many speakers with one of four sounds; `speaker.txt` are frames of one
speaker, whose voice is turned and shifted. `shapes.txt` are images of four shapes, `signs.txt` the
same shapes put into two other classes. `pairs.txt` are pairs of points and whether they belong
together.
"""

from __future__ import annotations

import math
import random
from pathlib import Path

SIZE = 8


def write(name: str, lines: list[str]) -> None:
    """One sample a line."""
    Path(name).write_text("\n".join(lines) + "\n", encoding="utf-8")


def dense(name: str, values: list[float]) -> str:
    """One stream of a sample."""
    return f"|{name} " + " ".join(f"{value:.4g}" for value in values)


def one_hot(name: str, index: int, count: int) -> str:
    """A class as a vector."""
    return dense(name, [float(index == i) for i in range(count)])


def frame(sound: int, turn: float, shift: float) -> list[float]:
    """Six numbers around the centre of a sound, turned and shifted by the speaker."""
    angle = sound * math.pi / 2 + turn
    centre = [math.cos(angle), math.sin(angle), math.cos(2 * angle), 0.0, 0.5, -0.5]
    return [value + shift + random.gauss(0, 0.35) for value in centre]


def frames(count: int, turn: float, shift: float) -> list[str]:
    """Frames with their sounds."""
    sounds = [random.randrange(4) for _ in range(count)]
    return [f"{dense('x', frame(s, turn, shift))} {one_hot('y', s, 4)}" for s in sounds]


def image(shape: int) -> list[float]:
    """A bar, a column, a cross or a frame on a noisy background."""
    at = random.randrange(2, SIZE - 2)
    pixels: list[float] = []
    for row in range(SIZE):
        for column in range(SIZE):
            inside = (
                row == at,
                column == at,
                row == at or column == at,
                row in (1, SIZE - 2) or column in (1, SIZE - 2),
            )[shape]
            pixels.append(inside + random.gauss(0, 0.2))
    return pixels


def images(count: int, classes: list[int]) -> list[str]:
    """Images with the class of their shape."""
    shapes = [random.randrange(4) for _ in range(count)]
    total = max(classes) + 1
    return [f"{dense('x', image(s))} {one_hot('y', classes[s], total)}" for s in shapes]


def pairs(count: int) -> list[str]:
    """Two points, and 1 if they are of the same kind."""
    lines: list[str] = []
    for _ in range(count):
        kinds = [random.randrange(3) for _ in range(2)]
        points = [[float(k == i) + random.gauss(0, 0.3) for i in range(3)] for k in kinds]
        same = 1.0 if kinds[0] == kinds[1] else 0.0
        lines.append(f"{dense('q', points[0])} {dense('d', points[1])} {dense('s', [same])}")
    return lines


def main() -> None:
    """Write all files into the current folder."""
    random.seed(1)
    write("frames.txt", frames(600, 0.0, 0.0))
    write("speaker.txt", frames(200, 0.5, 0.3))
    write("shapes.txt", images(400, [0, 1, 2, 3]))
    write("signs.txt", images(200, [0, 0, 1, 1]))
    write("pairs.txt", pairs(300))


if __name__ == "__main__":
    main()
