"""What every elementwise operation of the network does to one element: a table of vector code.

`vector_body(op, operands, builder)` writes the operations for one vector (or scalar) of the result.
The operands are values of one type, already broadcast. Rows kernels and the epilogues of matrix
products share this table. Clipping is CNTK's: `Log` of less than 1e-37 is -85.1, `1/0` is 0, the
root of a negative number is 0, a denominator is kept 1e-30 away from 0.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from xdsl.builder import Builder
from xdsl.ir import Operation, SSAValue

from brainscript.passes.lower.vectors import Vectors

Body = Callable[..., SSAValue]

LEAST_LOG_ARGUMENT = float(np.float32(1e-37))
LEAST_LOG = float(np.float32(-85.1))
LEAST_DENOMINATOR = float(np.float32(1e-30))


def clipped_log(v: Vectors, x: SSAValue) -> SSAValue:
    """`log(x)`; -85.1 where `x` is below 1e-37."""
    floor = v.constant(LEAST_LOG_ARGUMENT)
    return v.choose("olt", x, floor, v.constant(LEAST_LOG), v.unary("log", x))


def reciprocal(v: Vectors, x: SSAValue) -> SSAValue:
    """`1 / x`; 0 where `x` is 0."""
    zero = v.constant(0.0)
    return v.choose("oeq", x, zero, zero, v.div(v.constant(1.0), x))


def rectified(v: Vectors, x: SSAValue) -> SSAValue:
    """`x` where it is positive, else 0 (for NaN too)."""
    zero = v.constant(0.0)
    return v.choose("ogt", x, zero, x, zero)


def sigmoid(v: Vectors, x: SSAValue) -> SSAValue:
    """`1 / (1 + e^-x)`"""
    one = v.constant(1.0)
    return v.div(one, v.add(one, v.unary("exp", v.unary("negate", x))))


def stable_sigmoid(v: Vectors, x: SSAValue) -> SSAValue:
    """`1 / (1 + e^-x)` by way of `q = e^-|x|`: `1 / (1 + q)`, or `q / (1 + q)` left of 0."""
    one = v.constant(1.0)
    q = v.unary("exp", v.unary("negate", v.unary("abs", x)))
    above = v.choose("ogt", x, v.constant(0.0), one, q)
    return v.div(above, v.add(one, q))


def sign(v: Vectors, x: SSAValue) -> SSAValue:
    """-1, 0 or 1."""
    zero = v.constant(0.0)
    negative = v.choose("olt", x, zero, v.constant(-1.0), zero)
    return v.choose("ogt", x, zero, v.constant(1.0), negative)


def clipped_sqrt(v: Vectors, x: SSAValue) -> SSAValue:
    """The root of `max(x, 0)`."""
    zero = v.constant(0.0)
    return v.unary("sqrt", v.choose("olt", x, zero, zero, x))


def log_plus(v: Vectors, a: SSAValue, b: SSAValue) -> SSAValue:
    """`log(e^a + e^b)`: the larger one plus `log1p(exp(smaller - larger))`."""
    larger = v.choose("ogt", a, b, a, b)
    smaller = v.choose("ogt", a, b, b, a)
    gap = v.choose("oeq", a, b, v.constant(0.0), v.sub(smaller, larger))
    return v.add(larger, v.unary("log1p", v.unary("exp", gap)))


def quotient(v: Vectors, a: SSAValue, b: SSAValue) -> SSAValue:
    """`a / b` with `b` kept at least 1e-30 away from 0."""
    zero, least = v.constant(0.0), v.constant(LEAST_DENOMINATOR)
    bound = v.choose("olt", b, zero, v.constant(-LEAST_DENOMINATOR), least)
    return v.div(a, v.choose("olt", v.unary("abs", b), least, bound, b))


def clip(v: Vectors, minimum: SSAValue, maximum: SSAValue, x: SSAValue) -> SSAValue:
    """`x < minimum ? minimum : x > maximum ? maximum : x`"""
    return v.choose("olt", x, minimum, minimum, v.choose("ogt", x, maximum, maximum, x))


def select(v: Vectors, condition: SSAValue, a: SSAValue, b: SSAValue) -> SSAValue:
    """`a` where the condition is not 0, else `b`."""
    return v.choose("une", condition, v.constant(0.0), a, b)


def normalise(v: Vectors, x: SSAValue, mean: SSAValue, scale: SSAValue) -> SSAValue:
    """`(x - mean) * scale`"""
    return v.mul(v.sub(x, mean), scale)


def denormalise(v: Vectors, x: SSAValue, mean: SSAValue, scale: SSAValue) -> SSAValue:
    """`x / scale + mean`, the denominator kept away from 0."""
    return v.add(quotient(v, x, scale), mean)


def same(v: Vectors, x: SSAValue) -> SSAValue:
    """The operand itself."""
    return x


def unary(name: str) -> Body:
    """A body that is one function."""

    def body(v: Vectors, x: SSAValue) -> SSAValue:
        return v.unary(name, x)

    return body


def comparison(predicate: str) -> Body:
    """1 where the comparison holds, else 0."""

    def body(v: Vectors, a: SSAValue, b: SSAValue) -> SSAValue:
        return v.choose(predicate, a, b, v.constant(1.0), v.constant(0.0))

    return body


BODIES: dict[str, Body] = {
    "net.abs": unary("abs"),
    "net.acos": unary("acos"),
    "net.asin": unary("asin"),
    "net.broadcast_to": same,
    "net.clip": clip,
    "net.cosh": unary("cosh"),
    "net.cosine": unary("cos"),
    "net.diag_times": Vectors.mul,
    "net.element_times": Vectors.mul,
    "net.equal": comparison("oeq"),
    "net.exp": unary("exp"),
    "net.floor": unary("floor"),
    "net.greater": comparison("ogt"),
    "net.greater_equal": comparison("oge"),
    "net.labels_to_graph": same,
    "net.less": comparison("olt"),
    "net.less_equal": comparison("ole"),
    "net.log": clipped_log,
    "net.log_plus": log_plus,
    "net.minus": Vectors.sub,
    "net.negate": unary("negate"),
    "net.not_equal": comparison("une"),
    "net.pass": same,
    "net.per_dim_mean_var_de_normalization": denormalise,
    "net.per_dim_mean_var_normalization": normalise,
    "net.plus": Vectors.add,
    "net.quotient": quotient,
    "net.reciprocal": reciprocal,
    "net.rectified_linear": rectified,
    "net.select": select,
    "net.sigmoid": sigmoid,
    "net.sign": sign,
    "net.sin": unary("sin"),
    "net.sinh": unary("sinh"),
    "net.sqrt": clipped_sqrt,
    "net.stable_sigmoid": stable_sigmoid,
    "net.stop_gradient": same,
    "net.tanh": unary("tanh"),
}
"""Operation name -> a function of (`Vectors`, one value for each operand)."""


def is_elementwise(op: Operation) -> bool:
    """Whether `vector_body` knows the operation."""
    return op.name in BODIES


def vector_body(op: Operation, operands: Sequence[SSAValue], builder: Builder) -> SSAValue:
    """Write the code of one vector of an elementwise operation; returns the result.

    `operands` are the vectors (or scalars) of the operands of `op`, all of one type.
    """
    return BODIES[op.name](Vectors(builder, operands[0].type), *operands)
