"""A network whose steps are compiled when they are asked for, or fetched from the program cache."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from brainscript.codegen.cache import ObjectCache
from brainscript.codegen.timing.trace import span
from brainscript.program_image import ProgramImage, StateSlot
from brainscript.runtime.network import Facts, InputSpec, Mode, UpdateRule
from brainscript.runtime.program import Program
from brainscript.runtime.program_cache import Entry, ProgramCache, program_key
from brainscript.runtime.state_arena import StateArena
from brainscript.runtime.stored_facts import facts_as_json, facts_from_json
from brainscript.target import MatmulPrecision, Target
from brainscript.tools.collector import without_collector
from brainscript.tools.crash import CrashRecord

if TYPE_CHECKING:
    from xdsl.dialects.builtin import ModuleOp


@dataclass(frozen=True)
class Compilation:
    """What every compilation of a run has in common; without caches everything is made anew."""

    target: Target
    objects: ObjectCache | None
    programs: ProgramCache | None
    threads: int
    crash: CrashRecord
    matmul: MatmulPrecision = "float32"


class CompiledNetwork:
    """The network of `runtime/network.py` over level-2 IR.

    `source` makes the module when it is needed; `key` stands for all that decides what it makes.
    While the cache holds what is asked for, no compiler is imported.
    """

    def __init__(self, key: str, source: Callable[[], ModuleOp], compilation: Compilation):
        self._key = key
        self._source = source
        self._module: ModuleOp | None = None
        self._compilation = compilation
        self._steps: dict[tuple[Mode, tuple[str, ...], str], Program] = {}
        self.facts = self._find_facts()
        self.state = StateArena(_stored(self.facts))

    @property
    def module(self) -> ModuleOp:
        """The network at level `net`, shapes inferred."""
        if self._module is None:
            with span("front end", "compile"), without_collector():
                self._module = self._source()
        return self._module

    def inputs_of(self, mode: Mode, outputs: Sequence[str] = ()) -> list[InputSpec]:
        """The inputs that the step `compile(mode, outputs)` reads."""
        facts = self.facts
        if mode == "precompute":
            roots: Sequence[str] = [spec.name for spec in facts.precomputed if not spec.file]
        else:
            roots = outputs or _default_roots(facts, mode)
        stops = () if mode == "precompute" else {spec.name for spec in facts.precomputed}
        reached = set(_reached(facts, roots, stops))
        return [spec for spec in facts.inputs if spec.name in reached]

    def compile(
        self, mode: Mode, outputs: Sequence[str] = (), update: UpdateRule | None = None
    ) -> Program:
        """The compiled step, ready for the parameters as they are; each is compiled once."""
        what = (mode, tuple(outputs), repr(update))
        if what not in self._steps:
            with span(f"step {mode}", "compile"):
                entry = self._entry(mode, tuple(outputs), update)
            image = ProgramImage.from_json(entry.data["image"])
            with span("link", "compile"):
                threads = self._compilation.threads
                self._steps[what] = Program(image, entry.objects, self.state, threads)
        step = self._steps[what]
        step.prepare()
        return step

    def _find_facts(self) -> Facts:
        def make() -> Entry:
            from brainscript.tools.facts import facts_of

            return Entry({"facts": facts_as_json(facts_of(self.module))})

        return facts_from_json(self._cached(("facts",), make).data["facts"])

    def _entry(self, mode: Mode, outputs: tuple[str, ...], update: UpdateRule | None) -> Entry:
        def make() -> Entry:
            from brainscript.tools.compile_step import compile_step
            from brainscript.tools.steps import step_module

            compilation = self._compilation
            module = step_module(self.module, mode, outputs, update, compilation.crash)
            image, objects = compile_step(
                module,
                compilation.target,
                compilation.objects,
                compilation.crash,
                compilation.matmul,
            )
            return Entry({"image": image.as_json()}, objects)

        matmul = self._compilation.matmul
        return self._cached((mode, json.dumps(outputs), repr(update), matmul), make)

    def _cached(self, parts: tuple[str, ...], make: Callable[[], Entry]) -> Entry:
        programs = self._compilation.programs
        if programs is None:
            with without_collector():
                return make()
        key = program_key((self._key, *parts), self._compilation.target)
        entry = programs.get(key)
        if entry is None:
            with without_collector():
                entry = make()
            programs.put(key, entry)
        return entry


def _stored(facts: Facts) -> Iterator[StateSlot]:
    """The values that a model file holds: parameters, and what is found before training."""
    for spec in facts.parameters:
        yield StateSlot(spec.name, spec.dims, spec.element, "parameter")
    for found in facts.precomputed:
        dims = facts.nodes[found.name].dims
        yield StateSlot(found.state, dims, facts.precision, "statistic")


def text_key(*texts: str) -> str:
    """A key for these texts."""
    digest = hashlib.sha256()
    for text in texts:
        data = text.encode("utf-8", "surrogatepass")
        digest.update(len(data).to_bytes(8, "little") + data)
    return digest.hexdigest()


def _default_roots(facts: Facts, mode: Mode) -> list[str]:
    if mode == "write":
        return [node.name for node in facts.outputs]
    criteria = facts.criteria if mode == "test" else facts.criteria[:1]
    return [node.name for node in (*criteria, *facts.metrics)]


def _reached(facts: Facts, roots: Sequence[str], stops: set[str] | tuple[()]) -> Iterator[str]:
    """The nodes below the roots; what stands in `stops` is not looked into."""
    seen: set[str] = set()
    waiting = list(roots)
    while waiting:
        name = waiting.pop()
        node = facts.nodes.get(name)
        if name in seen or node is None:
            continue
        seen.add(name)
        yield name
        if name not in stops:
            waiting += node.inputs
