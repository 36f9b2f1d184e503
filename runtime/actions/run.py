"""Commands in order: the list `command`, each with its section, each section with its actions."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager, nullcontext
from functools import partial
from pathlib import Path

from brainscript.codegen.timing.trace import span
from brainscript.device import check_device
from brainscript.diagnostic import BrainScriptError, Diagnostic, did_you_mean
from brainscript.runtime.actions.convert import convert_dbn, export_dbn
from brainscript.runtime.actions.dump import dump
from brainscript.runtime.actions.edit import edit
from brainscript.runtime.actions.evaluate import cross_validate, test
from brainscript.runtime.actions.normalisation import statistics
from brainscript.runtime.actions.plot import plot
from brainscript.runtime.actions.session import Session
from brainscript.runtime.actions.svd import svd
from brainscript.runtime.actions.train import adapt, check, train
from brainscript.runtime.actions.words import create_label_map, write_words
from brainscript.runtime.actions.write import write
from brainscript.runtime.data.side_files import only_checking
from brainscript.runtime.network import Environment
from brainscript.runtime.train.log import Log
from brainscript.runtime.train.metrics import Metrics
from brainscript.runtime.train.parallel.world import started
from brainscript.settings import PRECISIONS, Settings

ACTIONS: dict[str, Callable[[Settings, Session], None]] = {
    "train": train,
    "trainRNN": train,
    "adapt": adapt,
    "test": test,
    "eval": test,
    "cv": cross_validate,
    "write": write,
    "edit": edit,
    "SVD": svd,
    "svd": svd,
    "dumpNodes": dump,
    "dumpNode": dump,
    "dumpnode": dump,
    "plot": plot,
    "bnstat": statistics,
    "writeWordAndClass": write_words,
    "createLabelMap": create_label_map,
    "convertdbn": convert_dbn,
    "exportdbn": export_dbn,
}
UNSUPPORTED = ("devtest",)
SHARED = ("train", "trainRNN", "adapt", "test", "eval", "cv")
"""What all processes of `mpiexec` do together; the first one does the others. All check them."""


def run_all(root: Settings, environment: Environment) -> None:
    """Run every command of a configuration; the last line of the log is `COMPLETED.`."""
    names = root.texts("command", ("train",))
    sections = list(zip(names, command_sections(root), strict=True))
    for _, section in sections:
        section.word("precision", PRECISIONS, "float")
        for action in _actions(section):
            if ACTIONS[action] in (train, adapt):
                check(section)
    check_device([root, *(section for _, section in sections)], environment.warn)
    _check_workers(root, environment)
    _check_type(root, environment)
    checking = only_checking(environment.warn) if environment.dry_run else nullcontext()
    with checking, _log(root, names, environment) as log:
        for name, section in sections:
            run_command(name, section, Session(environment, log))
        log.line("completed stamped" if log.stamps else "completed")
    done = root.text("doneFile", "")
    if done and not environment.dry_run and not environment.world.rank:
        _touch(Path(done))


def _check_workers(root: Settings, environment: Environment) -> None:
    """Training on several processes needs `mpi4py`; asked for in one, it is that of one."""
    workers = started()
    if not root.boolean("parallelTrain", workers > 1) or environment.world.size > 1:
        return
    span = root.span_of("parallelTrain") if root.has("parallelTrain") else None
    if workers > 1:
        title = f"training on {workers} processes needs mpi4py, which is not installed"
        help = "pip install 'brainscript[parallel]', or start bs-jit without mpiexec"
        raise BrainScriptError(Diagnostic("BS0730", title, span, help=help))
    title = "parallelTrain has no effect: one process trains, on all threads of the machine"
    help = "several processes are started by: mpiexec -n 2 bs-jit ..."
    environment.warn(Diagnostic("BS0728", title, span, help=help, severity="warning"))


def _check_type(root: Settings, environment: Environment) -> None:
    """Warn of `type`, which `precision` was called at first."""
    if root.has("precision") or root.text("type", "").lower() not in PRECISIONS:
        return
    title, help = "nothing reads the key 'type'", "did you mean 'precision'?"
    span = root.key_span("type")
    environment.warn(Diagnostic("BS0217", title, span, help=help, severity="warning"))


def run_command(name: str, section: Settings, session: Session) -> None:
    """Run the actions of one command section, each under its banner."""
    trace = section.integer("traceLevel", 0)
    for action in _actions(section):
        session.log.trace = trace
        session.log.banner(f"{name} command ({action} action)")
        world = session.environment.world
        with span(f"{name}: {action}", "action"):
            if action in SHARED or session.environment.dry_run:
                ACTIONS[action](section, session)
                world.agree()
            else:
                world.one(partial(ACTIONS[action], section, session))
        session.log.traced("action complete", action=action)


def command_sections(root: Settings) -> list[Settings]:
    """The sections that `command = A:B` names, in order; without `command` the one called train."""
    return [_section(root, name) for name in root.texts("command", ("train",))]


def _section(root: Settings, name: str) -> Settings:
    found = root.find_section(name) if root.has(name, inherited=False) else None
    if found is None:
        title = f"the command '{name}' has no section"
        help = did_you_mean(name, root.own_keys())
        if "=" in name:
            help = "sections are separated by ':'"
        if not root.has("command"):
            title = "no command is given, and there is no section 'train'"
            help = f"{help} write command = ...".strip()
        raise BrainScriptError(Diagnostic("BS0712", title, root.span_of("command"), help=help))
    return found


def _actions(section: Settings) -> tuple[str, ...]:
    names = section.texts("action", ("train",))
    for name in names:
        if name in ACTIONS:
            continue
        span = section.span_of("action")
        if name in UNSUPPORTED:
            title, help = f"the action '{name}' is not supported", "remove it from 'command'"
            raise BrainScriptError(Diagnostic("BS0711", title, span, help=help))
        title, help = f"unknown action '{name}'", did_you_mean(name, ACTIONS)
        raise BrainScriptError(Diagnostic("BS0710", title, span, help=help))
    return names


@contextmanager
def _log(root: Settings, names: tuple[str, ...], environment: Environment) -> Generator[Log]:
    """The log: standard error, or the file that `stderr` names."""
    stamps = root.boolean("timestamping", False)
    path = root.text("stderr", "")
    metrics = Metrics(environment.recorders)
    if not path:
        yield Log(environment.stderr, stamps=stamps, metrics=metrics)
        return
    if stamps:
        path += "".join(f"_{name}" for name in names) + ".log"
    path += _rank_suffix(environment, stamps=stamps)
    mode = "a" if root.boolean("appendLogFile", False) else "w"
    try:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        stream = open(path, mode, encoding="utf-8")
    except OSError as error:
        title = f"the log file '{path}' cannot be opened: {error.strerror}"
        raise BrainScriptError(Diagnostic("BS0724", title, root.span_of("stderr"))) from None
    with stream:
        yield Log(stream, stamps=stamps, metrics=metrics)


def _rank_suffix(environment: Environment, *, stamps: bool) -> str:
    """What tells the logs of several processes apart."""
    world = environment.world
    if world.size == 1 or not (stamps or world.rank):
        return ""
    return f"rank{world.rank}" if stamps else f".rank{world.rank}"


def _touch(path: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("successfully finished\n", encoding="utf-8")
    except OSError as error:
        title = f"the file '{path}' (doneFile) cannot be written: {error.strerror}"
        raise BrainScriptError(Diagnostic("BS0722", title)) from None
