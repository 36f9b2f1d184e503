"""`bs-jit export MODEL -o x.onnx`: a network as an ONNX file."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from brainscript.runtime.model.loading import load_model
from brainscript.tools.crash import CrashRecord
from brainscript.tools.driver import Console, run

EXAMPLES = """\
examples:
  bs-jit export old.dnn -o net.onnx                      the output nodes and what they need
  bs-jit export old.dnn -o part.onnx --outputs h1,h2     other nodes as outputs

Values have the samples as their first axis, then the axes of a sample, the slowest first. In a
network with delays the first axes are steps and sequences; all sequences have the same length.
"""
SHOWN = 8


def parser() -> argparse.ArgumentParser:
    """The command line."""
    result = argparse.ArgumentParser(
        "bs-jit export",
        description="Write a network as an ONNX file; needs the extra 'onnx'.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    result.add_argument("model", help="a model file of any known format")
    result.add_argument("-o", "--output", required=True, metavar="FILE", help="the file to write")
    result.add_argument(
        "--outputs", default="", metavar="A,B", help="nodes, instead of all outputs"
    )
    result.add_argument("--format", choices=("text", "json"), default="text")
    result.add_argument("--traceback", action="store_true", help="show where an error was raised")
    return result


def main(words: Sequence[str]) -> int:
    """The subcommand; `words` are those after `export`. Returns the exit code."""
    options = parser().parse_args(words)
    console = Console()
    console.format, console.traceback = options.format, options.traceback
    crash = CrashRecord("bs-jit export", list(words))
    return run(lambda: _work(options, console), crash, console)


def _work(options: argparse.Namespace, console: Console) -> int:
    from brainscript.passes.stored.describe import describe_expanded
    from brainscript.runtime.model.exchange.export import export

    model = load_model(options.model)
    for remark in model.remarks:
        console.show(remark)
    graph, numbers = describe_expanded(model.module(), options.model)
    outputs = [name for name in options.outputs.split(",") if name]
    done = export(options.output, graph, {**model.values, **numbers}, outputs)
    for remark in done.remarks:
        console.show(remark)
    layout = "[steps, sequences, ...]" if done.sequences else "[samples, ...]"
    print(f"opset {done.opset}, checked; values are {layout}", file=sys.stderr)
    print(f"inputs:  {', '.join(done.inputs)}", file=sys.stderr)
    print(f"outputs: {', '.join(done.outputs)}", file=sys.stderr)
    if done.left_out:
        rest = f" and {len(done.left_out) - SHOWN} more" if len(done.left_out) > SHOWN else ""
        print(f"not needed: {', '.join(done.left_out[:SHOWN])}{rest}", file=sys.stderr)
    return 0
