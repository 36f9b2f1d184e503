"""Pass `net-edit`: clones and replacements in order, then the network that is left."""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp, UnitAttr
from xdsl.ir import Operation, SSAValue
from xdsl.passes import ModulePass

from brainscript.dialects.net.clone import BASE, ORIGIN, REPLACED, CloneOp, KeepOp, ReplaceOp
from brainscript.dialects.net.network import NetworkOp, RootsOp, network_of
from brainscript.dialects.net.places import failure
from brainscript.dialects.net.recurrence import early_operands
from brainscript.passes.edit.clone_function import expand
from brainscript.passes.edit.names import Names, plain_name
from brainscript.passes.edit.open_shapes import alike, reopen
from brainscript.passes.edit.order import sort_operations
from brainscript.passes.edit.patterns import owner_of
from brainscript.passes.edit.settle import settle


@dataclass(frozen=True)
class NetEdit(ModulePass):
    """Carry out `net.clone` and `net.replace` one after the other, then drop what is not needed.

    What neither `net.keep` nor a root reaches goes; then nodes from loaded networks get their own
    names, and nodes with tags enter their groups.

    Before: `net.replace %t by %s` and `%z = net.times %W, %t {node = "z"}`.
    After: `%z = net.times %W, %s {node = "z"}`, without `%t` if nobody else uses it.
    """

    name = "net-edit"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        """Edit the network of the module."""
        network = network_of(op)
        if network is None or not is_unfinished(network):
            return
        names = Names(network)
        replacements = Replacements()
        for inner in list(network.block.ops):
            if isinstance(inner, CloneOp):
                expand(network, inner, names)
            elif isinstance(inner, ReplaceOp):
                replacements.apply(network, inner)
        sort_operations(network)
        settle(op, network)


def is_unfinished(network: NetworkOp) -> bool:
    """Whether there is anything for the passes on edits to do."""
    return any(isinstance(op, CloneOp | ReplaceOp | KeepOp) for op in network.block.ops)


class Replacements:
    """What has taken the place of what, so that a ring of replacements is noticed."""

    def __init__(self) -> None:
        self._names: dict[SSAValue, str] = {}

    def apply(self, network: NetworkOp, replace: ReplaceOp) -> None:
        """Let every user of the old node use the new one, the kept ones excepted."""
        old, new = replace.old, replace.new
        name = plain_name(old) or plain_name(new)
        if old is new:
            title = f"Edit: '{name}' is replaced by itself through other replacements"
            raise failure(owner_of(old), "BS0371", title, help="two edit functions undo each other")
        kept = _pieces(new, old)
        owner_of(old).attributes[REPLACED] = UnitAttr()
        replace.detach()
        replace.drop_all_references()
        users: list[Operation] = []
        for use in list(old.uses):
            user = use.operation
            if user in kept:
                continue
            if isinstance(user, RootsOp):
                _leave_groups(network, user, old)
                continue
            user.operands[use.index] = new
            users.append(user)
        _check_ring(new.owner, name)
        if not alike(old, new):
            reopen(users)


def _pieces(new: SSAValue, old: SSAValue) -> set[Operation]:
    """The operations that the new value is made of, as far as they are new, too."""
    found: set[Operation] = set()
    todo = [new]
    while todo:
        value = todo.pop()
        op = value.owner
        if value is old or not isinstance(op, Operation) or op in found:
            continue
        if ORIGIN not in op.attributes and BASE not in op.attributes:
            found.add(op)
            todo.extend(op.operands)
    return found


def _leave_groups(network: NetworkOp, roots: RootsOp, old: SSAValue) -> None:
    """A replaced node is in no group any more; what takes its place has tags of its own."""
    entries = [(group, value) for group, value in roots.entries if value is not old]
    if len(entries) < len(roots.entries):
        new = RootsOp(entries)
        new.location = roots.location
        network.block.insert_op_before(new, roots)
        roots.detach()
        roots.erase()


def _check_ring(start: object, name: str) -> None:
    """A node must not need its own value, unless a delay is between."""
    assert isinstance(start, Operation)
    seen: set[Operation] = set()
    todo: list[Operation] = [start]
    while todo:
        for value in early_operands(todo.pop()):
            op = value.owner
            if op is start:
                title = f"Edit: what takes the place of '{name}' needs its own value"
                help = "an edit function may use the inputs of its node, or the node itself"
                raise failure(start, "BS0372", title, help=help)
            if isinstance(op, Operation) and op not in seen:
                seen.add(op)
                todo.append(op)
