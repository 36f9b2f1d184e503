"""Merging groups of a graph never makes two groups wait for each other."""

from __future__ import annotations

from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from brainscript.passes.lower.fusion.clusters import Clusters, forward_order, members


@st.composite
def graphs(draw: st.DrawFn) -> tuple[int, list[tuple[int, int]]]:
    count = draw(st.integers(1, 12))
    pairs = [(a, b) for b in range(count) for a in range(b)]
    chosen = st.lists(st.sampled_from(pairs), unique=True) if pairs else st.just([])
    return count, draw(chosen)


def test_a_group_between_forbids_merging() -> None:
    clusters = Clusters(3, [(0, 1), (1, 2), (0, 2)])
    assert not clusters.may_merge(0, 2)
    assert clusters.may_merge(0, 1)
    clusters.merge(0, 1)
    assert clusters.may_merge(clusters.group[1], 2)


def test_unrelated_groups_merge() -> None:
    clusters = Clusters(4, [(0, 2), (1, 3)])
    clusters.merge(2, 3)
    assert clusters.order() == [[0], [1], [2, 3]]


def between(clusters: Clusters, edges: list[tuple[int, int]], one: int, two: int) -> bool:
    """Whether a path leads from one group through a third to the other, found step by step."""
    steps = {(clusters.group[a], clusters.group[b]) for a, b in edges}
    steps = {(a, b) for a, b in steps if a != b}

    def reach(start: set[int]) -> set[int]:
        found, todo = set(start), list(start)
        while todo:
            group = todo.pop()
            fresh = {b for a, b in steps if a == group} - found
            found |= fresh
            todo += fresh
        return found

    def through_a_third(a: int, b: int) -> bool:
        return b in reach({c for g, c in steps if g == a and c != b})

    return through_a_third(one, two) or through_a_third(two, one)


@settings(max_examples=300, deadline=None)
@given(graphs(), st.lists(st.tuples(st.integers(0, 11), st.integers(0, 11)), max_size=20))
def test_groups_can_always_run(
    graph: tuple[int, list[tuple[int, int]]], wishes: list[tuple[int, int]]
) -> None:
    count, edges = graph
    clusters = Clusters(count, edges)
    for a, b in wishes:
        if a < count and b < count:
            one, two = clusters.group[a], clusters.group[b]
            if one != two:
                assert clusters.may_merge(one, two) == (not between(clusters, edges, one, two))
                if clusters.may_merge(one, two):
                    assert clusters.merge(one, two) == clusters.group[a] == clusters.group[b]
    order = clusters.order()
    assert sorted(i for group in order for i in group) == list(range(count))
    place = {i: number for number, group in enumerate(order) for i in group}
    assert all(place[a] <= place[b] for a, b in edges)


@settings(max_examples=60, deadline=None)
@given(graphs(), st.randoms())
def test_forward_order_obeys_shuffled_edges(
    graph: tuple[int, list[tuple[int, int]]], random: Random
) -> None:
    count, edges = graph
    names = list(range(count))
    random.shuffle(names)
    shuffled = [(names[a], names[b]) for a, b in edges]
    order = forward_order(count, shuffled)
    place = {node: i for i, node in enumerate(order)}
    assert sorted(order) == list(range(count))
    assert all(place[a] < place[b] for a, b in shuffled)


def test_members_lists_bits() -> None:
    assert members(0b10110) == [1, 2, 4]
