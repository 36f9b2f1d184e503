"""Write the handwritten digits that scikit-learn ships as CNTK text files.

1797 real images of 8 x 8 grey values (UCI, 1998); the last 360 are the test set. Grey values 0..16
become 0..1; labels become one-hot vectors.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

TEST_IMAGES = 360


def lines(images: Any, labels: Any) -> Iterable[str]:
    """One line of CTF text for each image."""
    for image, label in zip(images, labels, strict=True):
        pixels = " ".join(f"{value / 16:g}" for value in image)
        one_hot = " ".join("1" if label == k else "0" for k in range(10))
        yield f"|features {pixels} |labels {one_hot}\n"


def write(folder: Path) -> None:
    """Write `train.ctf` and `test.ctf` into `folder`."""
    from sklearn.datasets import load_digits

    digits: Any = load_digits()
    folder.mkdir(parents=True, exist_ok=True)
    cut = len(digits.data) - TEST_IMAGES
    for name, part in (("train.ctf", slice(0, cut)), ("test.ctf", slice(cut, None))):
        text = "".join(lines(digits.data[part], digits.target[part]))
        (folder / name).write_text(text)


if __name__ == "__main__":
    write(Path(sys.argv[1] if len(sys.argv) > 1 else "data"))
