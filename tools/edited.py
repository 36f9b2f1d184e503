"""Networks under edit: a level-2 module and its values, changed in place and saved."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from math import prod
from pathlib import Path

import numpy as np
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Attribute
from xdsl.rewriter import Rewriter

from brainscript import atomic
from brainscript.diagnostic import BrainScriptError, Diagnostic, Span
from brainscript.dialects.net.network import (
    NetworkOp,
    RootsOp,
    network_of,
    node_name_of,
    symbols_of,
)
from brainscript.dialects.net.parameters import InputOp, ParameterOp
from brainscript.dialects.registry import make_context
from brainscript.dialects.tensors import element_type, type_of
from brainscript.frontend import flat, syntax
from brainscript.frontend.ndl.expand import Bound
from brainscript.frontend.ndl.network import ndl_members
from brainscript.frontend.ndl.text import Macro
from brainscript.frontend.source import Sources
from brainscript.passes.edit.factorise import factorise
from brainscript.passes.edit.names import written_so
from brainscript.passes.edit.patterns import nodes_of
from brainscript.passes.infer.shapes import NetInferShapes
from brainscript.placed import PlacedText
from brainscript.runtime.model.loaded import LoadedModel
from brainscript.runtime.model.parameters import initial_values
from brainscript.runtime.model.store import values_of
from brainscript.runtime.network import Array, Network
from brainscript.tools.facts import facts_of
from brainscript.tools.loading import inherited

HERE = "<this model>"
"""Stands for the model itself where new nodes are evaluated beside those that are there."""

Evaluate = Callable[[syntax.Expression, str, Callable[[str], ModuleOp]], ModuleOp]
"""Gives the network of an expression in a precision, with what gives the networks it loads."""


@dataclass
class EditedNetworks:
    """What editing needs of the rest: reading, evaluating, making a network with values."""

    sources: Sources
    read: Callable[[str], LoadedModel]
    evaluate: Evaluate
    compiled: Callable[[ModuleOp], Network]
    warn: Callable[[Diagnostic], None]
    planned: dict[str, Network] = field(default_factory=dict[str, Network])
    dry_run: bool = False
    precision: str = "float"

    def load(self, path: str) -> Edited:
        """The network of a model file."""
        model = self.read(path)
        values = {name: np.array(value) for name, value in model.values.items()}
        return Edited(model.module(), values, self)

    def empty(self) -> Edited:
        """A network without nodes."""
        return Edited(ModuleOp([NetworkOp([RootsOp([])])]), {}, self)

    def network(self, model: Edited) -> Network:
        """The network with its values."""
        network = self.compiled(model.inferred())
        for name, view in values_of(network, ("parameter", "statistic")).items():
            if name in model.values:
                view.reshape(-1)[:] = model.values[name].reshape(-1)
        return network

    def write(self, path: str, text: str) -> None:
        """Write a text file."""
        if self.dry_run:
            return
        try:
            Path(path).parent.mkdir(parents=True, exist_ok=True)
            atomic.write_text(path, text)
        except OSError as error:
            title = f"'{path}' cannot be written: {error.strerror}"
            raise BrainScriptError(Diagnostic("BS0722", title)) from None


@dataclass
class Edited:
    """One network: its module, and the values of its parameters and statistics by name.

    `constants` are the numbers and lists that NDL texts in it gave a name.
    """

    module: ModuleOp
    values: dict[str, Array]
    networks: EditedNetworks
    constants: dict[str, Bound] = field(default_factory=dict[str, Bound])

    @property
    def network(self) -> NetworkOp:
        """The network itself."""
        found = network_of(self.module)
        assert found is not None
        return found

    @property
    def precision(self) -> str:
        """`float` or `double`, as the nodes have it."""
        for value in nodes_of(self.network):
            double = type_of(value).element == element_type("double")
            return "double" if double else "float"
        return self.networks.precision

    def inferred(self) -> ModuleOp:
        """The module with the shapes that follow from its links."""
        NetInferShapes().apply(make_context(), self.module)
        return self.module

    def check_size(self, name: str, value: Array) -> None:
        """Raise BrainScriptError unless a value fits the parameter of this name."""
        symbol = symbols_of(self.network).get(name)
        kind = symbol.type if symbol is not None else None
        if kind is None or not kind.known or kind.elements != value.size:
            found = "no parameter" if kind is None else f"of shape {kind}"
            title = f"a value of {value.size} elements does not fit '{name}', which is {found}"
            raise BrainScriptError(Diagnostic("BS0384", title))

    def flatten_inputs(self) -> None:
        """Make vectors of the samples of all inputs."""
        for op in self.network.block.ops:
            if isinstance(op, InputOp):
                kind = type_of(op.result)
                flat_kind = kind.with_shape((prod(kind.shape or ()),))
                Rewriter.replace_value_with_new_type(op.result, flat_kind)

    def add(self, text: PlacedText, macros: dict[str, Macro], section: str | None = None) -> None:
        """Add the nodes of an NDL text; it may use the nodes that are there."""
        known = {node_name_of(v).lower(): node_name_of(v) for v in nodes_of(self.network)}

        def find(name: str) -> str | None:
            found = written_so(name, known.values())
            return found[0] if len(found) == 1 else known.get(name.lower())

        members = ndl_members(text, macros, find, self.constants, section)
        if not members:
            return
        for span, name, _ in members:
            if name.lower() in known:
                title = f"there is a node '{name}' already"
                help = "rename or remove it first, or choose another name"
                raise BrainScriptError(Diagnostic("BS0384", title, span, help=help))
        span = text.span(0)
        old = _old_members(span, known.values())
        tree = flat.node_list(span, [*old, *members])
        made = self.networks.evaluate(tree, self.precision, self._inherit)
        self._take(made)

    def _inherit(self, path: str) -> ModuleOp:
        assert path == HERE
        return inherited(self.module.clone(), HERE, set(self.values))

    def _take(self, made: ModuleOp) -> None:
        """Go on with an evaluated module: old parameters get back how they came about."""
        before = symbols_of(self.network)
        for spec in facts_of(made).parameters:
            if spec.file != HERE:
                self.values[spec.name] = initial_values(spec).reshape(spec.dims[::-1])
        for op in made.ops:
            if isinstance(op, ParameterOp) and op.file is not None and op.file.data == HERE:
                old = before[op.sym_name.data]
                kept: dict[str, Attribute] = {**old.properties, "type": op.type}
                op.properties = kept
        network = network_of(made)
        for op in network.block.ops if network is not None else ():
            op.attributes.pop("stored", None)
        made.attributes.pop("net.precision", None)
        self.module = made


def _old_members(span: Span, names: Collection[str]) -> list[tuple[Span, str, syntax.Expression]]:
    """The nodes that are there as members of the network."""
    if not names:
        return []
    path = syntax.Member(span, "pathName", syntax.String(span, HERE))
    load = syntax.New(span, "ComputationNetworkFromFile", syntax.Record(span, (path,)))
    model = "model here"
    members: list[tuple[Span, str, syntax.Expression]] = [(span, model, load)]
    for name in names:
        members.append((span, name, syntax.Field(span, flat.reference(span, model), name)))
    return members


def factorised_module(
    model: LoadedModel, ranks: Mapping[str, int]
) -> tuple[ModuleOp, dict[str, tuple[str, str]]]:
    """The network of a model with matrices split in two, and the names of the factors."""
    module = model.module()
    network = network_of(module)
    assert network is not None
    names = {name: factorise(network, name, rank) for name, rank in ranks.items()}
    NetInferShapes().apply(make_context(), module)
    return module, names
