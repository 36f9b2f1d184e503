"""Random networks: products, broadcasting, activations, reductions, sums, updates in place."""

from __future__ import annotations

from math import prod
from random import Random

UNARY = (
    "abs",
    "cosine",
    "exp",
    "floor",
    "negate",
    "rectified_linear",
    "sigmoid",
    "sin",
    "tanh",
    "softmax",
    "log_softmax",
)
BINARY = ("plus", "minus", "element_times", "greater", "less_equal")
SIZES = (1, 2, 3, 5, 8, 17)

Shape = tuple[int, ...]


class RandomNetwork:
    """The text of a network of about `count` operations, for `parse_network`.

    Values are kept by shape and whether they have an axis; every new operation takes some that
    fit. All values that nothing uses become outputs; some parameters are written at the end.
    """

    unary, binary = UNARY, BINARY

    def __init__(self, seed: int, count: int = 12):
        self.random = Random(seed)
        self.lines: list[str] = []
        self.symbols: list[str] = []
        self.values: list[tuple[str, Shape, bool]] = []
        self.used: set[str] = set()
        self.parameters: list[tuple[str, Shape]] = []
        self.number: int = 0
        for _ in range(self.random.randint(1, 2)):
            self.add_input(self.random_shape())
        while len(self.values) < count:
            makers = (self.add_unary, self.add_binary, self.add_product, self.add_reduce)
            self.random.choice((*makers, self.add_bias, self.add_move))()
        self.add_sum()
        self.add_updates()
        self.add_roots()

    @property
    def body(self) -> str:
        """The lines of the network."""
        return "\n".join(self.lines)

    def make(self, text: str, shape: Shape, sampled: bool, operands: tuple[str, ...] = ()) -> str:
        """One operation; gives the name of its value."""
        self.number += 1
        name = f"v{self.number}"
        kind = f"{'S' if sampled else 'T'}[{' x '.join(map(str, shape))}]"
        mark = f' {{node = "{name}"}}' if " " in text and "input" not in text else ""
        if "read" in text or "{" in text:
            mark = ""
        self.lines.append(f"%{name} = net.{text}{mark} : {kind}")
        self.values.append((name, shape, sampled))
        self.used.update(operands)
        return name

    def random_shape(self) -> Shape:
        if self.random.random() < 0.6:
            return (self.random.choice(SIZES),)
        return (self.random.choice(SIZES[:4]), self.random.choice(SIZES[:4]))

    def add_input(self, shape: Shape) -> str:
        self.number += 1
        return self.make(f'input "x{self.number}"', shape, True)

    def parameter(self, shape: Shape) -> str:
        name = f"P{len(self.parameters)}"
        self.parameters.append((name, shape))
        kind = " x ".join(map(str, shape))
        self.symbols.append(f'net.parameter @{name} : T[{kind}] {{init = "uniform", seed = 1}}')
        read = self.make(f"read @{name}", shape, False)
        self.values.pop()
        return read

    def pick(self, sampled: bool = True) -> tuple[str, Shape, bool]:
        fitting = [v for v in self.values if v[2] == sampled or not sampled]
        return self.random.choice(fitting[-6:])

    def add_unary(self) -> None:
        name, shape, sampled = self.pick()
        self.make(f"{self.random.choice(self.unary)} %{name}", shape, sampled, (name,))

    def add_binary(self) -> None:
        name, shape, _ = self.pick()
        fitting = [v for v in self.values if joined(shape, v[1])]
        other, partner, _ = self.random.choice(fitting)
        pair = self.random.sample([name, other], 2)
        text = f"{self.random.choice(self.binary)} %{pair[0]}, %{pair[1]}"
        self.make(text, joined(shape, partner), True, (name, other))

    def add_product(self) -> None:
        name, shape, _ = self.pick()
        out = self.random.choice(SIZES)
        inner = self.random.randint(1, len(shape))
        weight = self.parameter((out, *shape[:inner]))
        self.make(f"times %{weight}, %{name}", (out, *shape[inner:]), True, (name,))

    def add_bias(self) -> None:
        name, shape, _ = self.pick()
        cut = self.random.randint(1, len(shape))
        bias = self.parameter(self.random.choice((shape, shape[:cut], (1, *shape[1:]))))
        self.make(f"plus %{name}, %{bias}", shape, True, (name,))

    def add_reduce(self) -> None:
        name, shape, _ = self.pick()
        kind = self.random.choice(("Sum", "Max", "Mean", "Argmax", "LogSum"))
        axis = self.random.randint(0, len(shape))
        node = f"v{self.number + 1}"
        text = f'reduce %{name} {{node = "{node}", op = "{kind}", axis = {axis}}}'
        left = tuple(1 if i == axis - 1 else d for i, d in enumerate(shape)) if axis else (1,)
        self.make(text, left, True, (name,))

    def add_move(self) -> None:
        """A slice, a splice, a transposition, a reshape or a repetition."""
        name, shape, _ = self.pick()
        axis = self.random.randint(1, len(shape))
        size, node = shape[axis - 1], f"v{self.number + 1}"
        how = self.random.choice(("slice", "splice", "transpose", "reshape", "row_repeat"))
        if how == "slice":
            begin = self.random.randint(0, size - 1)
            end = self.random.randint(begin + 1, size)
            options, made = f"begin = {begin}, end = {end}, axis = {axis}", end - begin
            shape = (*shape[: axis - 1], made, *shape[axis:])
        elif how == "splice":
            fitting = [v for v in self.values if joined(shape, v[1]) and len(v[1]) <= len(shape)]
            other, partner, _ = self.random.choice(fitting)
            full = (*partner, *(1,) * (len(shape) - len(partner)))
            wide = joined(shape, partner)
            made = (*wide[: axis - 1], size + full[axis - 1], *wide[axis:])
            self.make(
                f'splice %{name}, %{other} {{node = "{node}", axis = {axis}}}',
                made,
                True,
                (name, other),
            )
            return
        elif how == "transpose":
            shape, options = (*shape, 1)[: max(2, len(shape))], "axis1 = 1, axis2 = 2"
            shape, how = (shape[1], shape[0], *shape[2:]), "transpose_dimensions"
        elif how == "reshape":
            shape = (prod(shape),) if len(shape) > 1 else (1, *shape)
            options = f"dims = [{', '.join(map(str, shape))}]"
        else:
            shape, options = (*shape[:-1], shape[-1] * 2), "count = 2"
        self.make(f'{how} %{name} {{node = "{node}", {options}}}', shape, True, (name,))

    def add_sum(self) -> None:
        name, shape, _ = self.pick()
        self.make(f"sum_to %{name}", shape, False, (name,))

    def add_updates(self) -> None:
        """Some parameters move by the sum of a value of their shape."""
        for name, shape in list(self.parameters):
            fitting = [v for v, s, sampled in self.values if s == shape and sampled]
            if not fitting or self.random.random() < 0.5:
                continue
            value = self.random.choice(fitting)
            total = self.make(f"sum_to %{value}", shape, False, (value,))
            old = self.make(f"read @{name}", shape, False)
            new = self.make(f"minus %{old}, %{total}", shape, False, (old, total))
            self.used.add(new)
            self.lines.append(f"net.write @{name}, %{new}")

    def add_roots(self) -> None:
        free = [name for name, _, _ in self.values if name not in self.used]
        kept = [n for n in free if any(f"%{n} = " in x and "node" in x for x in self.lines)]
        self.lines.append(f"net.roots output({', '.join(f'%{n}' for n in kept)})")


def joined(one: Shape, other: Shape) -> Shape:
    """The shape of two that broadcast against each other; empty when they do not."""
    rank = max(len(one), len(other))
    pairs = [(*s, *(1,) * (rank - len(s))) for s in (one, other)]
    if any(a != b and 1 not in (a, b) for a, b in zip(*pairs, strict=True)):
        return ()
    return tuple(max(a, b) for a, b in zip(*pairs, strict=True))
