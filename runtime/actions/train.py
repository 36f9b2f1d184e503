"""The action `train`: a network, its data and an SGD section to a series of models."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path

from brainscript.builders import BUILDERS, find_builder
from brainscript.diagnostic import BrainScriptError, Diagnostic, nearest
from brainscript.runtime.actions.checkpointed import check_unchanged
from brainscript.runtime.actions.session import (
    Session,
    check_counted,
    fresh_network,
    saved_network,
    union,
    unknown_node,
)
from brainscript.runtime.actions.writers.tracing import tracer
from brainscript.runtime.layouts import check_countable
from brainscript.runtime.model.store import load_network
from brainscript.runtime.network import Facts, Network, NodeSpec, Reader
from brainscript.runtime.train.adapted import Reference
from brainscript.runtime.train.metrics import Metrics, TensorboardRecorder
from brainscript.runtime.train.options import Options, read_options
from brainscript.runtime.train.parallel.terms import fixed_terms
from brainscript.runtime.train.saving.checkpoint import Checkpoints
from brainscript.runtime.train.saving.files import (
    Manifest,
    ModelFiles,
    load_manifest,
    locked,
    newest_complete,
)
from brainscript.runtime.train.signals import Stop, watching
from brainscript.runtime.train.trainer import Trainer
from brainscript.settings import Settings

MOST_PLANNED = 10_000
"""The epochs whose models later commands of a dry run can name."""


def check(section: Settings) -> None:
    """What must be there before any command runs: `modelPath` and `SGD.maxEpochs`."""
    sgd = optimizer_section(section)
    sgd.text("modelPath")
    sgd.integer("maxEpochs")


def optimizer_section(section: Settings) -> Settings:
    """The section `SGD`, also called `optimizer`."""
    return (
        section.find_section("SGD") or section.find_section("optimizer") or section.section("SGD")
    )


def adapt(section: Settings, session: Session) -> None:
    """Go on from the model `origModelFileName`; `refNodeName` of it may draw the labels."""
    key = "origModelFileName"
    train(section, session, section.text("originalModelFileName", "") or section.text(key))


def train(section: Settings, session: Session, origin: str = "") -> None:
    """Train from scratch or from the model `origin`, or go on from the newest complete model."""
    environment = session.environment
    sgd = optimizer_section(section)
    options = read_options(sgd, environment.warn, environment.world.size)
    session.log.trace = max(session.log.trace, options.trace)
    files = ModelFiles(Path(sgd.text("modelPath")), options.max_epochs)
    if environment.dry_run:
        network = _network(section, session, files, None, origin)
        nodes = _nodes(network, options, sgd)
        reference = _reference(section, session, options, origin)
        show = tracer(network, options.traced, nodes, session.log, nodes[0])
        traced = show.names if show is not None else ()
        _readers(section, session, network, nodes, traced, reference)
        path = sgd.text("modelPath")
        saved = (f"{path}.{done}" for done in range(min(options.max_epochs, MOST_PLANNED)))
        environment.planned |= dict.fromkeys((*saved, path), network)
        return
    files.prepare()
    mine = locked(files.lock) if not environment.world.rank else nullcontext()
    with mine, watching() as stop:
        if not environment.world.rank:
            files.tidy()
        _run(section, session, options, files, stop, origin)


def _reference(
    section: Settings, session: Session, options: Options, origin: str
) -> Reference | None:
    """The model `origin` as it was, if labels are to be drawn towards it."""
    if not options.adaptation:
        return None
    if not origin:
        title = "adaptationRegType = KL has a meaning for the action adapt only"
        span = optimizer_section(section).span_of("adaptationRegType")
        help = 'write action = "adapt", origModelFileName and refNodeName'
        raise BrainScriptError(Diagnostic("BS0742", title, span, help=help))
    network = saved_network(origin, session)
    node = _node(network, section.text("refNodeName"), section, "refNodeName")
    return Reference(network, node, options.adaptation)


def _run(
    section: Settings,
    session: Session,
    options: Options,
    files: ModelFiles,
    stop: Stop,
    origin: str,
) -> None:
    environment, log = session.environment, session.log
    make_mode = section.boolean("makeMode", True)
    manifest = load_manifest(files.manifest) if make_mode else None
    start = newest_complete(files, manifest, environment.warn) if make_mode else None
    if start is not None and not origin:
        check_unchanged(files, start, section, session)
    if start == options.max_epochs:
        log.line("final exists", path=files.path)
        log.line("no further")
        section.accept_all()
        return
    network = _network(section, session, files, start, origin)
    nodes = _nodes(network, options, optimizer_section(section))
    _check_dropout(network, options, optimizer_section(section), session)
    check_counted(network, nodes, session)
    _describe(network, nodes, session)
    reference = _reference(section, session, options, origin)
    _check_parallel(options, optimizer_section(section), session, network.facts, nodes[0])
    show = tracer(network, options.traced, nodes, log, nodes[0])
    traced = show.names if show is not None else ()
    towards = show.gradients if show is not None else ()
    options = replace(options, update=replace(options.update, traced=traced, towards=towards))
    reader, validation = _readers(section, session, network, nodes, traced, reference)
    checkpoints = Checkpoints(
        files,
        options.keep_checkpoints,
        options.adjust.interval if _may_go_back(options) else 0,
        manifest if manifest is not None and start is not None else Manifest(),
    )
    common = (reader, validation, checkpoints, log, stop, environment.warn, show, reference)
    with _recording(optimizer_section(section), session):
        Trainer(network, nodes, options, *common, environment.world).run(start)


@contextmanager
def _recording(sgd: Settings, session: Session) -> Generator[None]:
    """Scalars for TensorBoard, if `tensorBoardLogDir` asks for them, beside other records."""
    folder = sgd.text("tensorBoardLogDir", "")
    before = session.log.metrics
    if folder.lower() in ("", "none") or session.environment.world.rank:
        yield
        return
    recorder = TensorboardRecorder(Path(folder))
    session.log.metrics = Metrics((*before.recorders, recorder))
    try:
        yield
    finally:
        recorder.close()
        session.log.metrics = before


def _check_dropout(network: Network, options: Options, sgd: Settings, session: Session) -> None:
    """A dropout rate does something only to Dropout nodes."""
    nodes = network.facts.nodes.values()
    if not any(options.dropout) or any(node.operation == "Dropout" for node in nodes):
        return
    title = "dropoutRate has no effect: the network has no Dropout node"
    span = sgd.span_of("dropoutRate")
    session.environment.warn(Diagnostic("BS0725", title, span, severity="warning"))


def _check_parallel(
    options: Options, sgd: Settings, session: Session, facts: Facts, criterion: NodeSpec
) -> None:
    """Several processes have a method to share the work, and what it can be used with."""
    environment = session.environment
    if environment.world.size == 1:
        return
    method = options.parallel.method
    if method == "none":
        title = "every process trains on all data: no parallelizationMethod is given"
        help = "write ParallelTrain = [ parallelizationMethod = DataParallelSGD ] in SGD"
        span = sgd.span_of("ParallelTrain") if sgd.has("ParallelTrain") else sgd.span
        environment.warn(Diagnostic("BS0728", title, span, help=help, severity="warning"))
        return
    for key, asked in (
        ("gradientcheck", options.gradient_check),
        ("adaptationRegType", options.adaptation > 0),
    ):
        if asked:
            title = f"{key} cannot be used with {method} on several processes"
            help = f"remove {key}, or start bs-jit without mpiexec"
            raise BrainScriptError(Diagnostic("BS0730", title, sgd.span_of(key), help=help))
    term = next(fixed_terms(facts, criterion.name), "")
    if term and method == "DataParallelSGD":
        size = environment.world.size
        title = f"'{term}' counts {size} times in '{criterion.name}', once in each process"
        help = f"divide it by {size}, or write a term per sample; L2RegWeight counts once"
        environment.warn(Diagnostic("BS0737", title, path=term, help=help, severity="warning"))


def _may_go_back(options: Options) -> bool:
    return options.adjust.mode == "after" and options.adjust.load_best


def _network(
    section: Settings, session: Session, files: ModelFiles, start: int | None, origin: str
) -> Network:
    described = find_builder(section) is not None
    if (planned := _planned(section, session, files)) is not None:
        return planned
    if start is not None:
        path = files.model(start)
        session.log.line("from checkpoint", path=path)
        return load_network(path, session.environment)
    if origin:
        return saved_network(origin, session)
    if not described:
        title = "there is no network to train: no builder section and no earlier model"
        near = next((k for k in section.own_keys() if nearest(k, BUILDERS)), "")
        help = "add a BrainScriptNetworkBuilder section to this command"
        if near:
            help = f"'{near}' is given: did you mean '{nearest(near, BUILDERS)}'?"
        raise BrainScriptError(Diagnostic("BS0709", title, section.span, help=help))
    session.log.traced("virgin")
    return fresh_network(section, session)


def _planned(section: Settings, session: Session, files: ModelFiles) -> Network | None:
    """In a dry run, the newest model that the commands before leave to go on from."""
    planned = {Path(path): network for path, network in session.environment.planned.items()}
    if not planned or not section.boolean("makeMode", True):
        return None
    for done in range(min(files.max_epochs, MOST_PLANNED), -1, -1):
        path = files.model(done)
        if path in planned:
            session.log.line("from checkpoint", path=path)
            return planned[path]
    return None


def _nodes(network: Network, options: Options, sgd: Settings) -> tuple[NodeSpec, ...]:
    """The criterion that trains and the metrics logged beside it."""
    facts = network.facts
    criteria, metrics = list(facts.criteria[:1]), list(facts.metrics)
    if options.criterion:
        criteria = [_node(network, options.criterion, sgd, "trainCriterionNodeName")]
    if options.metrics:
        key = "evalCriterionNodeName"
        metrics = [_node(network, name, sgd, key) for name in options.metrics]
    if not criteria:
        title = "the network has no criterion node to train"
        help = "list it in criterionNodes, or name it with trainCriterionNodeName"
        raise BrainScriptError(Diagnostic("BS0707", title, sgd.span, help=help))
    check_countable(criteria[0].axis)
    for kind, traced in options.traced:
        for name in traced:
            _node(network, name, sgd, f"traceNodeNames{kind.capitalize()}")
    names = {node.name: node for node in (*criteria, *metrics)}
    return tuple(names.values())


def _node(network: Network, name: str, sgd: Settings, key: str) -> NodeSpec:
    known = network.facts.nodes
    if name not in known:
        raise BrainScriptError(unknown_node(name, known, sgd, key))
    return known[name]


def _readers(
    section: Settings,
    session: Session,
    network: Network,
    nodes: tuple[NodeSpec, ...],
    traced: Sequence[str],
    reference: Reference | None,
) -> tuple[Reader, Reader | None]:
    names = [node.name for node in nodes]
    trained = network.inputs_of("train", [*names, *traced])
    inputs = union(trained, network.inputs_of("precompute")) if _estimates(network) else trained
    if reference is not None:
        reference.label(network, nodes[0])
        inputs = union(inputs, reference.inputs)
    open_reader = session.environment.open_reader
    reader = open_reader(section.section("reader"), inputs, True)
    other = section.find_section("cvReader")
    validation = None
    if other is not None:
        validation = open_reader(other, network.inputs_of("test", names), True)
    for opened in (reader, validation):
        if opened is not None and not session.environment.dry_run:
            opened.prefetch()
    return reader, validation


def _estimates(network: Network) -> bool:
    return any(not spec.file for spec in network.facts.precomputed)


def _describe(network: Network, nodes: Sequence[NodeSpec], session: Session) -> None:
    """The lines about criterion, metrics and parameters that open a run."""
    log, facts = session.log, network.facts
    log.line("model size", nodes=len(facts.nodes))
    log.line("criterion", name=nodes[0].name, operation=nodes[0].operation)
    if len(nodes) == 2:
        log.line("metric", name=nodes[1].name, operation=nodes[1].operation)
    elif len(nodes) > 2:
        log.line("metrics")
        for node in nodes[1:]:
            log.line("listed", name=node.name, operation=node.operation)
    below = _below(network, nodes[0].name)
    parameters = [p for p in facts.parameters if p.learning_rate_multiplier and p.name in below]
    count, tensors = sum(p.count for p in parameters), len(parameters)
    if log.trace <= 0:
        log.line("parameters", count=count, tensors=tensors)
        return
    moving = _above(network, {p.name for p in parameters}) & below
    total = len(facts.parameters)
    log.line("parameters of", count=count, tensors=tensors, all=total, nodes=len(moving))
    for p in parameters:
        dims = " x ".join(str(d) for d in p.dims)
        log.line("tensor", name=p.name, operation="LearnableParameter", dims=dims)


def _below(network: Network, root: str) -> set[str]:
    """The nodes that a node depends on, itself included."""
    seen: set[str] = set()
    waiting = [root]
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen.add(name)
            node = network.facts.nodes.get(name)
            waiting += node.inputs if node else ()
    return seen


def _above(network: Network, roots: set[str]) -> set[str]:
    """The nodes that depend on any of these, themselves included."""
    users: dict[str, list[str]] = {}
    for node in network.facts.nodes.values():
        for name in node.inputs:
            users.setdefault(name, []).append(node.name)
    seen: set[str] = set()
    waiting = list(roots)
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen.add(name)
            waiting += users.get(name, ())
    return seen
