"""`bs-jit`: runs a config as CNTK's own command line did: train, test, write."""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path

from brainscript import __version__
from brainscript.diagnostic import CommandLineError, Diagnostic, did_you_mean
from brainscript.target import NAMES
from brainscript.tools.collector import own_process
from brainscript.tools.crash import CrashRecord
from brainscript.tools.driver import Console, run_here
from brainscript.tools.options import MATMUL_PRECISION, apply_limits

EXAMPLES = """\
subcommands (each with --help; a config of that name is written ./convert):
  convert    write a model file in another format
  export     write a network as an ONNX file

examples:
  bs-jit configFile=train.cntk                          all commands of the config
  bs-jit train.cntk command=test modelPath=m.model      overrides follow the file
  bs-jit base.cntk+mine.cntk train=[SGD=[maxEpochs=3]]  the later file and [ ] are merged in
"""
SUBCOMMANDS = {"convert": "brainscript.tools.convert", "export": "brainscript.tools.export"}

RECORDS = {
    "metrics": "what training measures, as .csv or .jsonl, line by line",
    "curves": "a picture of it by epoch, .png or .svg",
    "tensorboard": "scalars for TensorBoard",
}
"""Options that record a training run."""


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; returns the exit code (see `tools/driver.py`)."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    if not words:
        parser().print_usage(sys.stderr)
        return 2
    if words[0] in SUBCOMMANDS:
        subcommand: Callable[[list[str]], int] = import_module(SUBCOMMANDS[words[0]]).main
        return subcommand(words[1:])
    options, rest = parser().parse_known_args(words)
    console = Console()
    console.format, console.color = options.format, options.color
    console.traceback = options.traceback
    crash = CrashRecord("bs-jit", words)
    if arguments is None:
        own_process("bs-jit")
    return run_here(lambda: _work(options, rest, console, crash), crash, console)


def parser() -> argparse.ArgumentParser:
    """The command line of `bs-jit`; `key=value` words go to the config untouched."""
    result = argparse.ArgumentParser(
        "bs-jit",
        usage="bs-jit [options] configFile=a.cntk+b.cntk key=value ...",
        description="Run the commands of a BrainScript config: train, test, write.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    result.add_argument("--version", action="version", version=f"bs-jit {__version__}")
    work = result.add_argument_group("work")
    work.add_argument("--dry-run", action="store_true", help="check everything, read no data")
    work.add_argument("--limit", action="append", default=[], metavar="NAME=VALUE")
    work.add_argument("--target", choices=NAMES, help="vector code to use")
    work.add_argument("--matmul-precision", **MATMUL_PRECISION)
    work.add_argument("--cache-dir", type=Path, metavar="DIR", help="where compiled code is kept")
    work.add_argument("--no-cache", action="store_true", help="compile everything anew")
    work.add_argument("--sandbox", type=Path, metavar="DIR", help="no file outside of this folder")
    output = result.add_argument_group("output")
    output.add_argument("--format", choices=("text", "json"), default="text")
    output.add_argument("--color", choices=("auto", "always", "never"), default="auto")
    for name, what in RECORDS.items():
        kind = "DIR" if name == "tensorboard" else "FILE"
        output.add_argument(f"--{name}", type=Path, metavar=kind, help=what)
    output.add_argument(
        "--profile", type=Path, metavar="FILE", help="when what was done, for Chrome or Perfetto"
    )
    output.add_argument("--traceback", action="store_true", help="show where an error was raised")
    return result


def config_words(words: Sequence[str]) -> list[str]:
    """The arguments of the config layer: a bare first word is a config file.

    Raises CommandLineError when there is no config (BS0913) and for an unknown option (BS0902).
    """
    flags = [word for word in words if word.startswith("-")]
    if flags:
        title = f"unknown option '{flags[0]}'"
        known = set(re.findall(r"--[\w-]+", parser().format_help()))
        help = did_you_mean(flags[0].partition("=")[0], known) or "see bs-jit --help"
        raise CommandLineError(Diagnostic("BS0902", title, help=help))
    if not words:
        raise CommandLineError(_no_config())
    if "=" in words[0] and not os.path.isfile(words[0]):
        if not any(word.lower().startswith("configfile=") for word in words):
            raise CommandLineError(_no_config())
        return list(words)
    return [f"configFile={words[0]}", *words[1:]]


def _confine(options: argparse.Namespace, words: Sequence[str]) -> None:
    from brainscript.codegen.cache import default_folder
    from brainscript.tools.sandbox import confine

    configs = [word.partition("=")[2] for word in words if word.lower().startswith("configfile=")]
    files = [Path(name) for config in configs for name in config.split("+")]
    confine(options.sandbox, [options.cache_dir or default_folder()], files)


def _no_config() -> Diagnostic:
    return Diagnostic("BS0913", "no config given", help="bs-jit configFile=FILE key=value ...")


def _work(
    options: argparse.Namespace, rest: list[str], console: Console, crash: CrashRecord
) -> int:
    apply_limits(options.limit)
    words = config_words(rest)
    if options.target:
        os.environ["BS_TARGET"] = options.target
    from brainscript.tools.jit_session import work

    if options.sandbox is not None:
        _confine(options, words)
    return work(options, words, console, crash)


if __name__ == "__main__":
    sys.exit(main())
