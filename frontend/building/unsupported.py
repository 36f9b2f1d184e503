"""Names of CNTK's library that this version knows of but does not offer."""

from __future__ import annotations

UNSUPPORTED = frozenset(
    """
    BeamSearchSequenceDecoderFrom Embedding OptimizedRNNStack ParallelSequence QuantizedTimes
    RNNStack Shift TimeReverse
    """.split()
)
"""Functions and namespaces; a program may define any of them itself."""
