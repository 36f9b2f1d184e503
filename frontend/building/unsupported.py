"""Names of CNTK's library that this version knows of but does not offer."""

from __future__ import annotations

UNSUPPORTED = frozenset(
    """
    AveragePooling AveragePoolingLayer
    BeamSearchSequenceDecoderFrom BilinearUpsamplingLayer BroadcastSequenceAs CastAs
    ClassBasedCrossEntropyWithSoftmax CloneFunction ColumnwiseCrossProduct ConstantFromString
    Convolution ConvolutionTranspose ConvolutionTransposeLayer ConvolutionalLayer
    CosDistanceWithNegativeSamples Count CreateAugmentWithFixedWindowAttentionHook Dropout
    DynamicAxis Edit EditDistanceError Editing Embedding EnvironmentInput First
    FoldL FoldR ForwardBackward GRU Gather GetInclusionFrequency
    GetRandomSample GetTopNTensor GreedySequenceDecoderFrom IsFirst IsFirstN IsLast IsLastN
    Iteration KhatriRaoProduct LSTMBlock LSTMP LabelsToGraph LambdaRank Last Load LookupTable
    MatrixL1Reg MatrixL2Reg MaxPooling MaxPoolingLayer MaxUnpooling MaxUnpoolingLayer NDCG1Eval
    Network NextHC NextOrDefault OnesLike OptimizedRNNStack ParallelSequence
    PastValueWindow Pooling PreviousHC PreviousOrDefault QuantizedTimes RNNStack RNNs ROIPooling
    Range ReconcileDynamicAxis ReconcileMBLayout RecurrentBidirectionalGRUStack
    RecurrentBidirectionalLSTMPStack RecurrentGRU RecurrentGRUStack RecurrentLSTMLayer
    RecurrentLSTMLayerStack RecurrentLSTMP RecurrentLSTMPStack
    RowRepeat Scatter Seq2Seq Shift  Stabilize
    StabilizeElements SumColumnElements TimeReverse Toggle
    Where ZeroSequenceLike ZeroesLike
    """.split()
)
"""Functions and namespaces; a program may define any of them itself."""
