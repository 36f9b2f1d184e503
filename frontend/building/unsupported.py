"""Names of CNTK's library that this version knows of but does not offer."""

from __future__ import annotations

UNSUPPORTED = frozenset(
    """
    BeamSearchSequenceDecoderFrom BroadcastSequenceAs CastAs
    ClassBasedCrossEntropyWithSoftmax ColumnwiseCrossProduct ConstantFromString
    CosDistanceWithNegativeSamples Count CreateAugmentWithFixedWindowAttentionHook
    DynamicAxis EditDistanceError Embedding First
    FoldL FoldR ForwardBackward GRU Gather
    GetTopNTensor GreedySequenceDecoderFrom IsFirst IsFirstN IsLast IsLastN
    Iteration KhatriRaoProduct LSTMBlock LSTMP LabelsToGraph LambdaRank Last LookupTable
    MatrixL1Reg MatrixL2Reg NDCG1Eval
 NextHC NextOrDefault OnesLike OptimizedRNNStack ParallelSequence
    PastValueWindow PreviousHC PreviousOrDefault QuantizedTimes RNNStack RNNs
    Range ReconcileDynamicAxis ReconcileMBLayout RecurrentBidirectionalGRUStack
    RecurrentBidirectionalLSTMPStack RecurrentGRU RecurrentGRUStack RecurrentLSTMLayer
    RecurrentLSTMLayerStack RecurrentLSTMP RecurrentLSTMPStack Seq2Seq Shift Stabilize
    StabilizeElements TimeReverse Toggle
    """.split()
)
"""Functions and namespaces; a program may define any of them itself."""
