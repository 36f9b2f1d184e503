"""Running a script of the model editing language: models by name, one method for each command."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from brainscript.brackets import unquote
from brainscript.diagnostic import BrainScriptError, Diagnostic, Span, did_you_mean
from brainscript.dialects.net.network import NetworkOp, node_name_of
from brainscript.dialects.net.parameters import ReadOp
from brainscript.frontend.mel.commands import ASSIGNED, FORMATS, SAME
from brainscript.frontend.mel.text import Call, script, statements
from brainscript.frontend.ndl.network import load_macros
from brainscript.frontend.ndl.text import Macro
from brainscript.literals import read_integer
from brainscript.passes.edit.copy import copy_nodes, renamed, subtree
from brainscript.passes.edit.links import check_complete, remove, set_input, set_inputs
from brainscript.passes.edit.patterns import named_nodes, nodes_of, one_node, owner_of
from brainscript.passes.edit.properties import set_property
from brainscript.passes.edit.rename import rename
from brainscript.placed import PlacedText
from brainscript.runtime.actions.dump import node_text
from brainscript.runtime.model.parameters import initial_values
from brainscript.runtime.model.store import save_network
from brainscript.runtime.network import Array
from brainscript.settings import Settings
from brainscript.tools.edited import Edited, EditedNetworks
from brainscript.tools.facts import facts_of

DEFAULT = "default"


@dataclass(frozen=True)
class Place:
    """A model and what is left of the name of a node in it."""

    model: Edited
    name: str

    @property
    def network(self) -> NetworkOp:
        """The network of the model."""
        return self.model.network


class Script:
    """One run of a script."""

    def __init__(self, settings: Settings, networks: EditedNetworks):
        self._settings = settings
        self._networks = networks
        self._models: dict[str, Edited] = {}
        self._default = ""
        self._macros: dict[str, Macro] = {}
        self.saved: list[tuple[str, int]] = []

    def run(self) -> None:
        """Run the statements of the script that `editPath` names, in order."""
        sources, settings = self._networks.sources, self._settings
        if settings.has("ndlMacros"):
            path = unquote(settings.placed("ndlMacros"))
            for name in path.text.split("+"):
                load_macros(
                    script(PlacedText.fixed(name.strip(), path.span(0)), settings, sources),
                    self._macros,
                )
        text = script(unquote(settings.placed("editPath")), settings, sources)
        for statement in statements(text):
            try:
                if isinstance(statement, Call):
                    self._call(statement)
                elif statement.model:
                    self._add(statement.model, self._networks.empty())
                    self._models[statement.model.lower()].add(statement.text, self._macros)
                else:
                    self._default_model(statement.text.text).add(statement.text, self._macros)
            except BrainScriptError as error:
                raise placed(error, statement.span) from None

    def _call(self, call: Call) -> None:
        name = SAME.get(call.command.name, call.command.name)
        method: Callable[[Call], None] = getattr(self, f"_{_snake(name)}")
        method(call)

    # -- models

    def _add(self, name: str, model: Edited) -> None:
        self._models[name.lower()] = model
        self._default = self._default or name.lower()

    def _model(self, name: str) -> Edited:
        found = self._models.get(name.lower())
        if found is None:
            title = f"there is no model '{name}'"
            help = did_you_mean(name, self._models) or "load or create it first"
            raise BrainScriptError(Diagnostic("BS0383", title, help=help))
        return found

    def _default_model(self, statement: str = "") -> Edited:
        if not self._default:
            title, called = "there is no model yet", re.search(r"=\s*(\w+)", statement)
            help = did_you_mean(called[1], ASSIGNED) if called else ""
            help = help or "LoadModel or CreateModel first"
            raise BrainScriptError(Diagnostic("BS0383", title, help=help))
        return self._model(self._default)

    def _place(self, name: str) -> Place:
        """`model.node`, or a node of the default model."""
        first, dot, rest = name.partition(".")
        if dot and first.lower() in self._models:
            return Place(self._models[first.lower()], rest)
        return Place(self._default_model(), name)

    def _load_model(self, call: Call) -> None:
        named = call.command.name == "LoadModelWithName"
        path = call.arguments[-1]
        form = call.options.get("format", FORMATS[0])
        if form.lower() not in FORMATS:
            title = f"there is no format '{form}'"
            help = did_you_mean(form, FORMATS) or f"known: {', '.join(FORMATS)}"
            raise BrainScriptError(Diagnostic("BS0382", title, help=help))
        model = self._networks.load(path)
        if form.lower() != FORMATS[0]:
            model.flatten_inputs()
        self._add(call.arguments[0] if named else call.result or DEFAULT, model)

    def _create_model(self, call: Call) -> None:
        name = call.arguments[0] if call.arguments else call.result or DEFAULT
        self._add(name, self._networks.empty())

    def _load_ndl_snippet(self, call: Call) -> None:
        name, path = call.arguments
        sources = self._networks.sources
        origin = call.span
        text = script(PlacedText.fixed(path, origin), self._settings, sources)
        model = self._networks.empty()
        model.add(text, self._macros, call.options.get("section"))
        self._add(name, model)

    def _set_default_model(self, call: Call) -> None:
        self._model(call.arguments[0])
        self._default = call.arguments[0].lower()

    def _unload_model(self, call: Call) -> None:
        for name in call.arguments:
            self._model(name)
            del self._models[name.lower()]
            if self._default == name.lower():
                self._default = ""

    def _save_model(self, call: Call) -> None:
        whole = call.command.name == "SaveModel"
        model = self._model(call.arguments[0]) if whole else self._default_model()
        check_complete(model.network)
        network = self._networks.network(model)
        path = call.arguments[-1]
        if not self._networks.dry_run:
            save_network(path, network)
        else:
            self._networks.planned[path] = network
        self.saved.append((path, len(network.facts.nodes)))

    # -- text

    def _dump_model(self, call: Call) -> None:
        model = self._model(call.arguments[0])
        self._dump(model, [node_name_of(v) for v in nodes_of(model.network)], call)

    def _dump_node(self, call: Call) -> None:
        place = self._place(call.arguments[0])
        found = named_nodes(place.network, place.name)
        self._dump(place.model, [node_name_of(v) for v, _ in found], call)

    def _dump(self, model: Edited, names: list[str], call: Call) -> None:
        network = self._networks.network(model)
        values = call.options.get("includedata", "false").lower() == "true"
        nodes = [network.facts.nodes[n] for n in sorted(names, key=str.lower)]
        text = "".join(node_text(network, node, values=values, metadata=True) for node in nodes)
        self._networks.write(call.arguments[1], text)

    # -- nodes

    def _copy_node(self, call: Call) -> None:
        source, target = self._place(call.arguments[0]), self._place(call.arguments[1])
        names = renamed(source.network, source.name, target.name)
        self._copy(call, source.model, target.model, {node_name_of(v): n for v, n in names.items()})

    def _copy_sub_tree(self, call: Call) -> None:
        source, target = self._place(call.arguments[0]), self._model(call.arguments[1])
        names = subtree(source.network, source.name, call.arguments[2])
        self._copy(call, source.model, target, {node_name_of(v): n for v, n in names.items()})

    def _copy(self, call: Call, source: Edited, target: Edited, names: dict[str, str]) -> None:
        how = call.options.get("copy", "all").lower()
        if how not in ("all", "value"):
            title = f"'copy' must be all or value, not '{how}'"
            raise BrainScriptError(Diagnostic("BS0382", title))
        if how == "all":
            table = {
                v: names[n] for v in nodes_of(source.network) if (n := node_name_of(v)) in names
            }
            copy_nodes(source.network, target.network, table)
        values = {new: source.values[old] for old, new in names.items() if old in source.values}
        for name, value in values.items():
            known = node_name_of(one_node(target.network, name))
            if how == "value":
                target.check_size(known, value)
            target.values[known] = np.array(value)

    def _copy_node_inputs(self, call: Call) -> None:
        source, target = self._place(call.arguments[0]), self._place(call.arguments[1])
        if source.model is not target.model:
            title = "inputs are copied within one model only"
            raise BrainScriptError(Diagnostic("BS0384", title))
        one, other = (owner_of(one_node(p.network, p.name)) for p in (source, target))
        if one.name != other.name:
            title = f"'{source.name}' and '{target.name}' are different operations"
            raise BrainScriptError(Diagnostic("BS0384", title))
        set_inputs(target.network, target.name, [node_name_of(v) for v in one.operands])

    def _set_node_input(self, call: Call) -> None:
        place, source = self._place(call.arguments[0]), self._place(call.arguments[2])
        index = read_integer(call.arguments[1])
        if index is None:
            title = f"the number of an input is expected, not '{call.arguments[1]}'"
            raise BrainScriptError(
                Diagnostic("BS0382", title, help=f"it is written {call.command.usage}")
            )
        self._same(place, source)
        for value, _ in named_nodes(place.network, place.name):
            set_input(place.network, node_name_of(value), index, source.name)

    def _set_node_inputs(self, call: Call) -> None:
        place, *sources = [self._place(name) for name in call.arguments]
        for source in sources:
            self._same(place, source)
        set_inputs(place.network, place.name, [source.name for source in sources])

    def _same(self, place: Place, source: Place) -> None:
        if place.model is not source.model:
            title = f"'{place.name}' and '{source.name}' belong to different models"
            help = "copy the nodes into one model with CopyNode or CopySubTree"
            raise BrainScriptError(Diagnostic("BS0384", title, help=help))

    def _set_property(self, call: Call) -> None:
        place = self._place(call.arguments[0])
        set_property(place.network, place.name, call.arguments[1], call.arguments[2])

    def _set_property_for_sub_tree(self, call: Call) -> None:
        place = self._place(call.arguments[0])
        set_property(place.network, place.name, call.arguments[1], call.arguments[2], tree=True)

    def _remove_node(self, call: Call) -> None:
        for name in call.arguments:
            place = self._place(name)
            for gone in remove(place.network, place.name):
                place.model.values.pop(gone, None)

    def _rename(self, call: Call) -> None:
        place, target = self._place(call.arguments[0]), self._place(call.arguments[1])
        new = target.name if target.model is place.model else call.arguments[1]
        names = rename(place.network, place.name, new)
        values = place.model.values
        moved = {new: values.pop(old) for old, new in names.items() if old in values}
        values |= moved

    def _revise_parameter(self, call: Call) -> None:
        place = self._place(call.arguments[0])
        specs = {spec.name: spec for spec in facts_of(place.model.inferred()).parameters}
        for value, _ in named_nodes(place.network, place.name):
            name = node_name_of(value)
            if not isinstance(value.owner, ReadOp):
                title = f"'{name}' is no parameter: it is left as it is"
                self._networks.warn(Diagnostic("BS0384", title, call.span, severity="warning"))
                continue
            spec = replace(specs[name], init="fromFile", file=call.arguments[1])
            place.model.values[name] = _shaped(initial_values(spec), spec.dims)


def _shaped(values: Array, dims: tuple[int, ...]) -> Array:
    return values.reshape(dims[::-1])


def _snake(name: str) -> str:
    text = name.replace("NDL", "Ndl")
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in text).lstrip("_")


def placed(error: BrainScriptError, span: Span) -> BrainScriptError:
    """An error with the place of the statement, when it has none of its own."""
    first, *rest = error.diagnostics
    if first.span is None:
        first = replace(first, span=span)
    return type(error)(first, *rest)
