"""Write the handwritten digits that scikit-learn ships as CNTK text files.

1797 real images of 8 x 8 grey values (UCI, 1998); the last 360, by other writers than most before
them, are the test set. Grey values 0..16 become 0..1; labels become one-hot vectors. The training
file holds each image eleven times: as it is, moved by half a pixel and by a whole one in the four
directions, a little larger and a little smaller, because no two hands write alike.

`make_data.py FOLDER validate` leaves the test set alone and takes the last 240 training images
instead: width, rates and epochs of `digits.cntk` were chosen that way (1.7 % there).
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any, cast

TEST_IMAGES = 360
VALIDATION_IMAGES = 240
ZOOMS = (1.12, 0.9)
DIRECTIONS = ((0, 1), (0, -1), (1, 0), (-1, 0))


def copies(images: Any) -> Iterable[Any]:
    """The images, then the images moved in each direction, then larger and smaller ones."""
    yield images
    for down, right in DIRECTIONS:
        whole = shifted(images, down, right)
        yield (images + whole) / 2
        yield whole
    for factor in ZOOMS:
        yield zoomed(images, factor)


def shifted(images: Any, down: int, right: int) -> Any:
    """All images moved by whole pixels; what comes in at the edge is white."""
    import numpy as np

    wide = np.pad(images.reshape(-1, 8, 8), ((0, 0), (1, 1), (1, 1)))
    return wide[:, 1 - down : 9 - down, 1 - right : 9 - right].reshape(-1, 64)


def zoomed(images: Any, factor: float) -> Any:
    """All images larger by this factor round their middle, by linear interpolation."""
    import numpy as np

    wide = np.pad(images.reshape(-1, 8, 8), ((0, 0), (2, 2), (2, 2)))
    place = (np.arange(8) - 3.5) / factor + 5.5
    first = place.astype(int)
    part = place - first
    rows = wide[:, first] * (1 - part)[:, None] + wide[:, first + 1] * part[:, None]
    return (rows[:, :, first] * (1 - part) + rows[:, :, first + 1] * part).reshape(-1, 64)


def lines(images: Any, labels: Any) -> Iterable[str]:
    """One line of CTF text for each image."""
    for image, label in zip(images, labels, strict=True):
        pixels = " ".join(f"{value / 16:g}" for value in image)
        one_hot = " ".join("1" if label == k else "0" for k in range(10))
        yield f"|features {pixels} |labels {one_hot}\n"


def write(folder: Path, *, validate: bool = False) -> None:
    """Write `train.ctf` and `test.ctf` into `folder`; `validate` keeps the test set out of both."""
    from sklearn.datasets import load_digits

    digits = cast(Any, load_digits())
    folder.mkdir(parents=True, exist_ok=True)
    end = len(digits.data) - (TEST_IMAGES if validate else 0)
    cut = end - (VALIDATION_IMAGES if validate else TEST_IMAGES)
    with (folder / "train.ctf").open("w") as file:
        for images in copies(digits.data[:cut]):
            file.writelines(lines(images, digits.target[:cut]))
    held_out = lines(digits.data[cut:end], digits.target[cut:end])
    (folder / "test.ctf").write_text("".join(held_out))


if __name__ == "__main__":
    words = sys.argv[1:]
    write(Path(words[0] if words else "data"), validate="validate" in words[1:])
