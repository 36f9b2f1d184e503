"""Products of ONNX: matrices, stacks of matrices, sums over named axes."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from brainscript.runtime.model.exchange.reading.importer import Attributes, Importer, Reader
from brainscript.runtime.model.exchange.reading.nodes import make, reshaped, text

MOST_PRODUCTS = 64
"""Up to so many matrices of a stack are multiplied one by one; more as one sum of products."""


def _matmul(i: Importer, output: str, inputs: list[str], a: Attributes) -> None:
    one, other = inputs
    if other in i.arrays:
        matrix = i.arrays[other]
        if matrix.ndim == 1 or prod(matrix.shape[:-2]) == 1:
            _by_matrix(i, output, one, other, matrix)
            return
    elif one in i.arrays and prod(i.arrays[one].shape[:-2]) == 1:
        _matrix_times(i, output, i.arrays[one], other)
        return
    _stacked(i, output, one, other)


def _by_matrix(i: Importer, output: str, x: str, name: str, matrix: NDArray[Any]) -> None:
    """Every row of a sample times one matrix, or one column."""
    i.axis(x, -1)
    if matrix.ndim == 2:
        weights = i.name(name)
    else:
        plain = matrix.reshape(-1, matrix.shape[-1] if matrix.ndim > 1 else 1)
        weights = i.parameter(f"{output}/W", plain)
    product = output if matrix.ndim == 2 else f"{output}/column"
    make(i, product, "Times", [weights, i.name(x)], outputRank=1)
    if matrix.ndim != 2:
        reshaped(i, output, product, i.dims(output))


def _matrix_times(i: Importer, output: str, matrix: NDArray[Any], x: str) -> None:
    """One matrix, or one row, times every matrix of a sample."""
    place = i.axis(x, -2 if len(i.shapes[x]) > 1 else -1)
    rows = matrix.reshape(-1, matrix.shape[-1])
    weights = i.parameter(f"{output}/W", np.ascontiguousarray(rows.T))
    found = i.name(x)
    if place > 1:
        make(i, f"{output}/turned", "TransposeDimensions", [found], axis1=1, axis2=place)
        found = f"{output}/turned"
    make(i, f"{output}/product", "Times", [weights, found], outputRank=1)
    found = f"{output}/product"
    if place > 1:
        make(i, f"{output}/back", "TransposeDimensions", [found], axis1=1, axis2=place)
        found = f"{output}/back"
    reshaped(i, output, found, i.dims(output))


def _stacked(i: Importer, output: str, one: str, other: str) -> None:
    """Stacks of matrices, each with that at its place in the other stack."""
    for name in (one, other):
        shape = i.arrays[name].shape if name in i.arrays else i.shapes[name]
        if len(shape) < 2:
            raise i.refuse(output, "it is no product of matrices")
    for axis in (-1, -2):
        i.axis(output, axis)
    *stack, rows, columns = i.sample(output)
    inner = (i.arrays[one].shape if one in i.arrays else i.shapes[one])[-1]
    left = _stack_of(i, f"{output}/left", one, output, (*stack, rows, inner))
    right = _stack_of(i, f"{output}/right", other, output, (*stack, inner, columns))
    count = prod(stack)
    if count == 1:
        found = f"{output}/product"
        reshaped(i, f"{left}/matrix", left, [inner, rows])
        reshaped(i, f"{right}/matrix", right, [columns, inner])
        make(i, found, "Times", [f"{right}/matrix", f"{left}/matrix"], outputRank=1)
    elif count <= MOST_PRODUCTS:
        found = _one_by_one(i, output, left, right, (count, rows, inner, columns))
    else:
        found = _as_a_sum(i, output, left, right, (count, rows, inner, columns))
    reshaped(i, output, found, i.dims(output))


def _stack_of(i: Importer, name: str, x: str, output: str, shape: tuple[int, ...]) -> str:
    """An operand as a stack of one axis, repeated where it is one matrix for several."""
    found = i.operand(x, output)
    known = i.nodes[found].dims if x in i.arrays else tuple(i.dims(x))
    dims = (*(known or ()), *[1] * len(shape))[: len(shape)]
    if dims != shape[::-1]:
        ones = tuple(n if n != o else 1 for n, o in zip(shape, dims[::-1], strict=True))
        make(i, f"{name}/all", "ElementTimes", [found, i.ones(f"{name}/ones", ones)])
        found = f"{name}/all"
    return reshaped(i, name, found, [shape[-1], shape[-2], prod(shape[:-2])])


def _one_by_one(
    i: Importer, output: str, left: str, right: str, sizes: tuple[int, int, int, int]
) -> str:
    count, rows, inner, columns = sizes
    parts: list[str] = []
    for n in range(count):
        matrices: list[str] = []
        for stack, dims in ((right, [columns, inner]), (left, [inner, rows])):
            name = f"{stack}/{n}"
            make(i, name, "Slice", [stack], axis=3, beginIndex=n, endIndex=n + 1)
            matrices.append(reshaped(i, f"{name}/matrix", name, dims))
        make(i, f"{output}/product{n}", "Times", matrices, outputRank=1)
        product = f"{output}/product{n}"
        parts.append(reshaped(i, f"{product}/part", product, [columns, rows, 1]))
    make(i, f"{output}/products", "RowStack", parts, axis=3)
    return f"{output}/products"


def _as_a_sum(
    i: Importer, output: str, left: str, right: str, sizes: tuple[int, int, int, int]
) -> str:
    count, rows, inner, columns = sizes
    apart = reshaped(i, f"{left}/apart", left, [1, inner, rows, count])
    other = reshaped(i, f"{right}/apart", right, [columns, inner, 1, count])
    make(i, f"{output}/products", "ElementTimes", [apart, other])
    options = {"reductionOp": "Sum", "axis": 2}
    make(i, f"{output}/sum", "ReduceElements", [f"{output}/products"], **options)
    return f"{output}/sum"


def _gemm(i: Importer, output: str, inputs: list[str], a: Attributes) -> None:
    alpha, beta = float(a.get("alpha", 1.0)), float(a.get("beta", 1.0))
    product = output if len(inputs) < 3 or not inputs[2] else f"{output}/product"
    if a.get("transA", 0) or inputs[1] not in i.arrays:
        raise i.refuse(output, "it is no sample times a known matrix")
    matrix, turned = i.constant(inputs[1]) * alpha, bool(a.get("transB", 0))
    i.axis(inputs[0], -1)
    weights = inputs[1]
    if turned or alpha != 1.0:
        weights = i.parameter(f"{output}/W", matrix.T if turned else matrix)
    make(i, product, "Times", [i.name(weights), i.name(inputs[0])], outputRank=1)
    if product == output:
        return
    if (inputs[2] in i.arrays and beta != 1.0) or i.arrays.get(inputs[2], matrix).ndim == 1:
        scaled = i.constant(inputs[2]) * beta
        shift = i.parameter(f"{output}/b", scaled.reshape(scaled.shape[-1:] or (1,)))
    elif beta == 1.0:
        shift = i.operand(inputs[2], output)
    else:
        raise i.refuse(output, "what it adds is scaled and not known")
    make(i, output, "Plus", [product, shift])


@dataclass(frozen=True)
class Term:
    """An operand of a sum over named axes: its value and the names of its axes."""

    name: str
    labels: str
    sizes: dict[str, int]

    def shape(self, labels: str) -> list[int]:
        """The sizes of these axes."""
        return [self.sizes[label] for label in labels]


def _einsum(i: Importer, output: str, inputs: list[str], a: Attributes) -> None:
    """Sums over axes of one value, or a product of stacks of matrices of two."""
    equation = text(a.get("equation", b"")).replace(" ", "")
    left, arrow, result = equation.partition("->")
    ranks = [len(i.arrays[n].shape if n in i.arrays else i.shapes[n]) for n in inputs]
    labels, result = _labels(left.split(","), result, ranks)
    if not arrow or len(inputs) > 2 or any(len(set(ls)) < len(ls) for ls in labels):
        raise i.refuse(output, f"the sum '{equation}' is not known")
    sizes: dict[str, int] = {}
    for name, names in zip(inputs, labels, strict=True):
        shape = i.arrays[name].shape if name in i.arrays else i.shapes[name]
        sizes.update(zip(names, shape, strict=True))
    terms = [Term(n, ls, sizes) for n, ls in zip(inputs, labels, strict=True)]
    for number, term in enumerate(terms):
        wanted = set(result).union(*(o.labels for o in terms if o is not term))
        terms[number] = _summed(i, f"{output}/sum{number}", term, wanted)
    found = terms[0] if len(terms) == 1 else _contracted(i, output, terms[0], terms[1], result)
    _ordered(i, found, result, output)


def _labels(terms: list[str], result: str, ranks: list[int]) -> tuple[list[str], str]:
    """The names of all axes; those of an ellipsis are capital letters from the end on."""
    hidden = "ZYXWVUTS"
    found: list[str] = []
    most = 0
    for term, rank in zip(terms, ranks, strict=True):
        count = rank - len(term.replace("...", ""))
        most = max(most, count)
        found.append(term.replace("...", hidden[:count][::-1]))
    return found, result.replace("...", hidden[:most][::-1])


def _summed(i: Importer, name: str, term: Term, wanted: set[str]) -> Term:
    """The term without the axes that nothing else has."""
    gone = [n for n, label in enumerate(term.labels) if label not in wanted]
    if not gone:
        return term
    kept = "".join(label for label in term.labels if label in wanted)
    i.step("ReduceSum", [term.name], term.shape(kept), name, axes=gone, keepdims=0)
    return Term(name, kept, term.sizes)


def _ordered(i: Importer, term: Term, labels: str, name: str) -> None:
    order = [term.labels.index(label) for label in labels]
    i.step("Transpose", [term.name], term.shape(labels), name, perm=order)


def _contracted(i: Importer, output: str, one: Term, other: Term, result: str) -> Term:
    """Both as stacks of matrices, and their product."""
    both = [label for label in one.labels if label in other.labels]
    stack = "".join(label for label in both if label in result)
    inner = "".join(label for label in both if label not in result)
    rows = "".join(label for label in one.labels if label not in both)
    columns = "".join(label for label in other.labels if label not in both)
    sizes = one.sizes
    names: list[str] = []
    for part, term, first, last in (("a", one, rows, inner), ("b", other, inner, columns)):
        name = f"{output}/{part}"
        _ordered(i, term, stack + first + last, f"{name}/order")
        shape = [sizes[label] for label in stack]
        shape += [prod(sizes[label] for label in axes) for axes in (first, last)]
        names.append(i.step("Reshape", [f"{name}/order", ""], shape, name, shape=shape))
    shape = [sizes[label] for label in stack]
    shape += [prod(sizes[label] for label in axes) for axes in (rows, columns)]
    found = i.step("MatMul", names, shape, f"{output}/matrices")
    labels = stack + rows + columns
    whole = [sizes[label] for label in labels]
    name = i.step("Reshape", [found, ""], whole, f"{output}/apart", shape=whole)
    return Term(name, labels, sizes)


PRODUCTS: dict[str, Reader] = {"Einsum": _einsum, "Gemm": _gemm, "MatMul": _matmul}
"""What reads each operation."""
