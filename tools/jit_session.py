"""One run of `bs-jit`: the config, its networks and readers, and the actions in order."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from brainscript.codegen.cache import open_cache
from brainscript.diagnostic import Diagnostic
from brainscript.frontend.config import load_config
from brainscript.frontend.network_section import network_expression
from brainscript.frontend.source import Sources
from brainscript.runtime.actions.run import run_all
from brainscript.runtime.data.minibatch import Reader
from brainscript.runtime.data.readers import open_reader
from brainscript.runtime.network import Environment, InputSpec
from brainscript.runtime.program_cache import ProgramCache
from brainscript.runtime.threads import thread_count
from brainscript.settings import PRECISIONS, Settings
from brainscript.target import choose_target
from brainscript.tools.crash import CrashRecord
from brainscript.tools.driver import Console
from brainscript.tools.network import Compilation, CompiledNetwork, text_key

if TYPE_CHECKING:
    from xdsl.dialects.builtin import ModuleOp

RANDOM = ("uniform", "gaussian", "normal", "xavier", "glorot", "he", "trunc")


def work(
    options: argparse.Namespace, words: Sequence[str], console: Console, crash: CrashRecord
) -> int:
    """Run all commands of the config; the exit code is 0 unless something is raised."""
    sources = Sources()
    console.line_of = sources.line_of
    settings = load_config(words, sources)
    for source in sources.texts():
        crash.source(source.name, source.text)
    session = _Session(settings, sources, console, _compilation(options, settings, console, crash))
    run_all(settings, session.environment(options.dry_run))
    session.show_warnings()
    for diagnostic in settings.unknown_keys():
        console.show(diagnostic)
    return 0


def _compilation(
    options: argparse.Namespace, settings: Settings, console: Console, crash: CrashRecord
) -> Compilation:
    objects = None if options.no_cache else open_cache(options.cache_dir, console.show)
    if objects is None and options.cache_dir is not None and not options.no_cache:
        title = f"'{options.cache_dir}' cannot keep compiled code: everything is compiled anew"
        remedy = "name a folder of your own that can be written"
        console.show(Diagnostic("BS0815", title, help=remedy, severity="warning"))
    programs = None if objects is None else ProgramCache(objects, console.show)
    threads = thread_count(settings.integer("numCPUThreads", 0))
    return Compilation(choose_target(), objects, programs, threads, crash)


@dataclass
class _Session:
    """What one run shares: the seeds that its networks have used are counted here."""

    settings: Settings
    sources: Sources
    console: Console
    compilation: Compilation
    seeds_used: int = 0

    def environment(self, dry_run: bool) -> Environment:
        """The functions that actions call."""
        return Environment(
            build_network=self.build_network,
            parse_network=self.parse_network,
            open_reader=self.open_reader,
            warn=self.console.show,
            stderr=sys.stderr,
            stdout=sys.stdout,
            dry_run=dry_run,
        )

    def build_network(self, section: Settings) -> CompiledNetwork:
        """The network of the builder that is visible from a command section."""
        known = {source.name for source in self.sources.texts()}
        expression = network_expression(section, self.sources)
        included = [s.text for s in self.sources.texts() if s.name not in known]
        precision = section.word("precision", PRECISIONS, "float")
        offset = self.seeds_used
        constant = section.boolean("forceConstantRandomSeed", False)

        def source() -> ModuleOp:
            from brainscript.tools.evaluate import evaluated_module

            crash = self.compilation.crash
            return evaluated_module(expression, precision, offset, constant, crash)

        facts = (precision, str(offset), str(constant), repr(expression), *included)
        network = CompiledNetwork(text_key(*facts), source, self.compilation)
        seeds = [p.seed for p in network.facts.parameters if p.init.startswith(RANDOM)]
        self.seeds_used = max([offset, *seeds])
        self.show_warnings()
        return network

    def parse_network(self, ir_text: str, name: str) -> CompiledNetwork:
        """The network whose level-2 text a model file holds."""

        def source() -> ModuleOp:
            from brainscript.tools.evaluate import parsed_network

            return parsed_network(ir_text, name)

        return CompiledNetwork(text_key(ir_text), source, self.compilation)

    def open_reader(
        self, settings: Settings, inputs: Sequence[InputSpec], randomize: bool | None
    ) -> Reader:
        """The reader of a section; `randomize` is the default of the key, None overrules it."""
        in_order = randomize is None
        show = self.console.show
        return open_reader(settings, inputs, bool(randomize), show, in_order=in_order)

    def show_warnings(self) -> None:
        """Print the warnings that the front end has kept, once."""
        warnings: list[Diagnostic] = self.sources.warnings
        for diagnostic in warnings:
            self.console.show(replace(diagnostic, severity="warning"))
        warnings.clear()
