"""`bs-jit convert MODEL --to FORMAT -o OUT`: one model file as another, or as weights alone."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from brainscript.runtime.model.loading import load_model
from brainscript.runtime.model.store import save_values
from brainscript.runtime.model.weights import save_npz, save_safetensors
from brainscript.runtime.model.writing import FORMATS, write_graph
from brainscript.tools.crash import CrashRecord
from brainscript.tools.driver import Console, run

TO = ("container", *FORMATS, "npz", "safetensors")
EXAMPLES = """\
examples:
  bs-jit convert old.dnn --to container -o new.model     what this program writes itself
  bs-jit convert new.model --to cntk1 -o new.dnn         a network file of CNTK version 1
  bs-jit convert old.dnn --to npz -o weights.npz         arrays, and weights.npz.json beside them
"""


def parser() -> argparse.ArgumentParser:
    """The command line."""
    result = argparse.ArgumentParser(
        "bs-jit convert",
        description="Write a model file in another format.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    result.add_argument("model", help="a model file of any known format")
    result.add_argument("--to", choices=TO, required=True, help="the format to write")
    result.add_argument("-o", "--output", required=True, metavar="FILE", help="the file to write")
    result.add_argument("--format", choices=("text", "json"), default="text")
    result.add_argument("--traceback", action="store_true", help="show where an error was raised")
    return result


def main(words: Sequence[str]) -> int:
    """The subcommand; `words` are those after `convert`. Returns the exit code."""
    options = parser().parse_args(words)
    console = Console()
    console.format, console.traceback = options.format, options.traceback
    crash = CrashRecord("bs-jit convert", list(words))
    return run(lambda: _work(options, console), crash, console)


def _work(options: argparse.Namespace, console: Console) -> int:
    model = load_model(options.model)
    for remark in model.remarks:
        console.show(remark)
    print(f"{model.path}: {model.format}, {len(model.values)} tensors", file=sys.stderr)
    target = Path(options.output)
    if options.to == "npz":
        save_npz(target, model.values)
    elif options.to == "safetensors":
        save_safetensors(target, model.values)
    elif options.to == "container":
        from brainscript.tools.facts import facts_of

        save_values(target, facts_of(model.module()), model.values)
    else:
        from brainscript.passes.stored.describe import describe_module

        graph = describe_module(model.module(), options.model)
        for remark in write_graph(target, options.to, graph, model.values):
            console.show(remark)
    return 0
