"""Networks with simple recurrent layers: `h = Sigmoid (U0 * x + W0 * h of the step before)`."""

from __future__ import annotations

from brainscript.frontend.simple.nodes import Nodes
from brainscript.frontend.simple.parts import activation, criteria, dropped, features


def recurrent(net: Nodes) -> None:
    """Hidden layers, those of `recurrentLayer` with recurrence, and the criteria."""
    sizes, hidden = net.options.sizes, net.options.hidden
    node = hidden_layers(net, features(net, sparse=not net.options.normalise))
    w = net.weights(f"W{hidden}", sizes[-1], sizes[-2])
    label = net.input("labels", sizes[-1], "label")
    criteria(net, label, net.add("Times", w, node), ("criterion", "eval"))
    output = net.add("Times", w, node, name="outputs")
    net.group("output", output)
    if net.options.prior:
        net.add("Mean", label, name="Prior")


def class_based(net: Nodes) -> None:
    """A language model over words in classes; labels are word, class, and the range of a class."""
    node = hidden_layers(net, features(net, sparse=not net.options.normalise))
    class_criteria(net, node)


def hidden_layers(net: Nodes, node: str) -> str:
    """All hidden layers; gives the last one.

    In a class-based network a first layer without recurrence has a bias of random values, which
    later layers of its size without recurrence share.
    """
    return further_layers(net, node, 0)


def further_layers(net: Nodes, node: str, first: int) -> str:
    """The hidden layers from the one numbered `first`; gives the last one."""
    bias = ("", 0)
    for i in range(first, net.options.hidden):
        size = net.options.sizes[i + 1]
        u = net.weights(f"U{i}", size, net.options.sizes[i])
        if i + 1 in net.options.recurrent:
            node = dropped(net, recurrent_layer(net, i, u, node))
            continue
        if i == 0 and net.options.kind == "CLASSLM":
            bias = (net.weights("B0", size, 1), size)
        total = net.add("Times", u, node)
        if bias[1] == size:
            total = net.add("Plus", total, bias[0])
        node = dropped(net, activation(net, total, i))
    return node


def recurrent_layer(net: Nodes, index: int, u: str, node: str) -> str:
    """A layer that sees its own result of the step before."""
    size = net.options.sizes[index + 1]
    w = net.weights(f"W{index}", size, size)
    total = net.reserve()
    result = net.reserve() if net.options.layer(index) else total
    past = net.past(size, result)
    product = net.add("Times", u, node)
    net.add("Plus", product, net.add("Times", w, past), name=total)
    return activation(net, total, index, result) if result != total else total


def class_criteria(net: Nodes, node: str) -> str:
    """The criteria of a language model over words in classes; gives the scores of the words."""
    sizes, hidden = net.options.sizes, net.options.hidden
    w = net.weights(f"W{hidden}", sizes[-2], sizes[-1])
    label = net.input("labels", 4, "label")
    weights = net.weights("WeightForClassPostProb", net.options.classes, sizes[-2])
    classes = net.add("Times", weights, node, name="ClassPostProb")
    names = ("TrainNodeClassBasedCrossEntropy", "EvalNodeClassBasedCrossEntrpy")
    criteria(net, label, node, names, w, classes)
    output = net.add("TransposeTimes", w, node, name="outputs")
    net.group("output", output)
    return output
