"""Every limit on hostile input in one table; a flag `--limit NAME=VALUE` raises each."""

from __future__ import annotations

import sys
from collections.abc import Generator
from contextlib import contextmanager

from brainscript.diagnostic import Diagnostic, LimitError, Span

DEFAULTS: dict[str, int] = {
    "source-bytes": 64 << 20,
    "include-depth": 64,
    "substitution-bytes": 16 << 20,
    "substitution-depth": 100,
    "expression-nesting": 1000,
    "function-nesting": 64,
    "calls": 200_000,
    "path-length": 20_000,
    "array-length": 1_000_000,
    "string-bytes": 16 << 20,
    "network-nodes": 1_000_000,
    "rank": 32,
    "tensor-elements": 1 << 40,
    "data-errors": 1_000_000,
    "model-nodes": 100_000,
    "model-values": 500_000,
    "compile-seconds": 600,
    "disk-full-seconds": 600,
}

_current = dict(DEFAULTS)


def limit(name: str) -> int:
    """The limit in force under this name."""
    return _current[name]


def set_limits(changes: dict[str, int]) -> None:
    """Replace limits for this process; names must exist in `DEFAULTS`."""
    unknown = changes.keys() - DEFAULTS.keys()
    if unknown:
        raise KeyError(f"no such limit: {sorted(unknown)[0]}")
    _current.update(changes)


def exceeded(
    name: str, code: str, title: str, span: Span | None = None, label: str = ""
) -> LimitError:
    """The error to raise when the limit `name` is passed."""
    remedy = f"raise it with --limit {name}=N (now {limit(name)}) if the input is to be trusted"
    return LimitError(Diagnostic(code, title, span, label, help=remedy))


@contextmanager
def recursion(frames: int) -> Generator[None]:
    """Allow `frames` more nested Python calls inside the block; they live on the heap."""
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(before + frames)
    try:
        yield
    finally:
        sys.setrecursionlimit(before)
