"""Local functions that bring operands into the order the tiles want: panels, rows, products."""

from __future__ import annotations

from collections.abc import Callable

from xdsl.dialects.builtin import IndexType
from xdsl.ir import Attribute

from brainscript.dialects.kern import FuncOp, vector_of
from brainscript.dialects.kern_tile import DotOp, PtrType, TransposeOp
from brainscript.passes.lower.gemm.code import Code
from brainscript.passes.lower.gemm.form import Form
from brainscript.passes.lower.gemm.plan import Plan

POINTER, INDEX = PtrType(), IndexType()


class Packers:
    """Makes the packing functions that are called, each once.

    Rows of a packed panel lie `plan.panel` elements apart.
    """

    def __init__(self, form: Form, plan: Plan):
        self.form = form
        self.plan = plan
        self.made: dict[str, FuncOp] = {}
        self.vector = vector_of(form.element, plan.lanes)

    @property
    def elements(self) -> int:
        """Elements of scratch memory that a packed block takes, where there is one."""
        return self.room if self.made else 0

    @property
    def room(self) -> int:
        """Elements of a packed block; whole vectors of steps."""
        plan = self.plan
        return -(-plan.block // plan.lanes) * plan.lanes * plan.panel

    def pack(self, width: int) -> str:
        """The function (source, target, depth) that packs a block of a panel of this width.

        `source` stands at the panel's first element of the first step.
        """
        return self._make(f"pack_{width}", lambda code: self._pack(code, width))

    def dots(self, columns: int) -> str:
        """The function (left, right, target, depth) that makes so many scalar products."""
        name = f"dot_{columns}"
        if name not in self.made:
            kinds: list[tuple[str, Attribute]] = [(n, POINTER) for n in ("left", "right", "target")]
            code = Code(name, [*kinds, ("depth", INDEX)])
            left, right, target, depth = code.entry.args
            matrix = (right, self.form.depth.size, columns)
            code.builder.insert(DotOp(left, matrix, target, depth, self.vector))
            self.made[name] = code.finish()
        return name

    def _make(self, name: str, write: _Writer) -> str:
        if name not in self.made:
            kinds: list[tuple[str, Attribute]] = [("source", POINTER), ("target", POINTER)]
            code = Code(name, [*kinds, ("depth", INDEX)])
            write(code)
            self.made[name] = code.finish()
        return name

    def _pack(self, code: Code, width: int) -> None:
        if self.form.right_turned:
            self._turn_panel(code, width)
        else:
            self._copy_panel(code, width)

    def _parts(self, width: int) -> list[tuple[int, int]]:
        """(first column, valid lanes) of the vectors of a row."""
        lanes = self.plan.lanes
        return [(c, min(lanes, width - c)) for c in range(0, width, lanes)]

    def _copy_panel(self, code: Code, width: int) -> None:
        source, target, depth = code.entry.args
        with code.loop(0, depth, hint="k") as k:
            row = code.offset(source, code.multiply(k, self.form.columns), self.form.element)
            packed = code.offset(target, code.multiply(k, self.plan.panel), self.form.element)
            for column, valid in self._parts(width):
                count = None if valid == self.plan.lanes else valid
                code.store(code.load(row, column, self.vector, count), packed, column)

    def _turn_panel(self, code: Code, width: int) -> None:
        """Rows of memory are columns of R: strips as wide as a vector are transposed."""
        source, target, depth = code.entry.args
        for column, valid in self._parts(width):
            begin = code.offset(source, column * self.form.depth.size, self.form.element)
            place = code.offset(target, column, self.form.element)
            code.call(self._turn(valid), [begin, place, depth])

    def _turn(self, rows: int) -> str:
        """The function that transposes one strip, block by block."""
        return self._make(f"turn_{rows}", lambda code: self._turn_strip(code, rows))

    def _turn_strip(self, code: Code, rows: int) -> None:
        source, target, depth = code.entry.args
        stride, pitch = self.form.depth.size, self.plan.panel
        with code.loop(0, depth, self.plan.lanes, hint="k") as k:
            left = code.value(code.subtract(depth, k))
            place = code.value(code.multiply(k, pitch))
            operands = (source, k, stride), (target, place, pitch)
            code.builder.insert(TransposeOp(*operands, left, rows, self.vector))


_Writer = Callable[[Code], None]
