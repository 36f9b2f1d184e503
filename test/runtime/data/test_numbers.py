"""Decimal numbers are rounded to the nearest float or double, however they are written."""

from __future__ import annotations

import random
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from brainscript.runtime.network import Element, InputSpec
from test.runtime.data.support import text_reader


def read(folder: Path, words: list[str], element: Element) -> np.ndarray:
    """The numbers as the reader understands them."""
    inputs = [InputSpec("a", (1,), element=element)]
    data = "".join(f"|a {word}\n" for word in words)
    reader = text_reader(folder, data, more="randomize = false", inputs=inputs)
    reader.start_epoch(0, 0, len(words))
    batch = reader.next()
    assert batch is not None
    out = np.empty((len(words), 1), np.float32 if element == "f32" else np.float64)
    batch.fill("a", out)
    return out[:, 0]


def hard_floats() -> list[str]:
    """Decimal expansions of numbers half-way between two floats, and one digit beside them."""
    words: list[str] = []
    for bits in (0x3F800000, 0x00800000, 0x00000001, 0x7F7FFFFE, 0x4B000001, 0x3DCCCCCD):
        low, high = np.array([bits, bits + 1], np.uint32).view(np.float32).astype(np.float64)
        middle = f"{(low + high) / 2:.160f}".rstrip("0")
        words += [middle, middle + "1", f"{low:.17g}", f"{high:.9e}"]
    return words


def random_words(count: int) -> list[str]:
    source = random.Random(7)
    words: list[str] = []
    for _ in range(count):
        digits = "".join(source.choice("0123456789") for _ in range(source.randint(1, 25)))
        point = source.randint(1, len(digits))
        word = source.choice(["", "-", "+"]) + digits[:point]
        if point < len(digits):
            word += "." + digits[point:]
        if source.random() < 0.5:
            word += source.choice("eE") + str(source.randint(-50, 40))
        words.append(word)
    return words


EXTREME = (
    *"0 -0 1e400 -1e400 1e-400 1e999999999999 0e99999 3.4028235e38 3.4028236e38 1e39".split(),
    *("1.4e-45", "7e-46", "0." + "0" * 400 + "1", "1" + "0" * 300, "9" * 30),
)


@pytest.mark.parametrize("element", ["f32", "f64"])
def test_numbers_are_rounded_correctly(element: Element, tmp_path: Path):
    words = [*hard_floats(), *EXTREME, *random_words(3000)]
    expected = [exact(word, element) for word in words]
    found = read(tmp_path, words, element)
    wrong = [
        (word, f, e)
        for word, f, e in zip(words, found, expected, strict=True)
        if not (f == e and np.signbit(f) == np.signbit(e))
    ]
    assert wrong == []


def exact(word: str, element: Element) -> float:
    """The nearest number; through exact fractions for float, since numpy rounds twice."""
    return float(word) if element == "f64" else float(nearest_float(word))


def nearest_float(word: str) -> np.float32:
    """The float nearest to a decimal number, ties to even, by exact fractions."""
    double = float(word)
    with np.errstate(over="ignore"):
        guess = np.float32(double)
    if not np.isfinite(guess) or double == 0:
        return guess
    value = Fraction(word)
    limits = (np.float32(-np.inf), np.float32(np.inf))
    with np.errstate(over="ignore"):
        around = [guess, *(np.nextafter(guess, limit) for limit in limits)]

    def rank(f: np.float32) -> tuple[Fraction, int]:
        return abs(Fraction(float(f)) - value), int(f.view(np.uint32)) & 1

    best = min((f for f in around if np.isfinite(f)), key=rank)
    return np.copysign(best, np.float32(double))


def near_ties(count: int) -> list[str]:
    """Numbers of at most 19 digits beside the middle between two floats."""
    source = random.Random(11)
    words: list[str] = []
    for _ in range(count):
        low = np.float32(source.random() * 10.0 ** source.randint(-4, 6))
        middle = (float(low) + float(np.nextafter(low, np.float32(np.inf)))) / 2
        places = source.randint(1, 16 if middle < 1000 else 11)
        words.append(f"{source.choice(['', '-'])}{middle:.{places}f}")
    return words


@pytest.mark.parametrize("element", ["f32", "f64"])
def test_numbers_near_ties_are_rounded_correctly(element: Element, tmp_path: Path):
    words = near_ties(4000)
    found = read(tmp_path, words, element)
    assert found.tolist() == [exact(word, element) for word in words]


def test_rows_that_cross_the_blocks_a_file_is_read_in(tmp_path: Path):
    words = [f"{i}.{'0' * (i % 9)}{i}" for i in range(120_000)]
    found = read(tmp_path, words, "f64")
    assert (tmp_path / "data.ctf").stat().st_size > 2 << 20
    assert found.tolist() == [float(word) for word in words]
