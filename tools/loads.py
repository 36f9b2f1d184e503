"""Which model files a program loads: what it means depends on the networks in them."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING

from brainscript.diagnostic import BrainScriptError, Diagnostic
from brainscript.runtime.model.loaded import LoadedModel
from brainscript.runtime.program_cache import Entry, program_key
from brainscript.tools.collector import without_collector
from brainscript.tools.network import Compilation, text_key

if TYPE_CHECKING:
    from xdsl.dialects.builtin import ModuleOp


class Loads:
    """The model files of one program: their networks are part of its key in the program cache.

    The cache remembers under the key of the text which files were loaded, and the keys of the
    networks in them. A program that loads none is not evaluated to find that out twice; what the
    first evaluation warned of is remembered, too.
    """

    def __init__(
        self, base: str, compilation: Compilation, load_model: Callable[[str], LoadedModel]
    ):
        self._base = base
        self._programs = compilation.programs
        self._place = program_key((base, "loads"), compilation.target)
        self._load = load_model
        self._found: dict[str, str] = {}
        self._warned: list[Diagnostic] = []
        self.warnings: list[Diagnostic] = []

    def warn(self, diagnostic: Diagnostic) -> None:
        """Keep a warning of an evaluation that is under way."""
        self._warned.append(diagnostic)

    def module(self, path: str) -> ModuleOp:
        """The network of a model file, for an evaluation that is under way."""
        from brainscript.tools.loading import inherited_module

        model = self._load(path)
        self._found[path] = model.key
        return inherited_module(model, path)

    def checked(self, source: Callable[[], ModuleOp]) -> tuple[str, Callable[[], ModuleOp]]:
        """The key of the program, and what makes its module; `warnings` are those of it."""
        entry = self._programs.get(self._place) if self._programs is not None else None
        known: dict[str, str] = {} if entry is None else json.loads(entry.data["loads"])
        if entry is not None and self._unchanged(known):
            self.warnings = [Diagnostic.from_json(d) for d in json.loads(entry.data["warnings"])]
            return self._key(known), source
        with without_collector():
            module = source()
        self.warnings = list(self._warned)
        if self._programs is not None:
            warnings = json.dumps([d.as_json() for d in self.warnings])
            data = {"loads": json.dumps(self._found), "warnings": warnings}
            self._programs.put(self._place, Entry(data))
        return self._key(self._found), lambda: module

    def _unchanged(self, known: dict[str, str]) -> bool:
        try:
            return all(self._load(path).key == key for path, key in known.items())
        except BrainScriptError:
            return False

    def _key(self, loads: dict[str, str]) -> str:
        if not loads:
            return self._base
        return text_key(self._base, json.dumps(loads))
