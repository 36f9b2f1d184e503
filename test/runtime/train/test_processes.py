"""Training on several processes: that of one where gradients are summed, else as numpy has it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from brainscript.runtime.model import container

Matrix = NDArray[np.float64]
BIN = Path(sys.executable).parent
MPIEXEC = shutil.which("mpiexec", path=f"{BIN}{os.pathsep}{os.environ.get('PATH', '')}")
pytestmark = pytest.mark.skipif(MPIEXEC is None, reason="mpiexec is not installed")
ENVIRONMENT = {
    **os.environ,
    "PYTHONPATH": str(Path(__file__).parents[3]),
    "OMPI_ALLOW_RUN_AS_ROOT": "1",
    "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
    "OMP_NUM_THREADS": "1",
    "BS_CRASH": "0",
}

RATE, SIZE, COUNT = 0.0625, 7, 45
"""The last of the seven minibatches has three samples: less than one for each process."""

CONFIG = """
command = train ; precision = "double" ; parallelTrain = true
train = {
    action = "train"
    BrainScriptNetworkBuilder = { %(network)s
        featureNodes = (x) ; labelNodes = (y) ; criterionNodes = (ce) }
    SGD = { modelPath = "out/m" ; epochSize = 0 ; maxEpochs = 2
            minibatchSize = %(size)d ; learningRatesPerSample = 0.0625 ; %(sgd)s }
    reader = { readerType = "CNTKTextFormatReader" ; file = "data.ctf" ; randomize = %(random)s
               %(reader)s input = { x = { dim = 3 ; format = "dense" }
                         y = { dim = 2 ; format = "dense" } } }
}
"""
LINEAR = """x = Input {3} ; y = Input {2}
    W = ParameterTensor {(2:3), init = "uniform", randomSeed = 5}
    ce = SquareError (y, W * x)"""
DEEP = """x = Input {3} ; y = Input {2}
    h = BatchNormalizationLayer {} (Tanh (DenseLayer {5, init = "uniform"} (x)))
    ce = SquareError (y, LinearLayer {2, init = "uniform"} (Dropout (h)))"""
LOOP = """x = Input {3} ; y = Input {2}
    h = RecurrentLSTMLayer {4, init = "uniform"} (x)
    ce = SquareError (y, LinearLayer {2, init = "uniform"} (h))
    m = EpochAccumulator (ReduceSum (h)) ; evaluationNodes = (m)"""


@pytest.fixture(scope="module")
def data() -> tuple[Matrix, Matrix]:
    """Samples and what is to be found for them."""
    generator = np.random.default_rng(3)
    x = generator.normal(size=(COUNT, 3)).round(3)
    return x, (x @ generator.normal(size=(3, 2)) + 0.1).round(3)


@pytest.fixture
def write(tmp_path: Path, data: tuple[Matrix, Matrix]) -> Callable[..., None]:
    """Writes data of sequences of so many samples, and a config."""

    def make(network: str, sgd: str = "", reader: str = "", *, length: int = 1) -> None:
        lines = [
            f"{i // length} |x {' '.join(map(str, x))} |y {' '.join(map(str, y))}\n"
            for i, (x, y) in enumerate(zip(*data, strict=True))
        ]
        (tmp_path / "data.ctf").write_text("".join(lines))
        random = "false" if network == LINEAR else "true"
        names = {"network": network, "size": SIZE, "sgd": sgd, "reader": reader, "random": random}
        (tmp_path / "a.cntk").write_text(CONFIG % names)

    return make


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., tuple[int, str]]:
    """Runs the config on so many processes; gives the exit code and the log."""

    def go(count: int, *words: str) -> tuple[int, str]:
        start = [str(MPIEXEC), "--oversubscribe", "--bind-to", "none", "-n", str(count)]
        command = [sys.executable, "-m", "brainscript.tools.bs_jit", "a.cntk", *words]
        done = subprocess.run(
            [*start, *command] if count > 1 else command,
            cwd=tmp_path,
            env=ENVIRONMENT,
            capture_output=True,
            text=True,
            timeout=200,
        )
        return done.returncode, done.stdout + done.stderr

    return go


def parallel(method: str, inner: str = "") -> str:
    """The block of a method."""
    return f"ParallelTrain = {{ parallelizationMethod = {method} ; {method} = {{ {inner} }} }}"


def parameters(folder: Path, name: str = "m") -> dict[str, Matrix]:
    """The values in the model that a run has left."""
    tensors = container.load(folder / "out" / name).tensors
    return {key: np.array(tensors[key]) for key in tensors}


def losses(log: str) -> list[float]:
    """The criterion of each epoch, and the metric if there is one."""
    lines = re.findall(r"Finished Epoch.*", log)
    return [float(text) for line in lines for text in re.findall(r" (?:ce|m) = ([-\d.]+)", line)]


@pytest.mark.parametrize(
    ("network", "reader", "length", "sgd"),
    [
        (DEEP, "", 1, "momentumPerMB = 0.5 ; L2RegWeight = 0.01"),
        (LOOP, "truncated = true ; truncationLength = 2 ;", 5, "gradUpdateType = adam"),
        (LOOP, "", 5, "clippingThresholdPerSample = 0.02"),
    ],
)
def test_summed_gradients_train_as_one_process(
    network: str,
    reader: str,
    length: int,
    sgd: str,
    write: Callable[..., None],
    run: Callable[..., tuple[int, str]],
    tmp_path: Path,
) -> None:
    write(
        network,
        f"{sgd} ; {parallel('DataParallelSGD', 'gradientBits = 64')}",
        reader,
        length=length,
    )
    code, alone = run(1)
    assert code == 0, alone
    wanted = parameters(tmp_path)
    shutil.rmtree(tmp_path / "out")
    code, log = run(3)
    assert code == 0, log
    assert log.count("COMPLETED.") == 1
    found = parameters(tmp_path)
    assert found.keys() == wanted.keys()
    if network == DEEP:  # each process has its own masks and normalises by its own samples
        np.testing.assert_allclose(losses(log), losses(alone), rtol=0.3)
        return
    np.testing.assert_allclose(losses(log), losses(alone), rtol=1e-7)
    for name in wanted:
        np.testing.assert_allclose(found[name], wanted[name], rtol=1e-9, atol=1e-12)


class Linear:
    """`ce` of LINEAR in numpy: the gradient of a part of a minibatch."""

    def __init__(self, data: tuple[Matrix, Matrix], first: Matrix):
        self.x, self.y = data
        self.first = first

    def parts(self, count: int) -> list[list[NDArray[np.int64]]]:
        """The samples of each process in each minibatch of an epoch."""
        batches = [np.arange(i, min(i + SIZE, COUNT)) for i in range(0, COUNT, SIZE)]
        return [[batch[rank::count] for rank in range(count)] for batch in batches]

    def gradient(self, w: Matrix, rows: NDArray[np.int64]) -> Matrix:
        """Of the sum over these samples; `w` is [inputs, outputs]."""
        x, y = self.x[rows], self.y[rows]
        return 2 * x.T @ (x @ w - y)

    def averaged(self, block: int) -> Matrix:
        """Two processes that meet after `block` samples of each, and at the end of an epoch."""
        w = self.first
        for parts in self.blocks(block):
            ends, counts = self.moved(w, parts)
            w = (ends[0] * counts[0] + ends[1] * counts[1]) / sum(counts)
        return w

    def filtered(self, block: int, gain: float) -> Matrix:
        """The same with block momentum."""
        w, move = self.first, 0 * self.first
        for parts in self.blocks(block):
            ends, _ = self.moved(w, parts)
            move = gain * move + (1 - gain) * (ends[0] + ends[1] - 2 * w)
            w = w + (1 + gain) * move
        return w

    def blocks(self, block: int) -> list[list[list[NDArray[np.int64]]]]:
        """The minibatches of two epochs of two processes, cut where these meet."""
        blocks: list[list[list[NDArray[np.int64]]]] = []
        for _ in range(2):
            seen = 2 * block
            for parts in self.parts(2):
                if seen >= 2 * block:
                    blocks.append([])
                    seen = 0
                blocks[-1].append(parts)
                seen += sum(map(len, parts))
        return blocks

    def moved(
        self, w: Matrix, block: list[list[NDArray[np.int64]]]
    ) -> tuple[list[Matrix], list[int]]:
        """Where each process is after a block, and of how many samples."""
        ends: list[Matrix] = []
        for rank in range(2):
            own: Matrix = w
            for parts in block:
                own = own - RATE * self.gradient(own, parts[rank])
            ends.append(own)
        return ends, [sum(len(parts[rank]) for parts in block) for rank in range(2)]

    def delayed(self) -> Matrix:
        """Each gradient is applied one minibatch late."""
        w: Matrix = self.first
        for _ in range(2):
            waiting = 0 * w
            for parts in self.parts(1):
                gradient = self.gradient(w, parts[0])
                w = w - RATE * waiting
                waiting = gradient
            w = w - RATE * waiting
        return w


@pytest.mark.parametrize(
    ("method", "inner"),
    [
        ("ModelAveragingSGD", "blockSizePerWorker = 10"),
        ("BlockMomentumSGD", "blockSize = 20 ; blockMomentumPerSync = 0.3"),
        ("DataParallelSGD", "useBufferedAsyncGradientAggregation = true"),
    ],
)
def test_methods_are_those_of_numpy(
    method: str,
    inner: str,
    write: Callable[..., None],
    run: Callable[..., tuple[int, str]],
    data: tuple[Matrix, Matrix],
    tmp_path: Path,
) -> None:
    write(LINEAR, f"momentumPerMB = 0 ; {parallel(method, inner)}")
    code, log = run(2)
    assert code == 0, log
    linear = Linear(data, parameters(tmp_path, "m.0")["W"])
    wanted = {
        "ModelAveragingSGD": lambda: linear.averaged(10),
        "BlockMomentumSGD": lambda: linear.filtered(10, 0.3),
        "DataParallelSGD": linear.delayed,
    }[method]()
    assert not np.allclose(wanted, linear.first)
    np.testing.assert_allclose(parameters(tmp_path)["W"], wanted, rtol=1e-9)


SEARCH = 'dropoutRate = 0.5 ; AutoAdjust = { autoAdjustLR = "searchBeforeEpoch" ; '


def test_all_train_with_the_rates_that_the_first_one_finds(
    write: Callable[..., None], run: Callable[..., tuple[int, str]], tmp_path: Path
) -> None:
    search = "numMiniBatch4LRSearch = 2 ; numPrevLearnRates = 5 ; numBestSearchEpoch = 2 }"
    write(DEEP, f"{SEARCH}{search} ; {parallel('DataParallelSGD')}")
    code, log = run(2, "stderr=log")
    assert code == 0, log
    found = [(tmp_path / name).read_text() for name in ("log", "log.rank1")]
    rates = [re.findall(r"Finished Epoch.*learningRatePerSample = (\S+);", text) for text in found]
    assert len(set(rates[0])) == 2
    assert rates[0] == rates[1]


def test_an_error_is_told_once(
    write: Callable[..., None], run: Callable[..., tuple[int, str]], tmp_path: Path
) -> None:
    write(LINEAR, parallel("DataParallelSGD"))
    (tmp_path / "data.ctf").unlink()
    code, log = run(3)
    assert code != 0
    assert log.count("error[") == 1


FAILING = """
import sys
from brainscript.runtime.train.parallel.world import together, world
mine = world()
def work():
    if mine.rank == 1:
        raise %s("number 1 has failed")
    mine.agree()
together(mine, work)
"""


@pytest.mark.parametrize("error", ["ValueError", "SystemExit"])
def test_all_end_when_one_fails(error: str, tmp_path: Path) -> None:
    script = tmp_path / "failing.py"
    script.write_text(FAILING % error)
    start = [str(MPIEXEC), "--oversubscribe", "-n", "3", sys.executable, str(script)]
    done = subprocess.run(start, capture_output=True, text=True, timeout=200, env=ENVIRONMENT)
    assert done.returncode == 1
    told = [line for line in done.stderr.splitlines() if line.endswith("number 1 has failed")]
    assert len(told) == 1
    assert "Elsewhere" not in done.stderr
