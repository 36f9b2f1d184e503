"""Mistakes in configs and data through both commands: code, place, cause, remedy, exit code."""

from __future__ import annotations

from pathlib import Path

import pytest

from test.tools.commands import run, write_case

NETWORK = [
    ("Tanh (W * x)", "Tahn (W * x)", "BS0301", "tiny.cntk:11:13", ["did you mean 'Tanh'?"]),
    (
        "Tanh (W * x)",
        "Tanh (W, x, x)",
        "BS0304",
        "tiny.cntk:11:18",
        ["1 positional argument expected, 3 given", "in: h"],
    ),
    ("(y, z)", "(y)", "BS0304", "tiny.cntk:13:26", ["2 positional arguments expected, 1 given"]),
    ("(3:2)", "(3:5)", "BS0403", "tiny.cntk:11:21", ["[3 x 5] * [2]", "in: h.z", "help: "]),
    ("(1:3)", "(2:3)", "BS0401", "tiny.cntk:13:26", ["[1] and [2]", "in: ce"]),
    (
        "Tanh (W * x)",
        "Tanh (k); k = h + W * x",
        "BS0303",
        "tiny.cntk:11:18",
        ["h -> k -> h", "PastValue"],
    ),
]
RUNS = [
    ("train.ctf", "trian.ctf", 3, "BS0607", "tiny.cntk:22:17", "No such file or directory"),
    ("train.ctf", "trian.ctf", 3, "BS0607", "tiny.cntk:22:17", "did you mean 'train.ctf'?"),
    ("train.ctf", "d/e/t.ctf", 3, "BS0607", "tiny.cntk:22:17", "there is no folder 'd'; relative"),
    ("x = { dim = 2", "x = { dim = 3", 1, "BS0605", "tiny.cntk:23:25", "write dim = 2"),
    ("input = { x =", "input = { q =", 1, "BS0604", "tiny.cntk:20:5", "the reader offers q, y"),
    ("Input {1}", "Input {1} ; yy = y", 1, "BS0604", "tiny.cntk:20:5", "or write yy = Pass (y)"),
    ("Epochs = 3", "Epochs = three", 1, "BS0207", "tiny.cntk:17:57", "train:SGD:maxEpochs"),
    ('"train"', '"trian"', 1, "BS0710", "tiny.cntk:6:15", "did you mean 'train'?"),
    ("= train", "= trian", 1, "BS0712", "tiny.cntk:1:11", "did you mean 'train'?"),
]


@pytest.mark.parametrize(("old", "new", "code", "place", "said"), NETWORK)
def test_a_network_at_fault(
    tmp_path: Path, old: str, new: str, code: str, place: str, said: list[str]
) -> None:
    write_case(tmp_path, (old, new))
    compiled = run(tmp_path, "bs-opt", "tiny.cntk", "--emit", "net")
    trained = run(tmp_path, "bs-jit", "tiny.cntk")
    assert (compiled.returncode, trained.returncode) == (1, 1)
    assert compiled.stdout == ""
    assert compiled.stderr == trained.stderr[trained.stderr.index("error[") :]
    assert f"error[{code}]: " in compiled.stderr
    for part in (place, *said):
        assert part in compiled.stderr
    assert not list(tmp_path.glob("out/m.model*"))


@pytest.mark.parametrize(("old", "new", "exit_code", "code", "place", "said"), RUNS)
def test_a_run_at_fault(
    tmp_path: Path, old: str, new: str, exit_code: int, code: str, place: str, said: str
) -> None:
    write_case(tmp_path, (old, new))
    done = run(tmp_path, "bs-jit", "tiny.cntk")
    assert (done.returncode, done.stdout) == (exit_code, "")
    for part in (f"error[{code}]: ", place, said):
        assert part in done.stderr


SEVERAL = """\
error[BS0607]: cannot open the data file 'train.ctf:more.ctf': No such file or directory
  --> tiny.cntk:22:17
   |
22 |         file = "train.ctf:more.ctf"
   |                 ^^^^^^^^^^^^^^^^^^
help: a reader has one file: join the texts into one
"""
UNCOUNTED = """\
warning[BS0732]: no input has the default axis, so 'ce' counts 0 samples
 --> tiny.cntk:8:19
  |
8 |         x = Input {2, dynamicAxis=a}
  |                   ^ every input has a DynamicAxis of its own
help: leave out 'dynamicAxis' of the inputs that the samples are to be counted by
"""


def test_several_files_for_one_reader(tmp_path: Path) -> None:
    write_case(tmp_path, ("train.ctf", "train.ctf:more.ctf"))
    done = run(tmp_path, "bs-jit", "tiny.cntk")
    assert done.returncode == 3
    assert done.stderr[done.stderr.index("error[") :] == SEVERAL


def test_samples_that_nothing_counts(tmp_path: Path) -> None:
    """The columns of another axis than the default one are not counted, as in CNTK."""
    write_case(
        tmp_path,
        ("x = Input {2}", "x = Input {2, dynamicAxis=a}"),
        ("y = Input {1}", "y = Input {1, dynamicAxis=a} ; a = DynamicAxis ()"),
    )
    done = run(tmp_path, "bs-jit", "tiny.cntk")
    assert done.returncode == 0, done.stderr
    assert UNCOUNTED in done.stderr
    assert "ce = 0.00000000 * 0;" in done.stderr


def test_a_letter_in_the_data(tmp_path: Path) -> None:
    write_case(tmp_path)
    data = tmp_path / "train.ctf"
    rows = data.read_text().splitlines()
    rows[6] = "|x 0.5 0.2q5 |y 1"
    data.write_text("\n".join(rows))
    done = run(tmp_path, "bs-jit", "tiny.cntk")
    assert done.returncode == 1
    assert "error[BS0610]: '0.2q5' is not a number\n --> train.ctf:7:8\n" in done.stderr
    assert "the row reads '|x 0.5 0.2q5 |y 1'" in done.stderr
    assert "numbers look like 1, -2.5 or 3e-4" in done.stderr


def test_keys_that_nothing_reads(tmp_path: Path) -> None:
    changes = (("minibatchSize", "minibatchSzie"), ("readerType", "raederType"))
    write_case(tmp_path, *changes)
    done = run(tmp_path, "bs-jit", "tiny.cntk")
    assert done.returncode == 0
    for right, wrong in changes:
        assert f"{wrong}'" in done.stderr
        assert f"did you mean '{right}'?" in done.stderr
    (tmp_path / "out" / "m.model").unlink()
    again = run(tmp_path, "bs-jit", "tiny.cntk")
    assert "Starting from checkpoint" in again.stderr
    assert "NetworkBuilder'" not in again.stderr


def test_a_config_from_standard_input(tmp_path: Path) -> None:
    text = write_case(tmp_path).read_text()
    direct = run(tmp_path, "bs-opt", "tiny.cntk", "--emit", "net")
    for words in (["-"], ["-", "--language", "config"]):
        piped = run(tmp_path, "bs-opt", *words, "--emit", "net", text=text)
        assert (piped.returncode, piped.stdout) == (0, direct.stdout)
    wrong = run(tmp_path, "bs-opt", "-", "--emit", "net", text=text.replace("Tanh", "Tahn"))
    assert wrong.returncode == 1
    assert "--> <stdin>:11:13\n   |\n11 |         h = Tahn (W * x)\n" in wrong.stderr


@pytest.mark.parametrize(
    ("path", "reason"),
    [("train.ctf/m", "Not a directory"), ("data", "Is a directory"), ("n" * 300, "too long")],
)
def test_paths_that_cannot_hold_a_model(path: str, reason: str, tmp_path: Path) -> None:
    write_case(tmp_path)
    (tmp_path / "data").mkdir()
    done = run(tmp_path, "bs-jit", "tiny.cntk", f"modelPath={path}")
    assert done.returncode == 1
    assert "error[BS0" in done.stderr
    assert reason in done.stderr
    assert "Finished Epoch" not in done.stderr


def test_a_result_that_nobody_reads(tmp_path: Path) -> None:
    write_case(tmp_path)
    assert run(tmp_path, "bs-jit", "tiny.cntk").returncode == 0
    reader = (
        "reader=[readerType=CNTKTextFormatReader;file=train.ctf;input=[x=[dim=2;format=dense]]]"
    )
    write = f"write=[action=write;outputPath=PLACE;outputNodeNames=z;{reader}]"
    words = ("tiny.cntk", "command=write")
    for place, code in (("train.ctf/z", 1), ("-", 0)):
        done = run(tmp_path, "bs-jit", *words, write.replace("PLACE", place))
        assert (done.returncode, "error[" in done.stderr) == (code, code != 0), done.stderr
    done = run(tmp_path, "bs-jit", *words, write.replace("PLACE", "z"), "modelPath=none")
    assert (done.returncode, "error[BS0501]" in done.stderr) == (3, True)
    done = run(tmp_path, "bs-jit", *words, write.replace("=z;", "=zz;").replace("PLACE", "z"))
    assert (done.returncode, "did you mean 'z'?" in done.stderr) == (1, True)


def test_override_at_the_wrong_place(tmp_path: Path) -> None:
    write_case(tmp_path)
    (tmp_path / "tiny.cntk").write_text((tmp_path / "tiny.cntk").read_text() + "later = [ a = 1 ]")
    done = run(tmp_path, "bs-jit", "tiny.cntk", "SGD=[maxEpochs=1]", "later=[a=2]")
    assert done.returncode == 0, done.stderr
    assert "later" not in done.stderr
    assert "help: the section 'train' has one of its own: write train=[SGD=...]" in done.stderr
