"""Products with a matrix of its own for every sample, their gradients, against the reference."""

from __future__ import annotations

import pytest

from brainscript.target import choose_target
from test.numeric.networks import parse_network
from test.numeric.programs import Compiled

SHAPES = [
    ("2 x 3", "3", "2", 1),
    ("1 x 7", "7 x 2", "1 x 2", 1),
    ("1 x 7", "7", "1", 1),
    ("7 x 1", "1", "7", 1),
    ("5", "3", "5 x 3", 1),
    ("3 x 4 x 5", "4 x 5", "3", 1),
    ("3 x 4 x 5", "5 x 2 x 3", "3 x 4 x 2 x 3", 2),
    ("17 x 33", "33 x 2", "17 x 2", 1),
    ("1 x 1", "1", "1", 1),
    ("2 x 12", "4 x 3", "2", 1),
    ("70 x 3", "3 x 18", "70 x 18", 1),
]
"""A, B, result, output rank."""
COLUMNS = (0, 1, 2, 17)
SYMBOL = 'net.parameter @b : T[{}] {{init = "constant", value = 0.0}}'
BODY = """
%a = net.input "a" : S[{a}]
%b = {second} : {kind}[{b}]
%g = net.input "g" : S[{o}]
%z = net.times %a, %b {{node = "z", output_rank = {rank}}} : S[{o}]
%s = net.softmax %z {{node = "s"}} : S[{o}]
%h = net.element_times %z, %g {{node = "h"}} : S[{o}]
%p = net.times_gradient_left %g, %b {{output_rank = {rank}}} : S[{a}]
%l = net.plus %p, %a {{node = "l"}} : S[{a}]
%r = net.times_gradient_right %a, %g {{node = "r", output_rank = {rank}}} : {kind}[{b}]
net.roots output(%z), output(%s), output(%h), output(%l), output(%r)
"""


@pytest.mark.parametrize("shared", [False, True])
@pytest.mark.parametrize(("a", "b", "o", "rank"), SHAPES)
def test_product_and_gradients(a: str, b: str, o: str, rank: int, *, shared: bool):
    kind, second = ("T", "net.read @b") if shared else ("S", 'net.input "b"')
    symbol = SYMBOL.format(b) if shared else ""
    for precision, target in (("float", ""), ("double", ""), ("float", "baseline")):
        body = BODY.format(a=a, b=b, o=o, rank=rank, kind=kind, second=second)
        compiled = Compiled(parse_network(body, symbol, precision), choose_target(target))
        for columns in COLUMNS:
            compiled.check(columns)


@pytest.mark.parametrize("target", ["avx2", "baseline"])
def test_other_targets_at_tails(target: str):
    a, b, o, rank = SHAPES[7]
    for precision in ("float", "double"):
        body = BODY.format(a=a, b=b, o=o, rank=rank, kind="S", second='net.input "b"')
        compiled = Compiled(parse_network(body, "", precision), choose_target(target))
        for columns in COLUMNS:
            compiled.check(columns)


@pytest.mark.parametrize(("a", "b", "o"), [("5", "5", "1"), ("5 x 3", "5 x 2", "3 x 2")])
def test_transposed(a: str, b: str, o: str):
    body = f"""
    %a = net.input "a" : S[{a}]
    %b = net.input "b" : S[{b}]
    %z = net.transpose_times %a, %b {{node = "z"}} : S[{o}]
    %y = net.sigmoid %z {{node = "y"}} : S[{o}]
    net.roots output(%y)
    """
    compiled = Compiled(parse_network(body, "", "double"))
    for columns in COLUMNS:
        compiled.check(columns)


def test_a_factor_that_is_also_an_operand_of_the_epilogue():
    body = """
    %a = net.input "a" : S[3 x 3]
    %b = net.input "b" : S[3]
    %z = net.times %a, %b : S[3]
    %y = net.plus %z, %b : S[3]
    %w = net.element_times %y, %a {node = "w"} : S[3 x 3]
    net.roots output(%w)
    """
    compiled = Compiled(parse_network(body, "", "double"))
    for columns in COLUMNS:
        compiled.check(columns)
