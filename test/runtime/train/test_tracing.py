"""Values of nodes in the log: which minibatches, which rows and steps."""

from __future__ import annotations

import io

import numpy as np
import pytest

from brainscript.diagnostic import BrainScriptError
from brainscript.runtime.actions.writers.format import Format, Formatter
from brainscript.runtime.actions.writers.tracing import Traced, Tracer, tracer
from brainscript.runtime.layouts import Layout, Sequences
from brainscript.runtime.network import Array, NodeSpec
from brainscript.runtime.train.log import Log
from test.runtime.fake_network import FakeNetwork

NODE = NodeSpec("h", "Trace", (2,), "*", ("x",), log=("seen", 2, 5, 1, 2, 0))


class Step:
    """Two sequences of three and one steps."""

    def __init__(self) -> None:
        self._layout = Layout()
        self._layout.set_sequences(Sequences([3, 1]))

    def layout(self, axis: str) -> Layout:
        return self._layout

    def output(self, name: str) -> Array:
        values = np.array([[1, -1], [2, -2], [3, -3], [9, -9]], np.float32)
        return values[np.argsort(self._layout.columns_in_order())]


def traced(first: int, every: int) -> Traced:
    return Traced(Formatter(Format(), "h", (2,)), NODE, "h", first, every)


@pytest.mark.parametrize(
    ("first", "every", "wanted"),
    [
        (3, 5, [1, 2, 3, 6, 11, 16]),
        (0, 5, [1, 6, 11, 16]),
        (0, 1000, [1]),
        (99, 1, [*range(1, 20)]),
        (1, 0, [*range(1, 20)]),
    ],
)
def test_the_minibatches_that_are_shown(first: int, every: int, wanted: list[int]):
    node = traced(first, every)
    assert [i for i in range(1, 20) if node.due(i)] == wanted
    met: list[int] = []
    at = 0
    show = Tracer((node,), Log(io.StringIO()))
    while (at := at + show.until(at)) < 20:
        met.append(at)
    assert met == wanted


def test_a_trace_node_shows_some_rows_and_steps():
    network, stream = FakeNetwork(), io.StringIO()
    nodes = {"ce": NodeSpec("ce", "SumElements", (1,), "", ("h",)), "h": NODE, "z": NODE}
    object.__setattr__(network.facts, "nodes", nodes)
    show = tracer(network, (), [nodes["ce"]], Log(stream))
    assert show is not None
    assert show.names == ("h",)
    show(Step(), 3, 1)  # pyright: ignore[reportArgumentType]
    show(Step(), 3, 3)  # pyright: ignore[reportArgumentType]
    lines = stream.getvalue().splitlines()
    assert lines == [
        "seen in epoch 3, minibatch 1:",
        "1.000000",
        "2.000000",
        "9.000000",
    ]


@pytest.mark.parametrize(
    ("members", "why"),
    [
        (("type", "reel"), "'reel' is not known"),
        (("transpose", "perhaps"), "'perhaps' is not"),
        (("precisionFormat", "x"), "not a width"),
    ],
)
def test_formats_of_trace_nodes_are_checked(members: tuple[str, str], why: str):
    network = FakeNetwork()
    node = NodeSpec("h", "Trace", (2,), "*", ("x",), log=("", 1, 1, 1, 1, 1, *members))
    object.__setattr__(network.facts, "nodes", {"h": node})
    with pytest.raises(BrainScriptError, match=why) as caught:
        tracer(network, (), [node], Log(io.StringIO()), node)
    assert "in the format of 'h'" in str(caught.value.diagnostics[0].notes)


def test_nothing_is_shown_of_a_network_without_such_nodes():
    network = FakeNetwork()
    assert tracer(network, (), network.facts.criteria, Log(io.StringIO())) is None
