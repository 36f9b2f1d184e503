"""One-line LLVM instructions on `<L x float>` or `<L x double>`, the alphabet of our functions."""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

Element = Literal["float", "double"]
Emit = Callable[[str], str]
"""Appends `%new = <text>` to the function under construction and returns `%new`."""


@dataclass(frozen=True, slots=True)
class Lanes:
    """Writes instructions on vectors of `lanes` elements (`None`: on scalars) through `emit`.

    Operands and results are LLVM value texts. Minimum and maximum let NaN through. `fma` is one
    rounding where the target has the instruction, two where it has not.
    """

    emit: Emit
    lanes: int | None
    element: Element

    @property
    def width(self) -> int:
        """Bits of an element."""
        return 32 if self.element == "float" else 64

    @property
    def mantissa(self) -> int:
        """Stored bits of the mantissa."""
        return 23 if self.element == "float" else 52

    @property
    def bias(self) -> int:
        """The exponent field of 1.0."""
        return 127 if self.element == "float" else 1023

    @property
    def type(self) -> str:
        """The LLVM type of the values."""
        return self._many(self.element)

    @property
    def bits(self) -> str:
        """The integer type of the same shape."""
        return self._many(f"i{self.width}")

    @property
    def mangled(self) -> str:
        """The type as intrinsic names spell it: `v16f32`, `f64`."""
        return f"{'' if self.lanes is None else f'v{self.lanes}'}f{self.width}"

    def _many(self, element: str) -> str:
        return element if self.lanes is None else f"<{self.lanes} x {element}>"

    def constant(self, value: float) -> str:
        """A floating-point constant, rounded to the element type, in all lanes."""
        code = float_literal(value, self.element)
        return code if self.lanes is None else f"splat ({self.element} {code})"

    def integer(self, value: int) -> str:
        """An integer constant in all lanes."""
        return str(value) if self.lanes is None else f"splat (i{self.width} {value})"

    def pattern(self, value: float) -> int:
        """The bits of a floating-point constant as an integer."""
        code = "<I" if self.element == "float" else "<Q"
        return int(
            struct.unpack(code, struct.pack(code.replace("I", "f").replace("Q", "d"), value))[0]
        )

    def binary(self, name: str, a: str, b: str) -> str:
        """`fadd`, `fsub`, `fmul` or `fdiv`."""
        return self.emit(f"{name} {self.type} {a}, {b}")

    def add(self, a: str, b: str) -> str:
        """`a + b`"""
        return self.binary("fadd", a, b)

    def sub(self, a: str, b: str) -> str:
        """`a - b`"""
        return self.binary("fsub", a, b)

    def mul(self, a: str, b: str) -> str:
        """`a * b`"""
        return self.binary("fmul", a, b)

    def div(self, a: str, b: str) -> str:
        """`a / b`"""
        return self.binary("fdiv", a, b)

    def fma(self, a: str, b: str, c: str) -> str:
        """`a * b + c`"""
        return self.call("fmuladd", a, b, c)

    def call(self, name: str, *operands: str) -> str:
        """An intrinsic that LLVM expands inline on every target we know."""
        text = ", ".join(f"{self.type} {a}" for a in operands)
        return self.emit(f"call {self.type} @llvm.{name}.{self.mangled}({text})")

    def negate(self, a: str) -> str:
        """`-a`, the sign of zeros and NaN included."""
        return self.emit(f"fneg {self.type} {a}")

    def absolute(self, a: str) -> str:
        """`|a|`"""
        return self.call("fabs", a)

    def sqrt(self, a: str) -> str:
        """The square root, correctly rounded."""
        return self.call("sqrt", a)

    def copysign(self, magnitude: str, sign: str) -> str:
        """`|magnitude|` with the sign bit of `sign`."""
        return self.call("copysign", magnitude, sign)

    def compare(self, predicate: str, a: str, b: str) -> str:
        """An ordered or unordered comparison (`olt`, `oeq`, `une`, ...)."""
        return self.emit(f"fcmp {predicate} {self.type} {a}, {b}")

    def select(self, condition: str, a: str, b: str) -> str:
        """`condition ? a : b`"""
        flag = self._many("i1")
        return self.emit(f"select {flag} {condition}, {self.type} {a}, {self.type} {b}")

    def at_most(self, a: str, limit: float) -> str:
        """`min(a, limit)`; NaN stays."""
        bound = self.constant(limit)
        return self.select(self.compare("ogt", a, bound), bound, a)

    def at_least(self, a: str, limit: float) -> str:
        """`max(a, limit)`; NaN stays."""
        bound = self.constant(limit)
        return self.select(self.compare("olt", a, bound), bound, a)

    def to_bits(self, a: str) -> str:
        """The bit pattern as integers."""
        return self.emit(f"bitcast {self.type} {a} to {self.bits}")

    def from_bits(self, a: str) -> str:
        """Integers read as a bit pattern."""
        return self.emit(f"bitcast {self.bits} {a} to {self.type}")

    def integers(self, name: str, a: str, b: str) -> str:
        """`add`, `sub`, `and`, `or`, `xor`, `shl` or `lshr` on bit patterns."""
        return self.emit(f"{name} {self.bits} {a}, {b}")

    def polynomial(self, x: str, coefficients: Sequence[float]) -> str:
        """`c[0] + c[1] x + c[2] x^2 + ...` by Horner's rule."""
        total = self.constant(coefficients[-1])
        for c in reversed(coefficients[:-1]):
            total = self.fma(total, x, self.constant(c))
        return total

    def widened(self) -> Lanes:
        """The same lanes in double precision."""
        return Lanes(self.emit, self.lanes, "double")

    def widen(self, a: str) -> str:
        """float to double."""
        return self.emit(f"fpext {self.type} {a} to {self.widened().type}")

    def narrow(self, a: str) -> str:
        """double to float, rounded to nearest."""
        return self.emit(f"fptrunc {self.widened().type} {a} to {self.type}")


def float_literal(value: float, element: Element) -> str:
    """The constant as LLVM writes it: the bits of a double that `element` can hold exactly."""
    if element == "float" and value == value and abs(value) <= 3.5e38:
        value = struct.unpack("<f", struct.pack("<f", value))[0]
    return f"0x{struct.unpack('<Q', struct.pack('<d', value))[0]:016X}"
