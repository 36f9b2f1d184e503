"""Networks as they are written, and as they are simplified."""

from __future__ import annotations

from random import Random

from xdsl.dialects.builtin import ModuleOp

from brainscript.passes.pipeline import CLEAN
from test.numeric.networks import run_passes
from test.numeric.random_networks import RandomNetwork, Shape

PASSES = (*CLEAN, "net-cse", "net-dce")
NUMBERS = (1.0, -1.0, 2.0, 4.0, 0.3)


def simplified(module: ModuleOp) -> ModuleOp:
    """A copy, simplified."""
    return run_passes(module.clone(), *PASSES)


class Redundant(RandomNetwork):
    """A random network in which much is written in a roundabout way, or twice."""

    def __init__(self, seed: int, count: int = 12, differentiable: bool = False):
        self.differentiable = differentiable
        self.dice = Random(seed)
        super().__init__(seed, count)

    def pick(self, sampled: bool = True) -> tuple[str, Shape, bool]:
        """A value, most times after a detour; what it is made of may be computed again."""
        name, shape, sampled = super().pick(sampled)
        if not sampled or self.dice.random() < 0.4:
            return name, shape, sampled
        detour = self.dice.choice((self.repeat, self.negate, self.scale, self.cut, self.turn))
        return detour(name, shape), shape, sampled

    def detour(self, text: str, shape: Shape) -> str:
        """An operation whose value is not picked by others."""
        name = self.make(text, shape, True)
        self.values.pop()
        return name

    def repeat(self, name: str, shape: Shape) -> str:
        line = next(x for x in self.lines if x.startswith(f"%{name} ="))
        text = line.partition("= net.")[2].partition(" : ")[0].partition(" {")[0]
        if "input" in text or "{" in line.replace(f'{{node = "{name}"}}', ""):
            return name
        return self.detour(text, shape)

    def negate(self, name: str, shape: Shape) -> str:
        return self.detour(f"negate %{self.detour(f'negate %{name}', shape)}", shape)

    def scale(self, name: str, shape: Shape) -> str:
        for _ in range(2):
            number = self.make(f"splat {self.dice.choice(NUMBERS)} {{}}", (1,), False)
            self.values.pop()
            name = self.detour(f"element_times %{name}, %{number}", shape)
        return name

    def cut(self, name: str, shape: Shape) -> str:
        whole = self.detour(f"splice %{name}, %{name} {{axis = 1}}", (2 * shape[0], *shape[1:]))
        return self.detour(f"slice %{whole} {{end = {shape[0]}}}", shape)

    def turn(self, name: str, shape: Shape) -> str:
        first, *rest = shape
        turned = (rest[0], first) if rest else (1, first)
        other = self.detour(f"transpose_dimensions %{name} {{axis1 = 1}}", turned)
        back = f"reshape %{other} {{dims = [{first}]}}"
        if rest:
            back = f"transpose_dimensions %{other} {{axis1 = 1}}"
        return self.detour(back, shape)

    def add_updates(self) -> None:
        """No parameter moves where gradients are asked for."""
        if not self.differentiable:
            super().add_updates()

    def add_roots(self) -> None:
        """All ends; with gradients the sum of the elements of the last value."""
        if not self.differentiable:
            super().add_roots()
            return
        name, _, _ = [v for v in self.values if v[2]][-1]
        self.lines.append(f'%cost = net.sum_elements %{name} {{node = "cost"}} : T[1]')
        self.lines.append("net.roots criterion(%cost)")
