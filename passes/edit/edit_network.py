"""Pass `net-edit`: clones and replacements in order, then the network that is left."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import cast

from xdsl.context import Context
from xdsl.dialects.builtin import ArrayAttr, ModuleOp, StringAttr, UnitAttr
from xdsl.ir import Operation, SSAValue
from xdsl.passes import ModulePass

from brainscript.diagnostic import Diagnostic
from brainscript.dialects.net.clone import (
    BASE,
    ORIGIN,
    REPLACED,
    TAGS,
    CloneOp,
    KeepOp,
    ReplaceOp,
)
from brainscript.dialects.net.network import NetworkOp, RootsOp, network_of
from brainscript.dialects.net.places import failure, span_of
from brainscript.dialects.net.recurrence import early_operands
from brainscript.dialects.registry import NetworkContext
from brainscript.passes.edit.clone_function import expand
from brainscript.passes.edit.names import Names, plain_name
from brainscript.passes.edit.open_shapes import alike, reopen
from brainscript.passes.edit.order import sort_operations
from brainscript.passes.edit.patterns import owner_of
from brainscript.passes.edit.settle import settle

ROLES = ("criterion", "evaluation", "output")


@dataclass(frozen=True)
class NetEdit(ModulePass):
    """Carry out `net.clone` and `net.replace` one after the other, then drop what is not needed.

    What neither `net.keep` nor a root reaches goes; then nodes from loaded networks get their own
    names, and nodes with tags enter their groups. A role that is lost on the way is warned of.

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
        if isinstance(ctx, NetworkContext) and ctx.warn is not None:
            for lost in replacements.lost_roles(network):
                ctx.warn(lost)


def is_unfinished(network: NetworkOp) -> bool:
    """Whether there is anything for the passes on edits to do."""
    return any(isinstance(op, CloneOp | ReplaceOp | KeepOp) for op in network.block.ops)


class Replacements:
    """What has taken the place of what, so that a ring of replacements is noticed."""

    def __init__(self) -> None:
        self._new: dict[SSAValue, SSAValue] = {}
        self._roles: list[tuple[str, str, SSAValue]] = []

    def lost_roles(self, network: NetworkOp) -> Iterator[Diagnostic]:
        """Outputs, criteria and metrics that were replaced by nodes without this role."""
        entries = set(network.roots.entries)
        for role, name, old in self._roles:
            new = old
            while new in self._new:
                new = self._new[new]
            if (role, old) in entries or (role, new) in entries:
                continue
            title = f"Edit: '{name}' was one of the {role} nodes, and what takes its place is not"
            left = any(role == group for group, _ in entries)
            label = "" if left else f"the edited network has no {role} node"
            where = owner_of(new).location
            help = f'give the new node the role, as in `Softmax (x, tag="{role}")`'
            yield Diagnostic(
                "BS0379", title, span_of(where), label, help=help, path=name, severity="warning"
            )

    def apply(self, network: NetworkOp, replace: ReplaceOp) -> None:
        """Let every user of the old node use the new one, the kept ones excepted."""
        old, new = replace.old, replace.new
        name = plain_name(old) or plain_name(new)
        if old is new:
            title = f"Edit: '{name}' is replaced by itself through other replacements"
            raise failure(owner_of(old), "BS0371", title, help="two edit functions undo each other")
        kept = _pieces(new, old)
        self._new[old] = new
        self._roles += [(role, name, old) for role in _roles_of(network, old)]
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


def _roles_of(network: NetworkOp, old: SSAValue) -> list[str]:
    """The groups of results that a node is in, or would be put in by its tags."""
    tags = owner_of(old).attributes.get(TAGS)
    tagged = cast("ArrayAttr[StringAttr]", tags).data if isinstance(tags, ArrayAttr) else ()
    listed = [group for group, value in network.roots.entries if value is old]
    return [role for role in ROLES if role in listed or any(t.data == role for t in tagged)]


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
