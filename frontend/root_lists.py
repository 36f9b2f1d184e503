"""Members of a network that look like a misspelt list of nodes: CNTK ignores them silently."""

from __future__ import annotations

import re

from brainscript.builders import LISTS
from brainscript.diagnostic import Diagnostic, nearest
from brainscript.frontend import syntax
from brainscript.frontend.source import Sources

OTHER = {
    "evalnodes": "evaluationNodes",
    "evalnode": "evaluationNodes",
    "criterianodes": "criterionNodes",
    "criterianode": "criterionNodes",
}
"""Spellings of NDL and of older versions, in lower case."""

_ENDING = re.compile(r"nodes?$", re.IGNORECASE)


def warn_of_lists(record: syntax.Record, sources: Sources) -> None:
    """Warn of each member whose name is nearly that of a list of nodes that is not there."""
    names = {member.name for member in record.members}
    for member in record.members:
        meant = meant_list(member.name)
        if meant and meant not in names:
            title = f"'{member.name}' is no list of nodes: it is a member like any other"
            remedy = f"did you mean '{meant}'?"
            sources.warn(Diagnostic("BS0361", title, member.span, help=remedy, severity="warning"))


def meant_list(name: str) -> str:
    """The list of nodes that a name is nearly the name of; empty for any other name."""
    if name in LISTS or not _ENDING.search(name):
        return ""
    stem, known = _ENDING.sub("", name), {_ENDING.sub("", one): one for one in LISTS}
    if name.lower() in OTHER:
        return OTHER[name.lower()]
    hit = nearest(stem, known)
    close = hit and abs(len(hit) - len(stem)) <= 2
    return known[hit] if close else ""
