"""Pass `net-set-property`: groups of nodes, and which parameters learn how fast."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import SSAValue
from xdsl.passes import ModulePass

from brainscript.diagnostic import BrainScriptError, Diagnostic, did_you_mean
from brainscript.dialects.net.base import attribute
from brainscript.dialects.net.network import (
    GROUPS,
    NetworkOp,
    RootsOp,
    network_of,
    symbols_of,
)
from brainscript.dialects.net.normalise import BatchNormalizationOp
from brainscript.dialects.net.parameters import ParameterOp, ReadOp
from brainscript.literals import read_boolean, read_number
from brainscript.passes.edit.patterns import named_nodes, one_node
from brainscript.passes.edit.section import inputs_of, reached

RATES = {
    "learningratemultiplier": 1.0,
    "needgradient": 1.0,
    "needsgradient": 1.0,
    "computegradient": 1.0,
    "freezeparameters": 0.0,
}
"""Properties of parameters, and the learning-rate multiplier that `true` means."""

STANDS = ("batchnormevalmode", "freezeparameters")
"""Properties of batch normalisations: the running statistics stand, in training as well."""

IDLE = ("recurrent", "multiseq", "reqmultiseqhandling")
"""Properties without effect."""

SPELLED = {
    "criteria": "criterion",
    "eval": "evaluation",
    "finalcriterion": "criterion",
} | {group: group for group in GROUPS}
"""Spellings of the groups of nodes."""

BELOW = ("learningRateMultiplier", "needGradient", "batchNormEvalMode")
KNOWN = (*GROUPS, *BELOW, "freezeParameters", "recurrent")


@dataclass(frozen=True)
class NetSetProperty(ModulePass):
    """Set a property of the nodes that the pattern `node` means, or of all below them (`tree`).

    `criterion`, `evaluation`, `feature`, `label`, `output` put nodes into a group (`true`) or
    take them out; `learningRateMultiplier`, `needGradient` and `freezeParameters` are for
    parameters and leave other nodes alone; `freezeParameters` and `batchNormEvalMode` let the
    running statistics of batch normalisations stand (`false` changes nothing).

    Before: `net.parameter @W : T {..}` and
    `net-set-property{node="W" property="learningRateMultiplier" value="0"}`.
    After: `net.parameter @W : T {.., learning_rate_multiplier = 0.0}`.
    """

    name = "net-set-property"

    node: str
    property: str
    value: str
    tree: bool = False

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        """Set it in the network of the module."""
        network = network_of(op)
        if network is not None:
            set_property(network, self.node, self.property, self.value, self.tree)


def _property(word: str) -> str:
    """The property that a word means: any beginning of its name, half of its letters or more."""
    given = word.lower()
    names = (*SPELLED, *RATES, *STANDS, *IDLE)
    if given in names:
        return given
    begun = (name for name in names if name.startswith(given) and 2 * len(given) >= len(name))
    return next(begun, given)


def set_property(
    network: NetworkOp, pattern: str, name: str, value: str, tree: bool = False
) -> None:
    """Set a property of nodes; with `tree` of those below the node that can have it."""
    key = _property(name)
    if tree:
        values: Iterable[SSAValue] = reached([one_node(network, pattern)], inputs_of)
        if key not in (*RATES, *STANDS):
            raise _unknown(name, BELOW)
    else:
        values = [v for v, _ in named_nodes(network, pattern)]
    if key in STANDS:
        _let_stand(network, values, key, _truth(name, value))
    elif key in RATES:
        _set_rates(network, values, _rate(key, name, value))
    elif key in SPELLED:
        _set_group(network, values, SPELLED[key], _truth(name, value))
    elif key not in IDLE:
        raise _unknown(name, KNOWN)


def _unknown(name: str, known: Iterable[str]) -> BrainScriptError:
    title = f"nodes have no property '{name}' that can be set here"
    help = did_you_mean(name, list(known)) or f"known: {', '.join(known)}"
    return BrainScriptError(Diagnostic("BS0382", title, help=help))


def _truth(name: str, value: str) -> bool:
    found = read_boolean(value)
    if found is None:
        title = f"'{name}' must be true or false, not '{value}'"
        raise BrainScriptError(Diagnostic("BS0382", title))
    return found


def _rate(key: str, name: str, value: str) -> float:
    """The learning-rate multiplier that is meant."""
    if key != "learningratemultiplier":
        return RATES[key] if _truth(name, value) else 1.0 - RATES[key]
    rate = read_number(value)
    if rate is None or not 0 <= rate < math.inf:
        title = f"'{name}' must be a number, 0 or more, not '{value}'"
        raise BrainScriptError(Diagnostic("BS0382", title))
    return float(rate)


def _set_rates(network: NetworkOp, values: Iterable[SSAValue], rate: float) -> None:
    """Parameters learn that fast; other nodes have nothing to learn."""
    symbols = symbols_of(network)
    for node in values:
        symbol = symbols.get(node.owner.target) if isinstance(node.owner, ReadOp) else None
        if isinstance(symbol, ParameterOp):
            symbol.properties["learning_rate_multiplier"] = attribute(rate)


def _let_stand(network: NetworkOp, values: Iterable[SSAValue], key: str, wanted: bool) -> None:
    """Normalise by the running statistics and keep them; `freezeParameters` is for parameters too.

    Infinite time constants say so, as they do in a clone with constant parameters.
    """
    nodes = list(values) if wanted else []
    for node in nodes:
        if isinstance(node.owner, BatchNormalizationOp):
            node.owner.properties["time_constant"] = attribute(math.inf)
            node.owner.properties["blend_time_constant"] = attribute(math.inf)
    if key in RATES:
        _set_rates(network, nodes, RATES[key])


def _set_group(network: NetworkOp, values: Iterable[SSAValue], group: str, member: bool) -> None:
    roots = network.roots
    chosen = list(values)
    entries = [(g, v) for g, v in roots.entries if g != group or v not in chosen or member]
    if member:
        entries += [(group, v) for v in chosen if (group, v) not in entries]
    new = RootsOp(sorted(entries, key=lambda entry: GROUPS.index(entry[0])))
    new.location = roots.location
    network.block.insert_op_before(new, roots)
    roots.detach()
    roots.erase()
