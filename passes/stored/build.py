"""From the graph that a model file of another program holds to the network of level 2."""

from __future__ import annotations

from collections.abc import Iterator

from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Operation, SSAValue

from brainscript.diagnostic import BrainScriptError, Diagnostic, did_you_mean
from brainscript.dialects.net.kinds import KINDS
from brainscript.dialects.net.leaves import make_input
from brainscript.dialects.net.network import GROUPS, NetworkOp, RootsOp
from brainscript.dialects.net.parameters import ParameterOp, ReadOp
from brainscript.dialects.net.recurrence import unlinked
from brainscript.dialects.registry import make_context
from brainscript.dialects.tensors import DEFAULT_AXIS, TensorType, element_type
from brainscript.passes.infer.shapes import NetInferShapes
from brainscript.stored_graph import DELAYS, INPUT, PARAMETER, StoredGraph, StoredNode


def build_module(graph: StoredGraph) -> ModuleOp:
    """The module of the network, shapes inferred.

    Raises BrainScriptError (BS0515) for links that lead nowhere or in a ring, (BS0516) for an
    operation that is not supported, and what the shape rules of the operations raise.
    """
    builder = _Builder(graph)
    for name in _inputs_first(graph):
        builder.add(graph.nodes[name])
    module = builder.module()
    NetInferShapes().apply(make_context(), module)
    return module


class _Builder:
    """Makes the operations in an order in which inputs come first."""

    def __init__(self, graph: StoredGraph):
        self._graph = graph
        self._element = element_type(graph.precision)
        self._parameters: list[ParameterOp] = []
        self._operations: list[Operation] = []
        self._values: dict[str, SSAValue] = {}
        self._late: list[tuple[Operation, str]] = []
        self._axes = _axes_near(graph)

    def add(self, node: StoredNode) -> None:
        """Make the operation of one node whose inputs have been made."""
        made = self._make(node)
        made.results[0].name_hint = _hint(node.name)
        self._operations.append(made)
        self._values[node.name] = made.results[0]

    def module(self) -> ModuleOp:
        """Parameters by name, then the network, its delays linked."""
        for delay, name in self._late:
            delay.operands[0] = self._values[name]
        roots = [
            (group, self._values[name])
            for group in GROUPS
            for name in dict.fromkeys(self._graph.groups.get(group, ()))
        ]
        network = NetworkOp([*self._operations, RootsOp(roots)])
        parameters = sorted(self._parameters, key=lambda op: op.sym_name.data)
        return ModuleOp([*parameters, network])

    def _make(self, node: StoredNode) -> Operation:
        if node.operation == PARAMETER:
            return self._parameter(node)
        if node.operation == INPUT:
            options = {"dims": node.dims, "dynamicAxis": node.axis, **node.options}
            return make_input(node.name, options, self._element)
        if node.operation not in KINDS:
            title = f"node '{node.name}': the operation '{node.operation}' is not supported"
            raise _error("BS0516", self._graph, node, title, did_you_mean(node.operation, KINDS))
        inputs = [self._input(name, node) for name in node.inputs]
        made = KINDS[node.operation].make(inputs, node.options, node.name)
        if node.operation in DELAYS and node.inputs[0] not in self._values:
            self._late.append((made, node.inputs[0]))
        return made

    def _input(self, name: str, node: StoredNode) -> SSAValue:
        """The value of an input; only that of a delay may be made later."""
        if name in self._values:
            return self._values[name]
        assert node.operation in DELAYS
        return unlinked(TensorType.of(None, self._element, self._axes.get(name)))

    def _parameter(self, node: StoredNode) -> Operation:
        kind = TensorType.of(node.dims or (), self._element)
        options = {"init": "constant", "value": 0.0, **node.options}
        self._parameters.append(ParameterOp(node.name, kind, options))
        return ReadOp(node.name, kind)


def _inputs_first(graph: StoredGraph) -> Iterator[str]:
    """The names of the nodes, each after its inputs."""
    done: set[str] = set()
    for start in graph.nodes:
        path: dict[str, None] = {}
        stack = [start]
        while stack:
            name = stack[-1]
            missing = [] if name in done else _missing(graph, name, done)
            if not missing:
                stack.pop()
                path.pop(name, None)
                if name not in done:
                    done.add(name)
                    yield name
                continue
            path[name] = None
            if (ring := next((m for m in missing if m in path), None)) is not None:
                names = [*list(path)[list(path).index(ring) :], ring]
                title = "nodes form a ring without a delay: " + " <- ".join(names[:12])
                raise _error("BS0515", graph, graph.nodes[ring], title)
            stack += missing


def _missing(graph: StoredGraph, name: str, done: set[str]) -> list[str]:
    """The inputs of a node that have not been made yet."""
    node = graph.nodes[name]
    for wanted in node.inputs:
        if wanted not in graph.nodes:
            title = f"node '{name}' has the input '{wanted}', which is not in the file"
            raise _error("BS0515", graph, node, title, did_you_mean(wanted, graph.nodes))
    early = node.inputs[1:] if node.operation in DELAYS else node.inputs
    return [wanted for wanted in early if wanted not in done]


def _axes_near(graph: StoredGraph) -> dict[str, str]:
    """The dynamic axis of the nearest input below each node: the first guess for a delay.

    Of inputs that are equally near it is that of the first operand.
    """
    users: dict[str, list[str]] = {}
    for node in graph.nodes.values():
        for name in node.inputs:
            users.setdefault(name, []).append(node.name)
    inputs = [node for node in graph.nodes.values() if node.operation == INPUT]
    far = {node.name: 0 for node in inputs}
    axes = {node.name: node.axis or DEFAULT_AXIS for node in inputs}
    waiting = list(far)
    for name in waiting:
        if name not in axes:
            near = far[name] - 1
            axes[name] = next(axes[i] for i in graph.nodes[name].inputs if far.get(i) == near)
        above = [user for user in users.get(name, ()) if user not in far]
        far.update(dict.fromkeys(above, far[name] + 1))
        waiting += dict.fromkeys(above)
    return axes


def _error(
    code: str, graph: StoredGraph, node: StoredNode, title: str, help: str = ""
) -> BrainScriptError:
    full = f"'{graph.file}', byte {node.at}: {title}"
    return BrainScriptError(Diagnostic(code, full, help=help, path=node.name))


def _hint(name: str) -> str | None:
    plain = "".join(c if c.isascii() and c.isalnum() else "_" for c in name).strip("_")
    return None if not plain or plain[0].isdigit() else plain
