"""Values that are tried out and put back."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import contextmanager

from brainscript.runtime.network import Network

MOVED = ("parameter", "statistic", "momentum", "random")
"""The roles of the states that training moves."""


@contextmanager
def restored(network: Network, roles: Sequence[str]) -> Generator[None]:
    """Puts the values of these roles back at the end."""
    state = network.state
    saved = {n: state.view(n).copy() for n in state.names() if state.role(n) in roles}
    try:
        yield
    finally:
        for name, value in saved.items():
            state.view(name)[...] = value
