"""Programs as callables: sizes change, memory grows, states are shared, mistakes are told."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from brainscript.diagnostic import BrainScriptError
from brainscript.linear import ALIGNMENT
from brainscript.program_image import StateSlot
from brainscript.runtime.program import Program, StateArena
from brainscript.target import choose_target
from brainscript.tools.compile_step import compile_step
from test.numeric.networks import parse_network

BODY = """
  %x = net.input "x" : S[3 x 2]
  %w = net.read @W : T[3]
  %z = net.element_times %x, %w {node = "z"} : S[3 x 2]
  %s = net.sum_elements %z {node = "s"} : T[1]
  net.accumulate @total, %s
  net.roots output(%z), criterion(%s), output(%w)
"""
SYMBOLS = """
  net.parameter @W : T[3] {init = "uniform", seed = 1}
  net.state @total : T[1] {role = "criterion"}
"""


def make(state: StateArena, threads: int = 1) -> Program:
    image, objects = compile_step(parse_network(BODY, SYMBOLS), choose_target())
    return Program(image, objects, state, threads)


@pytest.fixture(scope="module")
def program() -> Program:
    made = make(StateArena())
    made.state.view("W")[:] = [1, 2, 3]
    return made


@pytest.mark.parametrize("columns", [2, 40, 3, 0, 1000, 1])
def test_any_number_of_columns(program: Program, columns: int) -> None:
    program.set_columns({"*": columns})
    x = np.arange(columns * 6, dtype=np.float32).reshape(columns, 2, 3)
    program.input("x")[:] = x
    program.state.view("total")[:] = 5
    program.run()
    want = x * np.array([1, 2, 3], np.float32)
    assert program.output("z").shape == (columns, 2, 3)
    assert np.array_equal(program.output("z"), want)
    assert np.allclose(program.output("s"), want.sum(dtype=np.float64))
    assert np.allclose(program.state.view("total"), 5 + want.sum(dtype=np.float64))
    assert program.columns == {"*": columns}
    assert program.capacity[0] >= columns


def test_inputs_outlive_a_run(program: Program) -> None:
    program.set_columns(2)
    program.input("x")[:] = 1
    program.run()
    first = program.output("z").copy()
    program.run()
    assert np.array_equal(program.output("z"), first)


def test_a_parameter_is_an_output(program: Program) -> None:
    assert np.shares_memory(program.output("W"), program.state.view("W"))


def test_programs_share_their_states() -> None:
    state = StateArena()
    one, two = make(state), make(state, threads=2)
    for program in (one, two):
        program.set_columns(1)
        program.input("x")[:] = 1
        program.run()
    assert one.state is two.state
    state.view("W")[:] = 2
    two.run()
    assert np.all(two.output("z") == 2)


def test_names_that_do_not_exist(program: Program) -> None:
    with pytest.raises(BrainScriptError) as found:
        program.input("xx")
    assert found.value.diagnostics[0].code == "BS0813"
    assert found.value.diagnostics[0].help == "did you mean 'x'?"
    with pytest.raises(BrainScriptError, match="no output 'y'"):
        program.output("y")


def test_too_many_columns_are_refused(program: Program) -> None:
    with pytest.raises(BrainScriptError) as found:
        program.set_columns(1 << 50)
    assert found.value.diagnostics[0].code == "BS0812"
    program.set_columns(1)
    program.input("x")[:] = 1
    program.run()
    assert program.output("z").shape == (1, 2, 3)


def test_negative_columns_are_refused(program: Program) -> None:
    with pytest.raises(ValueError, match="negative"):
        program.set_columns(-1)


def test_states_never_move() -> None:
    state = StateArena([StateSlot("a", (3,), "f32", "parameter")])
    view, address = state.view("a"), state.address("a")
    view[:] = 7
    state.extend([StateSlot("b", (5, 2), "f64", "momentum"), StateSlot("a", (3,), "f32", "x")])
    assert state.address("a") == address
    assert state.names() == ("a", "b")
    assert state.role("a") == "parameter"
    assert np.all(state.view("a") == 7)
    assert state.view("b").shape == (2, 5)
    assert not state.view("b").any()
    assert all(state.address(name) % ALIGNMENT == 0 for name in state.names())


def test_a_state_keeps_its_type() -> None:
    state = StateArena([StateSlot("a", (3,), "f32", "parameter")])
    with pytest.raises(ValueError, match="'a'"):
        state.extend([StateSlot("a", (4,), "f32", "parameter")])


def test_running_needs_no_compiler() -> None:
    code = (
        "import sys, brainscript.runtime.program, brainscript.runtime.program_cache;"
        "print(any(m.split('.')[0] == 'xdsl' for m in sys.modules))"
    )
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "False"
