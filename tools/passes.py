"""Running a pipeline: lookup with suggestions, timing, dumps after passes, and the crash record."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TextIO

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.passes import ModulePass
from xdsl.utils.arg_spec import parse_pipeline
from xdsl.utils.exceptions import ArgSpecParseError, PassFailedException, VerifyException

from brainscript.atomic import write_text
from brainscript.codegen.timing.trace import span
from brainscript.diagnostic import BrainScriptError, CommandLineError, Diagnostic, did_you_mean
from brainscript.passes.ir_text import ir_text
from brainscript.passes.pipeline import PIPELINES, expand
from brainscript.passes.registry import PASSES, load_pass
from brainscript.tools.crash import CrashRecord


@dataclass
class Instruments:
    """What to observe while passes run; all output goes to `stream`, never to standard output."""

    stream: TextIO
    print_after: tuple[str, ...] = ()
    print_on_change: bool = False
    dump_folder: Path | None = None
    verify: bool = True
    places: bool = False
    seconds: dict[str, float] = field(default_factory=dict[str, float])
    count: int = 0

    def text(self, module: ModuleOp) -> str:
        """The module as it is to be printed."""
        return ir_text(module, self.places)

    def wants(self, name: str) -> bool:
        """Whether the module is to be printed after this pass."""
        return "all" in self.print_after or name in self.print_after


def parse_passes(pipeline: str) -> list[ModulePass]:
    """The pass objects of a pipeline text; named pipelines are expanded first."""
    try:
        specs = list(parse_pipeline(expand(pipeline)))
    except ArgSpecParseError as error:
        raise _bad_pipeline(str(error)) from None
    passes: list[ModulePass] = []
    for spec in specs:
        if spec.name not in PASSES:
            known = (*PASSES, *PIPELINES)
            raise CommandLineError(
                Diagnostic(
                    "BS0901", f"unknown pass '{spec.name}'", help=did_you_mean(spec.name, known)
                )
            )
        try:
            passes.append(load_pass(spec.name).from_pass_spec(spec))
        except (ArgSpecParseError, ValueError) as error:
            raise _bad_pipeline(f"{spec.name}: {error}") from None
    return passes


def run_passes(
    context: Context,
    module: ModuleOp,
    pipeline: str | Sequence[ModulePass],
    instruments: Instruments,
    text_of: Callable[[ModuleOp], str],
    crash: CrashRecord,
) -> None:
    """Run the pipeline, its text or its passes, on `module` in place.

    A pass that raises PassFailedException or VerifyException becomes a diagnostic; any other
    exception leaves through the crash record, which then holds the IR before the failing pass.
    """
    passes = parse_passes(pipeline) if isinstance(pipeline, str) else pipeline
    first = module.clone()
    before = ""
    for position, step in enumerate(passes):
        rest = ",".join(str(p.pipeline_pass_spec()) for p in passes[position:])
        crash.before_pass(partial(_again, context, first, passes[:position]), rest)
        start = time.perf_counter()
        try:
            with span(step.name, "pass"):
                step.apply(context, module)
        except PassFailedException as error:
            raise BrainScriptError(Diagnostic("BS0909", f"{step.name}: {error}")) from None
        key = f"{len(instruments.seconds) + 1:02d} {step.name}"
        instruments.seconds[key] = time.perf_counter() - start
        if instruments.verify:
            _verify_after(module, step.name)
        before = _observe(module, step.name, before, instruments, text_of)
    crash.passes_done()


def _again(context: Context, first: ModuleOp, passes: Sequence[ModulePass]) -> ModuleOp:
    """What these passes make of the module, once more: they work in place and always alike."""
    module = first.clone()
    for step in passes:
        step.apply(context, module)
    return module


def _verify_after(module: ModuleOp, name: str) -> None:
    try:
        module.verify()
    except VerifyException as error:
        raise RuntimeError(f"the IR is broken after the pass '{name}': {error}") from error


def _observe(
    module: ModuleOp,
    name: str,
    before: str,
    instruments: Instruments,
    text_of: Callable[[ModuleOp], str],
) -> str:
    instruments.count += 1
    wanted = instruments.wants(name) or instruments.print_on_change or instruments.dump_folder
    if not wanted:
        return before
    text = text_of(module)
    if instruments.dump_folder is not None:
        write_text(instruments.dump_folder / f"{instruments.count:02d}-{name}.mlir", text)
    if instruments.wants(name) or (instruments.print_on_change and text != before):
        print(f"// ----- IR after {name} ----- //\n{text}", file=instruments.stream)
    return text


def _bad_pipeline(reason: str) -> CommandLineError:
    remedy = "a pipeline looks like: bs-evaluate,net-select{mode=train}"
    return CommandLineError(Diagnostic("BS0902", f"bad pipeline: {reason}", help=remedy))
