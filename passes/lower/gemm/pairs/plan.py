"""Sizes of a product of pairs: tiles, panels, and how much is rounded at a time.

Lengths along the depth are counted in words, each a pair of neighbours.
"""

from __future__ import annotations

from dataclasses import dataclass

from brainscript.dialects.kern_pairs import TILE_ROWS, TILE_WORDS
from brainscript.linear import round_up
from brainscript.passes.lower.gemm.form import Form
from brainscript.passes.lower.gemm.plan import Plan
from brainscript.target import Target

LEAST_ROWS, LEAST_COLUMNS, LEAST_DEPTH = 8, 8, 4
"""With less of one of them, rounding the inputs takes longer than it saves."""

PANEL_BYTES = 3 << 18
"""Bytes that a packed panel may take: with more than this it would not stay in the L2 cache."""

CHUNK_BYTES = 3 << 17
"""Bytes of L that are rounded before they are multiplied."""

CHUNK_ROWS = 192
"""Rows of L that are rounded at most."""

GROUP_BYTES = 1 << 21
"""Bytes of panels, and of sums that wait, for which rounded rows of L serve."""

BLOCK_WORDS = 256
"""Words of a block of an unknown depth."""

HEIGHTS = {1: 12, 2: 12, 3: 8, 4: 6}
"""Rows of a tile by its vectors, so that accumulators and a row of R fit 32 registers."""

TURN_WORDS = TILE_WORDS * TILE_WORDS
"""Words of scratch for a block that is turned."""


@dataclass(frozen=True, slots=True)
class PairPlan:
    """How one product is cut up.

    `tile` has the sizes of tiles; its `block` is in words. `amx`: sums are made in tile registers.
    Up to `chunk` rows of L are rounded at a time, to rows of words `left_pitch` apart; or, where
    they lie `by_step`, to steps so far apart. They serve for `group` panels of R.
    """

    tile: Plan
    amx: bool
    chunk: int
    group: int
    left_pitch: int
    by_step: bool

    @property
    def block_words(self) -> int:
        """Words of a block with those behind its end that are written: zeros."""
        return round_up(self.tile.block, TILE_WORDS)

    @property
    def left_distances(self) -> tuple[int, int]:
        """The distances in the rounded L between rows and between words."""
        return (1, self.left_pitch) if self.by_step else (self.left_pitch, 1)

    @property
    def left_words(self) -> int:
        """Words of scratch for the rounded L."""
        return self.left_pitch * (self.block_words if self.by_step else self.chunk_rows)

    @property
    def chunk_rows(self) -> int:
        """Rows of a chunk with those behind its end that tile registers read and write."""
        return round_up(self.chunk, TILE_ROWS)

    def words(self, depth: int) -> int:
        """The words of a depth that is known: tile registers take whole ones."""
        return round_up((depth + 1) // 2, TILE_WORDS if self.amx else 1)


def make_pair_plan(form: Form, target: Target) -> PairPlan:
    """The plan for this product on this target."""
    amx, lanes = target.pairs == "amx", target.lanes(form.element_bytes)
    vectors = min(-(-form.columns // lanes), 2 if amx else 4)
    panel, height = vectors * lanes, 2 * TILE_ROWS if amx else HEIGHTS[vectors]
    if not form.rows.dynamic:
        height = min(height, round_up(form.rows.size, TILE_ROWS) if amx else form.rows.size)
    block, blocked = _block(form, panel)
    padded = round_up(block, TILE_WORDS)
    fitting = min(CHUNK_ROWS, CHUNK_BYTES // (4 * padded))
    if not form.rows.dynamic:
        fitting = min(fitting, round_up(form.rows.size, height))
    chunk = max(1, fitting // height) * height
    by_step = form.left_turned and not amx
    pitch = round_up(chunk, lanes) if by_step else padded + TILE_WORDS
    tile = Plan(lanes, height, panel, block, blocked, None, 0, chunk // height)
    per_panel = 4 * panel * (0 if form.right_packed else padded)
    per_panel += 4 * panel * round_up(chunk, TILE_ROWS) if blocked else 0
    panels = -(-form.columns // panel)
    group = max(1, min(panels, GROUP_BYTES // per_panel if per_panel else panels))
    return PairPlan(tile, amx, chunk, group, pitch, by_step)


def _block(form: Form, panel: int) -> tuple[int, bool]:
    """Words of a block of the depth, and whether there may be several."""
    if form.depth.dynamic:
        return BLOCK_WORDS, True
    words = (form.depth.size + 1) // 2
    blocks = -(-words // (PANEL_BYTES // (4 * panel)))
    return words if blocks == 1 else round_up(-(-words // blocks), TILE_WORDS), blocks > 1
