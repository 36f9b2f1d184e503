"""Steps whose products are rounded to bfloat16, beside a reference that rounds as they do."""

from __future__ import annotations

import numpy as np
import pytest
from xdsl.dialects.builtin import ModuleOp

from brainscript.codegen.cache import open_cache
from brainscript.dialects.registry import make_context
from brainscript.passes.gradient.update import NetUpdate
from brainscript.runtime.layouts import Sequences
from brainscript.runtime.program import Program, StateArena
from brainscript.target import choose_target
from brainscript.tools.compile_step import compile_step
from test.numeric import formulas
from test.numeric.formulas import matrices
from test.numeric.networks import (
    Array,
    from_memory,
    parse_network,
    random_inputs,
    random_symbols,
    run_passes,
    to_memory,
)
from test.numeric.recurrence_cases import Loop, ring, square
from test.numeric.recurrence_reference import Reference

FLIPS = 1e-3
"""Relative to the whole: a number between two of bfloat16 may be rounded to either side."""

LAYERS = """
    %x = net.input "x" : S[40]
    %V = net.read @V : T[24 x 40]
    %W = net.read @W : T[9 x 24]
    %v = net.times %V, %x : S[24]
    %t = net.tanh %v : S[24]
    %w = net.times %W, %t : S[9]
    %h = net.sigmoid %w {node = "h"} : S[9]
    %q = net.element_times %h, %h : S[9]
    %c = net.sum_elements %q {node = "c"} : T[1]
    net.roots criterion(%c), output(%h)
"""
WEIGHTS = """
    net.parameter @V : T[24 x 40] {init = "uniform", seed = 1}
    net.parameter @W : T[9 x 24] {init = "uniform", seed = 2}
"""


def rounded(values: Array) -> Array:
    """To 8 bits of precision, ties to even."""
    words = np.ascontiguousarray(values, np.float32).view(np.uint32).astype(np.uint64)
    words = (words + 0x7FFF + (words >> 16 & 1)) >> 16 << 16
    return words.astype(np.uint32).view(np.float32).astype(np.float64)


def trained(module: ModuleOp) -> ModuleOp:
    run_passes(module, "net-split-products", "net-gradient")
    NetUpdate().apply(make_context(), module)
    return module


RING = Loop("ring", "W:70x12 R:70x70", ring("h", "past", size=70) + square(70), "12")
"""The weights R are packed before the loop."""

NETWORKS = {"layers": (LAYERS, WEIGHTS), "ring": RING.text()}


def rounded_matrices(array: Array, rows: int, sampled: bool) -> Array:
    """What a product of the reference works on, rounded."""
    return rounded(matrices(array, rows, sampled))


def step(program: Program, symbols: dict[str, Array], x: Array, threads: int) -> dict[str, Array]:
    """The states and the output of one step."""
    for name, value in symbols.items():
        program.state.view(name).reshape(-1)[:] = np.ravel(value, order="F")
    program.spoil()
    view = program.input("x")
    view[:] = to_memory(x, True, view.dtype).reshape(view.shape)
    program.run(threads)
    found = {name: program.state.view(name).copy() for name in symbols}
    return {**found, "output": program.output(program.image.outputs[0].name).copy()}


@pytest.mark.skipif(not choose_target().pairs, reason="this processor has no AVX512_BF16")
@pytest.mark.parametrize("name", NETWORKS)
def test_steps_agree_with_a_reference_that_rounds(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = trained(parse_network(*NETWORKS[name]))
    symbols = random_symbols(module)
    symbols["hyper.learning_rate"], symbols["hyper.momentum"] = np.full(1, 0.1), np.full(1, 0.5)
    made = compile_step(module.clone(), choose_target(), open_cache(), matmul="bf16")
    program = Program(*made, StateArena(), 2)
    for lengths in ((3, 5, 1, 1, 2), (2,) * 20, (9,) * 30):
        x = random_inputs(module, sum(lengths), seed=len(lengths))
        exact = Reference(module, lengths).evaluate(x, symbols)
        with monkeypatch.context() as patch:
            patch.setattr(formulas, "matrices", rounded_matrices)
            wanted = Reference(module, lengths).evaluate(x, symbols)
        program.set_layouts({"*": Sequences(lengths)})
        found, again = (step(program, symbols, x["x"], threads) for threads in (1, 2))
        assert all(np.array_equal(found[key], again[key]) for key in found)
        for key, value in wanted.written.items():
            got = from_memory(found[key], value.shape, None)
            size = float(np.linalg.norm(value))
            assert np.linalg.norm(got - value) <= FLIPS * size, f"@{key} of {lengths}"
            if key.startswith("momentum"):
                assert np.linalg.norm(got - exact.written[key]) > FLIPS * size
