"""The actions `test`, `eval` and `cv`: criteria and metrics over a data set."""

from __future__ import annotations

from pathlib import Path

from brainscript.diagnostic import BrainScriptError, Diagnostic
from brainscript.runtime.actions.session import (
    Session,
    amounts,
    check_counted,
    named_nodes,
    network_of,
    saved_network,
    unknown_node,
)
from brainscript.runtime.actions.writers.tracing import KEYS, asked_of, tracer
from brainscript.runtime.network import Network
from brainscript.runtime.train.evaluator import Evaluator
from brainscript.runtime.train.log import Value
from brainscript.settings import Settings

WITHOUT_EFFECT = (
    "maxSamplesInRAM",
    "numSubminibatches",
    "distributedMBReading",
    "sleepTimeBetweenRuns",
)
"""Keys that are about memory, several processes, and models that are still to come."""


def test(section: Settings, session: Session) -> None:
    """Evaluate the model, or the network of a visible builder, on the reader's data."""
    _evaluate(network_of(section, session), section, session, randomize=False)


def cross_validate(section: Settings, session: Session) -> None:
    """Evaluate the models `modelPath.first`, `.first+step`, ...; name the best of each metric."""
    path = section.text("modelPath")
    first, step, last = _interval(section)
    results: list[tuple[str, list[Value]]] = []
    for epoch in range(first, last + 1, step):
        model = f"{path}.{epoch}"
        if model not in session.environment.planned and not Path(model).exists():
            session.log.line("cv missing", path=model)
            model = path
        session.log.line("cv model", path=model)
        network = saved_network(model, session)
        results.append((model, _evaluate(network, section, session, randomize=True)))
        if model == path or model in session.environment.planned:
            break
    if session.environment.dry_run:
        return
    session.log.line("best models")
    for index in range(len(results[0][1])):
        best, values = min(results, key=lambda result: result[1][index].average)
        session.log.line("best model", index=index, path=best, value=values[index].average)


def _interval(section: Settings) -> tuple[int, int, int]:
    values = section.integers("crossValidationInterval").values
    if len(values) != 3 or values[1] < 1 or values[2] < values[0]:
        title = "crossValidationInterval must be first:step:last with step > 0"
        span = section.span_of("crossValidationInterval")
        raise BrainScriptError(Diagnostic("BS0721", title, span))
    return values[0], values[1], values[2]


def _evaluate(
    network: Network, section: Settings, session: Session, *, randomize: bool
) -> list[Value]:
    for key in WITHOUT_EFFECT:
        section.has(key, inherited=False)
    facts = network.facts
    default = [*facts.metrics, *facts.criteria]
    nodes = named_nodes(network, section, "evalNodeNames", default, session)
    if not nodes:
        title = "the network has no evaluation or criterion node to test"
        help = "name nodes with evalNodeNames"
        raise BrainScriptError(Diagnostic("BS0720", title, section.span, help=help))
    check_counted(network, nodes, session)
    samples, size = amounts(section, 40960)
    asked = asked_of(section)
    for key in KEYS:
        for name in section.texts(key, ()):
            if name not in facts.nodes:
                raise BrainScriptError(unknown_node(name, facts.nodes, section, key))
    show = tracer(network, asked, nodes, session.log)
    evaluator = Evaluator(
        network,
        nodes,
        session.log,
        section.integer("numMBsToShowResult", 100),
        section.integer("firstMBsToShowResult", 0),
        show,
        session.environment.world,
    )
    traced = show.names if show is not None else ()
    inputs = network.inputs_of("test", [*(node.name for node in nodes), *traced])
    reader = session.environment.open_reader(section.section("reader"), inputs, randomize)
    if session.environment.dry_run:
        return []
    reader.prefetch()
    return evaluator.run(reader, samples, size)
