"""Networks of LSTM cells with peepholes."""

from __future__ import annotations

from brainscript.frontend.simple.nodes import Nodes
from brainscript.frontend.simple.parts import activation, criteria, dropped, features, scaled
from brainscript.frontend.simple.recurrent import class_criteria


def memory_network(net: Nodes) -> None:
    """The first hidden layer and those of `recurrentLayer` are LSTM cells."""
    sizes, hidden = net.options.sizes, net.options.hidden
    node = _layers(net)
    if net.options.kind != "LSTM":
        if net.options.kind == "CLSTM":
            node = _global_bias(net, node)
        net.add("Softmax", class_criteria(net, node), name="PosteriorProb")
        return
    w = net.weights(f"W{hidden}", sizes[-1], sizes[-2])
    label = net.input("labels", sizes[-1], "label")
    criteria(net, label, net.add("Times", w, node))
    output = net.add("Times", w, node, name="outputs")
    net.group("output", scaled(net, label, output))
    net.add("Softmax", output, name="PosteriorProb")


def _global_bias(net: Nodes, node: str) -> str:
    """A second input whose features move the last layer."""
    size, count = net.options.sizes[-2], net.options.more_features
    given = net.input("binaryFeature", count, "feature")
    product = net.add("Times", net.weights("AuxTrans0", size, count), given)
    bias = activation(net, product, net.options.hidden, "TimesToGetGlobalBias")
    return net.add("Plus", node, bias, name="PlusGlobalBias")


def _layers(net: Nodes) -> str:
    sizes, first = net.options.sizes, 0
    node = features(net, sparse=net.options.sparse or net.options.lookup > 0)
    size = sizes[0]
    if net.options.lookup > 0:
        table = net.weights("E0", sizes[1], sizes[0] // net.options.lookup)
        node = dropped(net, net.add("LookupTable", table, node, name="LookupTable"))
        first, size = 1, sizes[1] * net.options.lookup
    classes = net.options.kind != "LSTM"
    for i in range(first, net.options.hidden):
        if i == first or classes or i in net.options.recurrent:
            made = _cell(net, i if i > first else 0, size, sizes[i + 1], node)
        else:
            u = net.weights(f"U{i}", sizes[i + 1], size)
            b = net.constant(f"B{i}", sizes[i + 1], 0.0)
            made = activation(net, net.add("Plus", net.add("Times", u, node), b), i)
        node, size = dropped(net, made), sizes[i + 1]
    return node


def _cell(net: Nodes, layer: int, inputs: int, size: int, node: str) -> str:
    """One layer of cells; the gates see the input, the last output and the state.

    A gate is the function of the first layer, or always open where the section says so.
    """
    of_input = {gate: net.weights(f"WX{gate}{layer}", size, inputs) for gate in "OIFC"}
    first = {"O": "output", "C": "", "I": "input", "F": "forget"}
    bias = {
        gate: net.constant(f"b{gate.lower()}{layer}", size, net.options.gates.get(key, 0.0))
        for gate, key in first.items()
    }
    of_output: dict[str, str] = {}
    of_state: dict[str, str] = {}
    for gate in "IFOC":
        of_output[gate] = net.weights(f"WH{gate}{layer}", size, size)
        if gate != "C":
            of_state[gate] = net.weights(f"WC{gate}{layer}", size, 1)
    output, state = net.reserve(), net.reserve()
    last_output, last_state = net.past(size, output), net.past(size, state)

    def total(gate: str) -> str:
        seen = net.add("Plus", net.add("Times", of_input[gate], node), bias[gate])
        return net.add("Plus", seen, net.add("Times", of_output[gate], last_output))

    def passed(gate: str, cell: str, value: str, name: str = "") -> str:
        if first[gate] in net.options.open_gates:
            return net.rename(name) if name else value
        seen = net.add("Plus", total(gate), net.add("DiagTimes", of_state[gate], cell))
        return net.add("ElementTimes", activation(net, seen, 0), value, name=name)

    fresh = passed("I", last_state, net.add("Tanh", total("C")))
    kept = passed("F", last_state, last_state)
    net.add("Plus", kept, fresh, name=state)
    return passed("O", state, net.add("Tanh", state), output)
