"""Every rule on a network that it rewrites, compiled with and without it: the same bits."""

from __future__ import annotations

import numpy as np
import pytest

from brainscript.passes.simplify.canonicalize import RULES
from brainscript.passes.simplify.site import Site
from test.numeric.networks import Array, network, parse_network, random_inputs, run_passes
from test.numeric.programs import Compiled

COLUMNS = 7
SPECIAL = (0.0, -0.0, np.inf, -np.inf, np.nan, 1e-42, 3e38)
HEAD = """
%x = net.input "x" : S[6]
%y = net.input "y" : S[6]
%m = net.input "m" : S[3 x 2]
%zero = net.splat 0.0 : T[1]
%one = net.splat 1.0 : T[1]
%less = net.splat -1.0 : T[1]
%two = net.splat 2.0 : T[1]
%eight = net.splat -8.0 : T[1]
%nx = net.negate %x : S[6]
%ny = net.negate %y : S[6]
"""
ROWS = {
    "plus_zero": "%r = net.plus %zero, %x : S[6]",
    "minus_zero": "%r = net.minus %x, %zero : S[6]",
    "times_one": "%r = net.element_times %one, %x : S[6]",
    "times_minus_one": "%r = net.element_times %less, %x : S[6]",
    "plus_negated": "%r = net.plus %nx, %y : S[6]",
    "minus_negated": "%r = net.minus %x, %ny : S[6]",
    "negated_times": "%r = net.element_times %nx, %eight : S[6]",
    "times_twice": "%a = net.element_times %x, %two : S[6]\n"
    "%r = net.element_times %a, %eight : S[6]",
    "divided": "%r = net.quotient %x, %eight : S[6]",
    "negated_twice": "%r = net.negate %nx : S[6]",
    "done_before": "%a = net.rectified_linear %x : S[6]\n%r = net.rectified_linear %a : S[6]",
    "size_of_negated": "%r = net.abs %nx : S[6]",
    "size_of_positive": "%a = net.rectified_linear %x : S[6]\n%r = net.abs %a : S[6]",
    "chosen": "%r = net.select %one, %y, %x : S[6]",
    "same_type": "%r = net.slice %x {end = 6} : S[6]",
    "same_elements": "%r = net.broadcast_to %x : S[6 x 1]",
    "reshaped_twice": "%a = net.reshape %x {dims = [2, 3]} : S[2 x 3]\n"
    "%r = net.reshape %a {dims = [3, 2]} : S[3 x 2]",
    "swapped_twice": "%a = net.transpose_dimensions %m : S[2 x 3]\n"
    "%r = net.transpose_dimensions %a : S[3 x 2]",
    "swapped_in_place": "%r = net.transpose_dimensions %x : S[1 x 6]",
    "sliced_twice": "%a = net.slice %x {begin = 1, end = 6} : S[5]\n"
    "%r = net.slice %a {begin = 1, end = 3} : S[2]",
    "part_of_splice": "%a = net.splice %x, %y : S[12]\n"
    "%r = net.slice %a {begin = 7, end = 9} : S[2]",
    "slice_of_embedded": "%a = net.embed %x {begin = 2} : S[9]\n"
    "%r = net.slice %a {begin = 3, end = 5} : S[2]",
    "one_part": "%r = net.splice %x : S[6]",
    "joined": "%a = net.slice %x {end = 2} : S[2]\n%b = net.slice %x {begin = 2, end = 5} : S[3]\n"
    "%r = net.splice %a, %b, %y : S[11]",
    "reduced_alone": "%a = net.reshape %x {dims = [6, 1]} : S[6 x 1]\n"
    '%r = net.reduce %a {op = "Sum", axis = 2} : S[6 x 1]',
}
"""By the name of the rule: the lines that it rewrites, the last of which is `%r`."""
LOSE_THE_SIGN_OF_ZERO = ("plus_zero", "reduced_alone", "same_elements")


def text_of(rule: str, number: int = 0) -> str:
    """The lines of a row with names of their own, and a user of the value."""
    lines = ROWS[rule].replace("%r ", f"%r{number} ")
    for letter in "ab":
        lines = lines.replace(f"%{letter} ", f"%{letter}{number} ")
        lines = lines.replace(f"%{letter},", f"%{letter}{number},")
    kind = lines.rpartition(" : ")[2]
    return f'{lines}\n%o{number} = net.floor %r{number} {{node = "{rule}"}} : {kind}'


def test_every_rule_has_a_row():
    assert set(ROWS) == {rule.__name__ for rules in RULES.values() for rule in rules}


@pytest.mark.parametrize("rule", ROWS)
def test_rule_holds(rule: str):
    module = parse_network(f"{HEAD}{text_of(rule)}\nnet.roots output(%o0)")
    value = next(o for o in network(module).block.ops if o.name == "net.floor").operands[0]
    op = value.owner
    found = [r for r in RULES[type(op)] if r.__name__ == rule]  # pyright: ignore[reportArgumentType]
    assert found[0](Site(op)) is not None  # pyright: ignore[reportArgumentType]
    module.verify()


def results(precision: str, special: bool) -> list[dict[str, Array]]:
    """The values of all rows, as written and simplified."""
    body = "\n".join(text_of(rule, number) for number, rule in enumerate(ROWS))
    body = body.replace("net.floor", "net.tanh" if not special else "net.pass")
    roots = ", ".join(f"%o{number}" for number in range(len(ROWS)))
    module = parse_network(f"{HEAD}{body}\nnet.roots output({roots})", "", precision)
    inputs = random_inputs(module, COLUMNS)
    if special:
        for array in inputs.values():
            array.reshape(-1)[::3] = np.resize(SPECIAL, array.reshape(-1)[::3].shape)
    simple = run_passes(module.clone(), "net-canonicalize", "net-dce")
    assert len(network(simple).block.ops) < 0.75 * len(network(module).block.ops)
    return [Compiled(m).run(inputs, {}, COLUMNS).outputs for m in (module, simple)]


@pytest.mark.parametrize("precision", ["float", "double"])
def test_same_bits(precision: str):
    plain, simple = results(precision, special=False)
    for rule in ROWS:
        assert plain[rule].tobytes() == simple[rule].tobytes(), rule


def test_zeros_infinities_and_nans_stay():
    plain, simple = results("float", special=True)
    for rule in ROWS:
        assert np.array_equal(plain[rule], simple[rule], equal_nan=True), rule
        if rule not in LOSE_THE_SIGN_OF_ZERO:
            known = ~np.isnan(plain[rule])
            signs = np.signbit(plain[rule]) == np.signbit(simple[rule])
            assert np.all(signs[known]), rule
