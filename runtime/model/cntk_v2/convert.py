"""From the functions of a CNTK 2 file to the graph of a network and its values.

Blocks vanish: their inputs and outputs become links. The name of a block or of a function is the
name of the node; what has none keeps its unique id, and so does what shares its name.
"""

from __future__ import annotations

from math import isfinite, prod
from typing import cast

import numpy as np

from brainscript.diagnostic import BrainScriptError, Diagnostic
from brainscript.limits import exceeded, limit
from brainscript.runtime.model.cntk_v2.axes import axes_of, axis_of, from_start, steps_axis
from brainscript.runtime.model.cntk_v2.dictionary import (
    DOUBLE,
    HALF,
    ArrayValue,
    Dictionary,
    read_dictionary,
)
from brainscript.runtime.model.cntk_v2.export import GROUPS, MULTIPLIERS
from brainscript.runtime.model.cntk_v2.operations import (
    BLOCK,
    COMBINE,
    NAMES,
    OPTIONS,
    SAME,
    Options,
    inputs_of,
)
from brainscript.runtime.model.cntk_v2.records import (
    choices,
    groups_of,
    list_of,
    output_id,
    outputs_of,
    record_of,
)
from brainscript.runtime.model.file_values import FileValues, Slice
from brainscript.runtime.model.loaded import LoadedModel
from brainscript.runtime.model.model_file import ModelFile
from brainscript.runtime.model.rewrites import spelled_out
from brainscript.runtime.model.spelling.foreign import FOREIGN, UNKNOWN, Foreign
from brainscript.runtime.model.spelling.left_out import without
from brainscript.runtime.model.spelling.selected import INDICES, SELECTED
from brainscript.stored_graph import DELAYS, INPUT, PARAMETER, StoredGraph, StoredNode

INPUT_KIND, PARAMETER_KIND, CONSTANT_KIND, PLACEHOLDER = 0, 2, 3, 4
SHAPE_KEPT = frozenset(
    (
        "Abs BatchNormalization Cosine Dropout ElementTimes Exp Floor FutureValue Log LogSoftmax "
        "Minus Negate Pass PastValue Plus Reciprocal ReconcileDynamicAxis RectifiedLinear Sigmoid "
        "Sin Softmax Sqrt StableSigmoid StopGradient Tanh"
    ).split()
)
"""The operations whose result has the shape of an input."""
USER, TOP = "UserDefinedFunction", NAMES.index("TopK")
OUTPUTS = 16
"""The bound on the results of one function."""
NEGATIVE_SAMPLES = "CosDistanceWithNegativeSamples"
MADE_OF_OTHERS = {**FOREIGN, **SELECTED}
MOST_MADE = 1 << 25
"""The elements of all constants that stand for functions."""
MISFITS = (KeyError, TypeError, AttributeError, IndexError, ValueError, OverflowError)
"""What comes of fields that are missing or of another kind than they must be."""


def load(file: ModelFile) -> LoadedModel:
    """The model of a CNTK 2 file."""
    found = read_dictionary(file)
    if found.get("type") != "CompositeFunction":
        if "Learners" in found:
            title = f"'{file.path}' holds the state of a CNTK 2 trainer, not a network"
            help = "the network is in the file of the same name without '.ckp'"
            raise BrainScriptError(Diagnostic("BS0504", title, help=help))
        raise file.damaged(0, "its dictionary describes no function")
    try:
        converter = _Converter(file, found)
        graph = converter.graph()
    except MISFITS as error:
        why = f"a field is missing or of another kind than it must be ({error})"
        raise file.damaged(0, why) from None
    graph, remarks = without(graph, UNKNOWN)
    what = f"CNTK 2, functions of version {converter.version}"
    key = graph.key()
    return LoadedModel(file.path, what, key, graph, converter.values, tuple(remarks))


class _Converter:
    def __init__(self, file: ModelFile, found: Dictionary):
        self.file = file
        self.found = found
        self.variables = [record_of(v) for v in list_of(found.get("inputs"))]
        self.functions = [record_of(f) for f in list_of(found.get("primitive_functions"))]
        self.version = max((int(f.get("version", 0)) for f in self.functions), default=0)
        self.double = any(v.get("data_type") == DOUBLE for v in self.variables)
        dtype = np.dtype(np.float64 if self.double else np.float32)
        self.values = FileValues(file, dtype)
        self.links: dict[str, str] = {}
        self.names: dict[str, str] = {}
        self.nodes: dict[str, StoredNode] = {}
        self.dims: dict[str, tuple[int, ...]] = {}
        self.taken: set[str] = set()
        self.scalars: set[str] = set()
        self.made = 0
        self.steps = steps_axis([v for v in self.variables if v.get("kind") == INPUT_KIND])

    def graph(self) -> StoredGraph:
        """Variables and functions as nodes; what the root gives is the output group."""
        by_uid = {str(f["uid"]): f for f in self.functions}
        self._check_ids()
        for function in self.functions:
            self._link(function, by_uid)
        self._name()
        for variable in self.variables:
            self._variable(variable)
        for function in self.functions:
            if function.get("op") not in (COMBINE, BLOCK):
                self._function(function)
        for name in self.scalars - {i for n in self.nodes.values() for i in n.inputs}:
            del self.nodes[name]
        roots = [self._node_name(uid) for uid in outputs_of(by_uid[str(self.found["root"])])]
        precision = "double" if self.double else "float"
        groups = self._written_groups(roots) or groups_of(self.nodes, roots)
        return StoredGraph(self.file.path, precision, self.nodes, groups)

    def _check_ids(self) -> None:
        """No two functions and no two variables with values have one id."""
        kept = [v for v in self.variables if v.get("kind") != PLACEHOLDER]
        for what, records in (("functions", self.functions), ("variables", kept)):
            seen: set[str] = set()
            for uid in (str(record["uid"]) for record in records):
                if uid in seen:
                    raise self.file.damaged(0, f"two {what} have the id '{uid}'")
                seen.add(uid)

    def _written_groups(self, roots: list[str]) -> dict[str, tuple[str, ...]]:
        """The groups that this program notes in its files; none when they miss a root."""
        found = self.found.get(GROUPS)
        if not isinstance(found, dict):
            return {}
        groups = {
            str(group): tuple(dict.fromkeys(self._node_name(str(uid)) for uid in list_of(uids)))
            for group, uids in cast("Dictionary", found).items()
        }
        named = {name for names in groups.values() for name in names}
        return groups if named >= set(roots) and named <= self.nodes.keys() else {}

    def _link(self, function: Dictionary, by_uid: dict[str, Dictionary]) -> None:
        """What the outputs of a block or a combination stand for, and the inputs of a block."""
        uid = str(function["uid"])
        if function.get("op") == COMBINE:
            for i, wanted in enumerate(function["inputs"]):
                self.links[output_id(uid, i)] = str(wanted)
        if function.get("op") != BLOCK:
            return
        inner = record_of(function["block_function_composite"])
        root = by_uid[str(inner["root"])]
        for i, wanted in enumerate(outputs_of(root)):
            self.links[output_id(uid, i)] = wanted
        keys = list_of(function.get("block_function_composite_arguments_map_keys"))
        values = list_of(function.get("block_function_composite_arguments_map_values"))
        for key, value in zip(keys, values, strict=False):
            self.links[str(key)] = str(value)

    def _resolved(self, uid: str) -> str:
        """The variable or output behind links."""
        seen: set[str] = set()
        while uid in self.links:
            if uid in seen:
                raise self.file.damaged(0, f"the links of '{uid}' form a ring")
            seen.add(uid)
            uid = self.links[uid]
        self.links.update(dict.fromkeys(seen, uid))
        return uid

    def _name(self) -> None:
        """One name for each node: of a block that it is the result of, its own, or the id."""
        taken: set[str] = set()
        for uid, name in self._wanted_names().items():
            own = uid.removesuffix("_Output_0")
            choice = next(n for n in choices(name, own) if n.lower() not in taken)
            taken.add(choice.lower())
            self.names[uid] = choice
        for function in self.functions:
            if self._operation(function) in UNKNOWN:
                uid = str(function["uid"])
                more = {output_id(uid, i): self.names[output_id(uid, 0)] for i in range(1, OUTPUTS)}
                self.names |= more
        self.taken = {*self.names.values(), *taken}

    def _wanted_names(self) -> dict[str, str]:
        """The names in the file of what has a value, by id; '' where it has none."""
        wanted: dict[str, str] = {}
        for variable in self.variables:
            if variable.get("kind") != PLACEHOLDER:
                wanted[str(variable["uid"])] = str(variable.get("name") or "")
        for function in self.functions:
            uid, name = str(function["uid"]), str(function.get("name") or "")
            if function.get("op") not in (COMBINE, BLOCK):
                wanted[output_id(uid, 0)] = name
            if function.get("op") == TOP:
                wanted[output_id(uid, 1)] = name and f"{name}.indices"
        for function in self.functions:
            if function.get("op") == BLOCK and function.get("name"):
                wanted[self._resolved(output_id(str(function["uid"]), 0))] = str(function["name"])
        return wanted

    def _node_name(self, uid: str) -> str:
        resolved = self._resolved(uid)
        if resolved not in self.names:
            title = f"'{self.file.path}': nothing gives '{uid}'"
            raise BrainScriptError(Diagnostic("BS0515", title))
        return self.names[resolved]

    def _variable(self, variable: Dictionary) -> None:
        kind, uid = variable["kind"], str(variable["uid"])
        if kind == PLACEHOLDER:
            self._expect(uid, tuple(variable["shape"]))
            return
        name, dims = self.names[uid], tuple(variable["shape"])
        if kind == INPUT_KIND:
            self._check_fixed(name, dims)
            axis = axis_of(variable, self.steps)
            options: Options = {"sparse": bool(variable.get("is_sparse"))}
            self._put(StoredNode(name, INPUT, (), options, dims, axis))
            return
        if kind not in (PARAMETER_KIND, CONSTANT_KIND):
            raise self.file.damaged(0, f"'{uid}' is a variable of the unknown kind {kind}")
        value = variable["value"]
        if not isinstance(value, ArrayValue) or value.shape != dims:
            raise self.file.damaged(0, f"'{uid}' has no value of the shape {list(dims)}")
        self._value(name, value)
        multiplier = self._multiplier(uid) if kind == PARAMETER_KIND else 0.0
        options = {"learning_rate_multiplier": multiplier}
        self._put(StoredNode(name, PARAMETER, (), options, dims))

    def _check_fixed(self, name: str, dims: tuple[int, ...]) -> None:
        """A network here has the dims of all its inputs."""
        if any(dim < 0 for dim in dims):
            shown = " x ".join("?" if dim < 0 else str(dim) for dim in dims)
            title = f"'{self.file.path}': the input '{name}' has open dimensions: [{shown}]"
            help = "clone the function in CNTK onto an input whose dimensions are numbers"
            raise BrainScriptError(Diagnostic("BS0516", title, path=name, help=help))

    def _multiplier(self, uid: str) -> float:
        """What this program notes in its files; 1 where it does not."""
        found = self.found.get(MULTIPLIERS)
        number = cast("Dictionary", found).get(uid) if isinstance(found, dict) else None
        return number if isinstance(number, float) and isfinite(number) and number > 0 else 1.0

    def _value(self, name: str, value: ArrayValue) -> None:
        if value.data is None:
            raise self.file.damaged(value.at, f"'{name}' has no numbers")
        if value.type not in (1, DOUBLE, HALF):
            raise self.file.damaged(value.at, f"'{name}' has the data type {value.type}")
        self.values.add(name, Slice(value.data.at, value.shape[::-1], value.data.stored))

    def _function(self, function: Dictionary) -> None:
        uid = str(function["uid"])
        operation = self._operation(function)
        name = self.names[output_id(uid, 0)]
        attributes = record_of(function.get("attributes") or {})
        inputs = inputs_of(operation, [self._node_name(str(i)) for i in function["inputs"]])
        if operation == "Times" and any(self._is_scalar(i) for i in inputs):
            operation = "ElementTimes"
        if operation == "Convolution":
            attributes = self._with_kernel(attributes, inputs)
        if operation == "BatchNormalization" and len(inputs) == 5:
            inputs.append(self._count(name))
        read = OPTIONS.get(operation)
        try:
            if operation in MADE_OF_OTHERS:
                second = {INDICES: self.names.get(output_id(uid, 1))}
                self._foreign(StoredNode(name, operation, tuple(inputs), attributes | second))
                return
            attributes = self._counted(attributes, inputs)
            options = read(attributes) if read is not None else {}
            if operation == NEGATIVE_SAMPLES and len(inputs) == 4:
                options = self._counts(inputs)
                del inputs[2:]
            if operation in DELAYS and len(inputs) == 2 and self._is_number(inputs[1]):
                options["defaultHiddenActivation"] = self._scalar(inputs.pop())
            made = spelled_out(StoredNode(name, operation, tuple(inputs), options), self.taken)
        except ValueError as error:
            title = f"'{self.file.path}': function '{name}' ({operation}) has an unknown {error}"
            raise BrainScriptError(Diagnostic("BS0516", title, path=name)) from None
        for node in made:
            self._put(node)

    def _foreign(self, node: StoredNode) -> None:
        """A function that BrainScript has no name for, as several nodes."""
        pieces = Foreign(node, self.taken)
        pieces.number_of = self._known_number
        pieces.dims_of = self.dims.get
        MADE_OF_OTHERS[node.operation](pieces)
        for made in pieces.nodes.values():
            self._put(made)
        for name, array in pieces.values.items():
            self.made += array.size
            self.values.add(name, array)
        if self.made > MOST_MADE:
            raise ValueError(f"constant: all that are made have more than {MOST_MADE} elements")

    def _known_number(self, name: str) -> float | None:
        """The value of a constant of one element."""
        node = self.nodes.get(name)
        fixed = node is not None and not node.options.get("learning_rate_multiplier", 1.0)
        if not fixed or name not in self.values or prod(self.values.form(name)[0]) != 1:
            return None
        return float(self.values[name].reshape(-1)[0])

    def _put(self, node: StoredNode) -> None:
        """A node of the graph; its dims are its own, or those of the largest input it keeps."""
        self.nodes[node.name] = node
        if len(self.nodes) > limit("model-nodes"):
            title = f"'{self.file.path}' describes more than {limit('model-nodes')} nodes"
            raise exceeded("model-nodes", "BS0517", title)
        self.taken |= {node.name, node.name.lower()}
        known = [self.dims[i] for i in node.inputs if i in self.dims]
        if node.dims is not None:
            self.dims[node.name] = node.dims
        elif node.operation in SHAPE_KEPT and known:
            self.dims[node.name] = max(known, key=len)

    def _expect(self, uid: str, dims: tuple[int, ...]) -> None:
        """The dims that a placeholder says of a result that comes later."""
        name = self.names.get(self._resolved(uid))
        if name is not None and all(dim > 0 for dim in dims):
            self.dims[name] = dims

    def _counted(self, attributes: Dictionary, inputs: list[str]) -> Dictionary:
        """The attributes, their axes that count from the end counted from the start."""
        back = [a for a in axes_of(attributes) if a.index < 0]
        if not back:
            return attributes
        known = [self.dims[name] for name in inputs if name in self.dims]
        if len(known) < len(inputs):
            raise ValueError("axis, which counts from the end of an unknown shape")
        rank = max(map(len, known))
        return {key: from_start(value, rank) for key, value in attributes.items()}

    def _operation(self, function: Dictionary) -> str:
        code = function.get("op")
        if not isinstance(code, int):
            return USER
        operation = NAMES[code] if 0 <= code < len(NAMES) else f"operation {code}"
        return SAME.get(operation, operation)

    def _is_scalar(self, name: str) -> bool:
        node = self.nodes.get(name)
        return node is not None and node.operation == PARAMETER and node.dims == ()

    def _is_number(self, name: str) -> bool:
        return self._is_scalar(name) and not self.nodes[name].options["learning_rate_multiplier"]

    def _scalar(self, name: str) -> float:
        """The number of a constant, which the delay that it belongs to takes over."""
        self.scalars.add(name)
        return float(self.values[name].reshape(-1)[0])

    def _counts(self, inputs: list[str]) -> Options:
        """The constants in the place of options."""
        if not all(name in self.values for name in inputs[2:]):
            raise ValueError("number of negative samples: it is computed")
        shift, count = (int(self._scalar(name)) for name in inputs[2:])
        return {"numShifts": shift, "numNegSamples": count}

    def _with_kernel(self, attributes: Dictionary, inputs: list[str]) -> Dictionary:
        """The kernel and the number of maps, which follow from the filter."""
        filter = self.nodes[inputs[0]].dims or () if inputs[0] in self.nodes else ()
        kernel = attributes.get("kernelShape") or filter[:-1]
        return {"mapCount": filter[-1] if filter else 0, **attributes, "kernelShape": kernel}

    def _count(self, name: str) -> str:
        """The count of samples, which early files do not have."""
        count = f"{name}.run_sample_count"
        while count.lower() in self.taken:
            count = "_" + count
        self.values.add(count, np.zeros(1))
        self._put(StoredNode(count, PARAMETER, (), {"learning_rate_multiplier": 0.0}, (1,)))
        return count
