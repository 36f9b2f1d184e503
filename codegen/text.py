"""Writing LLVM IR as text: one function at a time, with constants folded on the way.

Values are operand strings: `%v7`, `42`, `zeroinitializer`. A line costs about a microsecond, an
object of a general IR library a hundred times that.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Sequence

ATTRIBUTES = 'attributes #0 = { nounwind "prefer-vector-width"="512" }\n'

INTRINSICS = frozenset(
    {
        "llvm.smin",
        "llvm.smax",
        "llvm.umin",
        "llvm.umax",
        "llvm.abs",
        "llvm.fabs",
        "llvm.fma",
        "llvm.fmuladd",
        "llvm.sqrt",
        "llvm.floor",
        "llvm.ceil",
        "llvm.trunc",
        "llvm.roundeven",
        "llvm.copysign",
        "llvm.maxnum",
        "llvm.minnum",
        "llvm.maximum",
        "llvm.minimum",
        "llvm.masked.load",
        "llvm.masked.store",
        "llvm.prefetch",
        "llvm.memcpy",
        "llvm.memset",
        "llvm.x86.avx512bf16.cvtne2ps2bf16.512",
        "llvm.x86.avx512bf16.dpbf16ps.512",
        "llvm.x86.ldtilecfg",
        "llvm.x86.tdpbf16ps",
        "llvm.x86.tileloadd64",
        "llvm.x86.tilerelease",
        "llvm.x86.tilestored64",
        "llvm.x86.tilezero",
    }
)
"""Intrinsics known to select on every target that they are written for (those of x86: where it has
bfloat16); any other is refused before LLVM sees it."""


def is_number(value: str) -> bool:
    """Whether an integer operand is a known number."""
    return value.lstrip("-").isdigit()


def immediate(value: float, kind: str) -> str:
    """A number as an operand of an LLVM type; floats are written by their bits."""
    if kind == "i1":
        return "true" if value else "false"
    if kind not in ("float", "double"):
        return str(int(value))
    if kind == "float":
        value = _nearest_float(value)
    return f"0x{int.from_bytes(struct.pack('>d', value), 'big'):016X}"


def _nearest_float(value: float) -> float:
    try:
        rounded: float = struct.unpack("f", struct.pack("f", value))[0]
    except OverflowError:
        return math.copysign(math.inf, value)
    return rounded


class ModuleText:
    """The functions of one module and the intrinsics they declare."""

    def __init__(self) -> None:
        self.functions: list[FunctionText] = []
        self.declarations: dict[str, str] = {}
        self._shared: set[str] = set()

    def function(
        self, name: str, parameters: Sequence[tuple[str, str]], linkage: str = ""
    ) -> FunctionText:
        """A new function; `parameters` are (type, name without `%`)."""
        made = FunctionText(self, name, parameters, linkage)
        self.functions.append(made)
        return made

    def shared(self, name: str, parameters: Sequence[tuple[str, str]]) -> FunctionText | None:
        """A new function of the module's own, or None when it has been made already."""
        if name in self._shared:
            return None
        self._shared.add(name)
        return self.function(name, parameters, "internal")

    def declare(self, name: str, text: str) -> None:
        """Declare an external function once."""
        self.declarations[name] = text

    def text(self) -> str:
        """The whole module."""
        parts = [*(d + "\n" for d in self.declarations.values())]
        parts += [f.text() for f in self.functions]
        return "".join(parts) + ATTRIBUTES


class FunctionText:
    """The lines of one function, written in order; `current` is the open block."""

    def __init__(
        self, module: ModuleText, name: str, parameters: Sequence[tuple[str, str]], linkage: str
    ):
        self.module = module
        self.current = "entry"
        self._count = 0
        listed = ", ".join(f"{kind} %{parameter}" for kind, parameter in parameters)
        head = " ".join(["define", linkage, "void"] if linkage else ["define", "void"])
        self.lines = [f"{head} @{name}({listed}) #0 {{", "entry:"]

    def fresh(self, prefix: str = "v") -> str:
        """A name not used before in this function."""
        self._count += 1
        return f"{prefix}{self._count}"

    def value(self, right: str) -> str:
        """Write `%v = right` and return `%v`."""
        name = "%" + self.fresh()
        self.lines.append(f"  {name} = {right}")
        return name

    def line(self, text: str) -> None:
        """Write one instruction without a result."""
        self.lines.append("  " + text)

    def label(self, name: str) -> None:
        """Open a block."""
        self.lines.append(name + ":")
        self.current = name

    def branch(self, target: str) -> None:
        """Close the block with a jump."""
        self.line(f"br label %{target}")

    def branch_if(self, condition: str, yes: str, no: str) -> None:
        """Close the block with a conditional jump; a known condition is decided here."""
        if condition in ("true", "false"):
            self.branch(yes if condition == "true" else no)
        else:
            self.line(f"br i1 {condition}, label %{yes}, label %{no}")

    def phi(self, kind: str, incoming: Sequence[tuple[str, str]]) -> str:
        """A phi of (value, block)."""
        listed = ", ".join(f"[ {value}, %{block} ]" for value, block in incoming)
        return self.value(f"phi {kind} {listed}")

    def call(
        self, base: str, overloads: Sequence[str], kind: str, operands: Sequence[tuple[str, str]]
    ) -> str:
        """Call an intrinsic of `INTRINSICS` with (type, value) operands; void gives no result."""
        if base not in INTRINSICS:
            raise KeyError(f"{base} is not on the list of intrinsics")
        name = ".".join([base, *(mangled(o) for o in overloads)])
        types = ", ".join(operand[0].partition(" align ")[0] for operand in operands)
        self.module.declare(name, f"declare {kind} @{name}({types})")
        right = f"call {kind} @{name}({', '.join(f'{t} {v}' for t, v in operands)})"
        if kind == "void":
            self.line(right)
            return ""
        return self.value(right)

    def add(self, a: str, b: str) -> str:
        """a + b on i64."""
        if b == "0":
            return a
        if a == "0":
            return b
        if is_number(a) and is_number(b):
            return str(int(a) + int(b))
        return self.value(f"add nsw i64 {a}, {b}")

    def multiply(self, a: str, b: str) -> str:
        """a * b on i64."""
        if a == "0" or b == "0":
            return "0"
        if b == "1":
            return a
        if a == "1":
            return b
        if is_number(a) and is_number(b):
            return str(int(a) * int(b))
        return self.value(f"mul nsw i64 {a}, {b}")

    def offset(self, pointer: str, index: str, element: str) -> str:
        """The address of element `index`."""
        if index == "0":
            return pointer
        return self.value(f"getelementptr inbounds {element}, ptr {pointer}, i64 {index}")

    def text(self) -> str:
        """The function as text."""
        return "\n".join(self.lines) + "\n}\n"


def mangled(kind: str) -> str:
    """The suffix LLVM gives an overloaded intrinsic: `<16 x float>` is `v16f32`, `ptr` is `p0`."""
    if kind.startswith("<"):
        lanes, _, element = kind[1:-1].partition(" x ")
        return f"v{lanes}{mangled(element)}"
    return {"float": "f32", "double": "f64", "ptr": "p0"}.get(kind, kind)
