"""A network as a model file of another program describes it: nodes, their links, their groups.

The readers of such files make it, `passes/stored/build.py` turns it into the network of level 2.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

PARAMETER = "LearnableParameter"
INPUT = "InputValue"
DELAYS = ("PastValue", "FutureValue")
STEPS = "defaultDynamicAxis"
"""The axis of the steps of a sequence, where the default one has a sample for each sequence."""
TRACE_TEXTS = (
    "prologue",
    "epilogue",
    "sequenceSeparator",
    "sequencePrologue",
    "sequenceEpilogue",
    "elementSeparator",
    "sampleSeparator",
    "precisionFormat",
)
"""The texts in the format of a `Trace`, in the order in which files have them."""


@dataclass(frozen=True)
class StoredNode:
    """One node: its operation by CNTK's name, and its options by their BrainScript names.

    `dims` is the shape (column-major) of a parameter, an input or a delay; None where it follows
    from the inputs. An input keeps the name of its dynamic axis in `axis` ('' is the default
    axis). `at` is the byte of the file where the node begins.
    """

    name: str
    operation: str
    inputs: tuple[str, ...] = ()
    options: Mapping[str, object] = field(default_factory=dict[str, object])
    dims: tuple[int, ...] | None = None
    axis: str = ""
    at: int = 0


@dataclass(frozen=True)
class StoredGraph:
    """The nodes by name in the file's order, and the groups of nodes (see `net.roots`)."""

    file: str
    precision: Literal["float", "double"]
    nodes: Mapping[str, StoredNode]
    groups: Mapping[str, tuple[str, ...]]

    def key(self) -> str:
        """A digest of all but the name of the file."""
        digest = hashlib.sha256(self.precision.encode())
        for node in self.nodes.values():
            options = sorted(node.options.items())
            what = (node.name, node.operation, node.inputs, options, node.dims, node.axis)
            digest.update(repr(what).encode("utf-8", "surrogatepass"))
        digest.update(repr(sorted(self.groups.items())).encode("utf-8", "surrogatepass"))
        return digest.hexdigest()
