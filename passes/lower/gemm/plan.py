"""Sizes of tiles and blocks of a matrix product, from its shape and the registers of the target."""

from __future__ import annotations

from dataclasses import dataclass, replace

from brainscript.passes.lower.gemm.form import Form
from brainscript.target import Target

DEPTH_LIMIT = 3 << 18
"""Bytes that a packed panel may take: with more than this it would not stay in the L2 cache."""

TURNED_LIMIT = 1 << 18
"""The same where L is turned and its lines pass through that cache as well."""

CHUNK_ROWS = 192
"""Rows that are worked on before the next block of the depth, when there are several."""

TURNED_CHUNK = 2048
"""The same where L is turned: a block of R is packed once for all of them."""

PACK_ROWS = 64
"""From this many rows on, copying R to panels pays."""

ALIASED_ROWS = 24
"""The same, where rows of R lie a multiple of 4 KiB apart and fall into the same cache sets."""

WIDE_ROWS = 2
"""Up to this many rows tiles are wide."""

WIDE_VECTORS = 12
"""Vectors in a row of a wide tile."""

WIDE_BYTES = 2048
"""Rows of R at least this long make it worth a while."""

DOT_ROWS = 3
"""Up to this many rows, scalar products with transposed weights beat packing them."""

DOT_COLUMNS = 8
"""Scalar products made at a time."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How one product is cut up.

    A tile has up to `tile_rows` rows and `panel` columns in registers. R is cut into panels of
    that width; the depth into blocks of `block` steps (`blocked`: there may be several). From
    `pack_rows` rows on panels are packed (None: never); up to `dot_rows` rows of transposed
    weights are multiplied as they lie. `chunk_tiles` are the tiles of a chunk: its partial sums are
    kept while the depth is walked in blocks.
    """

    lanes: int
    tile_rows: int
    panel: int
    block: int
    blocked: bool
    pack_rows: int | None
    dot_rows: int
    chunk_tiles: int

    def unroll(self, rows: int, columns: int) -> int:
        """Steps of k in one turn of the loop of a tile: more where there is little in a step."""
        accumulators = rows * -(-columns // self.lanes)
        return 1 << max(0, min(2, (32 // accumulators).bit_length() - 1))

    @property
    def chunk(self) -> int:
        """Rows of a chunk."""
        return self.chunk_tiles * self.tile_rows


def make_plan(form: Form, target: Target) -> Plan:
    """The plan for this product on this target."""
    lanes = target.lanes(form.element_bytes)
    vectors = -(-form.columns // lanes)
    rows, wide = _tile(min(vectors, 4), target.registers)
    if not form.rows.dynamic:
        rows = min(rows, form.rows.size)
    panel = wide * lanes
    most = TURNED_LIMIT if form.left_turned else DEPTH_LIMIT
    limit = max(256, most // (panel * form.element_bytes))
    if form.depth.dynamic:
        block, blocked = limit, True
    else:
        blocks = -(-form.depth.size // limit)
        block, blocked = -(-form.depth.size // blocks), blocks > 1
    dots = DOT_ROWS if form.right_turned and form.rows.dynamic else 0
    pack_rows = _pack_rows(form, panel)
    chunk = (TURNED_CHUNK if form.left_turned else CHUNK_ROWS) // rows
    if not form.rows.dynamic:
        chunk = min(chunk, -(-form.rows.size // rows))
    return Plan(lanes, rows, panel, block, blocked, pack_rows, dots, chunk)


def column_plan(form: Form, plan: Plan) -> Plan | None:
    """The plan for a result of one column, whose rows are scalar products; else None."""
    if form.columns != 1 or form.left_turned:
        return None
    return replace(plan, panel=1, blocked=False, pack_rows=None, dot_rows=DOT_COLUMNS)


def wide_plan(form: Form, plan: Plan, target: Target) -> Plan | None:
    """The plan for one or two rows, or None where the usual one serves.

    There is nothing to reuse then: R is read once, and in long pieces, so the tile is as wide as
    the registers allow.
    """
    if form.right_turned or form.right_packed or plan.blocked or not form.rows.dynamic:
        return None
    panel = WIDE_VECTORS * plan.lanes
    if form.columns * form.element_bytes < WIDE_BYTES or form.columns <= panel:
        return None
    rows = WIDE_ROWS if target.registers >= 32 else 1
    return replace(plan, tile_rows=rows, panel=panel, pack_rows=None)


def _tile(vectors: int, registers: int) -> tuple[int, int]:
    """Rows and vectors of a tile so that accumulators and one row of R fit the registers."""
    if registers >= 32:
        return {1: 12, 2: 12, 3: 8, 4: 6}[vectors], vectors
    wide = min(vectors, 2)
    return {1: 8, 2: 6}[wide], wide


def _pack_rows(form: Form, panel: int) -> int | None:
    """The number of rows from which R is packed; transposed weights always are."""
    if form.right_packed:
        return None
    if form.right_turned:
        return 0
    if form.columns <= panel:
        return 4 * PACK_ROWS
    aliased = form.columns * form.element_bytes % 4096 == 0
    return ALIASED_ROWS if aliased else PACK_ROWS
