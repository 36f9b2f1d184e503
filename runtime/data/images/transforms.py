"""What happens to an image between the file and the network, one transform after the other.

Images are float arrays [height, width, channels] with channels blue, green, red, values 0..255.
Random numbers come from a generator that depends on seed, sweep and image alone, so a run can be
repeated; they are not those of CNTK, which depended on the timing of its threads.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from brainscript.runtime.data.images.resample import Image, resize

Random = np.random.Generator
VIEWS = 10
ATTEMPTS = 10
LIGHTEST = 255.0


class Transform(Protocol):
    """One step; `view` is the number of the copy when each image is offered ten times."""

    def apply(self, image: Image, random: Random, view: int) -> Image:
        """The image after this step."""
        ...


@dataclass(frozen=True)
class Crop:
    """Cut a window: of fixed size, of a part of the side or of the area, or the whole image."""

    kind: str = "center"
    size: tuple[int, int] = (0, 0)
    side: tuple[float, float] | None = None
    area: tuple[float, float] | None = None
    aspect: tuple[float, float] = (1.0, 1.0)
    jitter: bool = False
    flip: bool = False

    def apply(self, image: Image, random: Random, view: int) -> Image:
        """The window, mirrored by chance or by the number of the view."""
        height, width = image.shape[:2]
        wide, high = self._window(width, height, random)
        left, top = self._place(width - wide, height - high, random, view)
        cut = image[top : top + high, left : left + wide]
        mirrored = view >= VIEWS // 2 if self.kind == "multiview10" else False
        if self.flip and self.kind != "multiview10":
            mirrored = bool(random.random() < 0.5)
        return cut[:, ::-1] if mirrored else cut

    def _window(self, width: int, height: int, random: Random) -> tuple[int, int]:
        if min(self.size) > 0:
            return min(width, self.size[0]), min(height, self.size[1])
        if self.side is None and self.area is None:
            return width, height
        for _ in range(ATTEMPTS):
            wide, high = self._scaled(width, height, random)
            if 1 <= wide <= width and 1 <= high <= height:
                return wide, high
        return width, height

    def _scaled(self, width: int, height: int, random: Random) -> tuple[int, int]:
        """One draw of a window by side or by area."""
        if self.side is not None:
            length = float(round(min(width, height) * self._draw(self.side, random)))
        else:
            assert self.area is not None
            length = float(round((width * height * self._draw(self.area, random)) ** 0.5))
        ratio = self._draw(self.aspect, random)
        if ratio == 1:
            return int(length), int(length)
        sides = int((length * length * ratio) ** 0.5), int((length * length / ratio) ** 0.5)
        return sides if random.random() < 0.5 else (sides[1], sides[0])

    def _draw(self, bounds: tuple[float, float], random: Random) -> float:
        return float(random.uniform(*bounds)) if self.jitter else bounds[0]

    def _place(self, right: int, down: int, random: Random, view: int) -> tuple[int, int]:
        if self.kind == "multiview10":
            corners = ((0, 0), (right, 0), (0, down), (right, down), (right // 2, down // 2))
            return corners[view % (VIEWS // 2)]
        if self.kind == "center":
            return right // 2, down // 2
        return int(random.integers(right + 1)), int(random.integers(down + 1))


@dataclass(frozen=True)
class Scale:
    """Resize to `width` x `height`; `crop` and `pad` keep the proportions.

    `pad` below 0 repeats the border, otherwise it is the value of what is added.
    """

    width: int
    height: int
    interpolation: str = "linear"
    mode: str = "fill"
    pad: int = -1

    def apply(self, image: Image, random: Random, view: int) -> Image:
        """The image at its new size."""
        height, width = image.shape[:2]
        ratios = (self.width / width, self.height / height)
        if self.mode == "fill":
            return resize(image, self.width, self.height, self.interpolation)
        ratio = max(ratios) if self.mode == "crop" else min(ratios)
        wide, high = max(1, round(width * ratio)), max(1, round(height * ratio))
        scaled = resize(image, wide, high, self.interpolation)
        if self.mode == "crop":
            left, top = (wide - self.width) // 2, (high - self.height) // 2
            return scaled[top : top + self.height, left : left + self.width]
        across, down = self.width - wide, self.height - high
        room = ((down // 2, down - down // 2), (across // 2, across - across // 2), (0, 0))
        if self.pad < 0:
            return np.pad(scaled, room, "edge")
        return np.pad(scaled, room, constant_values=self.pad)


@dataclass(frozen=True)
class Mean:
    """Subtract the mean image."""

    mean: NDArray[np.float32]

    def apply(self, image: Image, random: Random, view: int) -> Image:
        """The difference; the sizes must agree."""
        if image.shape != self.mean.shape:
            raise ValueError(f"the image is {size_of(image)}, the mean image {size_of(self.mean)}")
        return image - self.mean


@dataclass(frozen=True)
class Color:
    """Change brightness, contrast and saturation by chance, each within its radius."""

    brightness: float = 0.0
    contrast: float = 0.0
    saturation: float = 0.0

    def apply(self, image: Image, random: Random, view: int) -> Image:
        """`a x + b`, then the saturation scaled; values stay within 0..255."""
        if self.brightness or self.contrast:
            factor = 1 + random.uniform(-self.contrast, self.contrast)
            shift = float(image.mean()) * random.uniform(-self.brightness, self.brightness)
            image = np.clip(image * factor + shift, 0, LIGHTEST).astype(np.float32)
        if self.saturation and image.shape[2] == 3:
            factor = 1 + random.uniform(-self.saturation, self.saturation)
            image = saturated(image, factor)
        return image


def saturated(image: Image, factor: float) -> Image:
    """The saturation (in the sense of HSV) scaled and bounded, hue and value as they are."""
    value = image.max(axis=2, keepdims=True)
    spread = value - image.min(axis=2, keepdims=True)
    safe = np.where(spread > 0, spread, 1)
    wanted = np.minimum(spread * factor, value)
    return (value - (value - image) * (wanted / safe)).astype(np.float32)


@dataclass(frozen=True)
class Intensity:
    """Add a random colour along the eigenvectors of the colours of a data set.

    The three sums belong to red, green, blue in that order.
    """

    deviation: float
    values: NDArray[np.float32] = field(default_factory=lambda: np.zeros(3, np.float32))
    vectors: NDArray[np.float32] = field(default_factory=lambda: np.zeros((3, 3), np.float32))

    def apply(self, image: Image, random: Random, view: int) -> Image:
        """The image with one colour added to all pixels; values stay within 0..255."""
        if not self.deviation or image.shape[2] != 3:
            return image
        amounts = self.values * random.normal(0, self.deviation, 3)
        red_green_blue = self.vectors @ amounts
        return np.clip(image + red_green_blue[::-1], 0, LIGHTEST).astype(np.float32)


@dataclass(frozen=True)
class Transpose:
    """From [height, width, channels] to planes [channels, height, width]."""

    def apply(self, image: Image, random: Random, view: int) -> Image:
        """The planes."""
        return np.ascontiguousarray(np.moveaxis(image, 2, 0))


def size_of(image: NDArray[np.float32]) -> str:
    """The size of an image for a message."""
    return " x ".join(str(d) for d in (image.shape[1], image.shape[0], *image.shape[2:]))
