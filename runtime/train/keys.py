"""Every key of an SGD section and of its blocks, and what this program does with it."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from brainscript.diagnostic import BrainScriptError, Diagnostic, did_you_mean
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
    batchNormalizationTimeConstant batchNormalizationBlendTimeConstant
""".split()
"""Keys that `options.py` and `adjust.py` read."""

WITHOUT_EFFECT = """
    maxSamplesInRAM numSubminibatches maxTempMemSizeInSamplesForCNN numMBsToCUDAProfile
    executionEngine unitTest packThresholdSizeInKB gradientBits distributedMBReading syncPerfStats
    ParallelTrain AutoAdjust adaptationRegWeight hSmoothingWeight
    frameDropThresh doReferenceAlign seqGammarUsesMBR seqGammarAMF seqGammarLMF seqGammarBMMIFactor
    seqGammarWordPen
    tensorBoardNumMBsToLogResult sigFigs traceGPUMemoryAllocations truncated
""".split()
"""Keys that change memory, speed or a feature that is refused by the key that turns it on; whether
sequences are truncated is up to the reader."""

AUTO_ADJUST = """
    autoAdjustLR reduceLearnRateIfImproveLessThan increaseLearnRateIfImproveMoreThan
    learnRateDecreaseFactor learnRateIncreaseFactor learnRateAdjustInterval continueReduce
    loadBestModel useCVSetControlLRIfCVExists useEvalCriterionControlLR numPrevLearnRates
    numBestSearchEpoch numSamples4Search numMiniBatch4LRSearch autoAdjustMinibatch
    minibatchSizeTuningFrequency minibatchSizeTuningMax minibatchSearchCriterionErrorMargin
""".split()
"""Keys of the block `AutoAdjust`, read there or in the SGD section."""


def _zero(settings: Settings, key: str) -> bool:
    return all(v == 0 for v in settings.schedule(key).values)


def _false(settings: Settings, key: str) -> bool:
    return not settings.boolean(key)


def _none(settings: Settings, key: str) -> bool:
    return settings.text(key).lower() in ("", "none")


REFUSED: dict[str, tuple[Callable[[Settings, str], bool], str]] = {
    "gaussianNoiseInjectStd": (_zero, "set it to 0"),
    "gradientcheck": (_false, "remove it; gradients are checked by the tests of this program"),
    "tensorBoardLogDir": (_none, "remove it and read the log lines instead"),
    "traceNodeNamesReal": (_none, "write the nodes with the action 'write'"),
    "traceNodeNamesCategory": (_none, "write the nodes with the action 'write'"),
    "traceNodeNamesSparse": (_none, "write the nodes with the action 'write'"),
    "adaptationRegType": (_none, "remove it"),
}
"""Keys that ask for what is not there: accepted only with the value that switches it off."""


def check_keys(sgd: Settings, warn: Callable[[Diagnostic], None]) -> None:
    """Refuse unsupported keys of an SGD section and warn of unknown ones."""
    for key, (harmless, remedy) in REFUSED.items():
        if sgd.has(key) and not harmless(sgd, key):
            raise refused(sgd, key, remedy)
    known = (*USED, *WITHOUT_EFFECT, *AUTO_ADJUST, *REFUSED)
    block = sgd.find_section("AutoAdjust")
    for section in (sgd, block) if block is not None else (sgd,):
        lower = {key.lower() for key in known}
        for key in section.own_keys():
            if section.has(key) and key.lower() not in lower:
                warn(_unknown(section, key, known))


def refused(settings: Settings, key: str, remedy: str, title: str = "") -> BrainScriptError:
    """The error for a key whose request is not supported."""
    text = title or f"the SGD key '{key}' is not supported"
    return BrainScriptError(Diagnostic("BS0701", text, settings.span_of(key), help=remedy))


def _unknown(section: Settings, key: str, known: Iterable[str]) -> Diagnostic:
    text = f"unknown key '{key}' in the section {section.name} is ignored"
    help = did_you_mean(key, known)
    return Diagnostic("BS0702", text, section.key_span(key), help=help, severity="warning")
