"""Diagnostic codes of the area 'model'."""

CODES: dict[str, tuple[str, str]] = {
    "BS0501": (
        "the model file is not there",
        "A command names a model file (`modelPath`) that does not exist. For `train` that is where "
        "the model goes; every other action needs it to be there before it starts.",
    ),
    "BS0502": (
        "not a model file of a known format",
        "The first bytes of the file are not those of a model container. Pickle and torch files "
        "are never read: loading them runs code that the file brings along.",
    ),
    "BS0503": (
        "the model file is cut off or damaged",
        "The header of the container names more bytes than the file has, fewer, overlapping "
        "ranges, or bytes whose checksum differs. Nothing of it is used.",
    ),
    "BS0504": (
        "the model file holds no network",
        "A safetensors file without `bs.format` and `bs.net` in its metadata holds weights only; "
        "it cannot be evaluated or trained on its own.",
    ),
    "BS0505": (
        "the model file has a format version that is not known",
        "The file was written by a newer version of this program. Update, or save it again there.",
    ),
    "BS0506": (
        "the model file does not fit its network",
        "A parameter of the network is missing in the file, or has another shape or element type.",
    ),
    "BS0507": (
        "the model file cannot be read",
        "The operating system refused to open or read the file; its reason is in the message.",
    ),
    "BS0508": (
        "the model file cannot be written",
        "The operating system refused to write: no space, no permission, no such folder. The file "
        "that was there before is unchanged.",
    ),
    "BS0510": (
        "initial values are not known",
        "The `init` option of a parameter is not one of the known distributions.",
    ),
    "BS0511": (
        "initial values do not fit the parameter",
        "A matrix given as text (`initFromFilePath`, `initFromLiteral`) is malformed or has "
        "another number of elements than the parameter, or `bilinear` is asked for a shape that "
        "has no square kernels.",
    ),
    "BS0512": (
        "the file with initial values cannot be read",
        "`initFromFilePath` names a file that is not there or cannot be read.",
    ),
    "BS0515": (
        "the nodes of a model file do not form a network",
        "A node of the file names an input that the file does not have, names differ in nothing "
        "but case, or nodes depend on each other in a ring without a delay.",
    ),
    "BS0516": (
        "a model file holds an operation that is not supported",
        "The file was read to its end, but the network that it describes has a node whose "
        "operation this version does not compute, or an input whose dimensions are left open. "
        "Regions of `ROIPooling` from before CNTK 2.2 are a warning: they are taken as pixels.",
    ),
    "BS0517": (
        "a model file is larger than the limits allow",
        "The file claims to have more nodes, or nested values, than any network has; see "
        "`bs-opt --list-limits`.",
    ),
    "BS0518": (
        "a statistic of a model was never computed",
        "A `Mean` or `InvStdDev` node of the file that is read or written holds no value: the "
        "model was saved before the pass over the data that finds it. Training finds it; "
        "evaluation takes it as zero.",
    ),
    "BS0519": (
        "the format cannot hold this network",
        "The format that the model is to be written in has no such operation, or its rules on "
        "names are stricter than those of BrainScript.",
    ),
    "BS0520": (
        "the network cannot be exported to ONNX",
        "An operation that the chosen outputs need has no counterpart in ONNX, or the file would "
        "be too large. The export holds what the outputs need and nothing else: choose others.",
    ),
    "BS0521": (
        "the package onnx is not installed",
        "Export to ONNX and import from it need the package `onnx`: install the extra of that "
        "name.",
    ),
}
