"""What both commands share: exit codes, diagnostics on stderr, signals, internal errors.

Only this module catches: everything below raises. Exit codes: 0 done, 1 the input is at fault, 2
the command line is, 3 a named file is missing, 4 stopped by a limit, 70 internal error, 130 and
143 by signal, 141 when standard output was closed early.
"""

from __future__ import annotations

import errno
import gc
import json
import os
import signal
import sys
import threading
from collections.abc import Callable
from typing import Any

from brainscript.diagnostic import BrainScriptError, Diagnostic, LimitError, LineOf, render
from brainscript.tools.crash import CrashRecord

STACK_BYTES = 256 << 20
RECURSION = 20_000
DISK_ERRORS = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EROFS)
PATH_ERRORS = (errno.EISDIR, errno.ENOTDIR, errno.EEXIST, errno.ENAMETOOLONG, errno.ELOOP)
RIGHTS_ERRORS = (errno.EACCES, errno.EPERM)
COLOURS = {"error": "\x1b[1;31m", "warning": "\x1b[1;33m", "remark": "\x1b[1;34m"}


class Console:
    """Where diagnostics go and in which form."""

    def __init__(self) -> None:
        self.format = "text"
        self.color = "auto"
        self.traceback = False
        self.quiet = False
        self.line_of: LineOf | None = None
        self.heard: list[Diagnostic] | None = None

    def show(self, diagnostic: Diagnostic) -> None:
        """Print one diagnostic to stderr, as text or as one line of JSON; or keep it in `heard`.

        Nothing but errors where this process is not the one that speaks.
        """
        if self.quiet and diagnostic.severity != "error":
            return
        if self.heard is not None:
            self.heard.append(diagnostic)
            return
        if self.format == "json":
            text = json.dumps({"schema": 1, **diagnostic.as_json()})
        else:
            lines = self.line_of
            text = self._paint(render(diagnostic, lines) if lines else render(diagnostic))
        print(text, file=sys.stderr, flush=True)

    def _paint(self, text: str) -> str:
        if not self._coloured():
            return text
        head, colon, rest = text.partition(":")
        colour = COLOURS.get(head.partition("[")[0], "")
        return f"{colour}{head}{colon}\x1b[0m{rest}"

    def _coloured(self) -> bool:
        if self.color != "auto":
            return self.color == "always"
        if os.environ.get("NO_COLOR"):
            return False
        return bool(os.environ.get("FORCE_COLOR")) or sys.stderr.isatty()


def run(body: Callable[[], int], crash: CrashRecord, console: Console) -> int:
    """Run a command's body in a thread with a deep stack; what it raises becomes an exit code."""
    outcome: list[int] = []

    def guarded() -> None:
        outcome.append(_guard(body, crash, console))

    gc.disable()
    sys.setrecursionlimit(RECURSION)
    threading.stack_size(STACK_BYTES)
    worker = threading.Thread(target=guarded, name="brainscript", daemon=True)
    worker.start()
    try:
        worker.join()
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    return _flush(outcome[0], console)


def run_here(body: Callable[[], int], crash: CrashRecord, console: Console) -> int:
    """As `run`, in the calling thread: for commands that handle signals themselves."""
    return _flush(_guard(body, crash, console), console)


def _guard(body: Callable[[], int], crash: CrashRecord, console: Console) -> int:
    try:
        return body()
    except BrainScriptError as error:
        if console.traceback:
            sys.excepthook(type(error), error, error.__traceback__)
        for diagnostic in error.diagnostics:
            console.show(diagnostic)
        return error.exit_code
    except BrokenPipeError:
        _silence(sys.stdout)
        return 141
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    except OSError as error:
        return _system_error(error, crash, console)
    except RecursionError:
        return _too_deep(console)
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else 0
    except BaseException as error:
        return _internal(error, crash, console)


def _system_error(error: OSError, crash: CrashRecord, console: Console) -> int:
    """A full disk or a refused permission that nobody below had words for."""
    if error.errno not in (*DISK_ERRORS, *PATH_ERRORS, *RIGHTS_ERRORS):
        return _internal(error, crash, console)
    place = f" '{error.filename}'" if error.filename else ""
    console.show(Diagnostic("BS0907", f"cannot write{place}: {error.strerror}"))
    return 1


def _too_deep(console: Console) -> int:
    title = "the input nests too deeply"
    console.show(Diagnostic("BS0915", title, help="split the expression into members"))
    return LimitError.exit_code


def _internal(error: BaseException, crash: CrashRecord, console: Console) -> int:
    folder = crash.write(error)
    if console.traceback:
        sys.excepthook(type(error), error, error.__traceback__)
    print(crash.page(error, folder), file=sys.stderr)
    return 70


def _flush(code: int, console: Console) -> int:
    """What is still to be written; a stream that nobody reads any more is given up."""
    code = _flush_output(code, console)
    try:
        sys.stderr.flush()
    except OSError:
        _silence(sys.stderr)
    return code


def _flush_output(code: int, console: Console) -> int:
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        _silence(sys.stdout)
        return 141
    except OSError as error:
        _silence(sys.stdout)
        console.show(Diagnostic("BS0907", f"cannot write standard output: {error.strerror}"))
        return code or 1
    return code


def _silence(stream: Any) -> None:
    """Point a broken stream at nothing, so that the interpreter's last flush is quiet."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
