"""One training step over sequences: `python recurrent_ours.py NETWORK BATCH THREADS STEPS CLOCK`.

Prints one JSON line with the seconds of the best step.
"""

from __future__ import annotations

import json
import sys

import numpy as np
import sequences
from networks import network_of_text

from brainscript.codegen.cache import open_cache
from brainscript.program_image import LAYOUT_OFFSETS, LAYOUT_RANK
from brainscript.runtime.layouts import Sequences
from brainscript.runtime.network import UpdateRule
from brainscript.runtime.program import Program, StateArena
from brainscript.target import choose_target
from brainscript.tools.compile_step import compile_step
from brainscript.tools.crash import CrashRecord
from brainscript.tools.steps import step_module

NETWORKS = {
    "lstm": """
        x = Input {256} ; y = Input {512}
        h = RecurrentLSTMLayer {512} (x)
        total = SquareError (y, h)
        criterionNodes = (total)
    """,
    "bidirectional": """
        x = Input {256} ; y = Input {512}
        both (x) = Splice ((RecurrentLSTMLayer {256} (x) :
                            RecurrentLSTMLayer {256, goBackwards = true} (x)), axis = 1)
        h = both (both (both (x)))
        total = SquareError (y, h)
        criterionNodes = (total)
    """,
    "ctc": """
        x = Input {80} ; y = Input {80}
        total = ForwardBackward (LabelsToGraph (y), x + ParameterTensor {80}, 0)
        criterionNodes = (total)
    """,
    "tagger": """
        model = Sequential (EmbeddingLayer {150} : RecurrentLSTMLayer {300} : LinearLayer {129})
        words = Input {943, sparse=true} ; tags = Input {129, sparse=true}
        z = model (words)
        ce = CrossEntropyWithSoftmax (tags, z) ; errs = ClassificationError (tags, z)
        criterionNodes = (ce) ; evaluationNodes = (errs)
    """,
}


def put_words(program: Program, name: str, size: int, random: np.random.Generator) -> None:
    """One word of the vocabulary in each column."""
    columns = len(program.records(name))
    words = random.integers(0, size, columns)
    program.put_sparse(name, words, np.ones(columns, np.float32), np.arange(columns + 1))


def mark_labels(program: Program, batch: str) -> None:
    """The graph of the labels, spread evenly: 2 where a label begins, 1 where it goes on."""
    graph, layout = program.input("y"), program.layout("*")
    graph[...] = 0
    for number, labels in enumerate(sequences.labels(batch)):
        rank = layout.array(LAYOUT_RANK)[number]
        for step in range(len(labels) * sequences.STEPS_A_LABEL):
            label, within = divmod(step, sequences.STEPS_A_LABEL)
            column = layout.array(LAYOUT_OFFSETS)[step] + rank
            graph[column, labels[label]] = 1 if within else 2


def main() -> None:
    """Compile, fill, time."""
    name, batch, threads, steps, clock = sys.argv[1:]
    network = network_of_text(NETWORKS[name])
    step = step_module(network, "train", (), UpdateRule(), CrashRecord("", []))
    image, objects = compile_step(step, choose_target(), open_cache())
    program = Program(image, objects, StateArena(), threads=int(threads))
    random = np.random.default_rng(sequences.SEED)
    for state in program.state.names():
        hyper = program.state.role(state) == "hyper"
        view = program.state.view(state)
        view[...] = 1e-6 if hyper else random.standard_normal(view.shape) * 0.05
    program.set_layouts({"*": Sequences(sequences.lengths(name, batch).tolist())})
    for slot in image.inputs:
        if slot.sparse:
            put_words(program, slot.name, slot.dims[0], random)
        else:
            view = program.input(slot.name)
            view[...] = random.standard_normal(view.shape)
    if name == "ctc":
        mark_labels(program, batch)
    best = sequences.best_of(program.run, int(steps), clock)
    print(json.dumps({"brainscript": best}))


if __name__ == "__main__":
    main()
