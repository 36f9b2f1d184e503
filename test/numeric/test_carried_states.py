"""Sequences cut into pieces: delays go on with the values of the piece before."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from brainscript.diagnostic import BrainScriptError
from brainscript.runtime.layouts import Sequences
from test.numeric.networks import Array, parse_network, random_symbols
from test.numeric.programs import Compiled
from test.numeric.recurrence_reference import columns_of

RING = """
    %x = net.input "x" : S[3]
    %W = net.read @W : T[4 x 3]
    %R = net.read @R : T[4 x 4]
    %s = net.read @s : T[4]
    %wx = net.times %W, %x : S[4]
    %p = net.past_value %h, %s {{node = "p", time_step = {0}}} : S[4]
    %rp = net.times %R, %p : S[4]
    %a = net.plus %wx, %rp : S[4]
    %h = net.tanh %a {{node = "h"}} : S[4]
    net.roots output(%h)"""

AHEAD = """
    %x = net.input "x" : S[3]
    %h = net.future_value %x {node = "h", outside = 0.5} : S[3]
    net.roots output(%h)"""

SYMBOLS = "\n".join(
    f'net.parameter @{name} : T[{dims}] {{init = "uniform", seed = 1}}'
    for name, dims in (("W", "4 x 3"), ("R", "4 x 4"), ("s", "4"))
)


@cache
def ring(step: int) -> Compiled:
    """A ring over this many steps."""
    return Compiled(parse_network(RING.format(step), SYMBOLS))


def run(compiled: Compiled, data: list[Array], sequences: Sequences) -> list[Array]:
    """The output of each sequence, steps first."""
    program = compiled.program
    lengths = [len(array) for array in data]
    program.set_layouts({"*": sequences})
    program.spoil()
    places = columns_of(lengths)
    for array, place in zip(data, places, strict=True):
        program.input("x")[place] = array
    program.run(1)
    output = program.output("h").copy()
    return [output[place] for place in places]


def in_pieces(compiled: Compiled, data: list[Array], length: int) -> list[Array]:
    """The same by pieces of at most this length, one row for each sequence."""
    found: list[list[Array]] = [[] for _ in data]
    for start in range(0, max(len(array) for array in data), length):
        rows = [row for row, array in enumerate(data) if len(array) > start]
        pieces = [data[row][start : start + length] for row in rows]
        ends = [start + length >= len(data[row]) for row in rows]
        sequences = Sequences(
            [len(piece) for piece in pieces],
            [int(start == 0)] * len(rows),
            [int(end) for end in ends],
            [7 * row for row in rows],
        )
        for row, output in zip(rows, run(compiled, pieces, sequences), strict=True):
            found[row].append(output)
    return [np.concatenate(parts) for parts in found]


@pytest.mark.parametrize("step", [1, 2, 3])
@pytest.mark.parametrize("length", [1, 2, 5])
def test_pieces_give_the_bits_of_whole_sequences(step: int, length: int):
    """Also where a piece is shorter than the delay."""
    compiled = ring(step)
    state = compiled.program.state
    for name, array in random_symbols(compiled.module).items():
        state.view(name).reshape(-1)[:] = np.ravel(array, order="F")
    random = np.random.default_rng(1)
    data = [random.uniform(-1, 1, (n, 3)).astype(np.float32) for n in (7, 11, 1, 4)]
    whole = run(compiled, data, Sequences([len(array) for array in data]))
    for one, other in zip(whole, in_pieces(compiled, data, length), strict=True):
        assert one.tobytes() == other.tobytes()


def test_behind_a_piece_there_is_nothing():
    """A future value behind the end of a sequence is its default, behind a cut 0."""
    compiled = Compiled(parse_network(AHEAD))
    data = [np.ones((2, 3), np.float32), np.ones((3, 3), np.float32)]
    first, second = run(compiled, data, Sequences([2, 3], [1, 0], [0, 1], [0, 1]))
    assert first[:, 0].tolist() == [1, 0]
    assert second[:, 0].tolist() == [1, 1, 0.5]


def test_more_rows_than_there_are_is_refused():
    compiled = ring(1)
    with pytest.raises(BrainScriptError, match="more sequences go on"):
        run(compiled, [np.ones((1, 3), np.float32)], Sequences([1], [1], [0], [1024]))
