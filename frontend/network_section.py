"""The network that a config section describes, as a syntax tree."""

from __future__ import annotations

from brainscript.brackets import CLOSERS
from brainscript.builders import BRAINSCRIPT, NDL, SIMPLE, find_builder
from brainscript.diagnostic import BrainScriptError, Diagnostic, Span
from brainscript.frontend import syntax
from brainscript.frontend.ndl.network import ndl_section
from brainscript.frontend.parser import parse_expression
from brainscript.frontend.remarks import remark
from brainscript.frontend.simple.network import simple_section
from brainscript.frontend.source import Sources
from brainscript.placed import PlacedText
from brainscript.settings import Settings


def network_expression(settings: Settings, sources: Sources | None = None) -> syntax.Expression:
    """The tree of the builder that is visible from a command section."""
    key = find_builder(settings) or BRAINSCRIPT[0]
    if key == NDL:
        return ndl_section(key, settings, sources or Sources())
    if key == SIMPLE:
        return simple_section(key, settings)
    if key in BRAINSCRIPT:
        return _brainscript(key, settings, sources)
    title = f"'{key}' is not read by this version"
    remedy = f"describe the network in {BRAINSCRIPT[0]} = {{ ... }} and remove '{key}'"
    raise BrainScriptError(Diagnostic("BS0911", title, settings.span_of(key), help=remedy))


def _brainscript(key: str, settings: Settings, sources: Sources | None) -> syntax.Expression:
    """The tree of `BrainScriptNetworkBuilder`.

    `{ members }` and `[ members ]` stand for `new ComputationNetwork { members }`; `( expression )`
    is an expression whose value is a network. Members of a block that a later `[ members ]` was
    merged into are replaced by name.
    """
    parts = [part.strip() for part in settings.parts(key)]
    trees = [_part(key, part, sources) for part in parts]
    if len(trees) == 1:
        return _checked(trees[0], sources)
    members: dict[str, syntax.Member] = {}
    for tree in trees:
        if not isinstance(tree, syntax.New) or not isinstance(tree.operand, syntax.Record):
            title = f"'[ ... ]' cannot be merged into a '{key}' that is an expression"
            raise BrainScriptError(Diagnostic("BS0215", title, tree.span))
        members |= {member.name: member for member in tree.operand.members}
    return _checked(_network(trees[0].span, tuple(members.values())), sources)


def _checked(tree: syntax.Expression, sources: Sources | None) -> syntax.Expression:
    record = tree.operand if isinstance(tree, syntax.New) else tree
    if isinstance(record, syntax.Record) and sources is not None:
        remark(record, sources)
    return tree


def _part(key: str, text: PlacedText, sources: Sources | None) -> syntax.Expression:
    if text.text[:1] not in CLOSERS or not text.text:
        title = f"'{key}' must be a record in {{ }} or an expression in ( )"
        span = text.span(0, len(text.text))
        remedy = f"write {key} = {{ ... }}"
        raise BrainScriptError(Diagnostic("BS0215", title, span, help=remedy))
    tree = parse_expression(text, sources)
    if text.text.startswith("(") or not isinstance(tree, syntax.Record):
        return tree
    return _network(tree.span, tree.members)


def _network(span: Span, members: tuple[syntax.Member, ...]) -> syntax.New:
    return syntax.New(span, "ComputationNetwork", syntax.Record(span, members))
