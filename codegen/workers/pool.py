"""The worker processes that compile: started on demand, kept for the next kernels, replaced never.

Each is served by a thread here, so two compile at a time. A worker that dies, or takes longer than
the limit `compile-seconds`, takes down the kernel it was at and nothing else: its text is kept and
the caller gets a diagnostic.
"""

from __future__ import annotations

import atexit
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

from brainscript.codegen.timing.trace import span
from brainscript.diagnostic import BrainScriptError, CompilerFaultError, Diagnostic
from brainscript.limits import exceeded, limit
from brainscript.target import Target

WORKERS = 2
"""Processes that compile at the same time; there is little to win from more."""


class WorkerLostError(Exception):
    """The worker ended while it had work; carries what it last said."""


class WorkerStuckError(WorkerLostError):
    """The worker was ended because it took too long over one piece of work."""


class Worker:
    """One process running `worker.py`."""

    def __init__(self) -> None:
        self._said = tempfile.TemporaryFile()
        script = Path(__file__).with_name("worker.py")
        self._process = subprocess.Popen(
            [sys.executable, "-P", str(script)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._said,
            start_new_session=True,
        )

    @property
    def number(self) -> int:
        """The number of the process."""
        return self._process.pid

    def compile(self, text: str, target: Target, assembly: bool) -> bytes:
        """Object code (or assembly) of a module."""
        data = text.encode("utf-8")
        head = {
            "size": len(data),
            "triple": target.triple,
            "cpu": target.cpu,
            "features": target.features,
            "assembly": assembly,
        }
        watch = _Watch(self._process, limit("compile-seconds"))
        try:
            good, payload = self._exchange(json.dumps(head).encode() + b"\n" + data)
        except WorkerLostError as lost:
            raise (WorkerStuckError() if watch.struck else lost) from None
        finally:
            watch.cancel()
        if not good:
            raise ValueError(payload.decode("utf-8", "replace"))
        return payload

    def _exchange(self, message: bytes) -> tuple[bool, bytes]:
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        try:
            stdin.write(message)
            stdin.flush()
            line = stdout.readline()
            reply: dict[str, Any] = json.loads(line) if line else {}
            payload = stdout.read(reply["size"]) if reply else b""
        except OSError:
            reply, payload = {}, b""
        if not reply or len(payload) != reply["size"]:
            raise WorkerLostError(self._last_words())
        return bool(reply["good"]), payload

    def _last_words(self) -> str:
        status = self._process.wait()
        self._said.seek(0)
        lines = self._said.read().decode("utf-8", "replace").strip().splitlines()
        spoken = [line for line in lines if "LLVM ERROR" in line] or lines[-1:]
        return f"{spoken[0] if spoken else 'no message'} (exit status {status})"

    def close(self) -> None:
        """End the process."""
        for stream in (self._process.stdin, self._process.stdout, self._said):
            if stream is not None:
                with suppress(OSError):
                    stream.close()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=2)
            return
        self._process.kill()
        self._process.wait()


class _Watch:
    """Ends a process unless it is called off within a number of seconds."""

    def __init__(self, process: subprocess.Popen[bytes], seconds: float):
        self.struck = False
        self._process = process
        self._timer = threading.Timer(seconds, self._strike)
        self._timer.daemon = True
        self._timer.start()

    def _strike(self) -> None:
        self.struck = True
        self._process.kill()

    def cancel(self) -> None:
        """Nothing is to be ended any more."""
        self._timer.cancel()


class WorkerPool:
    """Up to `WORKERS` workers, idle ones kept."""

    def __init__(self, crash_folder: Path | None = None) -> None:
        self._idle: list[Worker] = []
        self._lock = threading.Lock()
        self._crash_folder = crash_folder

    def compile(
        self, sources: Mapping[str, Callable[[], str]], target: Target, assembly: bool = False
    ) -> dict[str, bytes]:
        """Compile every source; the first failure is raised when all workers have stopped."""
        batch = _Batch(self, sources, target, assembly)
        if len(sources) == 1:
            batch.work()
        else:
            threads = [threading.Thread(target=batch.work) for _ in range(WORKERS)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        if batch.failures:
            raise batch.failures[0]
        return {key: batch.done[key] for key in sources}

    def take(self) -> Worker:
        """An idle worker, or a new one."""
        with self._lock:
            return self._idle.pop() if self._idle else Worker()

    def give(self, worker: Worker) -> None:
        """Hand a worker back."""
        with self._lock:
            self._idle.append(worker)

    def keep(self, key: str, text: str) -> str:
        """Write text that LLVM could not take into the crash folder; returns its place."""
        if os.environ.get("BS_CRASH") == "0":
            return ""
        stamp = time.strftime("%Y%m%d-%H%M%S")
        place = Path(os.environ.get("BS_CRASH_DIR", "."))
        folder = self._crash_folder or place / f"bs-crash-{stamp}-{os.getpid()}"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            path = folder / f"{key[:16]}.ll"
            path.write_text(text, encoding="utf-8")
        except OSError:
            return ""
        return str(path)

    def close(self) -> None:
        """End all idle workers."""
        with self._lock:
            workers, self._idle = self._idle, []
        for worker in workers:
            worker.close()


class _Batch:
    """Sources that the threads of one call share."""

    def __init__(
        self,
        pool: WorkerPool,
        sources: Mapping[str, Callable[[], str]],
        target: Target,
        assembly: bool,
    ):
        self.pool, self.target, self.assembly = pool, target, assembly
        self.waiting = list(sources.items())[::-1]
        self.done: dict[str, bytes] = {}
        self.failures: list[BaseException] = []
        self.lock = threading.Lock()

    def work(self) -> None:
        """Compile sources until none is left or one has failed."""
        try:
            worker = self.pool.take()
        except OSError as error:
            self.failures.append(_cannot_start(error))
            return
        while (source := self._next()) is not None:
            try:
                self.done[source[0]] = self._compile(worker, *source)
            except WorkerLostError:
                worker.close()
                return
            except BaseException as error:
                self.failures.append(error)
        self.pool.give(worker)

    def _next(self) -> tuple[str, Callable[[], str]] | None:
        with self.lock:
            return self.waiting.pop() if self.waiting and not self.failures else None

    def _compile(self, worker: Worker, key: str, source: Callable[[], str]) -> bytes:
        text = source()
        try:
            with span(f"LLVM {key[:32]}", "compile", bytes=len(text)):
                return worker.compile(text, self.target, self.assembly)
        except WorkerStuckError:
            self.failures.append(_stuck(self.pool.keep(key, text)))
            raise
        except WorkerLostError as lost:
            self.failures.append(_refused(str(lost), self.pool.keep(key, text)))
            raise
        except ValueError as error:
            raise _refused(str(error), self.pool.keep(key, text)) from error


def _refused(reason: str, kept: str) -> CompilerFaultError:
    return CompilerFaultError(
        Diagnostic(
            "BS0803",
            "LLVM could not compile a kernel",
            label=reason.strip().partition("\n")[0],
            help=f"this is a fault of the compiler; the kernel is in {kept}" if kept else "",
        )
    )


def _stuck(kept: str) -> BrainScriptError:
    title = f"LLVM did not finish a kernel within {limit('compile-seconds')} seconds"
    label = f"the kernel is in {kept}" if kept else ""
    return exceeded("compile-seconds", "BS0806", title, label=label)


def _cannot_start(error: OSError) -> BrainScriptError:
    return BrainScriptError(
        Diagnostic(
            "BS0805",
            "the compiler's worker process could not be started",
            label=str(error),
            help="check limits on processes and memory",
        )
    )


@cache
def shared_pool() -> WorkerPool:
    """The pool of this process; its workers end with it."""
    pool = WorkerPool()
    atexit.register(pool.close)
    return pool
