"""Write the numbers 1 to 3999, digit by digit, with the Roman numerals for them.

"1987" is read, "M C M L X X X V I I" is to be written: two sequences of different lengths. A Roman
numeral stands between "<s>" and "</s>", a row of the file holds the next symbol of both sequences.

400 numbers, drawn at random, are in `test.ctf`, 400 others in `dev.ctf`, all others in
`train.ctf`; numbers below 100 stand in there ten times, because there are so few of them. Settings
were chosen on `dev.ctf`. `symbols.txt` has a Roman symbol in each line.
"""

from __future__ import annotations

import random
import sys
from itertools import zip_longest
from pathlib import Path

HELD_OUT = 400
START, END = "<s>", "</s>"
SYMBOLS = ["I", "V", "X", "L", "C", "D", "M", START, END]
VALUES = 1000, 900, 500, 400, 100, 90, 50, 40, 10, 9, 5, 4, 1
STEPS = "M CM D CD C XC L XL X IX V IV I".split()


def roman(number: int) -> str:
    """The Roman numeral of a number."""
    text = ""
    for value, symbols in zip(VALUES, STEPS, strict=True):
        times, number = divmod(number, value)
        text += symbols * times
    return text


def lines(sequence: int, number: int) -> str:
    """The lines of a number: a digit and a symbol in each, as long as there are any."""
    numeral = [START, *roman(number), END]
    text = ""
    for digit, symbol in zip_longest(str(number), numeral):
        left = f" |digits {digit}:1" if digit else ""
        right = f" |roman {SYMBOLS.index(symbol)}:1" if symbol else ""
        text += f"{sequence}{left}{right}\n"
    return text


def write(folder: Path) -> None:
    """Write the three sets and the symbols into `folder`."""
    numbers = list(range(1, 4000))
    random.Random(1).shuffle(numbers)
    test, dev, rest = numbers[:HELD_OUT], numbers[HELD_OUT : 2 * HELD_OUT], numbers[2 * HELD_OUT :]
    train = [number for number in rest for _ in range(10 if number < 100 else 1)]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "symbols.txt").write_text("\n".join(SYMBOLS) + "\n")
    for name, part in (("train", train), ("dev", dev), ("test", test)):
        text = "".join(lines(i, number) for i, number in enumerate(part))
        (folder / f"{name}.ctf").write_text(text)


if __name__ == "__main__":
    write(Path(*sys.argv[1:] or ["data"]))
