"""Networks without recurrence: `H1 = Sigmoid (W0 * features + B0)` and so on."""

from __future__ import annotations

from brainscript.frontend.simple.nodes import Nodes
from brainscript.frontend.simple.parts import activation, criteria, dropped, features, scaled


def feedforward(net: Nodes) -> None:
    """The layers, the criteria, the prior, and the probabilities `PosteriorProb`."""
    sizes, hidden = net.options.sizes, net.options.hidden
    node = features(net)
    for i in range(hidden):
        node = _layer(net, i, node)
    w = net.weights(f"W{hidden}", sizes[-1], sizes[-2])
    b = net.constant(f"B{hidden}", sizes[-1], 0.0)
    product = net.add("Times", w, node, name=f"W{hidden}*H{hidden - 1}")
    output = net.add("Plus", product, b, name="HLast")
    label = net.input("labels", sizes[-1], "label")
    criteria(net, label, output)
    net.group("output", scaled(net, label, output))
    net.add("Softmax", output, name="PosteriorProb")


def _layer(net: Nodes, index: int, node: str) -> str:
    sizes = net.options.sizes
    w = net.weights(f"W{index}", sizes[index + 1], sizes[index])
    b = net.constant(f"B{index}", sizes[index + 1], 0.0)
    below = f"H{index}" if index else "features"
    product = net.add("Times", w, node, name=f"W{index}*{below}")
    total = net.add("Plus", product, b, name=f"W{index}*{below}+B{index}")
    output = activation(net, total, index, f"H{index + 1}")
    return dropped(net, output, f"DropH{index + 1}")
