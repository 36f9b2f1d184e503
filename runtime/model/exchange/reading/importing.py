"""Feed-forward ONNX models as networks."""

from __future__ import annotations

from typing import Any

import numpy as np

from brainscript.diagnostic import BrainScriptError, Diagnostic
from brainscript.runtime.model.exchange.emit import onnx_module
from brainscript.runtime.model.exchange.reading.activations import ACTIVATIONS
from brainscript.runtime.model.exchange.reading.arithmetic import ARITHMETIC
from brainscript.runtime.model.exchange.reading.forms import SAMPLES
from brainscript.runtime.model.exchange.reading.importer import Importer, Reader
from brainscript.runtime.model.exchange.reading.normalisation import NORMALISATION
from brainscript.runtime.model.exchange.reading.places import PLACES
from brainscript.runtime.model.exchange.reading.products import PRODUCTS
from brainscript.runtime.model.exchange.reading.recurrent import RECURRENT
from brainscript.runtime.model.exchange.reading.scattered import SCATTERED
from brainscript.runtime.model.exchange.reading.shapes import SHAPES
from brainscript.runtime.model.exchange.reading.windows import WINDOWS
from brainscript.runtime.model.exchange.source.branches import choose
from brainscript.runtime.model.exchange.source.folding import (
    FOLDED,
    ROUNDS,
    SHAPE_PARTS,
    Folding,
)
from brainscript.runtime.model.exchange.source.vetting import vet
from brainscript.runtime.model.loaded import LoadedModel
from brainscript.runtime.model.model_file import ModelFile

DEPTH = 4
"""How deep functions of ONNX itself are looked into."""
READERS: dict[str, Reader] = {
    **ACTIVATIONS,
    **ARITHMETIC,
    **NORMALISATION,
    **PLACES,
    **PRODUCTS,
    **RECURRENT,
    **SCATTERED,
    **SHAPES,
    **WINDOWS,
}
"""What reads each operation."""


def load(file: ModelFile) -> LoadedModel:
    """The model of an ONNX file; data outside of the file are never read."""
    onnx = onnx_module("onnx")
    try:
        model = onnx.load_model_from_string(file.read(0, file.size))
        vet(file.path, model)
        onnx_module("onnx.checker").check_model(model)
        if model.functions:
            model = onnx_module("onnx.inliner").inline_local_functions(model)
            vet(file.path, model)
            onnx_module("onnx.checker").check_model(model)
        model = _expanded(model)
        opset = max((o.version for o in model.opset_import if not o.domain), default=0)
        with np.errstate(all="ignore"):
            importer = _importer(file, model, opset)
            graph = importer.graph()
    except BrainScriptError:
        raise
    except Exception as error:  # the libraries raise what they like for damaged files
        why = str(error).strip().splitlines() or [type(error).__name__]
        title = f"the model file '{file.path}' is no ONNX model that can be read: {why[0][:200]}"
        raise BrainScriptError(Diagnostic("BS0503", title)) from None
    return LoadedModel(file.path, f"ONNX, opset {opset}", graph.key(), graph, importer.values)


def _expanded(model: Any) -> Any:
    """The model with what is not known here as the functions that ONNX says they are."""
    inliner = onnx_module("onnx.inliner")
    known = {"Constant", *SHAPE_PARTS, *FOLDED, *READERS}
    for _ in range(DEPTH):
        kinds = {n.op_type for n in model.graph.node if n.domain in ("", "ai.onnx")}
        if kinds <= known or not hasattr(inliner, "inline_selected_functions"):
            break
        model = onnx_module("onnx.shape_inference").infer_shapes(model)
        _name_types(model.graph)
        names = [("", name) for name in sorted(kinds - known)]
        try:
            model = inliner.inline_selected_functions(model, names, inline_schema_functions=True)
        except TypeError:  # releases that know functions of the model alone
            break
    return model


def _name_types(graph: Any) -> None:
    """Say the types of constants, which functions of all types ask for, and those of casts."""
    helper, named = onnx_module("onnx.helper"), {info.name for info in graph.input}
    for tensor in graph.initializer:
        if tensor.name not in named:
            info = helper.make_tensor_value_info(tensor.name, tensor.data_type, tensor.dims)
            graph.value_info.append(info)
    infos = (*graph.input, *graph.value_info, *graph.output)
    types = {info.name: info.type.tensor_type.elem_type for info in infos}
    for node in graph.node:
        if node.op_type == "CastLike" and types.get(node.input[1]):
            cast = helper.make_node("Cast", node.input[:1], node.output, to=types[node.input[1]])
            node.CopyFrom(cast)


def _importer(file: ModelFile, model: Any, opset: int) -> Importer:
    """What reads the graph, all of whose shapes are known."""
    inference, helper = onnx_module("onnx.shape_inference"), onnx_module("onnx.helper")
    folding = Folding(onnx_module("onnx.numpy_helper"), helper.get_attribute_value)
    _fix_samples(model.graph)
    value, make_node = onnx_module("onnx.numpy_helper").to_array, helper.make_node
    for _ in range(ROUNDS):
        strict = all(node.op_type != "If" for node in model.graph.node)
        model = inference.infer_shapes(model, strict_mode=strict)
        if not folding.fold(model.graph) and not choose(model.graph, value, make_node):
            break
    return Importer(file, model.graph, READERS, folding.fixed, opset)


def _fix_samples(graph: Any) -> None:
    """Give every input a number of samples, so that all shapes follow.

    It is that of its first axis if that is open, else that of the one axis that is.
    """
    known = {tensor.name for tensor in graph.initializer}
    for info in graph.input:
        dims = info.type.tensor_type.shape.dim
        places = [n for n, dim in enumerate(dims) if not dim.dim_value]
        if info.name not in known and (len(places) == 1 or 0 in places):
            dims[places[0]].dim_value = SAMPLES
    for info in graph.output:
        if info.name not in known:
            info.type.tensor_type.ClearField("shape")
    del graph.value_info[:]
