"""Networks as values: loading, cloning a section, editing links."""

from __future__ import annotations

from xdsl.dialects.builtin import ArrayAttr, IntegerAttr, IntegerType, StringAttr
from xdsl.irdl import (
    irdl_op_definition,
    operand_def,
    prop_def,
    result_def,
    traits_def,
    var_operand_def,
)
from xdsl.utils.exceptions import VerifyException

from brainscript.dialects.bs.base import AllocatesResult, BsOperation, ValueType

MODES = ("learnable", "constant", "shared")
"""What a clone does with parameters: copies them, copies and freezes them, uses them."""


@irdl_op_definition
class LoadOp(BsOperation):
    """`BS.Network.Load (path)`: when demanded, the network of a model file.

    The network is put beside the program as a module with a name, and `bs.loaded` takes the place
    of this operation.
    """

    name = "bs.load"
    path = operand_def(ValueType)
    result = result_def(ValueType)
    traits = traits_def(AllocatesResult())
    assembly_format = "$path attr-dict"


@irdl_op_definition
class LoadedOp(BsOperation):
    """A network that stands beside the program: `%old = bs.loaded "base.dnn"`.

    A value with one member for each node of the network.
    """

    name = "bs.loaded"
    module = prop_def(StringAttr)
    result = result_def(ValueType)
    traits = traits_def(AllocatesResult())
    assembly_format = "$module attr-dict"


@irdl_op_definition
class LoadedNodeOp(BsOperation):
    """A node of a network beside the program: `%h1 = bs.node_of "base.dnn" "h1"`.

    There is one such operation for a node, however often it is named: node and node are the same
    object.
    """

    name = "bs.node_of"
    module = prop_def(StringAttr)
    node = prop_def(StringAttr)
    result = result_def(ValueType)
    traits = traits_def(AllocatesResult())
    assembly_format = "$module $node attr-dict"


@irdl_op_definition
class CloneFunctionOp(BsOperation):
    """`BS.Network.CloneFunction (inputNodes, outputNodes, parameters)`: a function.

    A call of it is a `bs.clone`; nothing is copied before.
    """

    name = "bs.clone_function"
    inputs = operand_def(ValueType)
    outputs = operand_def(ValueType)
    mode = operand_def(ValueType)
    result = result_def(ValueType)
    traits = traits_def(AllocatesResult())
    assembly_format = "$inputs `to` $outputs `parameters` $mode attr-dict"


@irdl_op_definition
class CloneOp(BsOperation):
    """One call of a clone function: `%c = bs.clone %f (%x) {path = "out", order = 1}`.

    The copied nodes are named by `path` and the name of the original. `order` numbers clones and
    edits in the order in which they were demanded.
    """

    name = "bs.clone"
    order = prop_def(IntegerAttr[IntegerType])
    function = operand_def(ValueType)
    arguments = var_operand_def(ValueType)
    result = result_def(ValueType)
    traits = traits_def(AllocatesResult())
    assembly_format = "$order $function `(` $arguments `)` attr-dict"


@irdl_op_definition
class ClonedOp(BsOperation):
    """What a clone makes of one node of its section: `%z = bs.cloned %old_z by %c`.

    The results of a call are such values, and any node inside the clone can be reached as one.
    """

    name = "bs.cloned"
    node = operand_def(ValueType)
    call = operand_def(ValueType)
    result = result_def(ValueType)
    traits = traits_def(AllocatesResult())
    assembly_format = "$node `by` $call attr-dict"


@irdl_op_definition
class EditOp(BsOperation):
    """`BS.Network.Edit (inputModel, editFunctions, additionalRoots)`: a network.

    When demanded, every edit function is called with every node: `calls` are these calls. Then
    `bs.edited` takes the place of this operation.
    """

    name = "bs.edit"
    model = operand_def(ValueType)
    functions = operand_def(ValueType)
    roots = operand_def(ValueType)
    calls = var_operand_def(ValueType)
    result = result_def(ValueType)
    traits = traits_def(AllocatesResult())
    assembly_format = "$model `by` $functions `roots` $roots `(` $calls `)` attr-dict"


@irdl_op_definition
class EditedOp(BsOperation):
    """A network after an edit: `%new = bs.edited 2 ["h1"] %old (%h1, %h1_new, %probe)`.

    The operands are pairs of a node and what takes its place, one pair for each of `names`, then
    the nodes that the network is made of: those without consumers, and the additional roots.
    """

    name = "bs.edited"
    order = prop_def(IntegerAttr[IntegerType])
    names = prop_def(ArrayAttr[StringAttr])
    base = operand_def(ValueType)
    nodes = var_operand_def(ValueType)
    result = result_def(ValueType)
    traits = traits_def(AllocatesResult())
    assembly_format = "$order $names $base `(` $nodes `)` attr-dict"

    def verify_(self) -> None:
        """Two operands for each replaced node."""
        if 2 * len(self.names.data) > len(self.nodes):
            raise VerifyException("a pair of nodes is missing")
