"""`bs-opt`: prints any level of a config, a network or IR text, and runs any pass."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from brainscript import __version__
from brainscript.diagnostic import BrainScriptError, CommandLineError, Diagnostic, did_you_mean
from brainscript.limits import DEFAULTS
from brainscript.tools.crash import CrashRecord
from brainscript.tools.driver import Console, run
from brainscript.tools.options import MATMUL_PRECISION, SPLIT

EXAMPLES = """\
examples:
  bs-opt model.cntk --emit net              the network of the first command, shapes inferred
  bs-opt layers.bs -p bs-inline             one pass on the members of a network
  bs-opt model.cntk --emit asm --step test  the assembly of the evaluation step
"""
INFORM = ("explain", "list_passes", "list_dialects", "list_limits", "show_pipeline")


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; returns the exit code (see `tools/driver.py`)."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    options = parser().parse_intermixed_args(words)
    console = Console()
    console.format, console.color = options.format, options.color
    console.traceback = options.traceback
    crash = CrashRecord("bs-opt", words)
    if not words and sys.stdin.isatty():
        parser().print_usage(sys.stderr)
        return 2
    if any(getattr(options, name) for name in INFORM):
        return run(lambda: _inform(options), crash, console)
    from brainscript.tools.opt_session import work

    return run(lambda: work(options, console, crash), crash, console)


def parser() -> argparse.ArgumentParser:
    """The command line of `bs-opt`."""
    result = argparse.ArgumentParser(
        "bs-opt",
        description="Print any level of a BrainScript network and run passes on it.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    result.add_argument("file", nargs="?", default="-", help="input, '-' for standard input")
    result.add_argument("overrides", nargs="*", metavar="key=value", help="config overrides")
    result.add_argument("--version", action="version", version=f"bs-opt {__version__}")
    _add_input(result.add_argument_group("input"))
    _add_work(result.add_argument_group("work"))
    _add_output(result.add_argument_group("output"))
    _add_information(result.add_argument_group("information"))
    return result


def _add_input(group: argparse._ArgumentGroup) -> None:  # pyright: ignore[reportPrivateUsage]
    group.add_argument("--command", metavar="NAME", help="the command of the config to look at")
    group.add_argument("--language", choices=("config", "bs", "ndl", "mel", "mlir"))
    group.add_argument("--split-input-file", action="store_true", help=f"parts end at '{SPLIT}'")
    group.add_argument("--limit", action="append", default=[], metavar="NAME=VALUE")


def _add_work(group: argparse._ArgumentGroup) -> None:  # pyright: ignore[reportPrivateUsage]
    levels = ("ast", "bs", "net", "brainscript", "gradient", "sched", "kern", "llvm", "asm")
    group.add_argument("-p", "--passes", metavar="PIPELINE", help="passes or named pipelines")
    group.add_argument("--emit", choices=levels, help="lower to this level")
    steps = ("train", "gradient", "update", "test", "write", "precompute")
    group.add_argument("--step", choices=steps, default="train", help="what the network becomes")
    group.add_argument("--matmul-precision", **MATMUL_PRECISION)
    group.add_argument("--parse-only", action="store_true", help="print nothing, exit 0 or 1")
    group.add_argument("--verify-diagnostics", action="store_true", help="as mlir-opt")
    group.add_argument("--no-verify", action="store_true", help="no verifier between passes")
    group.add_argument("--run-reproducer", action="store_true", help="run a crash's reproducer")


def _add_output(group: argparse._ArgumentGroup) -> None:  # pyright: ignore[reportPrivateUsage]
    group.add_argument("-o", "--output", metavar="FILE", help="written atomically")
    group.add_argument("--print-ir-after", action="append", default=[], metavar="PASS|all")
    group.add_argument("--print-ir-on-change", action="store_true")
    group.add_argument("--print-debuginfo", action="store_true", help="locations in printed IR")
    group.add_argument("--dump-dir", type=Path, metavar="DIR", help="one file after each pass")
    group.add_argument("--timing", action="store_true", help="seconds per pass, to stderr")
    group.add_argument("--format", choices=("text", "json"), default="text")
    group.add_argument("--color", choices=("auto", "always", "never"), default="auto")
    group.add_argument("--traceback", action="store_true", help="show where an error was raised")


def _add_information(group: argparse._ArgumentGroup) -> None:  # pyright: ignore[reportPrivateUsage]
    group.add_argument("--explain", metavar="CODE", help="what a diagnostic code means")
    group.add_argument("--list-passes", action="store_true")
    group.add_argument("--list-dialects", action="store_true")
    group.add_argument("--list-limits", action="store_true")
    group.add_argument("--show-pipeline", metavar="NAME")


def _inform(options: argparse.Namespace) -> int:
    for name in INFORM:
        if value := getattr(options, name):
            print(_INFORMATION[name](value))
            return 0
    return 2


def _explain(code: str) -> str:
    from brainscript.codes import all_codes

    table = all_codes()
    if code not in table:
        title = f"unknown code '{code}'"
        raise CommandLineError(Diagnostic("BS0914", title, help=did_you_mean(code, table)))
    title, text = table[code]
    return f"{code}: {title}\n\n{text}"


def _passes(_: object) -> str:
    from brainscript.passes.registry import PASSES, load_pass

    lines = [
        f"{name:28} {(load_pass(name).__doc__ or '').strip().splitlines()[0]}" for name in PASSES
    ]
    return "\n".join(lines)


def _dialects(_: object) -> str:
    from brainscript.dialects.registry import DIALECTS

    return "\n".join(DIALECTS)


def _limits(_: object) -> str:
    return "\n".join(f"{name:22} {value}" for name, value in DEFAULTS.items())


def _pipeline(name: str) -> str:
    from brainscript.passes.pipeline import PIPELINES

    if name not in PIPELINES:
        title = f"unknown pipeline '{name}'"
        raise BrainScriptError(Diagnostic("BS0901", title, help=did_you_mean(name, PIPELINES)))
    return "\n".join(PIPELINES[name])


_INFORMATION = {
    "explain": _explain,
    "list_passes": _passes,
    "list_dialects": _dialects,
    "list_limits": _limits,
    "show_pipeline": _pipeline,
}

if __name__ == "__main__":
    sys.exit(main())
