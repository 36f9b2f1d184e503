"""Networks of LSTM cells with peepholes."""

from __future__ import annotations

from brainscript.frontend.simple.nodes import Nodes
from brainscript.frontend.simple.parts import activation, criteria, dropped, features
from brainscript.frontend.simple.recurrent import class_criteria


def memory_network(net: Nodes) -> None:
    """The first hidden layer and those of `recurrentLayer` are LSTM cells."""
    sizes, hidden = net.options.sizes, net.options.hidden
    node = _layers(net)
    if net.options.kind == "CLASSLSTM":
        class_criteria(net, node)
        return
    w = net.weights(f"W{hidden}", sizes[-1], sizes[-2])
    label = net.input("labels", sizes[-1], "label")
    criteria(net, label, net.add("Times", w, node))
    output = net.add("Times", w, node, name="outputs")
    net.group("output", output)
    if net.options.prior:
        net.add("Mean", label, name="Prior")
    net.add("Softmax", output)


def _layers(net: Nodes) -> str:
    sizes, first = net.options.sizes, 0
    node = features(net, sparse=net.options.lookup > 0)
    size = sizes[0]
    if net.options.lookup > 0:
        table = net.weights("E0", sizes[1], sizes[0] // net.options.lookup)
        node = dropped(net, net.add("LookupTable", table, node, name="LookupTable"))
        first, size = 1, sizes[1] * net.options.lookup
    for i in range(first, net.options.hidden):
        if i == first or i in net.options.recurrent:
            made = _cell(net, i, size, sizes[i + 1], node)
        else:
            u = net.weights(f"U{i}", sizes[i + 1], size)
            b = net.constant(f"B{i}", sizes[i + 1], 0.0)
            made = activation(net, net.add("Plus", net.add("Times", u, node), b), i)
        node, size = dropped(net, made), sizes[i + 1]
    return node


def _cell(net: Nodes, layer: int, inputs: int, size: int, node: str) -> str:
    """One layer of cells; the gates see the input, the last output and the state."""
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

    def opened(gate: str, cell: str) -> str:
        peephole = net.add("DiagTimes", of_state[gate], cell)
        return net.add("Sigmoid", net.add("Plus", total(gate), peephole))

    fresh = net.add("ElementTimes", opened("I", last_state), net.add("Tanh", total("C")))
    kept = net.add("ElementTimes", opened("F", last_state), last_state)
    net.add("Plus", kept, fresh, name=state)
    return net.add("ElementTimes", opened("O", state), net.add("Tanh", state), name=output)
