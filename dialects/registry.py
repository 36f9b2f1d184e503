"""Where each dialect lives: name -> `module:attribute`, imported on demand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import import_module

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Dialect

from brainscript.diagnostic import Diagnostic

DIALECTS: dict[str, str] = {
    "builtin": "xdsl.dialects.builtin:Builtin",
    "arith": "xdsl.dialects.arith:Arith",
    "math": "xdsl.dialects.math:Math",
    "scf": "xdsl.dialects.scf:Scf",
    "bs": "brainscript.dialects.bs:BS",
    "net": "brainscript.dialects.net.network:Net",
    "sched": "brainscript.dialects.sched:Sched",
    "kern": "brainscript.dialects.kern:Kern",
}


@dataclass
class NetworkContext(Context):
    """A context that can also load networks, and pass on warnings.

    `load_network (path)` gives the module of a file.
    """

    load_network: Callable[[str], ModuleOp] | None = field(default=None)
    warn: Callable[[Diagnostic], None] | None = field(default=None)


def load_dialect(name: str) -> Dialect:
    """The dialect registered under this name."""
    module, _, attribute = DIALECTS[name].partition(":")
    dialect = getattr(import_module(module), attribute)
    assert isinstance(dialect, Dialect)
    return dialect


def make_context(
    load_network: Callable[[str], ModuleOp] | None = None,
    warn: Callable[[Diagnostic], None] | None = None,
) -> Context:
    """A context in which every dialect of `DIALECTS` is loaded when its first operation is met."""
    context = NetworkContext(load_network=load_network, warn=warn)
    for name in DIALECTS:
        context.register_dialect(name, lambda name=name: load_dialect(name))
    context.load_registered_dialect("builtin")
    return context
