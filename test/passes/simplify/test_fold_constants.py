"""Numbers that the compiler computes are those that kernels compute, to the bit."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brainscript.dialects.net.base import number_text
from brainscript.passes.simplify.fold_constants import FUNCTIONS
from test.numeric.networks import network, parse_network, run_passes
from test.numeric.programs import Compiled

NUMBERS = (0.1, -0.3, 7.25, -1e-20)
SHAPED = {
    "net.reshape": " {dims = [1]}",
    "net.slice": " {end = 1}",
    "net.row_repeat": " {count = 1}",
}
ONE_TO_ONE = sorted(
    t.name for t in FUNCTIONS if t.name not in ("net.splice", "net.transpose_dimensions")
)


def body_of() -> tuple[str, list[str]]:
    """Every function on numbers, and on the same numbers as inputs."""
    lines = [f"%n{i} = net.splat {number_text(number)} : T[1]" for i, number in enumerate(NUMBERS)]
    lines += [f"%i{i} = net.read @P{i} : T[1]" for i in range(len(NUMBERS))]
    names: list[str] = []
    operands = {t.name: len(t.get_irdl_definition().operands) for t in FUNCTIONS}  # pyright: ignore
    for name in ONE_TO_ONE:
        for first in range(len(NUMBERS)):
            for kind in "ni":
                picked = ((first + k) % len(NUMBERS) for k in range(operands[name]))
                inputs = ", ".join(f"%{kind}{k}" for k in picked)
                value = f"{kind}{first}_{name.removeprefix('net.')}"
                options = SHAPED.get(name, "").strip("{} ")
                extra = f", {options}" if options else ""
                lines.append(f'%{value} = {name} {inputs} {{node = "{value}"{extra}}} : T[1]')
                names.append(value)
    return "\n".join(lines), names


@pytest.mark.parametrize("precision", ["float", "double"])
def test_same_bits(precision: str):
    body, names = body_of()
    symbols = "\n".join(
        f'net.parameter @P{i} : T[1] {{init = "constant", value = 0.0}}'
        for i in range(len(NUMBERS))
    )
    roots = ", ".join(f"%{name}" for name in names)
    module = parse_network(f"{body}\nnet.roots output({roots})", symbols, precision)
    run_passes(module, "net-fold-constants")
    left = [o for o in network(module).block.ops if o.operands and o.name != "net.roots"]
    assert len(left) == len(names) // 2
    values = {f"P{i}": number for i, number in enumerate(NUMBERS)}
    found = Compiled(module).run({}, values, 1).outputs  # pyright: ignore[reportArgumentType]
    for name in names:
        if name.startswith("n"):
            assert found[name].tobytes() == found[f"i{name[1:]}"].tobytes(), name


@given(st.floats(width=32, allow_nan=False, allow_infinity=False), st.sampled_from(["2", "3 x 2"]))
@settings(max_examples=20, deadline=None)
def test_moves_of_numbers_are_numbers(number: float, shape: str):
    turned = " x ".join(reversed(shape.split(" x "))) if " x " in shape else "1 x 2"
    body = f"""
    %n = net.splat {number_text(number)} : T[{shape}]
    %t = net.transpose_dimensions %n : T[{turned}]
    %s = net.splice %t, %t {{node = "s"}} : T[{2 * int(turned.split()[0])} x {turned.split()[2]}]
    net.roots output(%s)
    """
    module = run_passes(parse_network(body), "net-fold-constants", "net-dce")
    assert [o.name for o in network(module).block.ops] == ["net.splat", "net.roots"]
