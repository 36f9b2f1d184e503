"""`traceNodeNamesReal`, `-Category` and `-Sparse`: values of nodes in the log of a training run."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from test.tools.commands import run, write_case


def trace(folder: Path, keys: str) -> str:
    done = run(folder, "bs-jit", "tiny.cntk", f"train=[makeMode=false;SGD=[{keys}]]")
    assert done.returncode == 0, done.stderr
    return done.stderr


def block(log: str, head: str) -> list[list[float]]:
    """The numbers below a line, up to the next line with words."""
    lines = log[log.index(head) :].splitlines()[1:]
    rows: list[list[float]] = []
    for line in lines:
        try:
            rows.append([float(word) for word in line.split()])
        except ValueError:
            break
    return rows


def test_values_are_those_of_the_training_step(tmp_path: Path) -> None:
    """Every minibatch has its values, and the criterion is what they and the labels give."""
    write_case(tmp_path)
    log = trace(tmp_path, "maxEpochs=2 ; numMBsToShowResult=1 ; traceNodeNamesReal = z:y:ce")
    for epoch, minibatch in ((1, 1), (1, 10), (2, 3)):
        where = f"in epoch {epoch}, minibatch {minibatch}:"
        z, y, ce = (np.array(block(log, f"{name} {where}")) for name in ("z", "y", "ce"))
        assert z.shape == (4, 1)
        assert np.allclose(np.sum((z - y) ** 2), ce, rtol=1e-4, atol=1e-5)
    assert log.count("z in epoch") == 20


def test_the_kinds_and_the_model(tmp_path: Path) -> None:
    """Positions of the largest elements, elements that are not 0; training stays as it was."""
    write_case(tmp_path)
    trace(tmp_path, "maxEpochs=1")
    plain = (tmp_path / "out" / "m.model").read_bytes()
    keys = "maxEpochs=1 ; traceNodeNamesCategory = h ; traceNodeNamesSparse = h"
    log = trace(tmp_path, keys)
    first = [row[0] for row in block(log, "h in epoch 1, minibatch 1:")]
    assert len(first) == 4
    assert set(first) <= {0, 1, 2}
    assert "[0]" in log
    assert (tmp_path / "out" / "m.model").read_bytes() == plain


def test_a_node_that_is_not_there(tmp_path: Path) -> None:
    write_case(tmp_path)
    done = run(tmp_path, "bs-jit", "tiny.cntk", "train=[SGD=[traceNodeNamesReal=zz]]")
    assert done.returncode == 1
    assert "error[BS0719]: traceNodeNamesReal names 'zz'" in done.stderr


TRACE = ("h = Tanh (W * x)", "h = Trace (Tanh (W * x), say='hidden', logFirst=2, logFrequency=4)")


def test_a_trace_node_says_what_it_passes_on(tmp_path: Path) -> None:
    """In the first minibatches and some later ones; training stays as it was."""
    write_case(tmp_path)
    trace(tmp_path, "maxEpochs=2")
    plain = (tmp_path / "out" / "m.model.ckp").read_bytes()
    write_case(tmp_path, TRACE)
    log = trace(tmp_path, "maxEpochs=2 ; traceNodeNamesReal = h")
    said = [line for line in log.splitlines() if line.startswith("hidden in")]
    wanted = [f"hidden in epoch {e}, minibatch {i}:" for e in (1, 2) for i in (1, 2, 5, 9)]
    assert said == wanted
    for where in ("epoch 1, minibatch 5:", "epoch 2, minibatch 9:"):
        assert block(log, f"hidden in {where}") == block(log, f"h in {where}")
    assert (tmp_path / "out" / "m.model.ckp").read_bytes() == plain


FORMED = (
    "z = ParameterTensor {(1:3)} * h",
    "v = ParameterTensor {(1:3)} * h\n"
    "z = Trace (v, say='sum', logFirst=2, logGradientToo=true,"
    " format=[ precisionFormat='.8' ; sequenceSeparator='--\\n' ])",
)


def test_a_trace_node_in_a_format_with_its_gradient(tmp_path: Path) -> None:
    """The gradient of z is 2 (z - y); the format is that of `write`; training stays as it was."""
    write_case(tmp_path)
    losses = [line for line in trace(tmp_path, "maxEpochs=2").splitlines() if "ce = " in line]
    write_case(tmp_path, FORMED)
    log = trace(tmp_path, "maxEpochs=2 ; traceNodeNamesReal = y:z")
    for minibatch in (1, 2):
        where = f"in epoch 1, minibatch {minibatch}:"
        z, y = (np.array(block(log, f"{name} {where}")) for name in ("z", "y"))
        shown = log[log.index(f"sum gradient {where}") :].splitlines()[1:8:2]
        assert np.allclose([[float(text)] for text in shown], 2 * (z - y), atol=3e-5)
        assert {len(text.partition(".")[2]) for text in shown} == {8}
    assert log.count("sum gradient in epoch 1,") == 2
    assert log.count("\n--\n") == 2 * 2 * 2 * 3
    found = [line for line in log.splitlines() if "ce = " in line]
    assert [line.split(";")[0] for line in found] == [line.split(";")[0] for line in losses]


def test_nodes_are_shown_in_evaluation_too(tmp_path: Path) -> None:
    write_case(tmp_path, TRACE)
    trace(tmp_path, "maxEpochs=1")
    words = ["train=[action=test;minibatchSize=20;traceNodeNamesReal=z]", "modelPath=out/m.model"]
    found = "BrainScriptNetworkBuilder = {"
    config = (tmp_path / "tiny.cntk").read_text().replace(found, "unused = {")
    (tmp_path / "tiny.cntk").write_text(config)
    done = run(tmp_path, "bs-jit", "tiny.cntk", *words)
    assert done.returncode == 0, done.stderr
    assert [len(block(done.stderr, f"z in minibatch {i}:")) for i in (1, 2)] == [20, 20]
    assert done.stderr.count("hidden in minibatch") == 2
    words[0] = words[0].replace("Real=z", "Real=zz")
    assert "error[BS0719]" in run(tmp_path, "bs-jit", "tiny.cntk", *words).stderr
