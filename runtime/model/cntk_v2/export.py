"""From the graph of a network and its values to a file of the CNTK 2 library."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from brainscript.diagnostic import BrainScriptError, Diagnostic
from brainscript.runtime.model.cntk_v2.attributes import ATTRIBUTES, PLAIN, REFUSED
from brainscript.runtime.model.cntk_v2.axes import dynamic_axes
from brainscript.runtime.model.cntk_v2.dictionary import DOUBLE, FLOAT
from brainscript.runtime.model.cntk_v2.encode import Parts, Size, dictionary, split
from brainscript.runtime.model.cntk_v2.operations import NAMES, operation_inputs
from brainscript.runtime.model.spelling.pieces import spelled
from brainscript.runtime.model.spelling.written import CNTK2
from brainscript.stored_graph import DELAYS, INPUT, PARAMETER, STEPS, StoredGraph, StoredNode

Arrays = Mapping[str, NDArray[np.floating[Any]]]
CODES: dict[str, int] = {name: code for code, name in enumerate(NAMES)}
FUNCTION_VERSION, COMPOSITE_VERSION = 18, 3
INPUT_KIND, PARAMETER_KIND, CONSTANT_KIND, PLACEHOLDER = 0, 2, 3, 4
STATISTICS = ("Mean", "InvStdDev")
LEAVES = (INPUT, PARAMETER, *STATISTICS)
"""What a file has as variables, sorted by name: written again, it has the same bytes."""
LARGEST = (1 << 31) - 1
"""The bytes of the largest dictionary that CNTK reads in one piece."""
GROUPS = "brainscript_groups"
"""An entry that CNTK passes over: the groups of nodes, which its files do not know."""
MULTIPLIERS = "brainscript_multipliers"
"""Another one: the learning-rate multipliers of parameters that are neither 0 nor 1."""


def file_parts(graph: StoredGraph, arrays: Arrays) -> Parts:
    """The file; BrainScriptError (BS0519) for what the format cannot hold."""
    try:
        spelt, values = spelled(graph, arrays, CNTK2)
    except ValueError as error:
        raise _refused(str(error)) from None
    composite = _Writer(spelt, values).composite()
    whole = dictionary(composite)
    return whole.parts if whole.size <= LARGEST else split(composite)


class _Writer:
    def __init__(self, graph: StoredGraph, arrays: Arrays):
        self.graph = graph
        self.arrays = arrays
        double = graph.precision == "double"
        self.type = DOUBLE if double else FLOAT
        self.dtype = np.dtype(np.float64 if double else np.float32)
        self.variables: list[dict[str, Any]] = []
        self.functions: list[dict[str, Any]] = []
        self.uids: dict[str, str] = {}
        self.made: set[str] = set()
        inputs = [node for node in graph.nodes.values() if node.operation == INPUT]
        self.steps = any(node.axis == STEPS for node in inputs)
        self.multipliers: dict[str, float] = {}
        self.placeholders: set[str] = set()
        self.count = 0

    def composite(self) -> dict[str, Any]:
        """The dictionary of the whole network; its root combines all root nodes."""
        every = self.graph.nodes.values()
        leaves = [node for node in every if node.operation in LEAVES]
        others = [node for node in every if node.operation not in LEAVES]
        nodes = [*sorted(leaves, key=lambda node: node.name), *others]
        for node in nodes:
            self.uids[node.name] = self._uid(node)
        for node in nodes:
            self._add(node)
        groups = ("output", "criterion", "evaluation")
        names = [n for group in groups for n in self.graph.groups.get(group, ())]
        uids = [self.uids[name] for name in dict.fromkeys(names)]
        self._function("Combine", self._new("Combine"), "", uids, {})
        return {
            "type": "CompositeFunction",
            "version": Size(COMPOSITE_VERSION),
            "uid": self._new("CompositeFunctionCombine"),
            "root": self.functions[-1]["uid"],
            "inputs": self.variables,
            "primitive_functions": self.functions,
            GROUPS: {
                group: [self.uids[name] for name in members]
                for group, members in self.graph.groups.items()
            },
            **({MULTIPLIERS: self.multipliers} if self.multipliers else {}),
        }

    def _uid(self, node: StoredNode) -> str:
        if node.operation == INPUT:
            return self._new("Input")
        if node.operation == PARAMETER:
            return self._new(
                "Parameter" if node.options["learning_rate_multiplier"] else "Constant"
            )
        if node.operation in STATISTICS:
            return self._new("Constant")
        return self._new(node.operation) + "_Output_0"

    def _new(self, kind: str) -> str:
        self.count += 1
        return f"{kind}{self.count}"

    def _add(self, node: StoredNode) -> None:
        uid = self.uids[node.name]
        self.made.add(node.name)
        if node.operation == INPUT:
            self._variable(uid, node.name, INPUT_KIND, node.dims or (), node)
        elif node.operation == PARAMETER or node.operation in STATISTICS:
            self._constant(node, uid)
        else:
            self._operation(node, uid.removesuffix("_Output_0"))

    def _constant(self, node: StoredNode, uid: str) -> None:
        if node.name not in self.arrays:
            raise _refused(f"'{node.name}' has no value")
        dims = node.dims or ()
        array = self.arrays[node.name].astype(self.dtype, copy=False).reshape(dims[::-1])
        kind = PARAMETER_KIND if uid.startswith("Parameter") else CONSTANT_KIND
        self._variable(uid, node.name, kind, dims, node)
        self.variables[-1]["value"] = array
        multiplier = cast("float", node.options.get("learning_rate_multiplier", 0.0))
        if multiplier not in (0.0, 1.0):
            self.multipliers[uid] = float(multiplier)

    def _operation(self, node: StoredNode, uid: str) -> None:
        operation = node.operation
        if operation not in ATTRIBUTES and operation not in PLAIN:
            why = REFUSED.get(operation, "it has no such function")
            raise _refused(f"'{node.name}' is a '{operation}', and {why}")
        write = ATTRIBUTES.get(operation)
        try:
            attributes = write(node) if write is not None else {}
        except ValueError as error:
            raise _refused(f"'{node.name}' has {error}") from None
        inputs = operation_inputs(operation, [self._input(name) for name in node.inputs])
        if operation in DELAYS and len(inputs) == 1:
            initial = cast("float", node.options.get("defaultHiddenActivation", 0.1))
            inputs.append(self._scalar(initial))
        self._function(operation, uid, node.name, inputs, attributes)

    def _input(self, name: str) -> str:
        """The id of an input; one that is made later is a placeholder of the same id."""
        uid = self.uids[name]
        if name not in self.made and name not in self.placeholders:
            node = self.graph.nodes[name]
            if node.operation not in LEAVES:
                self.placeholders.add(name)
                self._variable(uid, "", PLACEHOLDER, node.dims or (), node)
        return uid

    def _scalar(self, number: float) -> str:
        uid = self._new("Constant")
        node = StoredNode(uid, PARAMETER)
        self._variable(uid, "", CONSTANT_KIND, (), node)
        self.variables[-1]["value"] = np.array(number, self.dtype)
        return uid

    def _variable(
        self, uid: str, name: str, kind: int, dims: tuple[int, ...], node: StoredNode
    ) -> None:
        dynamic = kind in (INPUT_KIND, PLACEHOLDER)
        self.variables.append(
            {
                "type": "Variable",
                "version": Size(1),
                "uid": uid,
                **({"name": name} if name else {}),
                "kind": Size(kind),
                "data_type": Size(self.type),
                "dynamic_axis": dynamic_axes(node.axis, steps=self.steps) if dynamic else [],
                "is_sparse": bool(node.options.get("sparse", False)),
                "needs_gradient": kind == PARAMETER_KIND,
                "shape": tuple(dims),
            }
        )

    def _function(
        self, operation: str, uid: str, name: str, inputs: list[str], attributes: dict[str, Any]
    ) -> None:
        self.functions.append(
            {
                "type": "PrimitiveFunction",
                "version": Size(FUNCTION_VERSION),
                "op": Size(CODES[operation]),
                "uid": uid,
                **({"name": name} if name else {}),
                "inputs": inputs,
                "attributes": attributes,
            }
        )


def _refused(why: str) -> BrainScriptError:
    title = f"a CNTK 2 file cannot hold this network: {why}"
    return BrainScriptError(Diagnostic("BS0519", title, help="write a model container instead"))
