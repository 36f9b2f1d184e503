"""Names of CNTK's library that this version knows of but does not offer."""

from __future__ import annotations

UNSUPPORTED = frozenset(
    """
    BeamSearchSequenceDecoderFrom CreateAugmentWithFixedWindowAttentionHook Embedding FoldL
    FoldR GRU GetTopNTensor GreedySequenceDecoderFrom LSTMBlock LSTMP NextHC OptimizedRNNStack
    ParallelSequence PreviousHC QuantizedTimes RNNStack RNNs RecurrentBidirectionalGRUStack
    RecurrentBidirectionalLSTMPStack RecurrentGRU RecurrentGRUStack RecurrentLSTMLayer
    RecurrentLSTMLayerStack RecurrentLSTMP RecurrentLSTMPStack Seq2Seq Shift Stabilize
    StabilizeElements TimeReverse Toggle
    """.split()
)
"""Functions and namespaces; a program may define any of them itself."""
