"""Every key of an SGD section and of its blocks, and what this program does with it."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from brainscript.diagnostic import Diagnostic
from brainscript.remedies import for_unknown
from brainscript.runtime.train.parallel.options import METHODS
from brainscript.settings import Settings

USED = """
    modelPath maxEpochs epochSize minibatchSize learningRatesPerSample learningRatesPerMB
    minLearningRatePerSample momentumPerMB momentumPerSample momentumAsTimeConstant gradUpdateType
    useAdagrad useNAG trainCriterionNodeName evalCriterionNodeName keepCheckPointFiles
    saveBestModelPerCriterion numMBsToShowResult firstMBsToShowResult traceLevel
    useAllDataForPreComputedNode L1RegWeight L2RegWeight clippingThresholdPerSample
    gradientClippingWithTruncation dropoutRate varianceTimeConstant fsAdagradTargetAvDenom
    normWithAveMultiplier rms_gamma rms_wgt_inc rms_wgt_dec rms_wgt_max rms_wgt_min
    adam_meanMomentum adam_varMomentum adam_epsilon disableRegInBatchNormalization
    batchNormalizationTimeConstant batchNormalizationBlendTimeConstant gaussianNoiseInjectStd
    gradientcheck sigFigs tensorBoardLogDir tensorBoardNumMBsToLogResult
    traceNodeNamesReal traceNodeNamesCategory traceNodeNamesSparse adaptationRegType
    adaptationRegWeight
""".split()
"""Keys that `options.py` reads."""

WITHOUT_EFFECT = """
    maxSamplesInRAM numSubminibatches maxTempMemSizeInSamplesForCNN numMBsToCUDAProfile
    executionEngine unitTest packThresholdSizeInKB hSmoothingWeight validateAfterModelReloading
    frameDropThresh doReferenceAlign seqGammarUsesMBR seqGammarAMF seqGammarLMF seqGammarBMMIFactor
    seqGammarWordPen traceGPUMemoryAllocations truncated
    ParallelTrain AutoAdjust unroll useUnroll makeMode
""".split()
"""Keys that change memory, speed or a feature that is refused by the key that turns it on; whether
sequences are truncated is up to the reader. The blocks have keys of their own."""

PARALLEL = """
    parallelizationMethod parallelizationStartEpoch distributedMBReading syncPerfStats
    DataParallelSGD ModelAveragingSGD BlockMomentumSGD dataParallelASGD gradientBits
    useZeroThresholdFor1BitQuantization useBufferedAsyncGradientAggregation blockSizePerWorker
    blockSize syncFrequencyInFrames syncPeroid syncPeriod blockMomentumAsTimeConstant
    blockMomentumPerSync blockLearningRate useNesterovMomentum resetSGDMomentum
    syncPeriodPerWorker UsePipeline SimModelAverage AdjustLearningRateAtBeginning adjustType
    adjustCoefficient adjustPerMinibatches
""".split()
"""Keys of the block `ParallelTrain` and of its blocks."""

AUTO_ADJUST = """
    autoAdjustLR reduceLearnRateIfImproveLessThan increaseLearnRateIfImproveMoreThan
    learnRateDecreaseFactor learnRateIncreaseFactor learnRateAdjustInterval continueReduce
    loadBestModel useCVSetControlLRIfCVExists useEvalCriterionControlLR numPrevLearnRates
    numBestSearchEpoch numSamples4Search numMiniBatch4LRSearch autoAdjustMinibatch
    minibatchSizeTuningFrequency minibatchSizeTuningMax minibatchSearchCriterionErrorMargin
""".split()
"""Keys of the block `AutoAdjust`, read there or in the SGD section."""


def check_keys(sgd: Settings, warn: Callable[[Diagnostic], None]) -> None:
    """Warn of unknown keys of an SGD section and its blocks."""
    known = (*USED, *WITHOUT_EFFECT, *AUTO_ADJUST)
    _warn_of_unknown(sgd, known, warn)
    if (block := _own_block(sgd, "AutoAdjust")) is not None:
        _warn_of_unknown(block, known, warn)
    if (block := _own_block(sgd, "ParallelTrain")) is not None:
        check_parallel(block, warn)


def check_parallel(block: Settings, warn: Callable[[Diagnostic], None]) -> None:
    """The keys must be ones that exist; `parallel/options.py` reads them."""
    for method in METHODS[1:]:
        if (inner := _own_block(block, method)) is not None:
            _warn_of_unknown(inner, PARALLEL, warn)
    _warn_of_unknown(block, PARALLEL, warn)


def _own_block(section: Settings, key: str) -> Settings | None:
    """A block written in this section itself."""
    return section.find_section(key) if section.is_section(key) else None


def _warn_of_unknown(
    section: Settings, known: Iterable[str], warn: Callable[[Diagnostic], None]
) -> None:
    """Warn of each key of a section that is not known; the others count as read."""
    lower = {key.lower() for key in known}
    for key in section.own_keys():
        if section.has(key) and key.lower() not in lower:
            warn(_unknown(section, key, known))


def _unknown(section: Settings, key: str, known: Iterable[str]) -> Diagnostic:
    text = f"unknown key '{key}' in the section {section.name} is ignored"
    help = for_unknown(key, known)
    return Diagnostic("BS0702", text, section.key_span(key), help=help, severity="warning")
