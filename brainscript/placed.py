"""Text that remembers where each of its characters stood in the files the user wrote."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from brainscript.diagnostic import Span


class Text(Protocol):
    """What the lexer needs of a source: the characters, and the place of each of them."""

    @property
    def text(self) -> str:
        """All characters, lines ended by a line feed."""
        ...

    def span(self, offset: int, length: int = 1) -> Span:
        """The place of `length` characters from `offset`, cut at the end of the line."""
        ...


@dataclass(frozen=True, slots=True)
class Piece:
    """From offset `start` on the text stands at `origin`.

    A piece lies on one line. `fixed` pieces were put in by a substitution: all their characters
    stand for the one place `origin`, with its length.
    """

    start: int
    origin: Span
    fixed: bool = False

    def moved(self, start: int, skip: int) -> Piece:
        """The same piece at another offset, without its first `skip` characters."""
        if self.fixed or not skip:
            return Piece(start, self.origin, self.fixed)
        o = self.origin
        return Piece(start, Span(o.file, o.line, o.column + skip), self.fixed)


class PlacedText:
    """Characters with a table of pieces; slices and joins keep the places."""

    __slots__ = ("_starts", "pieces", "text")

    def __init__(self, text: str, pieces: Iterable[Piece]):
        self.text = text
        self.pieces = tuple(pieces)
        self._starts = [piece.start for piece in self.pieces]

    @staticmethod
    def of_lines(file: str, lines: Iterable[tuple[int, str]]) -> PlacedText:
        """The text of these lines of `file`; each is (line number, characters with line end)."""
        pieces: list[Piece] = []
        parts: list[str] = []
        offset = 0
        for number, line in lines:
            pieces.append(Piece(offset, Span(file, number, 1)))
            parts.append(line)
            offset += len(line)
        return PlacedText("".join(parts), pieces)

    @staticmethod
    def fixed(text: str, origin: Span) -> PlacedText:
        """Text that stands as a whole for one place, such as the value of a `$name$`."""
        return PlacedText(text, (Piece(0, origin, True),))

    @staticmethod
    def join(parts: Iterable[PlacedText]) -> PlacedText:
        """All parts one after the other."""
        pieces: list[Piece] = []
        texts: list[str] = []
        offset = 0
        for part in parts:
            if part.text:
                pieces += [piece.moved(offset + piece.start, 0) for piece in part.pieces]
                texts.append(part.text)
                offset += len(part.text)
        return PlacedText("".join(texts), pieces)

    def span(self, offset: int, length: int = 1) -> Span:
        """The place of `length` characters from `offset`, cut at the end of the line."""
        if not self.pieces:
            return Span("<text>", 1, 1)
        piece = self.pieces[max(0, bisect_right(self._starts, offset) - 1)]
        o = piece.origin
        if piece.fixed:
            return o
        stop = self.text.find("\n", offset, offset + length)
        if stop >= 0:
            length = stop - offset
        return Span(o.file, o.line, o.column + max(0, offset - piece.start), max(1, length))

    def slice(self, start: int, end: int) -> PlacedText:
        """The characters from `start` up to `end`."""
        text = self.text[start:end]
        if not text:
            return PlacedText("", (Piece(0, self.span(start)),))
        first = max(0, bisect_right(self._starts, start) - 1)
        last = bisect_right(self._starts, end - 1)
        return PlacedText(
            text,
            (
                piece.moved(max(0, piece.start - start), max(0, start - piece.start))
                for piece in self.pieces[first:last]
            ),
        )

    def strip(self, characters: str = " \t\r\n") -> PlacedText:
        """Without these characters at both ends."""
        start = len(self.text) - len(self.text.lstrip(characters))
        end = len(self.text.rstrip(characters))
        return self.slice(start, max(start, end))

    def __str__(self) -> str:
        return self.text
