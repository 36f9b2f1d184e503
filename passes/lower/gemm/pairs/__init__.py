"""Matrix products whose inputs are rounded to bfloat16."""

from brainscript.passes.lower.gemm.pairs.lower import pack_pairs, pair_sweep

__all__ = ["pack_pairs", "pair_sweep"]
