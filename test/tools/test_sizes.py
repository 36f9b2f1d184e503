"""Minibatches and epochs of every size against the data: what is counted, what is the same."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from test.tools.commands import run, write_case

FINISHED = re.compile(r"Finished Epoch\[ \d of 3\]: \[Training\] ce = \S+ \* (\d+); totalSamplesSe")
MINIBATCHES = re.compile(r"Epoch\[ 1 of 3[^\]]*\]-Minibatch\[\s*\d+-\s*(\d+)")


def trained(folder: Path, keys: str) -> tuple[list[int], int]:
    """Samples of each epoch, and the minibatches of the first."""
    words = f"train=[makeMode=false;SGD=[numMBsToShowResult=1;{keys}]]"
    done = run(folder, "bs-jit", "tiny.cntk", words)
    assert done.returncode == 0, done.stderr
    samples = [int(count) for count in FINISHED.findall(done.stderr)]
    return samples, max(int(count) for count in MINIBATCHES.findall(done.stderr))


def test_sizes_of_minibatches_and_epochs(tmp_path: Path) -> None:
    """40 samples, one by one, all at once, as parts of a sweep, as more than two sweeps."""
    write_case(tmp_path)
    assert trained(tmp_path, "minibatchSize=1") == ([40, 40, 40], 40)
    assert trained(tmp_path, "minibatchSize=39") == ([40, 40, 40], 2)
    assert trained(tmp_path, "minibatchSize=40") == ([40, 40, 40], 1)
    assert trained(tmp_path, "minibatchSize=10000000") == ([40, 40, 40], 1)
    assert trained(tmp_path, "epochSize=15") == ([15, 15, 15], 4)
    assert trained(tmp_path, "epochSize=100") == ([100, 100, 100], 25)


@pytest.mark.parametrize(
    ("data", "keys", "code"),
    [
        ("", "minibatchSize=4", "BS0608"),
        (None, "epochSize=3", "BS0706"),
        (None, "minibatchSize=0", "BS0705"),
    ],
)
def test_no_data_and_impossible_sizes(
    data: str | None, keys: str, code: str, tmp_path: Path
) -> None:
    write_case(tmp_path)
    if data is not None:
        (tmp_path / "train.ctf").write_text(data)
    done = run(tmp_path, "bs-jit", "tiny.cntk", f"train=[SGD=[{keys}]]")
    assert done.returncode == 1
    assert f"error[{code}]" in done.stderr
