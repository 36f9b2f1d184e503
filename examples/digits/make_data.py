"""Write the handwritten digits that scikit-learn ships as CNTK text files.

1797 real images of 8 x 8 grey values (UCI, 1998); the last 360, by other writers than most before
them, are the test set. Grey values 0..16 become 0..1; labels become one-hot vectors. The training
file holds each image eleven times: as it is, moved by half a pixel and by a whole one in the four
directions, a little larger and a little smaller, because no two hands write alike.

`make_data.py FOLDER K` leaves the test set alone and holds out part K (0 to 4) of the training
images instead. Width, rates and epochs of `digits.cntk` were chosen that way: 1.6 % over the parts.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any, cast

TEST_IMAGES = 360
PARTS = 5
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


def held_out(images: int, part: int | None) -> tuple[slice, Any]:
    """The images that are tested, and the numbers of those that train."""
    import numpy as np

    cut = images - TEST_IMAGES
    tested = slice(cut, images)
    if part is not None:
        tested = slice(part * cut // PARTS, (part + 1) * cut // PARTS)
    numbers = np.arange(cut)
    return tested, numbers[(numbers < tested.start) | (numbers >= tested.stop)]


def write(folder: Path, part: int | None = None) -> None:
    """Write `train.ctf` and `test.ctf` into `folder`."""
    from sklearn.datasets import load_digits

    digits = cast(Any, load_digits())
    folder.mkdir(parents=True, exist_ok=True)
    tested, trained = held_out(len(digits.data), part)
    with (folder / "train.ctf").open("w") as file:
        for images in copies(digits.data[trained]):
            file.writelines(lines(images, digits.target[trained]))
    text = "".join(lines(digits.data[tested], digits.target[tested]))
    (folder / "test.ctf").write_text(text)


if __name__ == "__main__":
    folder, *part = sys.argv[1:] or ["data"]
    write(Path(folder), int(part[0]) if part else None)
