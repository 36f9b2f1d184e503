"""Where a 3 x 3 convolution is done by patches: geometry, and whether it pays.

Two by two windows at a time need 16 products of transformed numbers where windows on their own
need 36 (Winograd's F(2 x 2, 3 x 3)):

    z = A^T ((G w G^T) * (B^T x B)) A        for a patch x of 4 x 4 elements

The 16 products of every patch, summed over channels, are 16 matrix products. With channels side
by side the transformations are additions of whole vectors, so planes are turned round as they are
read and results as they are written. The greatest error is a third to a half of the direct sum's
(2.3e-7 of the largest value beside 4.8e-7 at 16 channels, 3.5e-7 beside 9.2e-7 at 64).

Measured on one thread of a Zen 4 machine (108 GF/s at most, the direct kernels reach 102 to 110),
counted in operations of the direct sum: 16 x 32 x 32 at batch 128 in 4.5 ms (134 GF/s), 32 x 16 x
16 in 3.7 (163), 64 x 8 x 8 in 3.1 (195), 64 x 56 x 56 at batch 8 in 9.7 (190); gradients of weights
131, 160, 175 and 176 GF/s.

Why no layout in blocks of channels is chosen for the whole graph: with the copy of a band left out
altogether those times become 3.9, 3.3 and 2.8 ms, so blocks would save at most 10 to 12 % of a
kernel, the waiting for memory included, which is the same in any layout; and every operation
between two convolutions would have to know them. The direct kernels, which blocks were meant for,
are at the limit of the machine as they are.
"""

from __future__ import annotations

from dataclasses import dataclass

from brainscript.passes.lower.convolution.form import Form

POINTS = 16
"""Products of a patch."""

PATCH = 4
"""Elements of a patch along an axis."""

AT_HAND = 1 << 15
"""About how many numbers of patches that are worked on at a time are kept."""

FEWEST = 32
"""At least so many patches are worked on at a time, where there are as many."""

OVERHEAD = 60
"""Transforming a vector of patches costs about as much as so many multiply-adds."""

GAIN = 0.9
"""The part of the direct kernel's work that may be left."""


@dataclass(frozen=True, slots=True)
class Grid:
    """Patches of a plane: along each axis `size` elements, `out` windows, `low` of padding."""

    size: tuple[int, int]
    out: tuple[int, int]
    low: tuple[int, int]
    depth: int
    columns: int

    @property
    def tiles(self) -> tuple[int, int]:
        """Patches along each axis."""
        return -(-self.out[0] // 2), -(-self.out[1] // 2)

    @property
    def most(self) -> int:
        """About how many patches are worked on at a time."""
        return max(FEWEST, AT_HAND // (POINTS * self.depth))

    @property
    def rows(self) -> int:
        """Rows of patches that are worked on at a time: a band."""
        across, down = self.tiles
        bands = max(1, across * down // self.most)
        return -(-down // min(bands, down))

    @property
    def bands(self) -> int:
        """Bands of a plane."""
        return -(-self.tiles[1] // self.rows)

    @property
    def together(self) -> int:
        """Patches of a band."""
        return self.rows * self.tiles[0]

    @property
    def width(self) -> int:
        """Elements of a row with padding."""
        return 2 * self.tiles[0] + 2

    @property
    def height(self) -> int:
        """Rows of elements that a band needs, with padding."""
        return 2 * self.rows + 2

    def fits(self) -> bool:
        """Whether the rows with padding hold all elements."""
        pairs = zip(self.size, self.tiles, self.low, strict=True)
        return all(low >= 0 and size + low <= 2 * tiles + 2 for size, tiles, low in pairs)

    def pays(self, lanes: int) -> bool:
        """Whether patches are less work than windows, by a count of vector operations."""
        inputs, outputs = -(-self.depth // lanes), -(-self.columns // lanes)
        products = POINTS * self.depth * outputs + OVERHEAD * (inputs + outputs)
        direct = 9 * self.depth * outputs * self.out[0] * self.out[1]
        tiles = self.rows * self.bands * self.tiles[0]
        return tiles >= 9 and tiles * products < GAIN * direct


def grid_of(form: Form, back: bool, lanes: int) -> Grid | None:
    """The patches of a convolution or of its adjoint, where that is the faster way."""
    axes = form.axes
    if len(axes) != 2 or any((a.kernel, a.stride, a.dilation) != (3, 1, 1) for a in axes):
        return None
    (a, b) = axes
    size, out, low = (a.size, b.size), (a.out, b.out), (a.low, b.low)
    grid = Grid(size, out, low, form.channels, form.maps)
    if back:
        turned = (2 - a.low, 2 - b.low)
        grid = Grid(out, size, turned, form.maps, form.channels)
    return grid if grid.fits() and grid.pays(lanes) else None
