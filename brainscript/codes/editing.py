"""Codes of loading, cloning and editing networks: BS037x and BS038x."""

from __future__ import annotations

CODES: dict[str, tuple[str, str]] = {
    "BS0370": (
        "no path to an output",
        "Every node among the inputs of `CloneFunction` must lead to at least one of its outputs:"
        " the section that is copied lies between them.",
    ),
    "BS0371": (
        "replacements in a ring",
        "Edit functions replaced a node by another and that one by the first again.",
    ),
    "BS0372": (
        "a replacement that needs its own value",
        "What an edit function gives for a node is computed from nodes that use this node, so the"
        " edited network would need a value before it has it.",
    ),
    "BS0373": (
        "two nodes with one name",
        "A node of a loaded network goes on under its own name, which a new node has already."
        " Names are compared without regard to case.",
    ),
    "BS0374": (
        "no such node",
        "The network has no node of this name. A node whose name contains `.`, `[` or `]` is"
        " written with `_` in the place of these letters: `old.h1_z` is the node `h1.z`.",
    ),
    "BS0375": (
        "more than one node is meant",
        "With `_` in the place of `.`, `[` and `]` the name fits several nodes. Reach the node"
        " through one that uses it, as in `net.z.PlusArgs[0]`.",
    ),
    "BS0376": (
        "wrong use of CloneFunction",
        "`CloneFunction (inputNodes, outputNodes, parameters)`: one node or an array of nodes, one"
        ' node or a record of nodes, and "learnable", "constant" or "shared".',
    ),
    "BS0377": (
        "wrong use of Edit",
        "`Edit (inputModel, editFunctions, additionalRoots)`: a network, one function or an array"
        " of functions that take a node and give a node, and nodes to add.",
    ),
    "BS0378": (
        "no network can be loaded here",
        "`BS.Network.Load` needs the path of a model file, and a program that may read files.",
    ),
    "BS0379": (
        "a role that an edit lost",
        "The tags of a replaced node are not carried over to what takes its place, as in CNTK. An"
        " output, criterion or metric that is replaced loses this role, unless the new node has a"
        " `tag` of its own.",
    ),
    "BS0380": (
        "nothing to edit",
        "The action `edit` takes a `BrainScriptNetworkBuilder` and an `outputModelPath`, or the"
        " path of a script as `editPath`.",
    ),
    "BS0381": (
        "model editing script not understood",
        "A statement is a command with its arguments in parentheses, `name = command (...)`, or"
        " a line of NDL that adds nodes to the model. Commands may be cut short to half of their"
        " letters.",
    ),
    "BS0382": (
        "wrong arguments of an editing command",
        "The command takes another number of arguments, or other options.",
    ),
    "BS0383": (
        "no such model or node in an editing script",
        "A script names nodes as `model.node`, or as `node` of the default model; one `*` stands"
        " for any letters.",
    ),
    "BS0384": (
        "an editing command that cannot be carried out",
        "The command would leave a network that makes no sense, such as two nodes of one name.",
    ),
    "BS0385": (
        "wrong settings of SVD",
        "`KeepRatio` lies between 0 and 1, `AlignedSize` is 1 or more, and `NodeNameRegex` matches"
        " at least one matrix of the model.",
    ),
}
