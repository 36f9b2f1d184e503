"""Programs that never end, or grow without bounds, stop with a diagnostic."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager

import pytest
from xdsl.dialects.builtin import ModuleOp

from brainscript import limits
from brainscript.diagnostic import LimitError


@contextmanager
def lowered(**changes: int) -> Generator[None]:
    names = {name.replace("_", "-"): value for name, value in changes.items()}
    before = {name: limits.limit(name) for name in names}
    limits.set_limits(names)
    try:
        yield
    finally:
        limits.set_limits(before)


@pytest.mark.parametrize(
    ("program", "title"),
    [
        ("{s(n)=s(n+1); r=s(0)}.r", "stopped after 500 calls"),
        ("{s(n)=1+s(n+1); r=s(0)}.r", "calls are nested too deeply"),
        ("{even(n)=odd(n); odd(n)=even(n); r=even(0)}.r", "stopped after 500 calls"),
        ("Length(array[0..100000](i=>i))", "an array of 100001 elements"),
        ("Repeat(1e12,1)", "1e+12 repetitions"),
        ("{d(n,s)=if n==0 then s else d(n-1,s+s); r=d(40,'ab')}.r", "the text becomes too long"),
        ("{d(n,s)=if n==0 then s else d(n-1,Replace(s,'a','aa')); r=d(40,'a')}.r", "too long"),
        ("{m[i:0..40]=if i==0 then 1 : 2 else m[i-1] : m[i-1]; r=Format(m[40],'')}.r", "too long"),
    ],
)
def test_limits(value: Callable[[str], object], program: str, title: str) -> None:
    small = lowered(calls=500, path_length=2000, array_length=1000, string_bytes=10_000)
    with small, pytest.raises(LimitError) as caught:
        value(program)
    found = caught.value.diagnostics[0]
    assert title in found.title
    assert found.code == "BS0321"
    assert "--limit" in found.help


def test_endless_layers_stop(network: Callable[..., ModuleOp]) -> None:
    with lowered(path_length=2000), pytest.raises(LimitError):
        network("{x=Input{2}; f(n,x)=Sigmoid(f(n+1,x)); z=f(0,x)}")


def test_a_chain_of_numbers_costs_its_length(value: Callable[[str], object]) -> None:
    assert value("{a=1; s=" + " + ".join(["a"] * 20_000) + "}.s") == 20_000


def test_a_chain_of_nodes_stops_at_the_length_of_its_paths(
    network: Callable[..., ModuleOp],
) -> None:
    with lowered(path_length=2000), pytest.raises(LimitError):
        network("{x=Input{1}; z=" + " + ".join(["x"] * 400) + "}")


def test_elements_that_need_each_other(network: Callable[..., ModuleOp]) -> None:
    network("{x=Input{2}; v[i:0..1500]=if i==0 then x else Sigmoid(v[i-1]); z=v[1500]}")


def test_wide_and_deep_programs_are_fine(network: Callable[..., ModuleOp]) -> None:
    chain = " ".join(f"x{i}=Sigmoid(x{i - 1})" for i in range(1, 1500))
    network(f"{{x0=Input{{2}} {chain}}}")
    network("{x=Input{2}; v[i:0..400]=i*x; outputNodes=v}")
