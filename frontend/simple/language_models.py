"""Language models over a window of words: `LBLM` sums linear maps, `NPLM` has a hidden layer."""

from __future__ import annotations

from brainscript.frontend.simple.nodes import Nodes
from brainscript.frontend.simple.parts import criteria, dropped, features
from brainscript.frontend.simple.recurrent import further_layers

WINDOW = 4
"""The words before the present one that `NPLM` sees."""


def log_bilinear(net: Nodes) -> None:
    """The input and `maOrder` steps before it, mapped and summed; then linear layers."""
    sizes, lookup = net.options.sizes, net.options.lookup
    node, first = features(net), 0
    if lookup > 0:
        table = net.weights("E0", sizes[1], sizes[0] // lookup)
        node, first = dropped(net, net.add("LookupTable", table, node, name="Lookuptatble")), 1
    seen = node
    for step in range(1, net.options.order + 1):
        past = net.past(sizes[0], seen, step, f"pastValue{step}")
        weights = net.weights(f"DD{step}", sizes[0], sizes[0])
        node = net.add("Plus", node, net.add("Times", weights, past))
    node = dropped(net, node)
    for i in range(first, net.options.hidden):
        node = _linear_layer(net, i, node)
    label = _output(net, node, sparse=False, name="outputs")
    if net.options.prior:
        net.add("Mean", label, name="Prior")


def _linear_layer(net: Nodes, index: int, node: str) -> str:
    sizes = net.options.sizes
    size, before = sizes[index + 1], sizes[index] * max(net.options.lookup, 1)
    node = net.add("Times", net.weights(f"U{index}", size, before), node)
    if index + 1 in net.options.recurrent:
        weights, total = net.weights(f"R{index + 1}", size, size), net.reserve()
        past = net.past(size, total)
        node = net.add("Plus", net.add("Times", weights, past), node, name=total)
    bias = net.constant(f"bi{index}", size, 0.0)
    return dropped(net, net.add("Plus", node, bias))


def window_model(net: Nodes) -> None:
    """A layer over the word and those before it, further layers, and the scores of all words."""
    sizes = net.options.sizes
    given = features(net, sparse=not net.options.normalise)
    bias = net.constant("bi0", sizes[1], 0.0)
    past = {step: net.past(sizes[0], given, step) for step in range(1, WINDOW + 1)}
    order = (2, 3, 4, 1)
    weights = {step: net.weights(f"WXI{step}", sizes[1], sizes[0]) for step in order}
    total = net.add("Times", net.weights("WXI", sizes[1], sizes[0]), given)
    for step, seen in past.items():
        total = net.add("Plus", net.add("Times", weights[step], seen), total)
    node = dropped(net, net.add("Plus", net.add("Tanh", total), bias))
    label = _output(net, further_layers(net, node, 1), sparse=True)
    if net.options.prior:
        net.add("Mean", label, name="Prior")


def _output(net: Nodes, node: str, *, sparse: bool, name: str = "") -> str:
    """The criteria and the scores; gives the labels."""
    sizes = net.options.sizes
    w = net.weights(f"W{net.options.hidden}", sizes[-1], sizes[-2])
    label = net.input("labels", sizes[-1], "label", sparse)
    criteria(net, label, net.add("Times", w, node))
    net.group("output", net.add("Times", w, node, name=name))
    return label
