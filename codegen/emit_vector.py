"""LLVM text for arithmetic on vectors and scalars: `arith`, `math` and the lane operations."""

from __future__ import annotations

from typing import Literal, cast

from xdsl.dialects import arith, math
from xdsl.ir import Operation

from brainscript.codegen.emission import Emission, Emitter, Table, llvm_type
from brainscript.codegen.emit_memory import lane_mask, split
from brainscript.codegen.emit_rows import EMITTERS as ROWS
from brainscript.codegen.functions import Element, expand
from brainscript.dialects.kern_rows import ChooseOp, DecayOp, FillOp


def _element(name: str) -> Element:
    return cast(Literal["float", "double"], name)


def _binary(verb: str) -> Emitter:
    def emit(emission: Emission, op: Operation) -> None:
        a, b = (emission.operand(v) for v in op.operands)
        emission.result(op, f"{verb} {llvm_type(op.results[0].type)} {a}, {b}")

    return emit


def _function(name: str) -> Emitter:
    """An emitter that expands one of our own functions."""

    def emit(emission: Emission, op: Operation) -> None:
        kind = llvm_type(op.results[0].type)
        lanes, element = split(kind)
        width = lanes if kind.startswith("<") else None
        operand = emission.operand(op.operands[0])
        text = expand(name, operand, width, _element(element), emission.text.value)
        emission.bind(op.results[0], text)

    return emit


def _convert(verb: str) -> Emitter:
    def emit(emission: Emission, op: Operation) -> None:
        target = llvm_type(op.results[0].type)
        emission.result(op, f"{verb} {emission.typed(op.operands[0])} to {target}")

    return emit


def emit_negate(emission: Emission, op: Operation) -> None:
    """`arith.negf`."""
    emission.result(op, f"fneg {emission.typed(op.operands[0])}")


def emit_fma(emission: Emission, op: Operation) -> None:
    """`math.fma`: one rounding where the target can, as in our functions."""
    kind = llvm_type(op.results[0].type)
    operands = [(kind, emission.operand(v)) for v in op.operands]
    emission.bind(op.results[0], emission.text.call("llvm.fmuladd", [kind], kind, operands))


def emit_choose(emission: Emission, op: Operation) -> None:
    """`kern.choose`: a comparison and a selection."""
    assert isinstance(op, ChooseOp)
    kind = llvm_type(op.result.type)
    lanes, _ = split(kind)
    a, b, yes, no = (emission.operand(v) for v in op.operands)
    flag = emission.text.value(f"fcmp {op.predicate.data} {kind} {a}, {b}")
    flags = f"<{lanes} x i1>" if kind.startswith("<") else "i1"
    emission.result(op, f"select {flags} {flag}, {kind} {yes}, {kind} {no}")


def emit_fill(emission: Emission, op: Operation) -> None:
    """`kern.fill`: lanes from `count` on come from the second vector."""
    assert isinstance(op, FillOp)
    kind = llvm_type(op.result.type)
    lanes, _ = split(kind)
    mask = lane_mask(emission.text, lanes, emission.operand(op.count))
    inside, rest = emission.operand(op.vector), emission.operand(op.rest)
    emission.result(op, f"select <{lanes} x i1> {mask}, {kind} {inside}, {kind} {rest}")


EMITTERS: Table = {
    arith.AddfOp: _binary("fadd"),
    arith.SubfOp: _binary("fsub"),
    arith.MulfOp: _binary("fmul"),
    arith.DivfOp: _binary("fdiv"),
    arith.NegfOp: emit_negate,
    arith.ExtFOp: _convert("fpext"),
    arith.TruncFOp: _convert("fptrunc"),
    arith.SIToFPOp: _convert("sitofp"),
    arith.FPToSIOp: _convert("fptosi"),
    math.FmaOp: emit_fma,
    math.ExpOp: _function("exp"),
    math.LogOp: _function("log"),
    math.Log1pOp: _function("log1p"),
    math.TanhOp: _function("tanh"),
    math.SqrtOp: _function("sqrt"),
    math.AbsFOp: _function("absf"),
    math.FloorOp: _function("floor"),
    math.CeilOp: _function("ceil"),
    math.SinOp: _function("sin"),
    math.CosOp: _function("cos"),
    math.AsinOp: _function("asin"),
    math.AcosOp: _function("acos"),
    math.SinhOp: _function("sinh"),
    math.CoshOp: _function("cosh"),
    DecayOp: _function("decay"),
    ChooseOp: emit_choose,
    FillOp: emit_fill,
    **ROWS,
}
