"""The rule sets: each pass of the evaluation is one of them under the same engine."""

from __future__ import annotations

from xdsl.ir import Operation, SSAValue

from brainscript.dialects.bs import (
    ApplyOp,
    BuiltinOp,
    CloneFunctionOp,
    EditOp,
    FieldOp,
    GenerateOp,
    IfOp,
    IndexOp,
    InfixOp,
    LoadOp,
    NodeOp,
    ParameterOp,
    PoisonOp,
    PrefixOp,
)
from brainscript.passes.evaluate.engine import Engine, Rule
from brainscript.passes.evaluate.rules.builtins import builtin_rule
from brainscript.passes.evaluate.rules.calls import apply_rule
from brainscript.passes.evaluate.rules.clones import clone_function_rule
from brainscript.passes.evaluate.rules.networks import edit_rule, load_rule
from brainscript.passes.evaluate.rules.nodes import node_rule, parameter_rule
from brainscript.passes.evaluate.rules.operators import infix_rule, prefix_rule
from brainscript.passes.evaluate.rules.selection import (
    field_rule,
    generate_rule,
    if_rule,
    index_rule,
    poison_rule,
)

NODES: dict[type[Operation], Rule] = {
    NodeOp: node_rule,
    ParameterOp: parameter_rule,
    PoisonOp: poison_rule,
    CloneFunctionOp: clone_function_rule,
}
"""Rules of every set: nodes ask for their inputs, what does not exist is an error."""


def stay_rule(engine: Engine, op: Operation) -> SSAValue | None:
    """Evaluate what the operation needs in any case, and leave it as it is."""
    strict = 1 if isinstance(op, ApplyOp | IfOp) else 2
    values = op.operands if isinstance(op, BuiltinOp | InfixOp) else op.operands[:strict]
    if isinstance(op, InfixOp) and op.sign.data in ("&&", "||"):
        values = op.operands[:1]
    ready, needed = engine.wants(op, values)
    if ready:
        engine.stick(op)
    return needed


STAY: dict[type[Operation], Rule] = dict.fromkeys(
    (ApplyOp, BuiltinOp, EditOp, FieldOp, GenerateOp, IfOp, IndexOp, InfixOp, PrefixOp), stay_rule
)
INLINE: dict[type[Operation], Rule] = {**STAY, **NODES, ApplyOp: apply_rule}
FOLD: dict[type[Operation], Rule] = {
    **STAY,
    **NODES,
    BuiltinOp: builtin_rule,
    FieldOp: field_rule,
    GenerateOp: generate_rule,
    IfOp: if_rule,
    IndexOp: index_rule,
    InfixOp: infix_rule,
    PrefixOp: prefix_rule,
    LoadOp: load_rule,
}
EVALUATE: dict[type[Operation], Rule] = {**FOLD, ApplyOp: apply_rule, EditOp: edit_rule}
