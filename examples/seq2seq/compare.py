"""Compare the numerals that the network wrote with the right ones."""

from __future__ import annotations

import sys
from pathlib import Path


def numerals(path: Path) -> list[str]:
    """The numeral in each line, up to the symbol for its end."""
    lines = path.read_text().splitlines()
    return [line.partition("</s>")[0].replace(" ", "") for line in lines]


def wrong(folder: Path) -> tuple[float, list[tuple[str, str]]]:
    """How many numerals are wrong in percent, and pairs of written and right ones."""
    names = ("decodeOut", "labelsOut")
    written, right = (numerals(folder / f"decoded.network.{name}") for name in names)
    pairs = list(zip(written, right, strict=True))
    return 100 * sum(a != b for a, b in pairs) / len(pairs), pairs


if __name__ == "__main__":
    error, pairs = wrong(Path(*sys.argv[1:] or ["out"]))
    shown = [pair for pair in pairs if pair[0] != pair[1]] or pairs
    for written, right in shown[:10]:
        print(f"{right:16} {written}")
    print(f"{error:.2f} % of {len(pairs)} numerals are wrong")
