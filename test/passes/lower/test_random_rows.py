"""Random kernels of the rows family, of every size class, against the reference interpreter."""

from __future__ import annotations

import random

import pytest

from test.passes.lower.rows_harness import check, kernel_text, tensor

Shape = tuple[int, ...]

UNARY = ("abs", "negate", "rectified_linear", "sigmoid", "tanh", "sign", "softmax", "log_softmax")
BINARY = ("plus", "minus", "less", "log_plus")
FOLDS = ("Sum", "Mean", "Max", "Min", "LogSum", "Argmax")
SHAPES: tuple[Shape, ...] = (
    (1,),
    (2,),
    (9,),
    (16,),
    (23,),
    (70,),
    (130,),
    (300,),
    (3, 4),
    (17, 2),
    (1, 40),
    (2, 3, 5),
    (33, 1, 2),
)


class Sketch:
    """A kernel that grows: values with their shapes, all with a dynamic axis but the inputs."""

    def __init__(self, seed: int):
        self.random = random.Random(seed)
        self.shape = self.random.choice(SHAPES)
        self.inputs = [tensor(self.shape, "f64"), tensor(self.shape, "f64")]
        other = tuple(self.random.choice((1, d)) for d in self.shape)
        self.inputs.append(tensor(other, "f64", self.random.random() < 0.5))
        self.values: list[tuple[str, Shape]] = [("0", self.shape), ("1", self.shape)]
        self.lines: list[str] = []
        self._add(f"minus %0, %2 : {tensor(self.shape, 'f64')}", self.shape)

    def _add(self, text: str, shape: Shape) -> None:
        name = f"v{len(self.lines)}"
        self.lines.append(f"%{name} = net.{text}")
        self.values.append((name, shape))

    def grow(self) -> None:
        """One more operation."""
        name, shape = self.random.choice(self.values[-4:])
        kind = self.random.randrange(4)
        if kind == 0:
            op = self.random.choice(UNARY)
            self._add(f"{op} %{name} : {tensor(shape, 'f64')}", shape)
        elif kind == 1:
            op = self.random.choice(FOLDS)
            axis = self.random.randint(0, len(shape))
            result = (1,) if axis == 0 else (*shape[: axis - 1], 1, *shape[axis:])
            options = f'{{op = "{op}", axis = {axis}}}'
            self._add(f"reduce %{name} {options} : {tensor(result, 'f64')}", result)
        else:
            other, wide = self.random.choice(self.values)
            rank = max(len(shape), len(wide))
            pairs = [(*s, *(1,) * (rank - len(s))) for s in (shape, wide)]
            joined = tuple(max(pair) for pair in zip(*pairs, strict=True))
            op = self.random.choice(BINARY)
            self._add(f"{op} %{name}, %{other} : {tensor(joined, 'f64')}", joined)

    def text(self) -> str:
        """The kernel; its last values and one in the middle are results."""
        chosen = {*self.values[-2:], self.values[len(self.values) // 2 + 1]}
        outputs = [(n, tensor(s, "f64")) for n, s in self.values if (n, s) in chosen]
        return kernel_text("rows", self.inputs, self.lines, outputs)


@pytest.mark.parametrize("seed", range(60))
def test_random_kernel(seed: int) -> None:
    sketch = Sketch(seed)
    for _ in range(sketch.random.randint(2, 12)):
        sketch.grow()
    check(sketch.text(), sketch.random.choice((1, 5, 18)), tolerance=1e-9)
