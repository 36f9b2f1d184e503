"""The action `write`: the values of nodes over a data set, as text."""

from __future__ import annotations

import os
from collections.abc import Generator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from brainscript.diagnostic import BrainScriptError, Diagnostic
from brainscript.runtime.actions.format import Format, Formatter, read_format
from brainscript.runtime.actions.gradients import Gradients
from brainscript.runtime.actions.session import Session, named_nodes, network_of
from brainscript.runtime.network import Array, Network, NodeSpec, Reader, Step
from brainscript.runtime.train.feed import feed
from brainscript.settings import Settings

REFUSED = {
    "writer": "use outputPath, which writes text",
    "writeSequenceKey": "leave it out; '%d' numbers the sequences of a minibatch",
}


def write(section: Settings, session: Session) -> None:
    """Write the nodes `outputNodeNames` (default: the output group) to `outputPath.<name>`."""
    for key, remedy in REFUSED.items():
        if section.has(key) and (key == "writer" or section.boolean(key)):
            title = f"'{key}' of the action write is not supported"
            span = section.span_of(key)
            raise BrainScriptError(Diagnostic("BS0711", title, span, help=remedy))
    network = network_of(section, session)
    default = network.facts.outputs
    nodes = named_nodes(network, section, "outputNodeNames", default, session)
    if not nodes:
        title = "the network has no output node to write"
        help = "name nodes with outputNodeNames"
        raise BrainScriptError(Diagnostic("BS0720", title, section.span, help=help))
    path, form = section.text("outputPath"), read_format(section)
    tested = section.boolean("nodeUnitTest", False)
    if tested and len(nodes) != 1:
        title = f"nodeUnitTest needs exactly one output node, there are {len(nodes)}"
        span = section.span_of("nodeUnitTest")
        help = "name one node with outputNodeNames"
        raise BrainScriptError(Diagnostic("BS0721", title, span, help=help))
    names = [node.name for node in nodes]
    inputs = network.inputs_of("train" if tested else "write", names)
    reader = session.environment.open_reader(section.section("reader"), inputs, None)
    if session.environment.dry_run:
        return
    reader.start_epoch(
        0, section.integer("epochSize", 0), section.integers("minibatchSize", 2048)[0]
    )
    gradients = Gradients(network, nodes[0]) if tested else None
    outputs = [*nodes, *(gradients.nodes if gradients else ())]
    with _outputs(path, outputs, session) as streams:
        work = _Work(network, nodes, gradients, form, streams, "\n" if path == "-" else "")
        samples = work.write(reader, session)
    session.log.line("written", path=path)
    session.log.line("total samples", samples=samples)


@dataclass
class _Work:
    """The nodes to write, their streams in the same order, gradients behind the nodes."""

    network: Network
    nodes: Sequence[NodeSpec]
    gradients: Gradients | None
    format: Format
    streams: Sequence[TextIO]
    between: str

    def write(self, reader: Reader, session: Session) -> int:
        """Write all minibatches; gives the number of samples."""
        names = [node.name for node in self.nodes]
        step = self.network.compile("write", names)
        inputs = self.network.inputs_of("write", names)
        outputs = {node.name: (node, step.output) for node in self.nodes}
        if self.gradients is not None:
            outputs |= {n.name: (n, self.gradients.output) for n in self.gradients.nodes}
        formatters = [Formatter(self.format, name, n.dims) for name, (n, _) in outputs.items()]
        _check_labels(formatters, session)
        self._frame(formatters, self.format.prologue)
        samples = index = 0
        while (minibatch := reader.next()) is not None:
            if self.gradients is not None:
                self.gradients.run(minibatch)
            feed(step, inputs, minibatch)
            step.run()
            for (node, value), f, stream in zip(
                outputs.values(), formatters, self.streams, strict=True
            ):
                values, lengths = _values(value(node.name), node, step)
                stream.writelines(f.minibatch(values, lengths, index))
                stream.write(self.between)
            index, samples = index + 1, samples + minibatch.samples
            session.log.traced("write minibatch", index=index, samples=minibatch.samples)
        self._frame(formatters, self.format.epilogue)
        return samples

    def _frame(self, formatters: Sequence[Formatter], text: str) -> None:
        """The text before and after everything."""
        for formatter, stream in zip(formatters, self.streams, strict=True):
            stream.write(formatter.fill(text, 0))


def _values(found: Array, node: NodeSpec, step: Step) -> tuple[Array, Sequence[int]]:
    """The values as [samples, elements], sequence after sequence, and the sequence lengths.

    A node without dynamic axis is one sequence whose samples are the columns of its matrix.
    """
    if node.axis:
        layout = step.layout(node.axis)
        values = found.reshape(len(found), -1)
        return values[layout.columns_in_order()], layout.lengths.tolist()
    rows = node.dims[0] if node.dims else 1
    matrix = found.reshape(-1, rows)
    return matrix, [len(matrix)]


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
