"""Write the handwritten digits that scikit-learn ships as CNTK text files.

1797 real images of 8 x 8 grey values (UCI, 1998); the last 360, by other writers than most before
them, are the test set. Grey values 0..16 become 0..1; labels become one-hot vectors. The training
file holds each image nine times: as it is, and moved by half a pixel and by a whole one in the
four directions, because a writer's hand is never quite in the middle.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any, cast

TEST_IMAGES = 360
DIRECTIONS = ((0, 1), (0, -1), (1, 0), (-1, 0))


def moved(images: Any) -> Iterable[Any]:
    """The images, then the images moved by half a pixel and by a whole one in each direction."""
    yield images
    for down, right in DIRECTIONS:
        whole = shifted(images, down, right)
        yield (images + whole) / 2
        yield whole


def shifted(images: Any, down: int, right: int) -> Any:
    """All images moved by whole pixels; what comes in at the edge is white."""
    import numpy as np

    wide = np.pad(images.reshape(-1, 8, 8), ((0, 0), (1, 1), (1, 1)))
    return wide[:, 1 - down : 9 - down, 1 - right : 9 - right].reshape(-1, 64)


def lines(images: Any, labels: Any) -> Iterable[str]:
    """One line of CTF text for each image."""
    for image, label in zip(images, labels, strict=True):
        pixels = " ".join(f"{value / 16:g}" for value in image)
        one_hot = " ".join("1" if label == k else "0" for k in range(10))
        yield f"|features {pixels} |labels {one_hot}\n"


def write(folder: Path) -> None:
    """Write `train.ctf` and `test.ctf` into `folder`."""
    from sklearn.datasets import load_digits

    digits = cast(Any, load_digits())
    folder.mkdir(parents=True, exist_ok=True)
    cut = len(digits.data) - TEST_IMAGES
    with (folder / "train.ctf").open("w") as file:
        for images in moved(digits.data[:cut]):
            file.writelines(lines(images, digits.target[:cut]))
    (folder / "test.ctf").write_text("".join(lines(digits.data[cut:], digits.target[cut:])))


if __name__ == "__main__":
    write(Path(sys.argv[1] if len(sys.argv) > 1 else "data"))
