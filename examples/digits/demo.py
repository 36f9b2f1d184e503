"""Train the digits example with the installed commands and show what happens at each level.

Prints the size of each level, the loss per epoch and the test error; writes `digits.png` with the
loss curve and some test images with their predicted class. Exit code 1 when the test error is 4 %
or more.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))

import make_data

HERE = Path(__file__).resolve().parent
BIN = Path(sys.executable).parent
WORK = HERE / "work"
LEVELS = {
    "ast": ("syntax tree", r"^\s*\S"),
    "bs": ("the language as a graph", r"bs\.\w+"),
    "net": ("the network", r"net\.\w+"),
    "sched": ("kernel calls on planned memory", r"sched\.call"),
    "kern": ("loops and tiles", r"kern\.\w+"),
    "llvm": ("LLVM IR", r"^define"),
    "asm": ("vector code", r"[xyz]mm\d+"),
}
EPOCH = re.compile(r"Finished Epoch\[\s*(\d+) of \d+\]: \[Training\] ce = ([\d.e+-]+) \* \d+")
RESULT = re.compile(r"Final Results: .*?errs = ([\d.]+)%")
LIMIT = 4.0


def run(command: str, *arguments: str) -> str:
    """The output of one of our commands, both streams; stops when it fails."""
    words = [str(BIN / command), *arguments]
    done = subprocess.run(words, cwd=WORK, capture_output=True, text=True, check=False)
    if done.returncode:
        print(done.stdout + done.stderr)
        sys.exit(f"{command} ended with exit code {done.returncode}")
    return done.stdout + done.stderr


def show_levels() -> None:
    """One line for each level of the compiler: its size and what it holds."""
    print("the network at each level (bs-opt digits.cntk --emit LEVEL):")
    for level, (what, mark) in LEVELS.items():
        text = run("bs-opt", "digits.cntk", "--emit", level)
        hits = re.findall(mark, text, re.MULTILINE)
        print(f"  {level:6} {len(text.splitlines()):6} lines  {len(hits):6} x {mark:10}  {what}")


def train() -> list[float]:
    """Train, test and write; the loss of each epoch."""
    start = time.perf_counter()
    log = run("bs-jit", "digits.cntk")
    seconds = time.perf_counter() - start
    losses = [float(value) for _, value in EPOCH.findall(log)]
    for number, loss in enumerate(losses, 1):
        print(f"  epoch {number:2}  loss {loss:.5f}  {'#' * round(20 * loss)}")
    print(f"trained, tested and written in {seconds:.1f} s, compilation included")
    return losses


def test_error() -> float:
    """The error on the test set in percent, by the trained model in a new process."""
    found = RESULT.search(run("bs-jit", "digits.cntk", "command=test"))
    if not found:
        sys.exit("the test printed no result")
    return float(found[1])


def read_images() -> tuple[Any, Any]:
    """Test images and the classes predicted for them."""
    import numpy as np

    rows = [line.split("|labels")[0].split()[1:] for line in (WORK / "data/test.ctf").open()]
    scores = np.loadtxt(WORK / "out/predicted.P")
    return np.array(rows, float).reshape(-1, 8, 8), scores.argmax(axis=1)


def picture(losses: list[float], error: float) -> Path:
    """Write the loss curve and some test images with their predicted class."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    plot: Any = pyplot
    images, classes = read_images()
    figure = plot.figure(figsize=(9, 4), layout="constrained")
    left, right = figure.subfigures(1, 2)
    axes = left.subplots()
    axes.plot(range(1, len(losses) + 1), losses)
    axes.set(xlabel="epoch", ylabel="cross entropy", yscale="log", title="training loss")
    for axis, image, guess in zip(right.subplots(4, 6).flat, images, classes, strict=False):
        axis.imshow(image, cmap="gray_r")
        axis.set_title(str(guess), fontsize=9)
        axis.axis("off")
    right.suptitle(f"predicted classes, test error {error:.2f} %")
    path = HERE / "digits.png"
    figure.savefig(path, dpi=120)
    return path


def main() -> int:
    """The demonstration; its exit code tells whether the network learnt enough."""
    shutil.rmtree(WORK, ignore_errors=True)
    make_data.write(WORK / "data")
    shutil.copy(HERE / "digits.cntk", WORK)
    show_levels()
    losses = train()
    error = test_error()
    print(f"test error {error:.2f} % on {make_data.TEST_IMAGES} images")
    print(f"picture: {picture(losses, error)}")
    if error >= LIMIT:
        print(f"the test error should be below {LIMIT} %")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
