"""The memory plan: nothing that is needed at the same time shares a byte, whatever the sizes."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from brainscript.dialects.sched import ProgramOp, coefficients
from brainscript.dialects.sched.memory import Piece, find_clash
from brainscript.linear import ALIGNMENT, evaluate, padded
from brainscript.passes.lower.memory import first_fit, plan
from brainscript.passes.registry import load_pass
from test.numeric.networks import parse_module

Spans = list[tuple[int, int, int]]

spans = st.lists(
    st.tuples(st.integers(1, 9), st.integers(0, 8), st.integers(0, 4)), min_size=1, max_size=12
)


@settings(max_examples=100, deadline=None)
@given(spans, st.sampled_from([0, 1]))
def test_first_fit_keeps_the_living_apart(lives: Spans, part: int) -> None:
    sizes = [(64 * s, 0) if part == 0 else (0, 4 * s) for s, _, _ in lives]
    raw = [
        Piece(str(i), (0, 0), size, first, first + length)
        for i, (size, (_, first, length)) in enumerate(zip(sizes, lives, strict=True))
    ]
    places, length = first_fit(raw, part)
    placed = [
        Piece(p.label, (at, 0) if part == 0 else (0, at), p.size, p.first, p.last)
        for p, at in zip(raw, places, strict=True)
    ]
    assert find_clash(placed, 1) is None
    assert length <= sum(p.size[part] for p in raw)


def test_a_clash_is_found_only_where_it_is() -> None:
    early = Piece("a", (0, 0), (0, 4), 0, 3)
    late = Piece("b", (64, 0), (64, 0), 2, 4)
    assert find_clash([early, late], 1) == (early, late, 17)
    assert find_clash([early, Piece("b", (64, 0), (64, 0), 4, 4)], 1) is None


PROGRAM = """
sched.kernel @k rows(%a : !net.t<[5], f32, @"s">) -> (!net.t<[5], f32, @"s">) {
  %b = net.exp %a : !net.t<[5], f32, @"s">
  sched.yield %b : !net.t<[5], f32, @"s">
}
sched.program @step ["*", "s"] {
  %x = sched.buffer input "x" : !net.t<[3], f64, @"*">
  %y = sched.buffer input "y" : !net.t<[5], f32, @"s">
  %c = sched.buffer temporary "c" : !net.t<[7], f32>
  %p = sched.buffer temporary "p" : !net.t<[5], f32, @"s">
  %q = sched.buffer temporary "q" : !net.t<[5], f32, @"s">
  sched.call @k(%y) -> (%p)
  sched.call @k(%p) -> (%q)
  sched.output "q", %q : !net.t<[5], f32, @"s">
}
"""


def test_two_axes_have_parts_of_their_own() -> None:
    module = parse_module(PROGRAM)
    program = next(op for op in module.body.block.ops if isinstance(op, ProgramOp))
    plan(program)
    module.verify()
    assert program.arena is not None
    assert coefficients(program.arena) == (64, 24, 60)
    for columns in ((0, 0), (1, 5), (16, 17), (33, 4096)):
        starts = [
            evaluate(coefficients(b.place), columns) for b in program.buffers if b.place is not None
        ]
        assert len(starts) == 5
        assert all(start % ALIGNMENT == 0 for start in starts)


def test_columns_are_rounded_up() -> None:
    assert [padded(n) for n in (0, 1, 16, 17)] == [0, 16, 16, 32]


def test_the_pass_is_registered() -> None:
    assert load_pass("sched-plan-memory").name == "sched-plan-memory"
