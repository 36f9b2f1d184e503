"""The action `plot`: the nodes of a model as a Graphviz file, rendered when a command is given."""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

from brainscript import atomic
from brainscript.diagnostic import BrainScriptError, Diagnostic
from brainscript.runtime.actions.session import Session, saved_network
from brainscript.runtime.drawing import svg_text
from brainscript.runtime.network import Facts, NodeSpec
from brainscript.settings import Settings

FILLS = {"InputValue": "yellow", "LearnableParameter": "gray"}


def plot(section: Settings, session: Session) -> None:
    """Write `outputDotFile`; run `renderCmd` on it, `<IN>` and `<OUT>` replaced by file names.

    Without `renderCmd` an `outputFile` that ends in `.svg` is drawn here.
    """
    path = section.text("modelPath")
    command, picture = section.text("renderCmd", ""), section.text("outputFile", "")
    drawn = picture.lower().endswith(".svg") and not command
    if picture and not command and not drawn:
        title = "outputFile is given without renderCmd: nothing would make the picture"
        span = section.span_of("outputFile")
        help = 'name an .svg file, or add renderCmd = "dot -Tpng <IN> -o <OUT>"'
        raise BrainScriptError(Diagnostic("BS0721", title, span, help=help))
    target = Path(section.text("outputDotFile", f"{path}.dot"))
    network = saved_network(path, session)
    if session.environment.dry_run:
        return
    _write(target, dot_text(network.facts))
    if drawn:
        _write(Path(picture), svg_text(network.facts))
    if command:
        _render(section, command, str(target), picture)


def _write(target: Path, text: str) -> None:
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        atomic.write_text(target, text)
    except OSError as error:
        title = f"'{target}' cannot be written: {error.strerror}"
        raise BrainScriptError(Diagnostic("BS0722", title)) from None


def dot_text(facts: Facts) -> str:
    """The network as a directed graph, inputs pointing at what uses them."""
    return "".join(f"{line}\n" for line in _lines(facts))


def _lines(facts: Facts) -> Iterator[str]:
    yield "strict digraph {"
    yield "rankdir = BT;"
    for node in facts.nodes.values():
        yield f"{_quoted(node.name)} [label = {_quoted(_label(node))}{_style(node, facts)}];"
    for node in facts.nodes.values():
        for name in node.inputs:
            yield f"{_quoted(name)} -> {_quoted(node.name)};"
    yield "}"


def _label(node: NodeSpec) -> str:
    dims = " x ".join(str(d) for d in (*node.dims, *((node.axis,) if node.axis else ())))
    return f"{node.name}\n{node.operation} [{dims}]"


def _style(node: NodeSpec, facts: Facts) -> str:
    shape = ", shape = box" if node.operation in FILLS else ""
    fill = FILLS.get(node.operation)
    if node.name in {n.name for n in (*facts.criteria, *facts.metrics, *facts.outputs)}:
        fill = "lightblue"
    return f"{shape}, style = filled, fillcolor = {fill}" if fill else shape


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def _render(section: Settings, command: str, source: str, picture: str) -> None:
    """Run the command without a shell."""
    try:
        split = shlex.split(command)
        words = [word.replace("<IN>", source).replace("<OUT>", picture) for word in split]
        done = subprocess.run(
            words, check=False, capture_output=True, encoding="utf-8", errors="replace"
        )
        problem = done.stderr.strip() or f"exit code {done.returncode}"
        failed = done.returncode != 0
    except (OSError, IndexError, ValueError) as error:
        problem, failed = str(error), True
    if failed:
        title = f"renderCmd failed: {problem}"
        span = section.span_of("renderCmd")
        help = f"the graph itself was written to '{source}'"
        raise BrainScriptError(Diagnostic("BS0721", title, span, help=help))
