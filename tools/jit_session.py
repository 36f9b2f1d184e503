"""One run of `bs-jit`: the config and its actions in order."""

from __future__ import annotations

import argparse
import gc
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path

from brainscript import atomic
from brainscript.codegen.cache import open_cache
from brainscript.codegen.timing import trace
from brainscript.diagnostic import Diagnostic
from brainscript.frontend.config import load_config
from brainscript.frontend.source import Sources
from brainscript.runtime.program_cache import ProgramCache
from brainscript.runtime.threads import thread_count
from brainscript.runtime.train.metrics import (
    CurveRecorder,
    Recorder,
    TableRecorder,
    TensorboardRecorder,
    cannot_write,
)
from brainscript.runtime.train.parallel.world import together, world
from brainscript.settings import Settings
from brainscript.target import check_pairs, choose_target
from brainscript.tools.collector import start_collector
from brainscript.tools.crash import CrashRecord
from brainscript.tools.driver import Console
from brainscript.tools.network import Compilation
from brainscript.tools.processes import run_commands
from brainscript.tools.wiring import Wiring


def work(
    options: argparse.Namespace, words: Sequence[str], console: Console, crash: CrashRecord
) -> int:
    """Run all commands of the config; the exit code is 0 unless something is raised."""
    if options.dry_run:
        gc.disable()
    else:
        start_collector()
    sources = Sources()
    console.line_of = sources.line_of
    with _profiled(options.profile if not world().rank else None):
        return _run(options, words, console, crash, sources)


@contextmanager
def _profiled(path: Path | None) -> Generator[None]:
    """Record the run, and write the record when it ends, however it does."""
    if path is None:
        yield
        return
    recorded = trace.start()
    try:
        yield
    finally:
        trace.stop()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            atomic.write_text(path, recorded.text())
        except OSError as error:
            raise cannot_write(path, error) from None


def _run(
    options: argparse.Namespace,
    words: Sequence[str],
    console: Console,
    crash: CrashRecord,
    sources: Sources,
) -> int:
    def prepare() -> tuple[Settings, Wiring, tuple[Recorder, ...]]:
        with trace.span("config", "compile"):
            settings = load_config(words, sources)
        for source in sources.texts():
            crash.source(source.name, source.text)
        wiring = Wiring(console, _compilation(options, settings, console, crash), sources)
        records = not options.dry_run and not world().rank
        return settings, wiring, recorders_of(options) if records else ()

    settings, wiring, recorders = together(world(), prepare)
    environment = wiring.environment(options.dry_run)
    environment.recorders = recorders
    try:
        run_commands(settings, environment, console)
    finally:
        for recorder in environment.recorders:
            recorder.close()
    wiring.show_warnings()
    for diagnostic in settings.unknown_keys():
        console.show(diagnostic)
    return 0


def recorders_of(options: argparse.Namespace) -> tuple[Recorder, ...]:
    """What the options ask to be recorded, and where."""
    kinds = (
        (options.metrics, TableRecorder),
        (options.curves, CurveRecorder),
        (options.tensorboard, TensorboardRecorder),
    )
    return tuple(kind(path) for path, kind in kinds if path is not None)


def _compilation(
    options: argparse.Namespace, settings: Settings, console: Console, crash: CrashRecord
) -> Compilation:
    objects = None if options.no_cache else open_cache(options.cache_dir, console.show)
    if objects is None and options.cache_dir is not None and not options.no_cache:
        title = f"'{options.cache_dir}' cannot keep compiled code: everything is compiled anew"
        remedy = "name a folder of your own that can be written"
        console.show(Diagnostic("BS0815", title, help=remedy, severity="warning"))
    programs = None
    if objects is not None and trace.running() is None:
        programs = ProgramCache(objects, console.show)
    threads = thread_count(settings.integer("numCPUThreads", 0))
    target, matmul = choose_target(), options.matmul_precision
    if matmul != "float32":
        check_pairs(target)
    return Compilation(target, objects, programs, threads, crash, matmul)
