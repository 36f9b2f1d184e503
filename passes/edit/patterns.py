"""Patterns of node names: one `*` stands for any letters, other letters count in any case."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from xdsl.ir import Operation, SSAValue

from brainscript.diagnostic import BrainScriptError, Diagnostic, did_you_mean
from brainscript.dialects.net.clone import RemovedOp
from brainscript.dialects.net.network import NetworkOp, node_name_of
from brainscript.passes.edit.names import written_so


def matcher(pattern: str) -> re.Pattern[str]:
    """The names that a pattern means; its one group is what `*` stands for."""
    if pattern.count("*") > 1:
        title = f"'{pattern}' has more than one '*'"
        raise BrainScriptError(Diagnostic("BS0383", title, help="one * stands for any letters"))
    head, star, tail = pattern.partition("*")
    middle = "(.*)" if star else "()"
    return re.compile(re.escape(head) + middle + re.escape(tail), re.IGNORECASE | re.DOTALL)


def named_nodes(network: NetworkOp, pattern: str) -> list[tuple[SSAValue, str]]:
    """The nodes that a pattern means, each with what `*` stands for; none is an error."""
    find = matcher(pattern).fullmatch
    found = [(v, m[1]) for v in nodes_of(network) if (m := find(node_name_of(v)))]
    if not found:
        return [(one_node(network, pattern), "")]
    return sorted(found, key=lambda pair: node_name_of(pair[0]).lower())


def one_node(network: NetworkOp, name: str) -> SSAValue:
    """The node of this name, whatever its case, or the one that is written so with `_`."""
    nodes: dict[str, SSAValue] = {}
    for value in nodes_of(network):
        nodes.setdefault(node_name_of(value), value)
        if node_name_of(value).lower() == name.lower():
            return value
    found = written_so(name, nodes)
    if len(found) > 1:
        title = f"'{name}' may be any of {len(found)} nodes: {listed(found)}"
        raise BrainScriptError(Diagnostic("BS0383", title, help="write the name itself"))
    if not found:
        raise unknown_node(network, name)
    return nodes[found[0]]


def nodes_of(network: NetworkOp) -> Iterator[SSAValue]:
    """The values that are nodes, in the order of the network."""
    for op in network.block.ops:
        if op.results and node_name_of(op.results[0]) and not isinstance(op, RemovedOp):
            yield op.results[0]


def owner_of(value: SSAValue) -> Operation:
    """The operation that makes a node."""
    assert isinstance(value.owner, Operation)
    return value.owner


def unknown_node(network: NetworkOp, name: str) -> BrainScriptError:
    """The error for a name or pattern that means no node."""
    known = [node_name_of(value) for value in nodes_of(network)]
    title = f"there is no node '{name}' in the network"
    return BrainScriptError(Diagnostic("BS0383", title, help=did_you_mean(name, known)))


def listed(names: Iterable[str]) -> str:
    """Names for a message, the first few of many."""
    first = [f"'{name}'" for name in names]
    more = f" and {len(first) - 5} more" if len(first) > 5 else ""
    return ", ".join(first[:5]) + more
