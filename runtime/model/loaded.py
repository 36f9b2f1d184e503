"""What the reader of a model file gives, whatever the format."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from brainscript.diagnostic import Diagnostic
from brainscript.stored_graph import StoredGraph

if TYPE_CHECKING:
    from xdsl.dialects.builtin import ModuleOp


@dataclass(frozen=True)
class LoadedModel:
    """A network of level 2, made when it is asked for, and the values of its parameters.

    `format` says in words what was found ("CNTK 1, version 18"). `text` is the network as text or
    as the graph of a foreign file. `key` is equal for equal networks, whatever their values.
    `values` has one array for each parameter, and one for each `Mean` or `InvStdDev` node whose
    statistic is known: the key is the name of the node (the symbol of `net.parameter`), the array
    is the C array of the reversed dims, in the element type of the network. The arrays may be
    read-only views of the file. `remarks` are warnings for the user.
    """

    path: str
    format: str
    key: str
    text: str | StoredGraph
    values: Mapping[str, NDArray[np.floating[Any]]]
    remarks: tuple[Diagnostic, ...] = ()

    def module(self) -> ModuleOp:
        """A fresh module with the network, shapes inferred; parameters are `net.parameter`s.

        Each call builds a new one, which the caller may change. Raises BrainScriptError for
        a network that is damaged, or holds an operation that is not supported.
        """
        if isinstance(self.text, StoredGraph):
            from brainscript.passes.stored.build import build_module

            return build_module(self.text)
        from brainscript.dialects.registry import make_context
        from brainscript.passes.ir_text import parse_ir

        return parse_ir(make_context(), self.text, self.path)
