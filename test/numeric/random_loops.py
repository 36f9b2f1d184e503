"""Random recurrent networks: rings both ways, of any step, gated, coupled, one behind another."""

from __future__ import annotations

from test.numeric.random_networks import RandomNetwork, Shape

SMOOTH = ("cosine", "sigmoid", "sin", "tanh", "softmax")


class RandomLoops(RandomNetwork):
    """The text of a network of some loops and what lies between them, for `parse_network`.

    All functions are smooth, so that rounding never decides, and states are bounded. The last value
    is the output `h`; the criterion `c` is the sum of its squares.
    """

    unary, binary = SMOOTH, ("plus", "minus", "element_times")

    def __init__(self, seed: int, loops: int = 2, between: int = 2):
        self.loops, self.between = loops, between
        super().__init__(seed, 0)

    def add_sum(self) -> None:
        """The loops, in the place of what a network without them ends with."""
        for _ in range(self.loops):
            for _ in range(self.random.randint(0, self.between)):
                self.random.choice((self.add_unary, self.add_binary, self.add_product))()
            self.random.choice((self.add_ring, self.add_ring, self.add_pair))()

    def add_updates(self) -> None:
        """None: the parameters move by their gradients."""

    def add_roots(self) -> None:
        """All values that nothing uses are part of the criterion."""
        free = [v for v in self.values if v[0] not in self.used and v[2]]
        costs = [self._squares(name, shape) for name, shape, _ in free]
        total = costs[0]
        for number, cost in enumerate(costs[1:]):
            self.lines.append(f"%c{number} = net.plus %{total}, %{cost} : T[1]")
            total = f"c{number}"
        name, shape, _ = free[-1]
        kind = " x ".join(map(str, shape))
        self.lines.append(f'%h = net.pass %{name} {{node = "h"}} : S[{kind}]')
        self.lines.append(f"net.roots criterion(%{total}), output(%h)")

    def _squares(self, name: str, shape: Shape) -> str:
        kind = " x ".join(map(str, shape))
        self.lines.append(f"%{name}q = net.element_times %{name}, %{name} : S[{kind}]")
        self.lines.append(f'%{name}s = net.sum_elements %{name}q {{node = "{name}s"}} : T[1]')
        return f"{name}s"

    def line(self, text: str, shape: Shape) -> str:
        """One operation within a ring, which nothing outside of it reads."""
        self.number += 1
        name = f"r{self.number}"
        self.lines.append(f"%{name} = net.{text} : S[{' x '.join(map(str, shape))}]")
        return name

    def delay(self, ring: str, shape: Shape, way: str) -> str:
        """Another step of a ring; its initial value is a number or a parameter."""
        step = self.random.choice((1, 1, 1, 2, 3))
        if self.random.random() < 0.3:
            state = self.parameter(self.random.choice((shape, (1,))))
            return self.line(f"{way}_value %{ring}, %{state} {{time_step = {step}}}", shape)
        outside = round(self.random.uniform(-1, 1), 2)
        return self.line(f"{way}_value %{ring} {{time_step = {step}, outside = {outside}}}", shape)

    def turned(self, name: str, before: Shape, shape: Shape) -> str:
        """A product that gives so many rows."""
        weight = self.parameter((shape[0], before[0]))
        return self.line(f"times %{weight}, %{name}", shape)

    def fed(self) -> tuple[str, Shape]:
        """A value that a ring reads, and the shape of its state."""
        name, shape, _ = self.pick()
        self.used.add(name)
        size = self.random.choice((1, 2, 5, 17, 33))
        return name, (size, *shape[1:])

    def add_ring(self) -> None:
        """`h = tanh (W x + R p)`, perhaps of two steps, perhaps with a gate."""
        (source, shape), way = self.fed(), self.random.choice(("past", "future"))
        ring = f"ring{self.number}"
        before = next(s for n, s, _ in self.values if n == source)
        total = self.turned(source, before, shape)
        delays = [self.delay(ring, shape, way) for _ in range(self.random.randint(1, 2))]
        for past in delays:
            turned = self.turned(past, shape, shape)
            total = self.line(f"plus %{total}, %{turned}", shape)
        if self.random.random() < 0.5:
            self.close(ring, f"{self.random.choice(('tanh', 'sigmoid'))} %{total}", shape)
            return
        gates = self.turned(source, before, shape)
        gates = self.line(f"plus %{gates}, %{self.turned(delays[0], shape, shape)}", shape)
        gate = self.line(f"sigmoid %{gates}", shape)
        new = self.line(f"tanh %{total}", shape)
        change = self.line(f"minus %{new}, %{delays[-1]}", shape)
        change = self.line(f"element_times %{gate}, %{change}", shape)
        self.close(ring, f"plus %{delays[-1]}, %{change}", shape)

    def add_pair(self) -> None:
        """Two states, each made of another step of the other one."""
        (source, shape), way = self.fed(), self.random.choice(("past", "future"))
        one, two = f"one{self.number}", f"two{self.number}"
        before = next(s for n, s, _ in self.values if n == source)
        other = (self.random.choice((1, 3, 9)), *shape[1:])
        wx = self.turned(source, before, shape)
        across = self.turned(self.delay(two, other, way), other, shape)
        self.close(one, f"tanh %{self.line(f'plus %{wx}, %{across}', shape)}", shape)
        back = self.turned(self.delay(one, shape, way), shape, other)
        self.close(two, f"sigmoid %{back}", other)

    def close(self, ring: str, text: str, shape: Shape) -> None:
        """The value of a ring, which what follows may read."""
        self.lines.append(f"%{ring} = net.{text} : S[{' x '.join(map(str, shape))}]")
        self.values.append((ring, shape, True))
