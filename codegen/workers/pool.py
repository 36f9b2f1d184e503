"""The worker processes that compile: started on demand, kept for the next kernels, replaced never.

Each is served by a thread here, so two compile at a time, while the caller writes more to compile.
A worker that dies, or takes longer than the limit `compile-seconds`, takes down the kernel it was
at and nothing else: its text is kept and the caller gets a diagnostic. One that somebody else ends,
such as a system without memory, is no fault of its kernel: another worker tries that once more.
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
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from brainscript.codegen.timing.trace import span
from brainscript.diagnostic import BrainScriptError, CompilerFaultError, Diagnostic
from brainscript.limits import exceeded, limit
from brainscript.target import Target

WORKERS = 2
"""Processes that compile at the same time; there is little to win from more."""
FROM_OUTSIDE = (-9, -15)
"""The statuses of a worker that was killed or told to end: LLVM does neither."""
SWITCH_SECONDS = 2e-4
"""How long the caller may keep a thread waiting that has news from its worker."""

Source = Callable[[], str]
"""Writes the LLVM text of one module when it is needed."""


class WorkerLostError(Exception):
    """The worker ended while it had work; carries what it last said."""


class WorkerEndedError(WorkerLostError):
    """The worker was ended from outside."""


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

    def compile(self, text: str, target: Target, level: int, assembly: bool) -> bytes:
        """Object code (or assembly) of a module; `level` is the code generator's."""
        data = text.encode("utf-8")
        head = {
            "size": len(data),
            "triple": target.triple,
            "cpu": target.cpu,
            "features": target.features,
            "level": level,
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
            raise self._lost()
        return bool(reply["good"]), payload

    def _lost(self) -> WorkerLostError:
        status = self._process.wait()
        self._said.seek(0)
        lines = self._said.read().decode("utf-8", "replace").strip().splitlines()
        spoken = [line for line in lines if "LLVM ERROR" in line] or lines[-1:]
        words = f"{spoken[0] if spoken else 'no message'} (exit status {status})"
        return WorkerEndedError(words) if status in FROM_OUTSIDE else WorkerLostError(words)

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
        self, sources: Mapping[str, Source], target: Target, assembly: bool = False
    ) -> dict[str, bytes]:
        """Compile every source; the first failure is raised when all workers have stopped."""
        with Batch(self, target, assembly) as batch:
            for key, source in sources.items():
                batch.add(key, source)
            return batch.finish()

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


@dataclass(frozen=True)
class _Work:
    """A module to compile; `label` is what a record of times calls it."""

    key: str
    source: Source
    level: int
    label: str
    again: bool = False


class Batch:
    """Modules that are compiled together, each from the moment that it is added."""

    def __init__(self, pool: WorkerPool, target: Target, assembly: bool = False):
        self._pool, self._target, self._assembly = pool, target, assembly
        self._waiting: deque[_Work] = deque()
        self._done: dict[str, bytes] = {}
        self._keys: list[str] = []
        self._failures: list[BaseException] = []
        self._threads: list[threading.Thread] = []
        self._closed = False
        self._news = threading.Condition()
        self._switch = sys.getswitchinterval()

    def __enter__(self) -> Batch:
        sys.setswitchinterval(SWITCH_SECONDS)
        return self

    def __exit__(self, *_: object) -> None:
        with self._news:
            self._waiting.clear()
        self._end()
        sys.setswitchinterval(self._switch)

    def start(self) -> None:
        """Start all workers now, for there will be work for them."""
        while len(self._threads) < WORKERS:
            self._start_one()

    def add(self, key: str, source: Source, level: int = 2, label: str = "") -> None:
        """Compile one more module, at a level of the code generator."""
        with self._news:
            self._keys.append(key)
            self._waiting.append(_Work(key, source, level, label or key[:32]))
            self._news.notify()
        if len(self._threads) < WORKERS:
            self._start_one()

    def finish(self) -> dict[str, bytes]:
        """The objects by key; the first failure is raised when all workers have stopped."""
        self._end()
        if self._failures:
            raise self._failures[0]
        return {key: self._done[key] for key in self._keys}

    def _start_one(self) -> None:
        self._threads.append(threading.Thread(target=self._work))
        self._threads[-1].start()

    def _end(self) -> None:
        with self._news:
            self._closed = True
            self._news.notify_all()
        for thread in self._threads:
            thread.join()

    def _work(self) -> None:
        """Compile what is waiting until nothing more will come or something has failed."""
        while not self._failures:
            try:
                worker = self._pool.take()
            except OSError as error:
                self._failures.append(_cannot_start(error))
                return
            if self._serve(worker):
                self._pool.give(worker)
                return
            worker.close()

    def _serve(self, worker: Worker) -> bool:
        """Compile with one worker; False when it is lost."""
        while (work := self._next()) is not None:
            try:
                self._done[work.key] = self._compile(worker, work)
            except WorkerLostError:
                return False
            except BaseException as error:
                self._failures.append(error)
        return True

    def _next(self) -> _Work | None:
        with self._news:
            while not (self._waiting or self._closed or self._failures):
                self._news.wait()
            return self._waiting.popleft() if self._waiting and not self._failures else None

    def _compile(self, worker: Worker, work: _Work) -> bytes:
        text = work.source()
        try:
            with span(f"LLVM {work.label}", "compile", bytes=len(text)):
                return worker.compile(text, self._target, work.level, self._assembly)
        except WorkerStuckError:
            self._failures.append(_stuck(self._pool.keep(work.key, text)))
            raise
        except WorkerEndedError as ended:
            if work.again:
                self._failures.append(_ended(str(ended)))
            else:
                self._waiting.appendleft(replace(work, again=True))
            raise
        except WorkerLostError as lost:
            self._failures.append(_refused(str(lost), self._pool.keep(work.key, text)))
            raise
        except ValueError as error:
            raise _refused(str(error), self._pool.keep(work.key, text)) from error


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


def _ended(reason: str) -> BrainScriptError:
    return BrainScriptError(
        Diagnostic(
            "BS0807",
            "the compiler's worker process was ended twice, from outside",
            label=reason,
            help="the system may be out of memory: check limits on it, or compile on its own",
        )
    )


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
