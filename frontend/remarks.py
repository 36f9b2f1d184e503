"""What a network may hold that CNTK takes without a word, though it hardly can be meant."""

from __future__ import annotations

import re

from brainscript.builders import LISTS, PLAIN_LIST
from brainscript.diagnostic import Diagnostic, nearest
from brainscript.frontend import syntax
from brainscript.frontend.source import Sources
from brainscript.frontend.walk import walk

OTHER = {
    "evalnodes": "evaluationNodes",
    "evalnode": "evaluationNodes",
    "criterianodes": "criterionNodes",
    "criterianode": "criterionNodes",
}
"""Spellings of NDL and of older versions, in lower case."""

_ENDING = re.compile(r"nodes?$", re.IGNORECASE)

PARAMETERS = ("ParameterTensor", "Parameter", "LearnableParameter")
_FIRST_VALUES = {"init", "initValue", "initFromFilePath"}


def remark(record: syntax.Record, sources: Sources) -> None:
    """Warn of what the members of a network hardly can mean."""
    _misspelt_lists(record, sources)
    for node in walk(record):
        if isinstance(node, syntax.Call):
            _unused_value(node, sources)


def _unused_value(call: syntax.Call, sources: Sources) -> None:
    """Warn of a first value that the initialisation of a parameter does not look at."""
    if not isinstance(call.function, syntax.Name) or call.function.name not in PARAMETERS:
        return
    given = {argument.name: argument for argument in call.arguments}
    unused = why = remedy = ""
    if "value" in given and not _FIRST_VALUES & {*given}:
        unused, why = "value", "alone is ignored: the parameter starts at random"
        remedy = "write initValue in place of value, or init='fixedValue' as well"
    elif "initValue" in given and "value" not in given and _is_fixed(given.get("init")):
        unused, why = "initValue", "is ignored with init='fixedValue': the parameter starts at 0"
        remedy = "leave out init, or write value in place of initValue"
    elif "initFromLiteral" in given and not _FIRST_VALUES & {*given}:
        unused, why = "initFromLiteral", "alone is ignored: the parameter starts at random"
        remedy = "write init='fromLiteral' as well"
    if unused:
        span, title = given[unused].span, f"'{unused}' {why}"
        sources.warn(Diagnostic("BS0362", title, span, help=remedy, severity="warning"))


def _is_fixed(init: syntax.Argument | None) -> bool:
    """Whether this argument is the text `fixedValue`."""
    value = None if init is None else init.value
    return isinstance(value, syntax.String) and value.value.lower() == "fixedvalue"


def _misspelt_lists(record: syntax.Record, sources: Sources) -> None:
    names = {member.name for member in record.members}
    for member in record.members:
        meant = meant_list(member.name)
        if meant and meant not in names:
            title = f"'{member.name}' is no list of nodes: it is a member like any other"
            remedy = f"did you mean '{meant}'?"
            sources.warn(Diagnostic("BS0361", title, member.span, help=remedy, severity="warning"))


def meant_list(name: str) -> str:
    """The list of nodes that a name is nearly the name of; empty for any other name."""
    if name in (*LISTS, PLAIN_LIST) or not _ENDING.search(name):
        return ""
    stem, known = _ENDING.sub("", name), {_ENDING.sub("", one): one for one in LISTS}
    if name.lower() in OTHER:
        return OTHER[name.lower()]
    hit = nearest(stem, known)
    close = hit and abs(len(hit) - len(stem)) <= 2
    return known[hit] if close else ""
