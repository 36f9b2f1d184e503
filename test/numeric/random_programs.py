"""Random programs over the table of operations, with samples that all are learned."""

from __future__ import annotations

import re
from math import prod
from random import Random

from xdsl.dialects.builtin import ModuleOp

from brainscript.diagnostic import BrainScriptError
from brainscript.dialects.tensors import type_of
from test.numeric.networks import network, parse_network, run_passes

LENGTHS = ([3, 1, 4, 2, 4], [1, 1, 1], [1], [5], [1] * 17)
SHAPES = ("1", "3", "17", "2 x 3", "3 x 1", "4 x 3 x 2", "1 x 6 x 2", "2 x 2 x 2 x 2")
LARGEST = 400
"""Elements of a sample up to which a program goes on with it."""
SMOOTH = "cosine cosh log_softmax negate sigmoid sin sinh softmax stable_sigmoid tanh".split()
KINKED = "abs floor hardmax rectified_linear".split()
WIDE = "plus minus element_times log_plus diag_times less khatri_rao_product cos_distance".split()
TEMPLATES = (
    *(f"{name} A" for name in (*SMOOTH, *KINKED, "sum_elements", "matrix_l2_reg")),
    *(f"{name} A, B" for name in (*WIDE, "square_error", "splice", "transpose_times")),
    *(f"{name} A, A" for name in ("element_times", "log_plus", "splice")),
    "reduce A {op = '<Sum|Mean|LogSum|Prod>', axis = <0|1|2|3>}",
    "reduce A {op = '<Sum|LogSum>', axis = <-1|-3>}",
    "reduce A {op = 'Mean', axis = <0|1|-3>}",
    "plus A, P[?]",
    "element_times P[1], A",
    "minus P[2 x 1 x 3], A",
    "times P[5 x ?], A",
    "times P[2 x 3 x ?], A {output_rank = 2}",
    "times A, B",
    "transpose_times P[? x 4], A",
    "lookup_table P[3 x 1], A",
    "per_dim_mean_var_normalization A, B, P[?]",
    "slice A {begin = 1, axis = <1|2|3>}",
    "slice A {begin = -1, axis = <1|2|3>}",
    "splice A, B {axis = <1|2|3>}",
    "transpose_dimensions A {axis1 = <1|2>, axis2 = <2|3>}",
    "reshape A {dims = [-1]}",
    "row_repeat A {count = 2}",
    "convolution P[2 x ? x 3], A {kernel = [2], maps = [3], padding = [<0|1>]}",
    "convolution P[2 x 2 x ? x 17], A {kernel = [2, 2], stride = [<1|2>, 1], maps = [17]}",
    "pooling A {kernel = [2], stride = [<1|2>], ceil = true, padding = [0]}",
    "pooling A {kernel = [2, 1], stride = [<1|2>, <1|2>], kind = 'average'}",
    "batch_normalization A, P[? x 1], P[? x 1], F[? x 1], F[? x 1], F[1] {spatial = true}",
    "batch_normalization A, P[? x 1], P[? x 1], F[? x 1], F[? x 1], F[1]",
    "past_value A {time_step = <1|2>}",
    "future_value A, P[?] {time_step = <1|2>}",
    "sequence_slice A {begin = <-1|-2>}",
    "sequence_slice A {end = <1|2>}",
    "reconcile_dynamic_axis A, B",
    "reduce A {op = 'Sum', axis = -2}",
)
"""`A` and `B` are values, `P` a parameter, `F` one that does not learn; of `<a|b>` one is taken."""


class RandomProgram:
    """The lines of a network of about `count` operations, and the lengths of its sequences.

    All samples are made of tables. The criterion is the sum over all elements that nothing reads,
    each multiplied by a weight of its own.
    """

    def __init__(self, seed: int, count: int = 9):
        self.random = Random(seed)
        self.lengths = self.random.choice(LENGTHS)
        self.samples = sum(self.lengths)
        self.lines = [f'%id = net.input "id" : S[{self.samples}]']
        self.symbols: list[str] = []
        self.values: list[str] = []
        self.axes: dict[str, str | None] = {}
        self.used: set[str] = set()
        for _ in range(self.random.randint(1, 3)):
            self.add_samples(self.random.choice(SHAPES))
        for _ in range(20 * count):
            if len(self.lines) < 2 * count:
                self.try_one()
        self.add_criterion()

    def add_samples(self, shape: str) -> None:
        """An operand whose every sample is a column of a table."""
        rank = shape.count("x") + 1
        table = self.read(f"{shape} x {self.samples}", True)
        self.axes[self.add(f"times %{table}, %id {{output_rank = {rank}}}")] = "*"

    def read(self, shape: str, learns: bool) -> str:
        """A parameter."""
        number = len(self.symbols)
        rate = "" if learns else ", learning_rate_multiplier = 0.0"
        self.symbols.append(
            f'net.parameter @P{number} : T[{shape}] {{init = "constant", value = 1.0{rate}}}'
        )
        self.lines.append(f"%p{number} = net.read @P{number} : T[{shape}]")
        return f"p{number}"

    def add(self, text: str) -> str:
        """One operation."""
        name = f"v{len(self.lines)}"
        text, _, options = text.partition(" {")
        options = f'{{node = "{name}"' + (f", {options}" if options else "}")
        self.lines.append(f"%{name} = net.{text} {options} : !net.t<*, f64>")
        self.values.append(name)
        return name

    def try_one(self) -> None:
        """One operation, if there are values that it takes."""
        before = len(self.lines), len(self.symbols), len(self.values)
        taken: list[str] = []

        def operand(found: re.Match[str]) -> str:
            if found[1] in ("P", "F"):
                return f"%{self.read(found[2], found[1] == 'P')}"
            taken.append(self.random.choice(self.values[-6:]))
            return f"%{taken[-1]}"

        text = re.sub(r"\b([ABPF])\b(?:\[(.*?)\])?", operand, self.random.choice(TEMPLATES))
        text = re.sub("<(.*?)>", lambda m: self.random.choice(m[1].split("|")), text)
        self.add(text.replace("'", '"'))
        try:
            self.check(taken)
        except BrainScriptError:
            for listed, length in zip((self.lines, self.symbols, self.values), before, strict=True):
                del listed[length:]
        else:
            self.used.update(taken)

    def check(self, taken: list[str]) -> None:
        """Fail where the last operation does not take its operands, or makes too much."""
        module = self.module(f"net.roots output(%{self.values[-1]})")
        (value,) = network(module).roots.values
        given = [self.axes[name] for name in taken]
        axes = {axis for axis in given if axis is not None}
        repeated = "reconcile" in self.lines[-1] and given == ["*/first", "*"]
        normalised = "batch" in self.lines[-1] and not axes
        mixed = normalised or (len(axes) > 1 and not repeated)
        if mixed or prod(type_of(value).shape or (0,)) > LARGEST:
            raise BrainScriptError
        self.axes[self.values[-1]] = type_of(value).axis

    def add_criterion(self) -> None:
        """A weighted sum of all that nothing reads."""
        total = ""
        for value in [v for v in self.values if v not in self.used]:
            weights = self.read("?", learns=False)
            weighed = self.add(f"element_times %{value}, %{weights}")
            cost = self.add(f"sum_elements %{weighed}")
            total = self.add(f"plus %{total}, %{cost}") if total else cost
        self.roots = f"net.roots criterion(%{total}), output(%{total})"

    def module(self, roots: str = "", precision: str = "double") -> ModuleOp:
        """The network, shapes and axes known."""
        body = "\n".join([*self.lines, roots])
        text = body if precision == "double" else body.replace("f64", "f32")
        module = parse_network(text, "\n".join(self.symbols), precision)
        return run_passes(module, "net-infer-shapes")
