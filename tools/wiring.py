"""The one module that knows all parts: what hands the front end and the readers to the runtime.

Also the Python API of the package: `load`, `compile` and `train`.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from brainscript.codegen.cache import open_cache
from brainscript.diagnostic import BrainScriptError, Diagnostic
from brainscript.frontend.config import load_config
from brainscript.frontend.network_section import network_expression
from brainscript.frontend.parser import parse_members
from brainscript.frontend.remarks import remark
from brainscript.frontend.source import Sources, SourceText
from brainscript.frontend.syntax import Expression
from brainscript.runtime.data.minibatch import Reader
from brainscript.runtime.data.readers import open_reader
from brainscript.runtime.data.ready.parsed import ParsedCache
from brainscript.runtime.model.inherited import model_of
from brainscript.runtime.model.loaded import LoadedModel
from brainscript.runtime.model.parameters import initialise
from brainscript.runtime.model.store import load_network
from brainscript.runtime.network import Environment, Facts, InputSpec, Network
from brainscript.runtime.program_cache import ProgramCache
from brainscript.runtime.threads import thread_count
from brainscript.runtime.train.parallel.world import together, world
from brainscript.settings import PRECISIONS, Settings
from brainscript.target import MatmulPrecision, check_pairs, choose_target
from brainscript.tools.arrays import misuse
from brainscript.tools.crash import CrashRecord
from brainscript.tools.driver import Console
from brainscript.tools.loads import Loads
from brainscript.tools.model import Model
from brainscript.tools.network import Compilation, CompiledNetwork, text_key
from brainscript.tools.processes import run_commands

if TYPE_CHECKING:
    from xdsl.dialects.builtin import ModuleOp

RANDOM = ("uniform", "gaussian", "normal", "xavier", "glorot", "he", "trunc")


def load(path: str | os.PathLike[str], *, matmul_precision: MatmulPrecision = "float32") -> Model:
    """The network of a model file, ready to evaluate.

    Raises MissingFileError when there is no such file, BrainScriptError when it is not a model, or
    the processor has no products of bfloat16 for `matmul_precision = "bf16"`.
    """
    wiring = _wiring(matmul=matmul_precision)
    network = load_network(Path(path), wiring.environment())
    assert isinstance(network, CompiledNetwork)
    return Model(network, partial(_compiled, matmul=matmul_precision))


def compile(
    source: str, *, precision: str = "float", matmul_precision: MatmulPrecision = "float32"
) -> Model:
    """The network whose members `source` gives, with the first values of its parameters.

    With `matmul_precision = "bf16"` inputs of matrix products are rounded to bfloat16. Raises
    BrainScriptError when the text does not describe a network, or the processor has no such
    products.
    """
    if not isinstance(source, str):  # pyright: ignore[reportUnnecessaryIsInstance] from outside
        raise misuse(f"the source of a network is a text, not {type(source).__name__}")
    return _compiled(source, precision, matmul_precision)


def _compiled(source: str, precision: str, matmul: MatmulPrecision) -> Model:
    if precision not in PRECISIONS:
        raise misuse(f"there is no precision '{precision}'", f"known: {', '.join(PRECISIONS)}")
    wiring = _wiring(matmul=matmul)
    with _quoting(wiring.sources):
        text = wiring.sources.add(SourceText("<source>", source))
        members = parse_members(text, wiring.sources)
        remark(members, wiring.sources)
        network = wiring.network(members, precision)
        initialise(network)
    return Model(network, partial(_compiled, matmul=matmul))


@contextmanager
def _quoting(sources: Sources) -> Generator[None]:
    """Errors quote the lines of texts that are no files, such as what a program hands in."""
    try:
        yield
    except BrainScriptError as error:
        error.line_of = sources.line_of
        raise


def train(
    config: str | os.PathLike[str], *overrides: str, matmul_precision: MatmulPrecision = "float32"
) -> None:
    """Run the commands of a config, as `bs-jit CONFIG OVERRIDES` does; the log goes to stderr.

    `matmul_precision` is its option `--matmul-precision`.
    """
    wiring = _wiring(matmul=matmul_precision)
    with _quoting(wiring.sources):
        words = [f"configFile={os.fspath(config)}", *overrides]
        settings = together(world(), lambda: load_config(words, wiring.sources))
        threads = thread_count(settings.integer("numCPUThreads", 0))
        wiring.compilation = replace(wiring.compilation, threads=threads)
        run_commands(settings, wiring.environment(), wiring.console)
    wiring.show_warnings()


def saved_by_script(file: str, overrides: Sequence[str], console: Console) -> str:
    """The text of the network that a model editing script saves last; no file is written."""
    wiring = _wiring(console)
    settings = load_config([*overrides, f"editPath={file}"], wiring.sources)
    saved = wiring.run_script(settings, dry_run=True)
    if not saved:
        title = f"the script '{file}' saves no model"
        raise BrainScriptError(Diagnostic("BS0383", title, help="end it with SaveModel"))
    return wiring.planned[saved[-1][0]].facts.ir_text


def _wiring(console: Console | None = None, matmul: MatmulPrecision = "float32") -> Wiring:
    known, target = get_args(MatmulPrecision), choose_target()
    if matmul not in known:
        title = f"there is no precision of matrix products '{matmul}'"
        raise BrainScriptError(Diagnostic("BS0918", title, help=f"known: {', '.join(known)}"))
    if matmul != "float32":
        check_pairs(target)
    console, crash = console or Console(), CrashRecord("brainscript", [])
    objects = open_cache()
    programs = None if objects is None else ProgramCache(objects, console.show)
    compilation = Compilation(target, objects, programs, thread_count(), crash, matmul)
    wiring = Wiring(console, compilation)
    console.line_of = wiring.sources.line_of
    return wiring


@dataclass
class Wiring:
    """What one run shares: the seeds that its networks have used are counted here."""

    console: Console
    compilation: Compilation
    sources: Sources = field(default_factory=Sources)
    seeds_used: int = 0
    planned: dict[str, Network] = field(default_factory=dict[str, Network])

    def environment(self, dry_run: bool = False) -> Environment:
        """The functions that actions call."""
        return Environment(
            build_network=self.build_network,
            stored_network=self.stored_network,
            open_reader=self.open_reader,
            warn=self.console.show,
            stderr=sys.stderr,
            stdout=sys.stdout,
            run_script=lambda section: self.run_script(section, dry_run),
            factorised=self.factorised,
            dry_run=dry_run,
            planned=self.planned,
            describe=self.describe,
        )

    def build_network(self, section: Settings) -> CompiledNetwork:
        """The network of the builder that is visible from a command section."""
        known = {source.name for source in self.sources.texts()}
        expression = network_expression(section, self.sources)
        included = [s.text for s in self.sources.texts() if s.name not in known]
        precision = section.word("precision", PRECISIONS, "float")
        constant = section.boolean("forceConstantRandomSeed", False)
        return self.network(expression, precision, constant, included)

    def describe(self, section: Settings) -> Facts:
        """What that network holds; the seeds that it would use are left for others."""
        used = self.seeds_used
        try:
            return self.build_network(section).facts
        finally:
            self.seeds_used = used

    def network(
        self,
        expression: Expression,
        precision: str,
        constant_seed: bool = False,
        included: Sequence[str] = (),
    ) -> CompiledNetwork:
        """The network of an expression; `included` are texts that decide what it means."""
        offset, text = self.seeds_used, repr(expression)
        facts = (precision, str(offset), str(constant_seed), text, *included)
        loads = Loads(text_key(*facts), self.compilation, self.model)

        def source() -> ModuleOp:
            from brainscript.tools.evaluate import evaluated_module

            crash, load = self.compilation.crash, loads.module
            return evaluated_module(
                expression, precision, offset, constant_seed, crash, load, loads.warn
            )

        network = CompiledNetwork(*loads.checked(source), self.compilation)
        seeds = [p.seed for p in network.facts.parameters if p.init.startswith(RANDOM)]
        self.seeds_used = max([offset, *seeds])
        self.show_warnings()
        for diagnostic in loads.warnings:
            self.console.show(diagnostic)
        return network

    def stored_network(self, model: LoadedModel) -> CompiledNetwork:
        """The network that a model file holds, without its values."""
        return CompiledNetwork(text_key("stored", model.key), model.module, self.compilation)

    def model(self, path: str) -> LoadedModel:
        """The model of a file, or in a dry run the one that an earlier command would save."""
        planned = self.planned.get(path)
        if planned is None:
            return model_of(path)
        text = planned.facts.ir_text
        return LoadedModel(path, "planned", text_key(text), text, {})

    def open_reader(
        self, settings: Settings, inputs: Sequence[InputSpec], randomize: bool | None
    ) -> Reader:
        """The reader of a section; `randomize` is the default of the key, None overrules it."""
        in_order = randomize is None
        show = self.console.show
        objects = self.compilation.objects
        cache = None if objects is None else ParsedCache(objects.folder)
        return open_reader(settings, inputs, bool(randomize), show, in_order=in_order, cache=cache)

    def run_script(self, section: Settings, dry_run: bool = False) -> list[tuple[str, int]]:
        """Run the model editing script of a section; gives what it has saved."""
        from brainscript.tools.edited import EditedNetworks
        from brainscript.tools.evaluate import evaluated_module
        from brainscript.tools.facts import seeds_of
        from brainscript.tools.mel import Script

        def evaluate(tree: Expression, precision: str, load: Callable[[str], ModuleOp]) -> ModuleOp:
            offset, crash = self.seeds_used, self.compilation.crash
            made = evaluated_module(tree, precision, offset, False, crash, load)
            self.seeds_used = max([offset, *seeds_of(made)])
            return made

        def compiled(module: ModuleOp) -> Network:
            from brainscript.passes.ir_text import ir_text

            key = text_key("edited", ir_text(module))
            return CompiledNetwork(key, module.clone, self.compilation)

        show, precision = self.console.show, section.word("precision", PRECISIONS, "float")
        networks = EditedNetworks(
            self.sources, self.model, evaluate, compiled, show, self.planned, dry_run, precision
        )
        script = Script(section, networks)
        script.run()
        return script.saved

    def factorised(
        self, model: LoadedModel, ranks: Mapping[str, int]
    ) -> tuple[CompiledNetwork, dict[str, tuple[str, str]]]:
        """The network of a model with matrices split in two, and the names of the factors."""
        from brainscript.tools.edited import factorised_module

        module, names = factorised_module(model, ranks)
        key = text_key("factorised", model.key, repr(sorted(ranks.items())))
        return CompiledNetwork(key, module.clone, self.compilation), names

    def show_warnings(self) -> None:
        """Print the warnings that the front end has kept, once."""
        warnings: list[Diagnostic] = self.sources.warnings
        for diagnostic in warnings:
            error = diagnostic.severity == "error"
            self.console.show(replace(diagnostic, severity="warning") if error else diagnostic)
        warnings.clear()
