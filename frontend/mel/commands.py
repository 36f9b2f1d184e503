"""The commands of MEL: their names, how many arguments they take, their options."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Command:
    """One command: how it is written in full, bounds on its arguments, its options."""

    name: str
    least: int
    most: int
    options: tuple[str, ...] = ()
    usage: str = ""


MANY = 1000

COMMANDS: tuple[Command, ...] = (
    Command("LoadModel", 1, 1, ("format",), 'm = LoadModel ("file")'),
    Command("CreateModel", 0, 0, (), "m = CreateModel ()"),
    Command("LoadModelWithName", 2, 2, ("format",), 'LoadModelWithName (m, "file")'),
    Command("CreateModelWithName", 1, 1, (), "CreateModelWithName (m)"),
    Command("LoadNDLSnippet", 2, 2, ("section",), 'LoadNDLSnippet (m, "file", section=s)'),
    Command("SaveModel", 2, 2, ("format",), 'SaveModel (m, "file")'),
    Command("SaveDefaultModel", 1, 1, ("format",), 'SaveDefaultModel ("file")'),
    Command("SetDefaultModel", 1, 1, (), "SetDefaultModel (m)"),
    Command("UnloadModel", 1, MANY, (), "UnloadModel (m)"),
    Command("DumpModel", 2, 2, ("includeData",), 'DumpModel (m, "file")'),
    Command("DumpNode", 2, 2, ("includeData",), 'DumpNode (nodes, "file")'),
    Command("CopyNode", 2, 2, ("copy",), "CopyNode (from, to, copy=all|value)"),
    Command("CopySubTree", 3, 3, ("copy",), "CopySubTree (node, model, prefix)"),
    Command("CopyNodeInputs", 2, 2, (), "CopyNodeInputs (from, to)"),
    Command("SetNodeInput", 3, 3, (), "SetNodeInput (node, index, input)"),
    Command("SetInput", 3, 3, (), "SetInput (node, index, input)"),
    Command("SetNodeInputs", 2, MANY, (), "SetNodeInputs (node, input, ...)"),
    Command("SetInputs", 2, MANY, (), "SetInputs (node, input, ...)"),
    Command("SetProperty", 3, 3, (), "SetProperty (nodes, property, value)"),
    Command("SetPropertyForSubTree", 3, 3, (), "SetPropertyForSubTree (node, property, value)"),
    Command("RemoveNode", 1, MANY, (), "RemoveNode (nodes, ...)"),
    Command("DeleteNode", 1, MANY, (), "DeleteNode (nodes, ...)"),
    Command("Rename", 2, 2, (), "Rename (old, new)"),
    Command("ReviseParameter", 2, 2, (), 'ReviseParameter (nodes, "file")'),
)
"""All commands; of those that an abbreviation fits the one that comes first is meant."""

SAME = {
    "SetInput": "SetNodeInput",
    "SetInputs": "SetNodeInputs",
    "DeleteNode": "RemoveNode",
    "CreateModelWithName": "CreateModel",
    "LoadModelWithName": "LoadModel",
    "SaveDefaultModel": "SaveModel",
}
"""Commands that do what another one does."""

FORMATS = ("cntk", "cntk_legacy_no_tensorlib")
"""What the option `format` may say."""

OTHER_NAMES = {"dump": "DumpModel"}
"""Words that would otherwise abbreviate another command."""

ASSIGNED = ("LoadModel", "CreateModel")
"""Commands whose result is a model that gets a name."""


def find_command(word: str) -> Command | None:
    """The command that a word means: any part of its beginning, half of its letters or more."""
    name = OTHER_NAMES.get(word.lower(), word)
    exact = [c for c in COMMANDS if c.name.lower() == name.lower()]
    return next(iter(exact or _abbreviated(word)), None)


def _abbreviated(word: str) -> Iterator[Command]:
    for command in sorted(COMMANDS, key=lambda c: len(c.name)):
        enough = 2 * len(word) >= len(command.name)
        if enough and command.name.lower().startswith(word.lower()):
            yield command
