"""What all actions share: the environment, the log, and how a command finds its network."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from brainscript.builders import find_builder
from brainscript.diagnostic import BrainScriptError, Diagnostic, did_you_mean
from brainscript.runtime.model.parameters import DRAWN, initialise
from brainscript.runtime.model.store import load_network
from brainscript.runtime.network import DEFAULT_AXIS, Environment, InputSpec, Network, NodeSpec
from brainscript.runtime.train.log import Log
from brainscript.settings import Settings


@dataclass
class Session:
    """One run of the program: its environment, and where the log goes."""

    environment: Environment
    log: Log


def fresh_network(section: Settings, session: Session) -> Network:
    """The network of the builder that is visible from a section, with first values."""
    environment = session.environment
    network = environment.build_network(section)
    dry = environment.dry_run
    initialise(network, environment.planned if dry else (), drawn=not dry)
    return network


def network_of(section: Settings, session: Session) -> Network:
    """The network that `test` or `write` uses: of a builder when one is visible, else the model."""
    builder = find_builder(section)
    if builder is None:
        return saved_network(section.text("modelPath"), session)
    network = fresh_network(section, session)
    _check_new(network, builder, section, session)
    return network


def _check_new(network: Network, builder: str, section: Settings, session: Session) -> None:
    """Warn when a network with random values is used beside a model that is there."""
    path = section.text("modelPath", "")
    if not path or not (path in session.environment.planned or Path(path).exists()):
        return
    specs = network.facts.parameters
    if any(spec.init in DRAWN and spec.learning_rate_multiplier for spec in specs):
        title = f"the network of {builder} is used with its first values: '{path}' is not read"
        help = f"take {builder} out to use the model"
        span = section.span_of(builder)
        session.environment.warn(Diagnostic("BS0733", title, span, help=help, severity="warning"))


def saved_network(path: str, session: Session) -> Network:
    """The network of a model file, or in a dry run the one that an earlier command would save."""
    environment = session.environment
    if environment.dry_run and path in environment.planned:
        return environment.planned[path]
    return load_network(path, environment)


def named_nodes(
    network: Network, section: Settings, key: str, default: Sequence[NodeSpec], session: Session
) -> list[NodeSpec]:
    """The nodes a key names, or the default group; unknown names are skipped with a warning."""
    names = section.texts(key, ())
    if not names:
        return list(default)
    known = network.facts.nodes
    found = [known[name] for name in names if name in known]
    for name in names:
        if name in known:
            continue
        diagnostic = unknown_node(name, known, section, key, bool(found))
        if not found:
            raise BrainScriptError(diagnostic)
        session.environment.warn(diagnostic)
    return found


def check_counted(network: Network, nodes: Sequence[NodeSpec], session: Session) -> None:
    """Warn of sums whose samples count as 0: they count the default axis, and no input has it."""
    inputs = network.facts.inputs
    sums = [node.name for node in nodes if not node.axis]
    if not sums or not inputs or any(spec.axis in ("", DEFAULT_AXIS) for spec in inputs):
        return
    title = f"no input has the default axis, so '{sums[0]}' counts 0 samples"
    label = "every input has a DynamicAxis of its own"
    remedy = "leave out 'dynamicAxis' of the inputs that the samples are to be counted by"
    places = [spec.span for spec in inputs if spec.span is not None]
    span = min(places, key=lambda place: (place.line, place.column), default=None)
    found = Diagnostic("BS0732", title, span, label, help=remedy, severity="warning")
    session.environment.warn(found)


def unknown_node(
    name: str, known: Collection[str], section: Settings, key: str, skipped: bool = False
) -> Diagnostic:
    """The remark on a node name of a config that the network does not have."""
    title = f"{key} names '{name}', which is not a node of the network"
    severity = "warning" if skipped else "error"
    below = [node for node in known if node.endswith(f".{name}")]
    help = f"did you mean '{below[0]}'?" if len(below) == 1 else did_you_mean(name, known)
    return Diagnostic("BS0719", title, section.span_of(key), help=help, severity=severity)


def amounts(section: Settings, default: int) -> tuple[int, int]:
    """The samples to go through (0: all there are) and those of a minibatch, of an action."""
    samples = section.integer("epochSize", 0)
    if samples < 0:
        raise section.wrong("epochSize", "must not be negative", "0 stands for all data")
    sizes = section.integers("minibatchSize", default)
    if min(sizes) < 1:
        raise section.wrong("minibatchSize", "must be positive")
    return samples, sizes[0]


def compiled_pattern(pattern: str) -> re.Pattern[str]:
    """A regular expression of a config; raises ValueError where it is malformed."""
    try:
        return re.compile(pattern)
    except (re.error, OverflowError, RecursionError) as error:
        raise ValueError(str(error)) from None


def union(*groups: Sequence[InputSpec]) -> list[InputSpec]:
    """The inputs of several steps, each once."""
    table = {spec.name: spec for group in groups for spec in group}
    return list(table.values())
