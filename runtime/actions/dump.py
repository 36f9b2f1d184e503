"""The action `dumpNode`: the nodes of a model as text, parameters with their values."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from brainscript import atomic
from brainscript.diagnostic import BrainScriptError, Diagnostic, did_you_mean
from brainscript.runtime.actions.session import Session, compiled_pattern, saved_network
from brainscript.runtime.network import Array, Network, NodeSpec
from brainscript.settings import Settings

RULE = "#" * 68
ALL = "__AllNodes__"


def dump(section: Settings, session: Session) -> None:
    """Write the nodes that `nodeName` or `nodeNameRegex` select to `outputFile`."""
    path, name = section.text("modelPath"), section.text("nodeName", ALL)
    network = saved_network(path, session)
    pattern = section.text("nodeNameRegex", "")
    target = Path(section.text("outputFile", f"{path}.{name}.txt"))
    values = section.boolean("printValues", True) and not session.environment.dry_run
    metadata = section.boolean("printMetadata", True)
    text = "".join(
        node_text(network, node, values=values, metadata=metadata)
        for node in _selected(network, name, pattern, section, session.environment.warn)
    )
    if session.environment.dry_run:
        return
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        atomic.write_text(target, text)
    except OSError as error:
        title = f"'{target}' cannot be written: {error.strerror}"
        raise BrainScriptError(Diagnostic("BS0722", title)) from None


def _selected(
    network: Network, name: str, pattern: str, section: Settings, warn: Callable[[Diagnostic], None]
) -> Iterator[NodeSpec]:
    """The nodes in the order of their names, whatever their case; all when none is named."""
    nodes = network.facts.nodes
    if name not in nodes and name != ALL and not pattern:
        warn(_no_node(name, list(nodes), section))
    try:
        chosen = compiled_pattern(pattern).fullmatch if pattern else None
    except ValueError as error:
        title = f"nodeNameRegex '{pattern}' is malformed: {error}"
        span = section.span_of("nodeNameRegex")
        raise BrainScriptError(Diagnostic("BS0721", title, span)) from None
    for key in sorted(nodes, key=lambda k: (k.lower(), k)):
        if chosen(key) if chosen else name not in nodes or key == name:
            yield nodes[key]


def _no_node(name: str, known: list[str], section: Settings) -> Diagnostic:
    title = f"nodeName names '{name}', which is not a node of the network: all nodes are written"
    span, help = section.span_of("nodeName"), did_you_mean(name, known)
    return Diagnostic("BS0719", title, span, help=help, severity="warning")


def node_text(network: Network, node: NodeSpec, *, values: bool, metadata: bool) -> str:
    """One node as text: its links or dimensions, and its values if asked for."""
    stored, head = _stored(network, node)
    sparse = any(spec.sparse for spec in network.facts.inputs if spec.name == node.name)
    operation = f"Sparse{node.operation}" if sparse else node.operation
    lines = [f"\n{node.name}={operation} {head}".rstrip() + f" {node.detail}"] if metadata else []
    if values and stored is not None:
        rows = node.dims[0] if node.dims else 1
        digits = 9 if stored.dtype.itemsize == 4 else 17
        lines.append("\n" if metadata else "")
        for row in stored.reshape(-1, rows).T.tolist():
            lines.append(" " + " ".join(f"{value:.{digits}g}" for value in row) + " \n")
        lines.append(f" {RULE} " if metadata else "")
    return "".join(lines)


def _stored(network: Network, node: NodeSpec) -> tuple[Array | None, str]:
    """The values that belong to a node, and what stands behind its operation."""
    facts = network.facts
    parameter = next((p for p in facts.parameters if p.name == node.name), None)
    if parameter is not None:
        rows = parameter.dims[0] if parameter.dims else 1
        shape = f"[{rows},{parameter.count // rows}]"
        multiplier = parameter.learning_rate_multiplier
        moves = "true" if multiplier > 0 else "false"
        head = f"{shape}   learningRateMultiplier={multiplier:f}  NeedsGradient={moves}"
        return network.state.view(node.name), head
    inputs = f"( {' , '.join(node.inputs)} )" if node.inputs else ""
    estimate = next((p for p in facts.precomputed if p.name == node.name), None)
    dims = " x ".join(str(d) for d in node.dims)
    if estimate is not None:
        return network.state.view(estimate.state), f"{inputs} [{dims}]   HasComputed=true"
    if not node.inputs and "Input" in node.operation:
        return None, f"[ {dims} ]"
    return None, inputs
