"""Decoding with a beam finds what a search in Python finds with the scores of the same model."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from test.tools.commands import run

SYMBOLS, STEPS = 4, 4
DIGITS = ((0,), (1,), (2, 1), (0, 2, 2), (1, 0, 1), (2, 2, 0, 1))
CONFIG = """\
precision = "float" ; modelPath = "m.model"
train = {
    action = "train"
    BrainScriptNetworkBuilder = {
        number = DynamicAxis()
        digits = Input {3, dynamicAxis = number}
        roman  = Input {4}
        inputSequence = Pass (digits)
        labelSequence = Pass (Slice (1, 0, roman, axis = -1))
        isFirst = BS.Loop.IsFirst (labelSequence)
        start   = BS.Sequences.Scatter (isFirst, Pass (BS.Sequences.First (roman)))
        encoded = RecurrentLSTMLayer {5, goBackwards = true} (inputSequence)
        decoderHistoryHook       = Pass (labelSequence)
        decoderHistoryFromOutput = Pass (Hardmax (z))
        beamSearchReorderHook    = Pass (ConstantTensor (1, (1:1)))
        before = BS.Boolean.If (isFirst, start, BS.Loop.Previous (decoderHistoryHook))
        previous (lstmState, layerIndex=0) = {
            state = BS.RNNs.PreviousHC (lstmState, layerIndex=layerIndex)
            h = state.h * beamSearchReorderHook
            c = state.c * beamSearchReorderHook
            dim = state.dim
        }
        attention = BS.Seq2Seq.CreateAugmentWithFixedWindowAttentionHook (
            5, 2, labelSequence, { h = encoded ; dim = 5 })
        decoder = BS.RNNs.RecurrentLSTMP (5, before, inputDim = 4, previousHook = previous,
                                          augmentInputHook = attention, augmentInputDim = 5)
        z = 300 * (BS.Parameters.WeightParam (4, 5) * decoder.h)
        ce = CrossEntropyWithSoftmax (labelSequence, z)
        featureNodes = (digits) ; labelNodes = (roman) ; criterionNodes = (ce) ; outputNodes = (z)
    }
    SGD = { epochSize = 0 ; minibatchSize = 8 ; maxEpochs = 1 ; learningRatesPerSample = 0.0000001 }
}
scores = { action = "write" ; outputNodeNames = z ; outputPath = "scores" }
decode = {
    action = "write"
    BrainScriptNetworkBuilder = (
        BS.Seq2Seq.BeamSearchSequenceDecoderFrom (BS.Network.Load ("m.model"), $beam$))
    outputNodeNames = network.decodeOut ; outputPath = "decoded"
}
reader = { readerType = "CNTKTextFormatReader" ; file = "$file$" ; randomize = false ; input = {
    digits = { dim = 3 ; format = "sparse" } ; roman = { dim = 4 ; format = "sparse" } } }
"""
Array = npt.NDArray[np.float64]


def write_data(path: Path, histories: int) -> None:
    """Every number with all numerals that begin with symbol 3, or with the first of them."""
    with path.open("w") as file:
        every = itertools.product(range(SYMBOLS), repeat=STEPS - 1)
        pairs = itertools.product(DIGITS, itertools.islice(every, histories))
        for sequence, (digits, romans) in enumerate(pairs):
            for row in itertools.zip_longest(digits, (3, *romans, 0)):
                named = zip(("digits", "roman"), row, strict=True)
                words = [f" |{name} {value}:1" for name, value in named if value is not None]
                file.write(f"{sequence}{''.join(words)}\n")


def written(path: Path) -> Array:
    """[numbers, sequences of a number, steps, symbols]"""
    return np.loadtxt(path).reshape(len(DIGITS), -1, STEPS, SYMBOLS)


def searched(logs: Array, beam: int) -> tuple[int, ...]:
    """The best of the paths that a beam keeps; `logs` by number of the history and step."""
    paths: list[tuple[float, tuple[int, ...]]] = [(0.0, ())]
    for step in range(STEPS):
        longer: list[tuple[float, tuple[int, ...]]] = []
        for score, path in paths:
            number = 0
            for symbol in (*path, *(0,) * (STEPS - 1 - step)):
                number = SYMBOLS * number + symbol
            now = logs[number, step]
            longer += [(score + now[symbol], (*path, symbol)) for symbol in range(SYMBOLS)]
        paths = sorted(longer, reverse=True)[:beam]
    return paths[0][1]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a model and its scores of every numeral."""
    made = tmp_path_factory.mktemp("beam")
    (made / "beam.cntk").write_text(CONFIG)
    write_data(made / "every.ctf", SYMBOLS ** (STEPS - 1))
    write_data(made / "one.ctf", 1)
    words = ("beam.cntk", "file=every.ctf", "beam=1", "command=train:scores")
    done = run(made, "bs-jit", *words)
    assert done.returncode == 0, done.stderr
    return made


@pytest.mark.parametrize("beam", [1, 4])
def test_the_path_is_that_of_a_search_in_python(folder: Path, beam: int):
    words = ("beam.cntk", "file=one.ctf", f"beam={beam}", "command=decode")
    done = run(folder, "bs-jit", *words)
    assert done.returncode == 0, done.stderr
    scores = written(folder / "scores.z")
    logs = scores - np.log(np.exp(scores).sum(axis=-1, keepdims=True))
    found = written(folder / "decoded.network.decodeOut")[:, 0]
    want = [searched(part, beam) for part in logs]
    assert [tuple(one.argmax(axis=-1)) for one in found] == want
    assert len(set(want)) > 1, "a model with one answer shows nothing"
    if beam > 1:
        assert want != [searched(part, 1) for part in logs], "the first choice is the best"
