"""From the text of a config or of network members to a module at level `bs`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from brainscript.builders import BRAINSCRIPT, BUILDERS, find_builder
from brainscript.device import check_device
from brainscript.diagnostic import BrainScriptError, Diagnostic, did_you_mean
from brainscript.frontend import syntax
from brainscript.frontend.config import load_config
from brainscript.frontend.ndl.network import ndl_file
from brainscript.frontend.network_section import network_expression
from brainscript.frontend.parser import parse_members
from brainscript.frontend.print_tree import tree_text
from brainscript.frontend.remarks import remark
from brainscript.frontend.source import Sources, SourceText
from brainscript.settings import PRECISIONS, Settings

if TYPE_CHECKING:
    from xdsl.dialects.builtin import ModuleOp


def members_of(text: str, name: str, sources: Sources) -> syntax.Record:
    """The syntax tree of a `.bs` file: the members of a network record."""
    source = SourceText(name, text)
    sources.add(source)
    members = parse_members(source, sources)
    remark(members, sources)
    return members


def script_of(
    text: str, name: str, sources: Sources, overrides: Sequence[str] = ()
) -> syntax.Expression:
    """The syntax tree of a `.ndl` file: a list of nodes; overrides are its variables."""
    settings = load_config(overrides, sources) if overrides else None
    return ndl_file(SourceText(name, text), sources, settings)


def network_of_config(
    file: str, overrides: Sequence[str], command: str | None, sources: Sources
) -> tuple[syntax.Expression, str]:
    """The network expression of a config and its precision.

    The network is that of the named command, or of the first one that has a builder.
    """
    settings = load_config([f"configFile={file}", *overrides], sources)
    section = section_with_network(settings, command)
    check_device([settings, section], sources.warn)
    return network_expression(section, sources), section.word("precision", PRECISIONS, "float")


def section_with_network(settings: Settings, command: str | None) -> Settings:
    """The section of the command to look at; BrainScriptError (BS0906) when there is none."""
    names = (command,) if command else settings.texts("command", ("train",))
    sections = [section for name in names if (section := settings.find_section(name))]
    if command and not sections:
        known = [key for key in settings.own_keys() if settings.is_section(key)]
        title = f"the config has no section '{command}'"
        raise BrainScriptError(Diagnostic("BS0906", title, help=did_you_mean(command, known)))
    for wanted in (BUILDERS[1:], BUILDERS):
        for section in (*sections, settings):
            if find_builder(section) in wanted:
                return section
    title = f"no network builder in the commands {', '.join(repr(n) for n in names)}"
    raise BrainScriptError(Diagnostic("BS0906", title, help=f"add {BRAINSCRIPT[0]} = {{ ... }}"))


def bs_module(expression: syntax.Expression, precision: str = "float") -> ModuleOp:
    """The module at level `bs` of a network expression or record."""
    from brainscript.frontend.build import build_network

    return build_network(expression, precision=precision)


def ast_text(expression: syntax.Expression) -> str:
    """The syntax tree as indented text."""
    return tree_text(expression)
