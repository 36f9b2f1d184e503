"""One run of `bs-opt`: read, build, transform, print. Imported after the command line is parsed."""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass, field
from pathlib import Path

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp

from brainscript.atomic import write_text
from brainscript.diagnostic import BrainScriptError, CommandLineError, Diagnostic
from brainscript.dialects.registry import make_context
from brainscript.frontend.source import Sources, SourceText
from brainscript.passes.ir_text import ir_text, parse_ir
from brainscript.runtime.model.loading import is_model
from brainscript.tools.crash import CrashRecord
from brainscript.tools.driver import Console
from brainscript.tools.emit import lower_to
from brainscript.tools.expected import disagreements
from brainscript.tools.inputs import STDIN, Input, read_input
from brainscript.tools.loading import module_of_file
from brainscript.tools.options import SPLIT, apply_limits
from brainscript.tools.passes import Instruments, run_passes


@dataclass
class _Session:
    options: argparse.Namespace
    console: Console
    crash: CrashRecord
    context: Context
    instruments: Instruments
    wrong: list[Diagnostic] = field(default_factory=list[Diagnostic])


def work(options: argparse.Namespace, console: Console, crash: CrashRecord) -> int:
    """Do what the options say; the exit code is 0 unless something is raised."""
    apply_limits(options.limit)
    crash.printer(ir_text)
    if options.dump_dir is not None:
        options.dump_dir.mkdir(parents=True, exist_ok=True)
    instruments = Instruments(
        sys.stderr,
        tuple(options.print_ir_after),
        options.print_ir_on_change,
        options.dump_dir,
        not options.no_verify,
        options.print_debuginfo,
    )
    context = make_context(module_of_file, console.show)
    session = _Session(options, console, crash, context, instruments)
    source = read_input(options.file, options.language)
    crash.source(source.name, source.text)
    texts = Sources()
    texts.add(SourceText(source.name, source.text))
    console.line_of = texts.line_of
    if options.run_reproducer:
        source = _reproducer(source, options)
    output = f"{SPLIT}\n".join(_part(session, part) for part in _parts(source, options))
    if session.wrong:
        console.line_of = texts.line_of
        raise BrainScriptError(*session.wrong)
    if options.timing:
        _show_timing(instruments)
    if not options.parse_only and not options.verify_diagnostics:
        _write(output, options.output)
    return 0


def _parts(source: Input, options: argparse.Namespace) -> list[Input]:
    """The inputs in a file; lines are kept in place so that diagnostics name the right ones."""
    if not options.split_input_file:
        return [source]
    parts: list[Input] = []
    lines_before = 0
    for text in source.text.split(SPLIT + "\n"):
        parts.append(Input(source.name, "\n" * lines_before + text, source.language))
        lines_before += text.count("\n") + 1
    return parts


def _part(session: _Session, source: Input) -> str:
    if not session.options.verify_diagnostics:
        return _transform(session, source)
    found = session.console.heard = list[Diagnostic]()
    try:
        _transform(session, source)
    except BrainScriptError as error:
        found += error.diagnostics
    finally:
        session.console.heard = None
    session.wrong += disagreements(source.text, source.name, found)
    return ""


def _transform(session: _Session, source: Input) -> str:
    options = session.options
    if source.language == "mlir":
        verify = not options.no_verify
        module = parse_ir(session.context, source.text, source.name, verify, places=True)
    elif source.language == "mel":
        module = parse_ir(session.context, _edited(session, source), source.name)
    else:
        built = _build(session, source)
        if isinstance(built, str):
            return built
        module = built
    if options.parse_only:
        return ""
    if options.passes is not None:
        tools = (session.instruments, session.instruments.text, session.crash)
        run_passes(session.context, module, options.passes, *tools)
    goal = options.emit or ""
    if not goal:
        return session.instruments.text(module)
    if goal == "ast":
        title = "a syntax tree is made of BrainScript text only"
        raise CommandLineError(Diagnostic("BS0910", title))
    stored = is_model(source.name)
    tools = (options.step, session.instruments, session.crash)
    return lower_to(goal, session.context, module, *tools, stored, options.matmul_precision)


def _edited(session: _Session, source: Input) -> str:
    """The network that an editing script saves last; nothing is written."""
    from brainscript.tools.wiring import saved_by_script

    return saved_by_script(source.name, session.options.overrides, session.console)


def _build(session: _Session, source: Input) -> ModuleOp | str:
    from brainscript.tools import frontdoor

    options = session.options
    sources = Sources()
    session.console.line_of = sources.line_of
    if source.language == "config":
        if source.name == STDIN:
            sources.add(SourceText(source.name, source.text))
        expression, precision = frontdoor.network_of_config(
            source.name, options.overrides, options.command, sources
        )
    elif source.language == "ndl":
        given = options.overrides
        expression = frontdoor.script_of(source.text, source.name, sources, given)
        precision = "float"
    else:
        expression = frontdoor.members_of(source.text, source.name, sources)
        precision = "float"
    for warning in sources.warnings:
        session.console.show(warning)
    if options.emit == "ast":
        return frontdoor.ast_text(expression)
    return frontdoor.bs_module(expression, precision)


def _reproducer(source: Input, options: argparse.Namespace) -> Input:
    first, _, rest = source.text.partition("\n")
    mark = "// pipeline: "
    if not first.startswith(mark):
        title = f"'{source.name}' is no reproducer: its first line names no pipeline"
        raise BrainScriptError(Diagnostic("BS0903", title))
    options.passes = first.removeprefix(mark)
    return Input(source.name, "\n" + rest, "mlir")


def _show_timing(instruments: Instruments) -> None:
    total = sum(instruments.seconds.values()) or 1.0
    print(f"{'seconds':>9} {'':>6}  pass", file=sys.stderr)
    for name, seconds in instruments.seconds.items():
        print(f"{seconds:9.4f} {100 * seconds / total:5.1f}%  {name}", file=sys.stderr)
    print(f"{total:9.4f} 100.0%  total", file=sys.stderr)


def _write(text: str, path: str | None) -> None:
    if path is None:
        sys.stdout.write(text)
    elif Path(path).exists() and not Path(path).is_file():
        with open(path, "w", encoding="utf-8") as device:
            device.write(text)
    else:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        write_text(path, text)
