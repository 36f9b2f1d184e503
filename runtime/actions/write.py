"""The action `write`: the values of nodes over a data set, as text or by a `writer`."""

from __future__ import annotations

import os
from collections.abc import Generator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from brainscript.diagnostic import BrainScriptError, Diagnostic
from brainscript.runtime.actions.gradients import Gradients
from brainscript.runtime.actions.session import Session, amounts, named_nodes, network_of
from brainscript.runtime.actions.writers.format import Format, Formatter, read_format, values_of
from brainscript.runtime.actions.writers.sinks import Sink, sinks_of
from brainscript.runtime.network import Array, Network, NodeSpec, Reader
from brainscript.runtime.train.feed import clear_accumulated, feed
from brainscript.settings import Settings


def write(section: Settings, session: Session) -> None:
    """Write the nodes `outputNodeNames` (default: the output group).

    They go to `outputPath.<name>`, or where the section `writer` says.
    """
    keyed = _writes_keys(section)
    network, writer = network_of(section, session), section.find_section("writer")
    section.has("outputNodeNames", inherited=False)  # a writer may name the nodes itself
    nodes = _nodes(network, writer or section, session)
    tested = section.boolean("nodeUnitTest", False)
    _check_test(section, nodes, writer)
    path = section.text("outputPath") if writer is None else ""
    sinks = None if writer is None else sinks_of(writer, nodes, session.environment.warn)
    form = read_format(section)
    names = [node.name for node in nodes]
    inputs = network.inputs_of("train" if tested else "write", names)
    reader = session.environment.open_reader(section.section("reader"), inputs, None)
    size, batch = amounts(section, 2048)
    if session.environment.dry_run:
        return
    reader.start_epoch(0, size, batch)
    work = _Work(network, nodes, Gradients(network, nodes[0]) if tested else None, keyed)
    if sinks is not None:
        samples = work.write(reader, sinks, session)
    else:
        samples = _write_text(work, reader, path, form, session)
        session.log.line("written", path=path)
    session.log.line("total samples", samples=samples)


def _writes_keys(section: Settings) -> bool:
    """Whether `%k` stands for the key of a sequence, which deserializers alone have."""
    asked = section.boolean("writeSequenceKey", False)
    if not asked or section.section("reader").has("deserializers", inherited=False):
        return asked
    title = "writeSequenceKey needs a reader with deserializers"
    help = "write reader = [ deserializers = ([ type = ... ]) ], or number sequences by '%d'"
    span = section.span_of("writeSequenceKey")
    raise BrainScriptError(Diagnostic("BS0721", title, span, help=help))


def _nodes(network: Network, section: Settings, session: Session) -> list[NodeSpec]:
    nodes = named_nodes(network, section, "outputNodeNames", network.facts.outputs, session)
    if not nodes:
        title = "the network has no output node to write"
        help = "name nodes with outputNodeNames"
        raise BrainScriptError(Diagnostic("BS0720", title, section.span, help=help))
    return nodes


def _write_text(work: _Work, reader: Reader, path: str, form: Format, session: Session) -> int:
    """One file a node; gives the number of samples."""
    outputs = [*work.nodes, *(work.gradients.nodes if work.gradients else ())]
    formatters = [Formatter(form, node.name, node.dims) for node in outputs]
    _check_labels(formatters, session)
    between = "\n" if path == "-" else ""
    with _outputs(path, outputs, session) as streams:
        texts = [TextSink(f, s, between) for f, s in zip(formatters, streams, strict=True)]
        return work.write(reader, texts, session)


def _check_test(section: Settings, nodes: Sequence[NodeSpec], writer: Settings | None) -> None:
    """`nodeUnitTest` writes text, of one node and what depends on it."""
    if not section.boolean("nodeUnitTest", False) or (len(nodes) == 1 and writer is None):
        return
    title = f"nodeUnitTest needs exactly one output node, there are {len(nodes)}"
    help = "name one node with outputNodeNames"
    if writer is not None:
        title, help = "nodeUnitTest writes text: it cannot have a writer", "use outputPath"
    span = section.span_of("nodeUnitTest")
    raise BrainScriptError(Diagnostic("BS0721", title, span, help=help))


@dataclass
class TextSink:
    """The text of one node to a stream, `between` after each minibatch."""

    formatter: Formatter
    stream: TextIO
    between: str = ""

    def __post_init__(self) -> None:
        """The text before everything."""
        self.stream.write(self.formatter.fill(self.formatter.format.prologue, 0))

    def minibatch(
        self, values: Array, lengths: Sequence[int], index: int, keys: Sequence[str] = ()
    ) -> None:
        """The text of a minibatch."""
        self.stream.writelines(self.formatter.minibatch(values, lengths, index, keys))
        self.stream.write(self.between)

    def end(self) -> None:
        """The text after everything."""
        self.stream.write(self.formatter.fill(self.formatter.format.epilogue, 0))


@dataclass
class _Work:
    """The nodes to write, gradients behind them."""

    network: Network
    nodes: Sequence[NodeSpec]
    gradients: Gradients | None
    keyed: bool = False

    def write(self, reader: Reader, sinks: Sequence[Sink], session: Session) -> int:
        """Write all minibatches to the sinks of the nodes; gives the number of samples."""
        names = [node.name for node in self.nodes]
        step = self.network.compile("write", names)
        clear_accumulated(self.network)
        inputs = self.network.inputs_of("write", names)
        outputs = {node.name: (node, step.output) for node in self.nodes}
        if self.gradients is not None:
            outputs |= {n.name: (n, self.gradients.output) for n in self.gradients.nodes}
        samples = index = 0
        while (minibatch := reader.next()) is not None:
            if self.gradients is not None:
                self.gradients.run(minibatch)
            feed(step, inputs, minibatch)
            step.run()
            keys = minibatch.keys if self.keyed else ()
            for (node, value), sink in zip(outputs.values(), sinks, strict=True):
                values, lengths = values_of(value(node.name), node, step)
                sink.minibatch(values, lengths, index, keys)
            index, samples = index + 1, samples + minibatch.samples
            session.log.traced("write minibatch", index=index, samples=minibatch.samples)
        for sink in sinks:
            sink.end()
        return samples


def _check_labels(formatters: Sequence[Formatter], session: Session) -> None:
    for formatter in formatters:
        if formatter.format.labels and not formatter.labels_fit:
            count = len(formatter.format.labels)
            title = f"{count} labels do not fit node '{formatter.name}': indices are written"
            session.environment.warn(Diagnostic("BS0723", title, severity="warning"))


@contextmanager
def _outputs(path: str, nodes: Sequence[NodeSpec], session: Session) -> Generator[Sequence[TextIO]]:
    """One stream a node; a file takes its name only when everything is written."""
    if path == "-":
        yield [session.environment.stdout] * len(nodes)
        return
    targets = [output_file(path, node.name) for node in nodes]
    try:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        with ExitStack() as stack:
            streams = [
                stack.enter_context(open(f"{t}.tmp", "w", encoding="utf-8", newline=""))
                for t in targets
            ]
            yield streams
        for target in targets:
            os.replace(f"{target}.tmp", target)
    except OSError as error:
        title = f"'{error.filename or path}' cannot be written: {error.strerror}"
        raise BrainScriptError(Diagnostic("BS0722", title)) from None
    finally:
        for target in targets:
            with suppress(OSError):
                os.unlink(f"{target}.tmp")


def output_file(path: str, node: str) -> Path:
    """`path.node`; a node name cannot lead into another folder."""
    return Path(f"{path}.{node.replace('/', '_').replace(os.sep, '_')}")
