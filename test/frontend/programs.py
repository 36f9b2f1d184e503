"""Random networks in BrainScript for the fuzz tests: calls of everything that the library has."""

from __future__ import annotations

import random
import re
from functools import cache

from brainscript.frontend import syntax
from brainscript.frontend.building.library import library_members

HEAD = """
x = Input {3}
y = Input {(4:2)}
image = Input {(6:5:2)}
word = Input {4, sparse=true}
step = Input {2, dynamicAxis=DynamicAxis ()}
W = ParameterTensor {3:3}
f (a, k=1) = a .* k
"""
NODES = ("x", "y", "image", "word", "step", "W", "f (x)", "m0", "m1", "PastValue (0, m0)")
NUMBERS = ("0", "1", "2", "3", "-1", "0.5", "1e30", "4")
PLAIN = ("'a'", "''", "true", "false", "None", "[||]", "Inferred", "{a = 1}", "(1:2)", "(3:3:1:1)")
FUNCTIONS = ("Sigmoid", "Tanh", "f", "(t => t)", "(t => t * 2)", "LinearLayer {2}", "Identity")
SIGNS = "* / .* ** % + - == != < <= > >= && || >> << : with".split()
_SHAPE = re.compile(r"shape|dims?$|kernel", re.IGNORECASE)
_WHOLE = re.compile(
    r"^N$|axis|num|rows|cols|index|size|count|begin|stride|sample|width|height", re.I
)
_FUNCTION = re.compile(r"^f$|func|layerconstructor|combine", re.IGNORECASE)
NAMED = ("'glorotUniform'", "'heNormal'", "'CHW'", "'feature'", "'uniform'", "'fixedValue'")


@cache
def signatures() -> tuple[tuple[str, tuple[syntax.Parameter, ...]], ...]:
    """Every function of the library with its parameters; those of namespaces with their path."""
    found: list[tuple[str, tuple[syntax.Parameter, ...]]] = []

    def walk(members: tuple[syntax.Member, ...], path: str) -> None:
        for member in members:
            name, value = path + member.name, member.value
            if isinstance(value, syntax.Lambda) and name not in ("Print", "Trace"):
                found.append((name, value.parameters))
            elif isinstance(value, syntax.Record):
                walk(value.members, name + ".")

    walk(library_members(), "")
    return tuple(found)


class Programs:
    """Draws texts; most of what it draws has a meaning, some of it has not."""

    def __init__(self, draw: random.Random):
        self._draw = draw

    def network(self) -> str:
        """The members of a network record."""
        count = self._draw.randint(1, 4)
        members = [f"m{i} = {self.expression(3)}" for i in range(count)]
        return HEAD + "\n".join(members) + "\n"

    def expression(self, depth: int) -> str:
        """Any expression, nested at most `depth` deep."""
        if depth == 0 or self._draw.random() < 0.15:
            return self._leaf()
        kind = self._draw.choice((self._call,) * 6 + (self._operator,) * 2 + (self._other,) * 2)
        return kind(depth - 1)

    def _leaf(self) -> str:
        pools = (NODES, NODES, NODES, NUMBERS, NUMBERS, PLAIN, FUNCTIONS)
        return self._draw.choice(self._draw.choice(pools))

    def _call(self, depth: int) -> str:
        name, parameters = self._draw.choice(signatures())
        given: list[str] = []
        for parameter in parameters:
            if parameter.default is None:
                given.append(self._argument(parameter.name, depth))
            elif self._draw.random() < 0.25:
                given.append(f"{parameter.name}={self._option(parameter.default, depth)}")
        if self._draw.random() < 0.04:
            given.append(self._leaf())
        call = f"{name} ({', '.join(given)})"
        layer = name.endswith("Layer") or name in ("Sequential", "LayerStack")
        return f"{call} ({self._node(depth)})" if layer else call

    def _argument(self, name: str, depth: int) -> str:
        if self._draw.random() < 0.95:
            if _SHAPE.search(name):
                return self._draw.choice(("3", "(3:3)", "2", "(2:2)", "(2:1:0)"))
            if _WHOLE.search(name):
                return self._draw.choice(NUMBERS[:4])
            if _FUNCTION.search(name):
                return self._draw.choice((*FUNCTIONS, "(Tanh : Sigmoid)"))
            if self._draw.random() < 0.7:
                return self._node(depth)
        return f"({self.expression(depth)})" if self._draw.random() < 0.5 else self._leaf()

    def _node(self, depth: int) -> str:
        """An expression that most likely is a node."""
        if depth == 0 or self._draw.random() < 0.5:
            return self._draw.choice(NODES)
        return self._call(depth - 1)

    def _option(self, default: syntax.Expression, depth: int) -> str:
        if self._draw.random() < 0.15:
            return f"({self.expression(depth)})"
        if isinstance(default, syntax.Bool):
            return self._draw.choice(("true", "false"))
        if isinstance(default, syntax.String):
            return self._draw.choice(NAMED)
        return self._draw.choice((*NUMBERS, "(2:2)", "(1:1:0)", "None"))

    def _operator(self, depth: int) -> str:
        sign = self._draw.choice(SIGNS)
        return f"({self.expression(depth)}) {sign} ({self.expression(depth)})"

    def _other(self, depth: int) -> str:
        one, two = self.expression(depth), self.expression(depth)
        form = self._draw.choice(
            (
                "if {} then {} else {}",
                "({}) [{}]",
                "{{ a = {} ; b = {} }}.b",
                "array [0..({})] (i => {}) [0]",
                "[| {} ; {} |]",
                "(t => {}) ({})",
                "-({}) + {}",
                "Sequential ({} : {}) (x)",
                "{{ h = {} ; g (t, u=h) = u ; r = g ({}) }}.r",
                "BS.Network.CloneFunction (x, {}, parameters='constant') ({})",
                "({}).{}",
            )
        )
        return form.format(one, two, self.expression(depth))
