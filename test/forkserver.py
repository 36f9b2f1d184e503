"""The commands without their start-up: a server that has imported everything forks every run.

    python test/forkserver.py SOCKET        serves until its standard input ends

Importing the compiler takes longer than most tests have for it to do, so the FileCheck tests and
the recorded cases start their commands here. A run is a process of its own with the streams, the
folder and the environment of who asked for it (see `forkclient.py`), and dies with the request.
"""

from __future__ import annotations

import contextlib
import gc
import os
import selectors
import signal
import socket
import subprocess
import sys
import time
import traceback
from collections.abc import Generator
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages

HEADER = 16
PARTS = ("dialects", "frontend", "passes", "codegen", "runtime", "tools")
COMMANDS = {
    "bs-jit": "brainscript.tools.bs_jit",
    "bs-opt": "brainscript.tools.bs_opt",
    "filecheck": "filecheck.main",
}
"""The module whose `main` is the command."""


@contextlib.contextmanager
def started(folder: str | Path, environment: dict[str, str]) -> Generator[list[str]]:
    """A server with its socket in `folder`; the words that ask it for a run of a command."""
    path = str(Path(folder) / "socket")
    server = Path(__file__)
    words = [sys.executable, str(server), path]
    with subprocess.Popen(words, stdin=subprocess.PIPE, env=environment) as process:
        try:
            while not os.path.exists(path) and process.poll() is None:
                time.sleep(0.01)
            yield [sys.executable, "-I", "-S", str(server.with_name("forkclient.py")), path]
        finally:
            process.communicate()


def serve(path: str) -> None:
    """Fork a run for every request, until standard input ends."""
    for part in PARTS:
        package = import_module(f"brainscript.{part}")
        for module in walk_packages(package.__path__, f"{package.__name__}."):
            import_module(module.name)
    for command in COMMANDS.values():
        import_module(command)
    gc.collect()
    gc.freeze()
    with socket.socket(socket.AF_UNIX) as listening, selectors.DefaultSelector() as selector:
        listening.bind(path + ".new")
        listening.listen(16)
        Path(path + ".new").rename(path)
        selector.register(listening, selectors.EVENT_READ)
        selector.register(sys.stdin, selectors.EVENT_READ)
        Server(listening, selector).work()


class Server:
    """The runs under way, by process."""

    def __init__(self, listening: socket.socket, selector: selectors.BaseSelector) -> None:
        self.listening = listening
        self.selector = selector
        self.runs: dict[int, socket.socket] = {}

    def work(self) -> None:
        """Serve; look for ended runs every few milliseconds while there are any."""
        while True:
            for key, _ in self.selector.select(0.005 if self.runs else None):
                if key.fileobj is self.listening:
                    self._start(self.listening.accept()[0])
                elif key.fileobj is sys.stdin:
                    return
                else:
                    os.kill(key.data, signal.SIGKILL)
                    self.selector.unregister(key.fileobj)
            self._reap()

    def _start(self, connection: socket.socket) -> None:
        head, streams, _, _ = socket.recv_fds(connection, HEADER, 3)
        body = b""
        while len(body) < int(head):
            body += connection.recv(1 << 20)
        child = os.fork()
        if not child:
            connection.close()
            self.listening.close()
            _run(body, streams)
        for stream in streams:
            os.close(stream)
        self.runs[child] = connection
        self.selector.register(connection, selectors.EVENT_READ, child)

    def _reap(self) -> None:
        for child in list(self.runs):
            ended, status = os.waitpid(child, os.WNOHANG)
            if ended:
                connection = self.runs.pop(child)
                with contextlib.suppress(KeyError):
                    self.selector.unregister(connection)
                with contextlib.suppress(OSError):
                    connection.sendall(str(os.waitstatus_to_exitcode(status)).encode())
                connection.close()


def _run(body: bytes, streams: list[int]) -> None:
    """What the forked process does: the command, as if it had been started anew."""
    folder, count, *fields = body.split(b"\0")[:-1]
    words, variables = fields[: int(count)], fields[int(count) :]
    code: object = 70
    try:
        os.setsid()
        for number, stream in enumerate(streams):
            os.dup2(stream, number)
            os.close(stream)
        sys.stdin, sys.stdout = open(0, closefd=False), open(1, "w", closefd=False)
        sys.stderr = open(2, "w", buffering=1, errors="backslashreplace", closefd=False)
        os.chdir(folder)
        os.environb.clear()
        for pair in variables:
            name, _, value = pair.partition(b"=")
            os.environb[name] = value
        sys.argv = list(map(os.fsdecode, words))
        code = import_module(COMMANDS[sys.argv[0]]).main()
    except SystemExit as stop:
        code = stop.code
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code if isinstance(code, int) else 0)


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
    serve(sys.argv[1])
