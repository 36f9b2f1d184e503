"""LLVM text for addresses, loads, stores, broadcasts and reductions."""

from __future__ import annotations

from xdsl.ir import Operation, SSAValue

from brainscript.codegen.emission import Emission, Table, llvm_type
from brainscript.codegen.text import FunctionText, is_number
from brainscript.dialects.kern import (
    BroadcastOp,
    LoadOp,
    OffsetOp,
    PrefetchOp,
    ReduceOp,
    StoreOp,
    element_of,
    lanes_of,
)

_BYTES = {"float": 4, "double": 8, "i1": 1, "i8": 1, "i32": 4, "i64": 8, "ptr": 8}
_REDUCTIONS = {"add": "fadd", "mul": "fmul", "max": "ogt", "min": "olt"}


def split(vector: str) -> tuple[int, str]:
    """(lanes, element) of an LLVM vector type; a scalar has one lane."""
    if not vector.startswith("<"):
        return 1, vector
    lanes, _, element = vector[1:-1].partition(" x ")
    return int(lanes), element


def alignment(kind: str) -> int:
    """Bytes of an element: all that memory accesses assume."""
    return _BYTES[split(kind)[1]]


def lane_mask(text: FunctionText, lanes: int, count: str) -> str:
    """The mask with the lanes below `count` set; a constant when the count is a number."""
    if is_number(count):
        bits = ", ".join("i1 true" if i < int(count) else "i1 false" for i in range(lanes))
        return f"<{bits}>"
    at_most = text.call("llvm.smin", ["i64"], "i64", [("i64", count), ("i64", str(lanes))])
    narrow = text.value(f"trunc i64 {at_most} to i32")
    all_lanes = splat(text, f"<{lanes} x i32>", narrow)
    numbers = "<" + ", ".join(f"i32 {i}" for i in range(lanes)) + ">"
    return text.value(f"icmp slt <{lanes} x i32> {numbers}, {all_lanes}")


def splat(text: FunctionText, vector: str, scalar: str) -> str:
    """A vector with the scalar in every lane."""
    lanes, element = split(vector)
    one = text.value(f"insertelement {vector} poison, {element} {scalar}, i64 0")
    zeros = f"<{lanes} x i32> zeroinitializer"
    return text.value(f"shufflevector {vector} {one}, {vector} poison, {zeros}")


def load(text: FunctionText, kind: str, address: str, count: str = "") -> str:
    """Read a value; lanes from `count` on are zero and not read."""
    lanes, _ = split(kind)
    if not count or (is_number(count) and int(count) >= lanes):
        return text.value(f"load {kind}, ptr {address}, align {alignment(kind)}")
    operands = [
        (f"ptr align {alignment(kind)}", address),
        (f"<{lanes} x i1>", lane_mask(text, lanes, count)),
        (kind, "zeroinitializer"),
    ]
    return text.call("llvm.masked.load", [kind, "ptr"], kind, operands)


def store(text: FunctionText, kind: str, value: str, address: str, count: str = "") -> None:
    """Write a value, or only its lanes below `count`."""
    lanes, _ = split(kind)
    if not count or (is_number(count) and int(count) >= lanes):
        text.line(f"store {kind} {value}, ptr {address}, align {alignment(kind)}")
        return
    operands = [
        (kind, value),
        (f"ptr align {alignment(kind)}", address),
        (f"<{lanes} x i1>", lane_mask(text, lanes, count)),
    ]
    text.call("llvm.masked.store", [kind, "ptr"], "void", operands)


def _count(emission: Emission, count: SSAValue | None) -> str:
    return "" if count is None else emission.operand(count)


def _address(emission: Emission, pointer: SSAValue, index: SSAValue, element: str) -> str:
    return emission.text.offset(emission.operand(pointer), emission.operand(index), element)


def emit_load(emission: Emission, op: Operation) -> None:
    """`kern.load`."""
    assert isinstance(op, LoadOp)
    kind = llvm_type(op.result.type)
    address = _address(emission, op.pointer, op.index, split(kind)[1])
    emission.bind(op.result, load(emission.text, kind, address, _count(emission, op.count)))


def emit_store(emission: Emission, op: Operation) -> None:
    """`kern.store`."""
    assert isinstance(op, StoreOp)
    kind = llvm_type(op.value.type)
    address = _address(emission, op.pointer, op.index, split(kind)[1])
    count = _count(emission, op.count)
    store(emission.text, kind, emission.operand(op.value), address, count)


def emit_offset(emission: Emission, op: Operation) -> None:
    """`kern.offset`."""
    assert isinstance(op, OffsetOp)
    emission.bind(op.result, _address(emission, op.pointer, op.index, llvm_type(op.element)))


def emit_prefetch(emission: Emission, op: Operation) -> None:
    """`kern.prefetch`: for reading, to stay in all caches."""
    assert isinstance(op, PrefetchOp)
    address = _address(emission, op.pointer, op.index, llvm_type(op.element))
    prefetch(emission.text, address)


def prefetch(text: FunctionText, address: str, far: bool = False) -> None:
    """Ask for a cache line to read: into all caches or, if it is for later, not the first one."""
    operands = [("ptr", address), ("i32", "0"), ("i32", "2" if far else "3"), ("i32", "1")]
    text.call("llvm.prefetch", ["ptr"], "void", operands)


def emit_broadcast(emission: Emission, op: Operation) -> None:
    """`kern.broadcast`."""
    assert isinstance(op, BroadcastOp)
    kind = llvm_type(op.result.type)
    emission.bind(op.result, splat(emission.text, kind, emission.operand(op.scalar)))


def emit_reduce(emission: Emission, op: Operation) -> None:
    """`kern.reduce`: halves of the vector are combined until one lane is left."""
    assert isinstance(op, ReduceOp)
    value = emission.operand(op.vector)
    lanes, element = lanes_of(op.vector.type), llvm_type(element_of(op.vector.type))
    emission.bind(op.result, reduce_lanes(emission.text, op.kind.data, value, lanes, element))


def reduce_lanes(text: FunctionText, kind: str, value: str, lanes: int, element: str) -> str:
    """Combine the lanes of a vector pairwise into a scalar."""
    width = lanes
    while width > 1:
        half = width // 2
        source, target = f"<{width} x {element}>", f"<{half} x {element}>"
        low = ", ".join(f"i32 {i}" for i in range(half))
        high = ", ".join(f"i32 {i + half}" for i in range(half))
        parts = [
            text.value(f"shufflevector {source} {value}, {source} poison, <{half} x i32> <{m}>")
            for m in (low, high)
        ]
        value = _combine(text, kind, target, parts)
        width = half
    return text.value(f"extractelement <1 x {element}> {value}, i64 0")


def _combine(text: FunctionText, kind: str, vector: str, parts: list[str]) -> str:
    """Two halves together; of the greatest and the least the second half wins with NaN."""
    verb, (a, b) = _REDUCTIONS[kind], parts
    if kind in ("add", "mul"):
        return text.value(f"{verb} {vector} {a}, {b}")
    flags = f"<{split(vector)[0]} x i1>"
    flag = text.value(f"fcmp {verb} {vector} {a}, {b}")
    return text.value(f"select {flags} {flag}, {vector} {a}, {vector} {b}")


EMITTERS: Table = {
    LoadOp: emit_load,
    StoreOp: emit_store,
    OffsetOp: emit_offset,
    PrefetchOp: emit_prefetch,
    BroadcastOp: emit_broadcast,
    ReduceOp: emit_reduce,
}
