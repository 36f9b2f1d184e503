"""Pass `net-clone-function`: every `net.clone` becomes a copy of its section."""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import dataclass
from math import inf

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp, StringAttr, SymbolRefAttr
from xdsl.ir import Operation, SSAValue
from xdsl.passes import ModulePass

from brainscript.diagnostic import BrainScriptError, did_you_mean
from brainscript.dialects.net.base import NetOp, attribute
from brainscript.dialects.net.clone import BASE, ORIGIN, PATH, CloneOp, ReplaceOp
from brainscript.dialects.net.network import NetworkOp, module_of, network_of, symbols_of
from brainscript.dialects.net.parameters import ParameterOp, ReadOp
from brainscript.dialects.net.places import failure
from brainscript.passes.edit.names import Names, plain_name, put_name
from brainscript.passes.edit.open_shapes import alike, reopen
from brainscript.passes.edit.section import copied, inputs_of, reached


@dataclass(frozen=True)
class NetCloneFunction(ModulePass):
    """Expand the clones that stand before the first `net.replace`.

    Copies are named after the call and the original. `learnable` copies parameters with their
    first values and seeds, `constant` gives the copies a learning rate of 0 and has batch
    normalisation keep its statistics, `shared` goes on using the originals. Inputs of the network
    that are no inputs of the section are always shared.

    Before: `%h = net.times %W, %x {node = "h"}` and
    `%q = net.clone "learnable" of [%h] with (%x = %y) {path = "f"}`.
    After: `net.parameter @f.W` beside `@W`, `%w = net.read @f.W` and
    `%q = net.times %w, %y {node = "f.h"}`.
    """

    name = "net-clone-function"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        """Expand in the order of the block, which is the order of the calls."""
        network = network_of(op)
        if network is None:
            return
        names: Names | None = None
        for inner in list(network.block.ops):
            if isinstance(inner, ReplaceOp):
                return
            if isinstance(inner, CloneOp):
                names = names or Names(network)
                expand(network, inner, names)


def expand(network: NetworkOp, clone: CloneOp, names: Names) -> None:
    """Put copies of the section before the clone, which goes."""
    upstream = reached(clone.outputs, inputs_of)
    _check(clone, upstream)
    used = [v for v, image in zip(clone.outputs, clone.images, strict=True) if image.uses]
    inner = copied(clone.inputs, used, clone.mode.data, upstream)
    copier = Copier(network, clone, names, inner)
    for op in list(network.block.ops):
        if op is clone:
            break
        if any(result in inner for result in op.results):
            copier.copy(op)
    copier.connect()
    images = [copier.image(value) for value in clone.outputs]
    copies = {result for op in copier.made() for result in op.results}
    for result, image in zip(list(clone.images), images, strict=True):
        if image in copies and result.name_hint is not None:
            image.name_hint = result.name_hint
        result.replace_all_uses_with(image)
    if not all(alike(one, other) for one, other in clone.pairs):
        reopen(copier.made())
    clone.detach()
    clone.erase()


def _check(clone: CloneOp, upstream: dict[SSAValue, None]) -> None:
    for value in clone.inputs:
        if value not in upstream:
            raise no_path(
                clone,
                plain_name(value),
                [plain_name(v) for v in clone.outputs],
                [plain_name(v) for v in upstream],
            )


def no_path(op: Operation, name: str, outputs: list[str], near: list[str]) -> BrainScriptError:
    """The error for an input of a section that no output depends on."""
    listed = ", ".join(f"'{n}'" for n in outputs)
    title = f"CloneFunction: no output depends on the input '{name}'"
    label = f"there is no path from '{name}' to {listed}"
    help = did_you_mean(name, [n for n in near if n])
    return failure(op, "BS0370", title, label, help or "list inputs that lead to an output")


class Copier:
    """Copies of operations; those that use what is copied later are connected at the end."""

    def __init__(
        self, network: NetworkOp, clone: CloneOp, names: Names, inner: Container[SSAValue]
    ):
        self._network = network
        self._block = network.block
        self._module = module_of(network).body.block
        self._clone = clone
        self._names = names
        self._inner = inner
        self._late: list[tuple[Operation, Operation]] = []
        self._freezes = clone.mode.data == "constant"
        self._symbols = symbols_of(network)
        self._images: dict[SSAValue, SSAValue] = dict(clone.pairs)
        self._made: dict[str, str] = {}
        self._copies: list[Operation] = []
        hints = (name.data for name in clone.names.data)
        self._hints = {v: hint for v, hint in zip(clone.outputs, hints, strict=True) if hint}

    def image(self, value: SSAValue) -> SSAValue:
        """What stands for a node in the copy: its copy, the argument, or the node itself."""
        return self._images.get(value, value)

    def copy(self, op: Operation) -> None:
        """Make the copy of an operation."""
        images = self._images
        new = _duplicate(op, [images.get(value, value) for value in op.operands])
        if any(value in self._inner and value not in images for value in op.operands):
            self._late.append((op, new))
        new.location = self._clone.location
        for name in (BASE, ORIGIN, PATH):
            new.attributes.pop(name, None)
        if BASE in self._clone.attributes:
            new.attributes[BASE] = self._clone.attributes[BASE]
        if isinstance(new, ReadOp):
            self._copy_parameter(new, op.results[0])
        else:
            wanted, path = self._name(op.results[0])
            put_name(new, self._names.take(wanted), path)
            if self._freezes:
                freeze(new)
        self._block.insert_op_before(new, self._clone)
        for old, made in zip(op.results, new.results, strict=True):
            made.name_hint = old.name_hint
            images[old] = made
        self._copies.append(new)

    def made(self) -> list[Operation]:
        """The copies."""
        return self._copies

    def connect(self) -> None:
        """Let the copies within loops use each other."""
        for old, new in self._late:
            new.operands = [self.image(value) for value in old.operands]

    def _name(self, value: SSAValue) -> tuple[str, str]:
        """The name of a copy, and what its own clones are called after."""
        path = f"{self._clone.path.data}.{plain_name(value)}".lstrip(".")
        return self._hints.get(value, path), path

    def _copy_parameter(self, read: ReadOp, value: SSAValue) -> None:
        old = read.target
        if old not in self._made:
            original = self._symbols[old]
            wanted, path = self._name(value)
            name = self._names.take(wanted)
            new = _duplicate(original, ())
            new.attributes.pop(ORIGIN, None)
            new.properties["sym_name"] = StringAttr(name)
            if self._freezes and isinstance(new, ParameterOp):
                new.properties["learning_rate_multiplier"] = FROZEN
            self._module.insert_op_before(new, self._network)
            self._made[old] = name
            if path != name:
                read.attributes[PATH] = StringAttr(path)
        read.properties["symbol"] = SymbolRefAttr(self._made[old])


FROZEN = attribute(0.0)


def _duplicate(op: Operation, operands: Sequence[SSAValue]) -> Operation:
    """An operation like another, which has no regions, on other operands."""
    assert not op.regions
    return type(op).create(
        operands=operands,
        result_types=op.result_types,
        properties=dict(op.properties),
        attributes=dict(op.attributes),
    )


def freeze(op: Operation) -> None:
    """Let batch normalisation use its running statistics, in training, too."""
    if isinstance(op, NetOp) and op.OPERATION == "BatchNormalization":
        for option in op.OPTIONS:
            if option.name in ("normalizationTimeConstant", "blendTimeConstant"):
                op.properties[option.property] = attribute(inf)
