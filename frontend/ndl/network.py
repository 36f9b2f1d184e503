"""`NDLNetworkBuilder` and `.ndl` files: which sections are macros, which one is the script."""

from __future__ import annotations

from collections.abc import Iterable

from brainscript.brackets import array_items, inside, unquote
from brainscript.diagnostic import BrainScriptError, Diagnostic, Note, Span, did_you_mean
from brainscript.frontend import flat, syntax
from brainscript.frontend.config import ConfigRules
from brainscript.frontend.config_files import ConfigFiles
from brainscript.frontend.ndl.arguments import Arguments
from brainscript.frontend.ndl.expand import Bound, Expander, Instance, Node, Outside, Tagged
from brainscript.frontend.ndl.functions import expression_of, makes_parameter
from brainscript.frontend.ndl.names import GROUPS, group_of
from brainscript.frontend.ndl.text import Entry, Macro, entries, statements
from brainscript.frontend.source import Sources, SourceText
from brainscript.frontend.syntax import Expression
from brainscript.limits import limit, recursion
from brainscript.placed import PlacedText
from brainscript.settings import Entry as ConfigEntry
from brainscript.settings import Settings

FRAMES = 10
"""Python calls that one level of nesting of calls can take."""


def ndl_section(key: str, settings: Settings, sources: Sources) -> syntax.New:
    """The network of `NDLNetworkBuilder = [ ... ]`.

    `networkDescription=FILE` names the script; without it `run` and `load` name sections of the
    config. `ndlMacros=FILE+FILE` are files of macros that come first.
    """
    builder = settings.section(key)
    for known in ("dumpFileName", "randomSeedOffset"):
        builder.has(known)
    macros: dict[str, Macro] = {}
    with recursion(FRAMES * limit("expression-nesting")):
        expander = Expander(macros)
        _load_macros(builder, expander, sources)
        load = builder.texts("load") if builder.has("load") else None
        run = builder.texts("run") if builder.has("run") else None
        if not builder.has("networkDescription"):
            for name in load or ():
                expander.run(statements(_section_text(builder, "load", name)))
            if run is None:
                raise builder.missing("run")
            for name in run:
                expander.run(statements(_section_text(builder, "run", name)))
        else:
            path = unquote(builder.placed("networkDescription"))
            text = _file(path, sources, builder)
            _run_file(text, expander, path.span(0, len(path.text)), load, run)
        return _network(expander, builder.span)


def ndl_file(source: SourceText, sources: Sources, settings: Settings | None = None) -> syntax.New:
    """The network of a text that is an NDL script.

    `settings` have the values of `$name$`, and may have `ndlMacros`.
    """
    sources.add(source)
    place, text = Span(source.name, 1, 1), ConfigFiles(sources).expand(source)
    with recursion(FRAMES * limit("expression-nesting")):
        expander = Expander({})
        if settings is not None:
            text = _resolved(text, place, settings)
            _load_macros(settings, expander, sources)
        _run_file(text, expander, place, None, None)
        return _network(expander, place)


def ndl_members(
    text: PlacedText,
    macros: dict[str, Macro],
    outside: Outside,
    constants: dict[str, Bound],
    section: str | None = None,
) -> list[tuple[Span, str, Expression]]:
    """The nodes that a script makes beside those of a model, which `outside` knows by name.

    `constants` are numbers and lists that scripts before it gave a name; its own are added.
    With `section` the script is that section of the text.
    """
    with recursion(FRAMES * limit("expression-nesting")):
        expander = Expander(macros, outside)
        expander.top.parent = Instance(symbols=constants)
        run = None if section is None else (section,)
        _run_file(text, expander, text.span(0), None, run)
        members = _members(expander)
        constants |= expander.constants()
        return members


def load_macros(text: PlacedText, macros: dict[str, Macro]) -> None:
    """Make the macros of a file known."""
    for statement in statements(text):
        if isinstance(statement, Macro):
            Expander(macros).define(statement)


def _load_macros(builder: Settings, expander: Expander, sources: Sources) -> None:
    if not builder.has("ndlMacros"):
        return
    paths = unquote(builder.placed("ndlMacros"))
    start = 0
    for name in paths.text.split("+"):
        path = unquote(paths.slice(start, start + len(name)))
        start += len(name) + 1
        if path.text:
            load_macros(_file(path, sources, builder), expander.macros)


def _file(path: PlacedText, sources: Sources, settings: Settings) -> PlacedText:
    """The text of a file, comments cut off and `$name$` replaced from the config."""
    span = path.span(0, len(path.text))
    found = sources.find(path.text, []) or path.text
    return _resolved(ConfigFiles(sources).expand(sources.read(found, span)), span, settings)


def _resolved(text: PlacedText, span: Span, settings: Settings) -> PlacedText:
    parts = ConfigRules().resolve(settings, ConfigEntry("networkDescription", span, (text,)))
    return PlacedText.join(parts)


def _section_text(builder: Settings, key: str, name: str) -> PlacedText:
    if not builder.has(name):
        title = f"'{key}' names the section '{name}', which is not in the config"
        help = did_you_mean(name, builder.own_keys())
        raise BrainScriptError(Diagnostic("BS0350", title, builder.span_of(key), help=help))
    if name.lower() == builder.name.lower():
        builder.accept_all()
    text = builder.placed(name)
    content = inside(text)
    return text if content is None else content


def _run_file(
    text: PlacedText,
    expander: Expander,
    place: Span,
    load: Iterable[str] | None,
    run: Iterable[str] | None,
) -> None:
    """The sections that `load` and `run` name, or the whole text when it has neither."""
    found = list(entries(text))
    keys = {entry.key.text.lower(): entry for entry in found if entry.parameters is None}
    own = {name: _names(keys.get(name)) for name in ("load", "run")}
    load, run = load or own["load"], run or own["run"]
    if not load and not run:
        expander.run(statements(text))
        return
    macros = [entry for entry in found if entry.parameters is not None]
    expander.unread = {macro.key.text.lower(): macro.span for macro in macros}
    for names in (load, run):
        for name in names or ():
            expander.run(statements(_part(keys, name, place)))


def _names(entry: Entry | None) -> list[str]:
    return [] if entry is None else [item.text for item in array_items(entry.value)]


def _part(keys: dict[str, Entry], name: str, place: Span) -> PlacedText:
    entry = keys.get(name.lower())
    content = inside(entry.value) if entry is not None else None
    if content is None:
        title = f"there is no section '{name}' in this NDL text"
        remedy = did_you_mean(name.lower(), keys)
        span = place if entry is None else entry.span
        raise BrainScriptError(Diagnostic("BS0350", title, span, help=remedy))
    return content


def _network(expander: Expander, span: Span) -> syntax.New:
    return flat.node_list(span, _members(expander))


def _members(expander: Expander) -> list[tuple[Span, str, Expression]]:
    """Parameters first, in the order of the script, then the other nodes and the lists."""
    first: list[tuple[Span, str, Expression]] = []
    others: list[tuple[Span, str, Expression]] = []
    seen: dict[str, Span] = {}
    for node in expander.nodes:
        if (before := seen.setdefault(node.name, node.span)) is not node.span:
            title, note = f"'{node.name}' is made twice", Note("the first one is here", before)
            raise BrainScriptError(Diagnostic("BS0354", title, node.span, "", (note,)))
        constants: list[tuple[str, Expression]] = []
        made = expression_of(Arguments(node, expander, constants))
        others += [(node.span, name, value) for name, value in constants]
        target = first if makes_parameter(node.function) else others
        target.append((node.span, node.name, made))
    return [*first, *others, *_groups(expander)]


def _groups(expander: Expander) -> list[tuple[Span, str, Expression]]:
    """The lists of nodes: those that tags and lists of the script fill, in its order."""
    groups: dict[str, dict[str, Expression]] = {}
    places: dict[str, Span] = {}
    for tagged in expander.tagged:
        group = _group(tagged)
        if not group:
            continue
        places.setdefault(group, tagged.span)
        holder = Node(group, "", tagged.span, (), {})
        for node in Arguments(holder, expander, []).node_at(tagged.bound):
            assert isinstance(node, syntax.Name)
            groups.setdefault(group, {})[node.name] = node
    return [
        (places[group], group + "Nodes", syntax.ArrayLiteral(places[group], tuple(nodes.values())))
        for group, nodes in groups.items()
    ]


def _group(tagged: Tagged) -> str:
    group = group_of(tagged.group)
    if group is None:
        title = f"'{tagged.group}' is not a group of nodes"
        remedy = did_you_mean(tagged.group, GROUPS) or f"groups: {', '.join(GROUPS)}"
        raise BrainScriptError(Diagnostic("BS0356", title, tagged.span, help=remedy))
    return group
