"""Layouts of dynamic axes: where each step of each sequence lies; names of axes."""

from __future__ import annotations

import numpy as np
import pytest

from brainscript.axes import Made, first_of, found_in, known_base, made, may_agree, slice_of
from brainscript.diagnostic import BrainScriptError
from brainscript.program_image import (
    LAYOUT_BEGINS,
    LAYOUT_LENGTHS,
    LAYOUT_OFFSETS,
    LAYOUT_ORDER,
    LAYOUT_RANK,
    LAYOUT_SLOT,
)
from brainscript.runtime.layouts import Layout, Sequences, check_countable, dependency_order


@pytest.mark.parametrize("lengths", [[3, 1, 4, 2, 4], [1], [1, 1, 1], [2, 2, 7], []])
def test_columns_are_time_major_longest_sequences_first(lengths: list[int]):
    layout = Layout()
    layout.set_sequences(Sequences(lengths))
    ranked = sorted(range(len(lengths)), key=lambda s: -lengths[s])
    steps = [(t, s) for t in range(max(lengths, default=0)) for s in ranked if t < lengths[s]]
    place = {step: column for column, step in enumerate(steps)}
    expected = [place[t, s] for s, n in enumerate(lengths) for t in range(n)]
    assert layout.columns_in_order().tolist() == expected
    assert layout.lengths.tolist() == lengths
    assert layout.columns == sum(lengths)


def test_frames_are_in_order_also_after_sequences():
    layout = Layout()
    layout.set_sequences(Sequences([1, 3], begins=[0, 1], slots=[7, 8]))
    assert layout.array(LAYOUT_BEGINS)[:2].tolist() == [1, 0]
    assert layout.array(LAYOUT_SLOT)[:2].tolist() == [8, 7]
    layout.set_frames(3)
    assert layout.columns_in_order().tolist() == [0, 1, 2]
    for place, first in ((LAYOUT_LENGTHS, [1, 1]), (LAYOUT_ORDER, [0, 1]), (LAYOUT_RANK, [0, 1])):
        assert layout.array(place)[:2].tolist() == first
    layout.set_frames(50)
    assert layout.array(LAYOUT_OFFSETS)[:2].tolist() == [0, 50]


def test_names_say_how_an_axis_is_made():
    assert made("*") == made("a/b") == Made("stream")
    assert made(first_of("t")) == Made("first", "t")
    assert slice_of("t", -1, 0) == slice_of("t", 0, 1) == first_of("t")
    assert made(slice_of("t", 1, -2)) == Made("slice", "t", 1, -2)
    found = found_in("t", "a/b")
    assert (made(found).kind, made(found).base) == ("found", "t")
    assert known_base(first_of(found)) == "t"
    assert known_base(found_in(found, "c")) == found
    assert may_agree("*", first_of("t"))
    assert not may_agree("*", "t")
    axes = [first_of(found), found, "t"]
    assert dependency_order(axes) == [2, 1, 0]


def test_a_criterion_on_a_selection_cannot_be_counted():
    check_countable("*")
    check_countable(first_of("*"))
    with pytest.raises(BrainScriptError) as error:
        check_countable(found_in("*", "f"))
    assert error.value.diagnostics[0].code == "BS0637"


def test_what_a_slice_leaves_of_each_sequence():
    base, layout = Layout(), Layout()
    base.set_sequences(Sequences([2, 5, 3]))
    for name, kept in (("t/slice:1:0", [1, 4, 2]), ("t/slice:-2:0", [2, 2, 2])):
        assert layout.set_made(made(name), base, 10) == sum(kept)
        assert layout.lengths.tolist() == kept
    with pytest.raises(BrainScriptError):
        layout.set_made(made("t/slice:2:0"), base, 10)
    assert np.array_equal(base.lengths, [2, 5, 3])
