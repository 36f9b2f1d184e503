"""`bs-jit` without its start-up: a server that has imported everything forks one run per request.

    python test/forkserver.py serve SOCKET        until its standard input ends
    python -I -S test/forkserver.py run SOCKET WORD...   one run of `bs-jit WORD...`

A recorded case takes about as long to import the compiler as to compile and train, so the check of
all of them starts here. A run is a process of its own with the streams, the folder and the
environment of who asked for it, and dies with the request.
"""

from __future__ import annotations

import array
import contextlib
import gc
import json
import os
import selectors
import signal
import socket
import sys
import traceback
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages
from typing import TypedDict

HEADER = 16
PARTS = ("dialects", "frontend", "passes", "codegen", "runtime", "tools")


class Asked(TypedDict):
    """What a run is to be."""

    words: list[str]
    folder: str
    environment: dict[str, str]


def request(path: str, words: list[str]) -> int:
    """Ask the server at `path` for one run; its exit code."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(path)
        asked = Asked(words=words, folder=os.getcwd(), environment=dict(os.environ))
        body = json.dumps(asked).encode()
        streams = array.array("i", [0, 1, 2])
        head = str(len(body)).rjust(HEADER).encode()
        connection.sendmsg([head], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, streams)])
        connection.sendall(body)
        answer = connection.recv(HEADER)
    return int(answer) if answer else 70


def serve(path: str) -> None:
    """Fork a run for every request, until standard input ends."""
    for part in PARTS:
        package = import_module(f"brainscript.{part}")
        for module in walk_packages(package.__path__, f"{package.__name__}."):
            import_module(module.name)
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
            _run(json.loads(body), streams)
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


def _run(asked: Asked, streams: list[int]) -> None:
    """What the forked process does: the command, as if it had been started anew."""
    code = 70
    try:
        os.setsid()
        for number, stream in enumerate(streams):
            os.dup2(stream, number)
            os.close(stream)
        os.chdir(asked["folder"])
        os.environ.clear()
        os.environ.update(asked["environment"])
        code = import_module("brainscript.tools.bs_jit").main(asked["words"])
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    if sys.argv[1] == "serve":
        sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
        serve(sys.argv[2])
    else:
        sys.exit(request(sys.argv[2], sys.argv[3:]))
