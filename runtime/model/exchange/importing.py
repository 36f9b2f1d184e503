"""Feed-forward ONNX models as networks."""

from __future__ import annotations

from typing import Any

from brainscript.diagnostic import BrainScriptError, Diagnostic
from brainscript.runtime.model.exchange.emit import onnx_module
from brainscript.runtime.model.exchange.folding import ROUNDS, fold_graph
from brainscript.runtime.model.exchange.importer import SAMPLES, Importer
from brainscript.runtime.model.exchange.layer_readers import MORE
from brainscript.runtime.model.exchange.more_readers import FURTHER
from brainscript.runtime.model.exchange.readers import READERS
from brainscript.runtime.model.loaded import LoadedModel
from brainscript.runtime.model.model_file import ModelFile


def load(file: ModelFile) -> LoadedModel:
    """The model of an ONNX file; data outside of the file are never read."""
    onnx = onnx_module("onnx")
    inference = onnx_module("onnx.shape_inference")
    try:
        model = onnx.load_model_from_string(file.read(0, file.size))
        onnx_module("onnx.checker").check_model(model)
        _fix_samples(model.graph)
        numbers, helper = onnx_module("onnx.numpy_helper"), onnx_module("onnx.helper")
        for _ in range(ROUNDS):
            model = inference.infer_shapes(model, strict_mode=True)
            if not fold_graph(model.graph, numbers, helper.get_attribute_value):
                break
        importer = Importer(file, model.graph, {**READERS, **MORE, **FURTHER})
        graph = importer.graph()
    except BrainScriptError:
        raise
    except Exception as error:  # the libraries raise what they like for damaged files
        why = str(error).strip().splitlines() or [type(error).__name__]
        title = f"the model file '{file.path}' is no ONNX model that can be read: {why[0][:200]}"
        raise BrainScriptError(Diagnostic("BS0503", title)) from None
    opset = max((o.version for o in model.opset_import if not o.domain), default=0)
    return LoadedModel(file.path, f"ONNX, opset {opset}", graph.key(), graph, importer.values)


def _fix_samples(graph: Any) -> None:
    """Give every input a number of samples, so that all shapes follow."""
    known = {tensor.name for tensor in graph.initializer}
    for info in graph.input:
        dims = info.type.tensor_type.shape.dim
        if info.name not in known and dims and not dims[0].dim_value:
            dims[0].dim_value = SAMPLES
    for info in graph.output:
        info.type.tensor_type.ClearField("shape")
    del graph.value_info[:]
