"""The convolutional example learns where on an image the light is."""

from __future__ import annotations

import random
import re
import shutil
from pathlib import Path

from test.tools.commands import ROOT, environment, run

CLASSES = 10


def image(draw: random.Random, label: int) -> str:
    """An image of 8 x 8 faint points with a square of light at the place of its class."""
    points = [draw.random() / 4 for _ in range(64)]
    down, right = divmod(label, 5)
    for i in (0, 1):
        for j in (0, 1):
            points[(4 * down + 1 + i) * 8 + right + 1 + j] += 0.7
    one_hot = " ".join(str(int(k == label)) for k in range(CLASSES))
    return f"|features {' '.join(f'{p:.2f}' for p in points)} |labels {one_hot}\n"


def test_the_example_learns_and_is_tested(tmp_path: Path):
    shutil.copy(ROOT / "examples" / "convnet" / "convnet.cntk", tmp_path)
    draw = random.Random(3)
    (tmp_path / "data").mkdir()
    for name, count in (("train", 640), ("test", 100)):
        rows = (image(draw, i % CLASSES) for i in range(count))
        (tmp_path / "data" / f"{name}.ctf").write_text("".join(rows))
    words = ["maps=4", "train=[SGD=[maxEpochs=2; learningRatesPerMB=0.1]]"]
    done = run(tmp_path, "bs-jit", "convnet.cntk", *words, variables=environment(tmp_path))
    assert done.returncode == 0, done.stderr
    found = re.search(r"Final Results: .*errs = ([\d.]+)%", done.stderr)
    assert found is not None
    assert float(found[1]) < 5.0
