"""Asks `forkserver.py` for a run: `python -I -S test/forkclient.py SOCKET COMMAND WORD...`.

It imports next to nothing (not `socket`, which takes longer to import than all of this to run).
A request is a line with the length of the rest, sent with the three standard streams; then, each
ended by a zero byte, the folder, the number of words, the words, and the environment's variables.
"""

from __future__ import annotations

import _socket
import os
import sys

HEADER = 16


def request(path: str, words: list[str]) -> int:
    """Ask the server at `path` for one run; its exit code."""
    connection = _socket.socket(_socket.AF_UNIX)
    connection.connect(path)
    variables = [b"=".join(pair) for pair in os.environb.items()]
    fields = [os.getcwdb(), b"%d" % len(words), *map(os.fsencode, words), *variables]
    body = b"".join(field + b"\0" for field in fields)
    streams = b"".join(number.to_bytes(4, sys.byteorder) for number in (0, 1, 2))
    head = str(len(body)).rjust(HEADER).encode()
    connection.sendmsg([head], [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, streams)])
    connection.sendall(body)
    answer = connection.recv(HEADER)
    return int(answer) if answer else 70


if __name__ == "__main__":
    sys.exit(request(sys.argv[1], sys.argv[2:]))
