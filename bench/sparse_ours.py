"""One training step with sparse inputs: `python sparse_ours.py NETWORK sparse|dense STEPS`.

Prints one JSON line: the seconds of the best step of one thread, and the bytes of the arena.
"""

from __future__ import annotations

import json
import sys

import numpy as np
import sequences
import sparse_data
from networks import network_of_text

from brainscript.codegen.cache import open_cache
from brainscript.linear import evaluate
from brainscript.runtime.layouts import Sequences
from brainscript.runtime.network import UpdateRule
from brainscript.runtime.program import Program, StateArena
from brainscript.target import choose_target
from brainscript.tools.compile_step import compile_step
from brainscript.tools.crash import CrashRecord
from brainscript.tools.steps import step_module

DSSM = f"""
    x = Input {{{sparse_data.TRIGRAMS}, sparse = SPARSE}}
    y = Input {{{sparse_data.TRIGRAMS}, sparse = SPARSE}}
    tower () = Sequential (LinearLayer {{{sparse_data.WIDTH}, bias = false}} : Tanh :
                           LinearLayer {{{sparse_data.TOP}, bias = false}} : Tanh)
    a = tower() ; b = tower()
    ce = SumElements (1 - CosDistance (a (x), b (y)))
    criterionNodes = (ce)
"""


def source(name: str, sparse: bool) -> str:
    """The network as BrainScript."""
    flag = "true" if sparse else "false"
    if name == "dssm":
        return DSSM.replace("SPARSE", flag)
    w = sparse_data.WORDS[name]
    labels = flag if w.classes == w.vocabulary else "false"
    return f"""
        model = Sequential (EmbeddingLayer {{{w.embedding}}} : RecurrentLSTMLayer {{{w.cells}}} :
                            LinearLayer {{{w.classes}}})
        x = Input {{{w.vocabulary}, sparse = {flag}}} ; y = Input {{{w.classes}, sparse = {labels}}}
        z = model (x)
        ce = CrossEntropyWithSoftmax (y, z) ; errs = ClassificationError (y, z)
        criterionNodes = (ce) ; evaluationNodes = (errs)
    """


def put(program: Program, name: str, number: int, bag: int) -> None:
    """Random words: `bag` of them in each column."""
    slot = next(slot for slot in program.image.inputs if slot.name == name)
    columns = program.columns[program.image.axes[slot.axis]]
    rows = sparse_data.draw(slot.dims[0], columns * bag, number)
    if slot.sparse:
        starts = np.arange(0, len(rows) + 1, bag)
        program.put_sparse(name, rows, np.ones(len(rows), np.float32), starts)
        return
    view = program.input(name)
    view[...] = 0.0
    np.add.at(view, (np.repeat(np.arange(columns), bag), rows), 1.0)


def main() -> None:
    """Compile, fill, time."""
    name, way, steps = sys.argv[1], sys.argv[2], int(sys.argv[3])
    network = network_of_text(source(name, way == "sparse"))
    step = step_module(network, "train", (), UpdateRule(), CrashRecord("", []))
    image, objects = compile_step(step, choose_target(), open_cache())
    program = Program(image, objects, StateArena())
    random = np.random.default_rng(sequences.SEED)
    for state in program.state.names():
        hyper = program.state.role(state) == "hyper"
        view = program.state.view(state)
        view[...] = 1e-6 if hyper else random.standard_normal(view.shape, np.float32) * 0.05
    bag = sparse_data.IN_A_BAG if name == "dssm" else 1
    columns = sparse_data.PAIRS if bag > 1 else int(sparse_data.lengths().sum())
    program.expect_elements(2 * columns * bag)
    if bag > 1:
        program.set_columns({"*": columns})
    else:
        program.set_layouts({"*": Sequences(sparse_data.lengths().tolist())})
    for number, slot in enumerate(image.inputs):
        put(program, slot.name, number, bag)
    best = sequences.best_of(program.run, steps, "cpu")
    size = evaluate(image.arena, program.capacity)
    found = {"brainscript": best, "bytes": size}
    print(json.dumps(found if way == "sparse" else {"dense": best, "dense bytes": size}))


if __name__ == "__main__":
    main()
