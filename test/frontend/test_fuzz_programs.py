"""Random networks through the whole front end: a network with shapes, or a diagnostic.

`BS_FUZZ_SECONDS` makes the run longer, with other programs each second; what it has found once is
kept below.
"""

from __future__ import annotations

import os
import random
import time

import pytest

from brainscript.diagnostic import BrainScriptError, CompilerFaultError, render
from brainscript.frontend.source import Sources
from brainscript.passes.ir_text import ir_text
from brainscript.tools import frontdoor
from brainscript.tools.crash import CrashRecord
from brainscript.tools.evaluate import evaluated_module
from test.frontend.programs import HEAD, Programs

SECONDS = float(os.environ.get("BS_FUZZ_SECONDS", "0"))
FOUND = (
    "m0 = Less (x, x)\nm1 = (Tanh) < (CNTK2.FutureValue ([||], (2:2), timeStep=-1))",
    "m0 = CNTK2.PastValue ([||], 3)",
    "m1 = (m1 : x)",
    "outputNodes = (outputNodes : x)",
    "z = TransposeDimensions (Splice ((x : x), axis=4e18), 1, 4e18)",
    "z = TransposeDimensions (y, 1, 4e18)",
    "d = (d : 2)\nW2 = ParameterTensor {d}",
    "d = (d : x)\nz = Splice (d)",
    "m0 = ReduceElements (x, reductionOp='heNormal')",
    "m0 = MaxUnpooling (image, image, 3, lowerPad=-1, upperPad=1e30)",
    "a = (x : x)\nm = array [0..40] (i => if i == 0 then a else (m[i - 1] : m[i - 1]))\nz = m[40]",
    "m0 = BS.RNNs.LSTMP (2, x, { h = BS.Loop.Previous (m0.h) ; c = BS.Loop.Previous (m0.c) })",
)
"""Programs that once ended in an internal error, or inside the library."""


def outcome(text: str) -> str:
    """`network` or the code of the diagnostic, which has a place in the text."""
    sources = Sources()
    try:
        tree = frontdoor.members_of(text, "p.bs", sources)
        module = evaluated_module(tree, "float", 0, False, CrashRecord("test", []))
        assert ir_text(module)
        module.verify()
    except CompilerFaultError:
        raise
    except BrainScriptError as error:
        first = error.diagnostics[0]
        return first.code if render(first, sources.line_of) else ""
    return "network"


@pytest.mark.parametrize("text", FOUND)
def test_what_was_found_stays_mended(text: str) -> None:
    assert outcome(HEAD + text)


@pytest.mark.parametrize("seed", range(4))
def test_a_random_network_is_a_network_or_a_diagnostic(seed: int) -> None:
    end = time.monotonic() + SECONDS / 4
    seen: list[str] = []
    number = seed * 1_000_000 + 500
    while len(seen) < 25 or time.monotonic() < end:
        number += 1
        text = Programs(random.Random(number)).network()
        try:
            seen.append(outcome(text))
        except Exception as error:
            raise AssertionError(f"program {number}:\n{text}") from error
    assert "network" in seen
    assert len(set(seen)) > 3
