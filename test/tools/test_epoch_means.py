"""`EpochAccumulator`: what the log of training, validation and a test shows of it, and `write`."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from test.tools.commands import run, write_case

NODES = ("outputNodes = (z)", "outputNodes = (z) ; evaluationNodes = (mean : both)")
MEANS = (
    "ce = SquareError (y, z)",
    "ce = SquareError (y, z)\n"
    "        mean = new ComputationNode"
    " { operation = 'EpochAccumulator' ; inputs = y ; tag = '' }\n"
    "        both = EpochAccumulator (Splice (x : y))",
)
READER = (
    'reader = { readerType = "CNTKTextFormatReader" ; file = "%s" ; randomize = false'
    " ; input = { x = { dim = 2 ; format = dense } ; y = { dim = 1 ; format = dense } } }"
)
SEQUENCES = ((0, 3), (3, 4), (4, 9), (9, 16), (16, 17))


def rows(folder: Path) -> np.ndarray:
    """x and y of each sample."""
    lines = (folder / "train.ctf").read_text().replace("|x", "").replace("|y", "").splitlines()
    return np.array([[float(word) for word in line.split()] for line in lines])


def shown(log: str, start: str) -> list[tuple[float, float]]:
    """`mean` and `both` of the lines that start so; each counts once."""
    lines = [line for line in log.splitlines() if start in line]
    number = r" = ([0-9.]+) \* 1;"
    pattern = rf"mean{number} x?both{number}"
    found = [re.search(pattern, f"{line};") for line in lines]
    assert found
    assert all(found), lines
    return [(float(m[1]), float(m[2])) for m in found if m is not None]


def jit(folder: Path, *words: str) -> str:
    done = run(folder, "bs-jit", "tiny.cntk", *words)
    assert done.returncode == 0, done.stderr
    return done.stderr


def test_training_and_validation_begin_anew(tmp_path: Path) -> None:
    """Progress lines have the mean so far; at the end of each epoch it is that of all samples."""
    write_case(tmp_path, NODES, MEANS)
    data = rows(tmp_path)
    (tmp_path / "cv.ctf").write_text(
        "\n".join((tmp_path / "train.ctf").read_text().splitlines()[:13]) + "\n"
    )
    keys = "train=[SGD=[maxEpochs=3;numMBsToShowResult=3]]"
    log = jit(tmp_path, keys, f"train=[cv{READER % 'cv.ctf'}]", "train=[reader=[randomize=false]]")
    want = (data[:, 2].mean(), data.mean(axis=0).sum())
    checked = (data[:13, 2].mean(), data[:13].mean(axis=0).sum())
    assert np.allclose(shown(log, "[Training]"), [want] * 3, atol=1e-6)
    assert np.allclose(shown(log, "[Validate]"), [checked] * 3, atol=1e-6)
    wanted = [(data[:k, 2].mean(), data[:k].mean(axis=0).sum()) for k in (12, 24, 36)]
    assert np.allclose(shown(log, "]-Minibatch["), wanted * 3, atol=1e-6)


def test_a_test_over_frames_and_over_sequences(tmp_path: Path) -> None:
    """A test counts samples, or the steps of sequences of any length, however they are packed."""
    write_case(tmp_path, NODES, MEANS)
    jit(tmp_path, "train=[SGD=[maxEpochs=1]]")
    data, lines = rows(tmp_path), (tmp_path / "train.ctf").read_text().splitlines()
    steps = [f"{k}\t{line}\n" for k, (a, b) in enumerate(SEQUENCES) for line in lines[a:b]]
    (tmp_path / "seq.ctf").write_text("".join(steps))
    for file, end in (("train.ctf", 40), ("seq.ctf", 17)):
        want = (data[:end, 2].mean(), data[:end].mean(axis=0).sum())
        for size in (3, 8, 100):
            action = f"minibatchSize = {size} ; numMBsToShowResult = 2 ; {READER % file}"
            log = jit(tmp_path, "command=t", f't=[action="test" ; {action}]')
            assert np.allclose(shown(log, "Final Results"), want, atol=1e-6)
            assert np.allclose(shown(log, "Minibatch[")[-1], want, atol=1e-6)


def test_what_is_written_and_a_model_of_cntk_1(tmp_path: Path) -> None:
    """`write` gives the mean so far after each minibatch; a v1 file has the node as well."""
    write_case(tmp_path, NODES, MEANS)
    jit(tmp_path, "train=[SGD=[maxEpochs=1]]")
    out = f'outputNodeNames = both ; minibatchSize = 10 ; outputPath = "w" ; {READER % "train.ctf"}'
    done = run(tmp_path, "bs-jit", "convert", "out/m.model", "--to", "cntk1", "-o", "old.dnn")
    assert done.returncode == 0, done.stderr
    for model in ("out/m.model", "old.dnn"):
        jit(tmp_path, "command=w", f'w=[action="write" ; modelPath="{model}" ; {out}]')
        found = np.loadtxt(tmp_path / "w.both")
        want = [rows(tmp_path)[:end].mean(axis=0) for end in (10, 20, 30, 40)]
        assert np.allclose(found, want, atol=1e-6)


def test_a_network_of_ndl(tmp_path: Path) -> None:
    """In NDL it is a function of one input, tagged `eval`."""
    write_case(tmp_path)
    (tmp_path / "net.ndl").write_text(
        "x = InputValue(2, tag=feature)\ny = InputValue(1, tag=label)\n"
        "W = LearnableParameter(1, 2)\nz = Times(W, x)\n"
        "ce = SquareError(y, z, tag=criterion)\nymean = EpochAccumulator(y, tag=eval)\n"
        "xboth = EpochAccumulator(x, tag=eval)\n"
    )
    (tmp_path / "tiny.cntk").write_text(
        'command = t\nt = [ action = "train" ; modelPath = "m"\n'
        'NDLNetworkBuilder = [ networkDescription = "net.ndl" ]\n'
        "SGD = [ minibatchSize = 8 ; maxEpochs = 2 ; learningRatesPerMB = 0.1 ]\n"
        f"{READER % 'train.ctf'}\n]\n"
    )
    data = rows(tmp_path)
    want = (data[:, 2].mean(), data[:, :2].mean(axis=0).sum())
    assert np.allclose(shown(jit(tmp_path), "Finished Epoch["), want, atol=1e-6)


def test_an_input_that_is_no_minibatch_data(tmp_path: Path) -> None:
    write_case(tmp_path, NODES, (MEANS[0], MEANS[1].replace("inputs = y", "inputs = ce")))
    done = run(tmp_path, "bs-jit", "tiny.cntk")
    assert done.returncode == 1
    assert "error[BS0412]: an input of 'mean' must be minibatch data" in done.stderr
