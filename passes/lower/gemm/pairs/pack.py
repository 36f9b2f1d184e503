"""Local functions that round L and R to pairs of bfloat16, in the order that the tiles want."""

from __future__ import annotations

from collections.abc import Callable

from xdsl.dialects.builtin import IndexType, VectorType, i32
from xdsl.ir import Attribute, SSAValue

from brainscript.dialects.kern import FuncOp, vector_of
from brainscript.dialects.kern_pairs import TILE_WORDS, Order, RoundPairsOp
from brainscript.dialects.kern_tile import PtrType, TransposeOp
from brainscript.passes.lower.gemm.code import Code, Index
from brainscript.passes.lower.gemm.form import Form
from brainscript.passes.lower.gemm.pairs.plan import PairPlan
from brainscript.passes.lower.vectors import Vectors

POINTER, INDEX = PtrType(), IndexType()

Write = Callable[[Index, Index | None], None]
"""Writes the vector at a column, of which so many lanes count; None: all."""


class PairPackers:
    """Makes the functions that are called, each once."""

    def __init__(self, form: Form, plan: PairPlan):
        self.form = form
        self.plan = plan
        self.made: dict[str, FuncOp] = {}
        self.element = form.element
        self.lanes = plan.tile.lanes
        self.vector = vector_of(form.element, self.lanes)
        self.words = VectorType(i32, [self.lanes])

    def left(self) -> str:
        """The function (source, target, depth, turn, rows) that rounds so many rows of L.

        `source` stands at the first row and step; `turn` is scratch for what is turned.
        """
        write = self._round_turned_left if self.form.left_turned else self._round_left
        return self._make("pair_left", write, "rows")

    def right(self, width: int) -> str:
        """The function (source, target, depth, turn) that packs a panel of this width of R."""
        turned = self.form.right_turned
        write = self._turn_panel if turned else self._copy_panel
        return self._make(f"pair_pack_{width}", lambda code: write(code, width))

    def _make(self, name: str, write: Callable[[Code], None], *more: str) -> str:
        if name not in self.made:
            pointers = {"source", "target", "turn"}
            names = ("source", "target", "depth", "turn", *more)
            kinds: list[tuple[str, Attribute]] = [
                (n, POINTER if n in pointers else INDEX) for n in names
            ]
            code = Code(name, kinds)
            write(code)
            self.made[name] = code.finish()
        return name

    def _round_left(self, code: Code) -> None:
        """Every row of memory is a row of L."""
        source, target, depth, _, rows = code.entry.args
        whole = code.multiply(code.divide(depth, 2 * self.lanes), self.lanes)
        rest = code.subtract(depth, code.multiply(whole, 2))
        with code.loop(0, rows, hint="row") as row:
            line = code.offset(source, code.multiply(row, self.form.depth.size), self.element)
            place = code.offset(target, code.multiply(row, self.plan.left_pitch), self.element)
            with code.loop(0, whole, self.lanes, hint="w") as w:
                pairs = self._along(code, line, code.multiply(w, 2), None)
                code.store(pairs, place, w)
            with code.when(code.compare("sgt", rest, 0)):
                pairs = self._along(code, line, code.multiply(whole, 2), rest)
                code.store(pairs, place, whole)

    def _along(self, code: Code, line: SSAValue, step: Index, count: Index | None) -> SSAValue:
        """The pairs of neighbours on a line of memory; behind `count` elements there are zeros."""
        further = None if count is None else code.subtract(count, self.lanes)
        a = code.load(line, step, self.vector, count)
        b = code.load(line, code.add(step, self.lanes), self.vector, further)
        return self._round(code, a, b, "along")

    def _round(self, code: Code, a: SSAValue, b: SSAValue, order: Order) -> SSAValue:
        return code.insert(RoundPairsOp(a, b, order))

    def _copy_panel(self, code: Code, width: int) -> None:
        """Two rows of memory are two steps of R: their elements meet in the words of a row."""
        source, target, depth, _ = code.entry.args
        lanes = self.lanes

        def each(write: Write) -> None:
            for column in range(0, width, lanes):
                write(column, None if width - column >= lanes else width - column)

        self._across(code, (source, self.form.columns), (target, self.plan.tile.panel), depth, each)

    def _round_turned_left(self, code: Code) -> None:
        """As for R; where rows of words are wanted, blocks of them are turned then."""
        source, target, depth, turn, rows = code.entry.args
        lanes = self.lanes
        whole = code.multiply(code.divide(rows, lanes), lanes)
        rest = code.subtract(rows, whole)

        def each(write: Write) -> None:
            with code.loop(0, whole, lanes, hint="r") as row:
                write(row, None)
            with code.when(code.compare("sgt", rest, 0)):
                write(whole, rest)

        pitch = self.form.rows.size
        if self.plan.by_step:
            self._across(code, (source, pitch), (target, self.plan.left_pitch), depth, each)
            return
        self._across(code, (source, pitch), (turn, self.plan.chunk_rows), depth, each)
        words = code.multiply(code.ceil_divide(depth, 2 * TILE_WORDS), TILE_WORDS)
        with (
            code.loop(0, rows, lanes, hint="r") as row,
            code.loop(0, words, TILE_WORDS, hint="w") as w,
        ):
            start = code.add(code.multiply(w, self.plan.chunk_rows), row)
            place = code.add(code.multiply(row, self.plan.left_pitch), w)
            self._turn(code, (turn, start, self.plan.chunk_rows), (target, place), lanes)

    def _across(
        self,
        code: Code,
        source: tuple[SSAValue, int],
        target: tuple[SSAValue, int],
        depth: SSAValue,
        each: Callable[[Write], None],
    ) -> None:
        """Round pairs of lines of memory; an odd step is paired with zeros.

        `source` and `target` are pointers and the distances of their lines.
        """

        def line(step: Index, word: Index, pairs: int) -> None:
            row = code.offset(source[0], code.multiply(step, source[1]), self.element)
            place = code.offset(target[0], code.multiply(word, target[1]), self.element)

            def write(column: Index, count: Index | None) -> None:
                found = [
                    code.load(row, code.add(column, i * source[1]), self.vector, count)
                    for i in range(pairs)
                ]
                found += [self._zero(code)] * (2 - pairs)
                code.store(self._round(code, found[0], found[1], "across"), place, column)

            each(write)

        half = code.divide(depth, 2)
        with code.loop(0, half, hint="w") as w:
            line(code.multiply(w, 2), w, 2)
        with code.when(code.compare("ne", code.remainder(depth, 2), 0)):
            line(code.multiply(half, 2), half, 1)
        if self.plan.amx:
            self._fill(code, target, depth, each)

    def _fill(
        self,
        code: Code,
        target: tuple[SSAValue, int],
        depth: SSAValue,
        each: Callable[[Write], None],
    ) -> None:
        """Zeros behind the depth, up to a whole tile."""
        words = code.ceil_divide(depth, 2)
        padded = code.multiply(code.ceil_divide(words, TILE_WORDS), TILE_WORDS)
        with code.loop(words, padded, hint="w") as w:
            place = code.offset(target[0], code.multiply(w, target[1]), self.element)
            each(lambda column, _: code.store(self._zero(code), place, column))

    def _zero(self, code: Code) -> SSAValue:
        return Vectors(code.builder, self.vector).constant(0.0)

    def _turn_panel(self, code: Code, width: int) -> None:
        """Rows of memory are columns of R: they are rounded as they lie and turned in blocks."""
        source, target, depth, turn = code.entry.args
        lanes, size, panel = self.lanes, self.form.depth.size, self.plan.tile.panel
        words = code.ceil_divide(depth, 2)
        for column in range(0, width, lanes):
            rows = min(lanes, width - column)
            with code.loop(0, words, TILE_WORDS, hint="w") as w:
                step = code.multiply(w, 2)
                left = code.subtract(depth, step)
                for row in range(rows):
                    place = code.add(step, (column + row) * size)
                    pairs = self._along(code, source, place, left)
                    code.store(pairs, turn, row * TILE_WORDS)
                at = code.add(code.multiply(w, panel), column)
                self._turn(code, (turn, 0, TILE_WORDS), (target, at), rows)

    def _turn(
        self,
        code: Code,
        source: tuple[SSAValue, Index, int],
        target: tuple[SSAValue, Index],
        rows: int,
    ) -> None:
        """Transpose a block of words; the distance in the target is that of L or of R."""
        pitch = self.plan.left_pitch if self.form.left_turned else self.plan.tile.panel
        operands = (
            (source[0], code.value(source[1]), source[2]),
            (target[0], code.value(target[1]), pitch),
        )
        count = code.value(TILE_WORDS)
        code.builder.insert(TransposeOp(*operands, count, rows, self.words))
