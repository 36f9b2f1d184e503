"""LLVM text for control flow (`scf`), calls of functions, and integer arithmetic."""

from __future__ import annotations

from collections.abc import Callable

from xdsl.dialects import arith, scf
from xdsl.dialects.builtin import DenseIntOrFPElementsAttr, FloatAttr, IntegerAttr
from xdsl.ir import Block, Operation

from brainscript.codegen.emission import Emission, Emitter, Table, llvm_type
from brainscript.codegen.text import immediate, is_number
from brainscript.dialects.kern import CallOp, FuncOp
from brainscript.dialects.kern_native import NativeOp


def emit_for(emission: Emission, op: Operation) -> None:
    """`scf.for` with the test at the bottom; every value carried is a phi."""
    assert isinstance(op, scf.ForOp)
    text = emission.text
    low, high, step = (emission.operand(v) for v in (op.lb, op.ub, op.step))
    initial = emission.flat(op.iter_args)
    enters = _compare_known("slt", low, high)
    if enters == "false":
        emission.bind_all(op.res, [start for _, start in initial])
        return
    name, before = text.fresh("loop"), text.current
    enters = enters or text.value(f"icmp slt i64 {low}, {high}")
    text.branch_if(enters, f"{name}.body", f"{name}.exit")
    text.label(f"{name}.body")
    hole = len(text.lines)
    phis = [f"%{text.fresh()}" for _ in initial]
    index, *carried = op.body.block.args
    emission.bind(index, f"%{name}.i")
    emission.bind_all(carried, phis)
    end = emission.block(op.body.block)
    outgoing = [operand for _, operand in emission.flat(end.operands)]
    text.line(f"%{name}.next = add nsw i64 %{name}.i, {step}")
    last = text.current
    again = text.value(f"icmp slt i64 %{name}.next, {high}")
    text.branch_if(again, f"{name}.body", f"{name}.exit")
    head = [(f"%{name}.i", "i64", low, f"%{name}.next")]
    for phi, (kind, start), out in zip(phis, initial, outgoing, strict=True):
        head.append((phi, kind, start, out))
    text.lines[hole:hole] = [
        f"  {phi} = phi {kind} [ {start}, %{before} ], [ {out}, %{last} ]"
        for phi, kind, start, out in head
    ]
    text.label(f"{name}.exit")
    if enters == "true":
        emission.bind_all(op.res, outgoing)
        return
    pairs = zip(initial, outgoing, strict=True)
    finals = [text.phi(kind, [(start, before), (out, last)]) for (kind, start), out in pairs]
    emission.bind_all(op.res, finals)


def emit_if(emission: Emission, op: Operation) -> None:
    """`scf.if`; a condition known while writing leaves only the branch taken."""
    assert isinstance(op, scf.IfOp)
    condition = emission.operand(op.cond)
    if condition in ("true", "false"):
        region = op.true_region if condition == "true" else op.false_region
        if region.blocks:
            end = emission.block(region.block)
            emission.bind_all(op.results, [o for _, o in emission.flat(end.operands)])
        return
    name = emission.text.fresh("if")
    cases = [(f"{name}.then", op.true_region.block)]
    otherwise = f"{name}.exit"
    if op.false_region.blocks:
        otherwise = f"{name}.else"
        cases.append((otherwise, op.false_region.block))
    emission.text.branch_if(condition, f"{name}.then", otherwise)
    _join(emission, op, cases, f"{name}.exit")


def emit_switch(emission: Emission, op: Operation) -> None:
    """`scf.index_switch`."""
    assert isinstance(op, scf.IndexSwitchOp)
    text = emission.text
    name = text.fresh("switch")
    values = [int(v) for v in op.cases.iter_values()]
    targets = " ".join(f"i64 {v}, label %{name}.case{v}" for v in values)
    text.line(f"switch i64 {emission.operand(op.arg)}, label %{name}.default [ {targets} ]")
    cases = [
        (f"{name}.case{v}", region.block) for v, region in zip(values, op.case_regions, strict=True)
    ]
    _join(emission, op, [*cases, (f"{name}.default", op.default_region.block)], f"{name}.exit")


def _join(emission: Emission, op: Operation, cases: list[tuple[str, Block]], target: str) -> None:
    """Write the blocks of the cases and the phis where they meet."""
    text = emission.text
    arriving: list[tuple[str, list[tuple[str, str]]]] = []
    for label, block in cases:
        text.label(label)
        end = emission.block(block)
        arriving.append((text.current, emission.flat(end.operands)))
        text.branch(target)
    text.label(target)
    finals = [
        text.phi(arriving[0][1][i][0], [(pairs[i][1], block) for block, pairs in arriving])
        for i in range(len(arriving[0][1]))
    ]
    emission.bind_all(op.results, finals)


def emit_call(emission: Emission, op: Operation) -> None:
    """`kern.call` of a local function."""
    assert isinstance(op, CallOp)
    listed = ", ".join(emission.typed(v) for v in op.arguments)
    name = f"{emission.prefix}.{op.callee.root_reference.data}"
    emission.text.line(f"call void @{name}({listed})")


def emit_local(emission: Emission, op: Operation) -> None:
    """A local function is written before its kernel."""
    assert isinstance(op, FuncOp)


def emit_constant(emission: Emission, op: Operation) -> None:
    """`arith.constant`: an immediate operand, so it costs no instruction."""
    assert isinstance(op, arith.ConstantOp)
    kind = llvm_type(op.result.type)
    value = op.value
    if isinstance(value, DenseIntOrFPElementsAttr):
        element = kind[1:-1].partition(" x ")[2]
        numbers = [v for v in value.iter_values() if isinstance(v, int | float)]
        lanes = [f"{element} {immediate(v, element)}" for v in numbers]
        same = len(set(lanes)) == 1
        emission.bind(op.result, f"splat ({lanes[0]})" if same else f"<{', '.join(lanes)}>")
        return
    assert isinstance(value, IntegerAttr | FloatAttr)
    emission.bind(op.result, immediate(value.value.data, kind))


def _known(a: str, b: str) -> bool:
    return is_number(a) and is_number(b)


def _compare_known(predicate: str, a: str, b: str) -> str:
    """`true` or `false` when both sides are numbers, else an empty string."""
    if not _known(a, b):
        return ""
    return "true" if _PREDICATES[predicate](int(a), int(b)) else "false"


_PREDICATES: dict[str, Callable[[int, int], bool]] = {
    "eq": lambda a, b: a == b,
    "ne": lambda a, b: a != b,
    "slt": lambda a, b: a < b,
    "sle": lambda a, b: a <= b,
    "sgt": lambda a, b: a > b,
    "sge": lambda a, b: a >= b,
}
_PREDICATE_NAMES = ("eq", "ne", "slt", "sle", "sgt", "sge", "ult", "ule", "ugt", "uge")


def emit_compare(emission: Emission, op: Operation) -> None:
    """`arith.cmpi`."""
    assert isinstance(op, arith.CmpiOp)
    predicate = _PREDICATE_NAMES[op.predicate.value.data]
    a, b = emission.operand(op.lhs), emission.operand(op.rhs)
    if predicate in _PREDICATES and (known := _compare_known(predicate, a, b)):
        emission.bind(op.result, known)
    else:
        emission.result(op, f"icmp {predicate} {llvm_type(op.lhs.type)} {a}, {b}")


def emit_select(emission: Emission, op: Operation) -> None:
    """`arith.select` on scalars and vectors of any type."""
    assert isinstance(op, arith.SelectOp)
    condition = emission.operand(op.cond)
    if condition in ("true", "false"):
        emission.bind(op.result, emission.operand(op.lhs if condition == "true" else op.rhs))
        return
    parts = ", ".join(emission.typed(v) for v in (op.cond, op.lhs, op.rhs))
    emission.result(op, f"select {parts}")


def emit_cast(emission: Emission, op: Operation) -> None:
    """`arith.index_cast`: an index is an i64; narrower integers are extended or cut."""
    assert isinstance(op, arith.IndexCastOp)
    source, target = llvm_type(op.input.type), llvm_type(op.result.type)
    value = emission.operand(op.input)
    if source == target:
        emission.bind(op.result, value)
    else:
        verb = "sext" if int(source[1:]) < int(target[1:]) else "trunc"
        emission.result(op, f"{verb} {source} {value} to {target}")


def _binary(verb: str, fold: Callable[[int, int], int | None]) -> Emitter:
    """An emitter of a two-operand instruction; `fold` may give the result of known numbers."""

    def emit(emission: Emission, op: Operation) -> None:
        a, b = (emission.operand(v) for v in op.operands)
        value = fold(int(a), int(b)) if _known(a, b) else None
        if value is not None:
            emission.bind(op.results[0], str(value))
        else:
            emission.result(op, f"{verb} {llvm_type(op.results[0].type)} {a}, {b}")

    return emit


def _sum(emission: Emission, op: Operation) -> None:
    _arithmetic(emission, op, emission.text.add, "add")


def _product(emission: Emission, op: Operation) -> None:
    _arithmetic(emission, op, emission.text.multiply, "mul")


def _arithmetic(
    emission: Emission, op: Operation, on_index: Callable[[str, str], str], verb: str
) -> None:
    a, b = (emission.operand(v) for v in op.operands)
    kind = llvm_type(op.results[0].type)
    if kind == "i64":
        emission.bind(op.results[0], on_index(a, b))
    else:
        emission.result(op, f"{verb} {kind} {a}, {b}")


def _extreme(base: str, fold: Callable[[int, int], int]) -> Emitter:
    def emit(emission: Emission, op: Operation) -> None:
        a, b = (emission.operand(v) for v in op.operands)
        if _known(a, b):
            emission.bind(op.results[0], str(fold(int(a), int(b))))
            return
        kind = llvm_type(op.results[0].type)
        value = emission.text.call(base, [kind], kind, [(kind, a), (kind, b)])
        emission.bind(op.results[0], value)

    return emit


def _quotient(a: int, b: int) -> int | None:
    return None if b == 0 or a < 0 or b < 0 else a // b


def _remainder(a: int, b: int) -> int | None:
    return None if b == 0 or a < 0 or b < 0 else a % b


def _nothing(_a: int, _b: int) -> None:
    return None


def emit_native(emission: Emission, op: Operation) -> None:
    """`kern.native`: declare the function of the native library and call it."""
    assert isinstance(op, NativeOp)
    name = op.function.data
    types = ", ".join(llvm_type(v.type) for v in op.arguments)
    emission.module.declare(name, f"declare void @{name}({types})")
    arguments = ", ".join(emission.typed(v) for v in op.arguments)
    emission.text.line(f"call void @{name}({arguments})")


EMITTERS: Table = {
    scf.ForOp: emit_for,
    scf.IfOp: emit_if,
    scf.IndexSwitchOp: emit_switch,
    FuncOp: emit_local,
    CallOp: emit_call,
    NativeOp: emit_native,
    arith.ConstantOp: emit_constant,
    arith.CmpiOp: emit_compare,
    arith.SelectOp: emit_select,
    arith.IndexCastOp: emit_cast,
    arith.AddiOp: _sum,
    arith.MuliOp: _product,
    arith.SubiOp: _binary("sub", lambda a, b: a - b),
    arith.DivSIOp: _binary("sdiv", _quotient),
    arith.DivUIOp: _binary("udiv", _quotient),
    arith.RemSIOp: _binary("srem", _remainder),
    arith.RemUIOp: _binary("urem", _remainder),
    arith.AndIOp: _binary("and", lambda a, b: a & b),
    arith.OrIOp: _binary("or", lambda a, b: a | b),
    arith.XOrIOp: _binary("xor", _nothing),
    arith.ShLIOp: _binary("shl", _nothing),
    arith.ShRUIOp: _binary("lshr", _nothing),
    arith.ShRSIOp: _binary("ashr", _nothing),
    arith.MinSIOp: _extreme("llvm.smin", min),
    arith.MaxSIOp: _extreme("llvm.smax", max),
    arith.MinUIOp: _extreme("llvm.umin", min),
    arith.MaxUIOp: _extreme("llvm.umax", max),
}
