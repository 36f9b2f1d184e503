"""Every key of an SGD section: what a value of it does here, one line a key.

`used`: another value gives other options. `ignored`: accepted without a word and without effect.
`python -m test.runtime.train.test_keys` prints the table.
"""

from __future__ import annotations

from dataclasses import astuple, replace

import pytest

from brainscript.diagnostic import BrainScriptError, Diagnostic
from brainscript.runtime.train import keys
from brainscript.runtime.train.options import Options, read_options
from test.runtime.conftest import settings_of

TABLE = """
modelPath | m.dnn | ignored | the path of the models, read by the action
maxEpochs | 3 | used | how many epochs in all
epochSize | 4000 | used | samples of an epoch, 0 for all data
minibatchSize | 10:20 | used | samples of a minibatch, by epoch
learningRatesPerSample | 0.1:0.2 | instead | rate of one sample, by epoch
learningRatesPerMB | 0.25 | used | rate of a whole minibatch, by epoch
minLearningRatePerSample | 0.5 | used | training stops below this rate
momentumPerMB | 0.5 | used | momentum of a whole minibatch, by epoch
momentumPerSample | 0.5 | used | momentum of one sample, by epoch
momentumAsTimeConstant | 100 | used | momentum as a number of samples, by epoch
useNAG | true | used | the momentum of Nesterov
gradUpdateType | adagrad | used | the rule of the update
useAdagrad | true | used | the rule adagrad
normWithAveMultiplier | false | used | steps over their mean, of adagrad and rmsProp
varianceTimeConstant | 1000 | used | memory of fsAdagrad
fsAdagradTargetAvDenom | 2 | used | scale of fsAdagrad
rms_gamma | 0.5 | used | memory of rmsProp
rms_wgt_inc | 1.5 | used | growth of a step of rmsProp
rms_wgt_dec | 0.5 | used | decay of a step of rmsProp
rms_wgt_max | 5 | used | largest step of rmsProp
rms_wgt_min | 0.5 | used | smallest step of rmsProp
adam_meanMomentum | 0.5 | used | memory of adam for gradients
adam_varMomentum | 0.5 | used | memory of adam for their squares
adam_epsilon | 0.5 | used | least divisor of adam
gaussianNoiseInjectStd | 0.1 | used | deviation of the noise on parameters
L1RegWeight | 0.1 | used | pull towards 0 by a constant
L2RegWeight | 0.1 | used | pull towards 0 by the value
disableRegInBatchNormalization | true | used | no such pull on scale and bias of a normalisation
clippingThresholdPerSample | 1 | used | bound of gradients
gradientClippingWithTruncation | false ; clippingThresholdPerSample = 1 | used | bound of the norm
dropoutRate | 0:0.5 | used | probability of a 0, by epoch
batchNormalizationTimeConstant | 100 | used | memory of running statistics, by epoch
batchNormalizationBlendTimeConstant | 100 | used | with infinity statistics stay, by epoch
trainCriterionNodeName | ce | used | the node that trains
evalCriterionNodeName | errs | used | the nodes logged beside it
truncated | true | ignored | up to the reader
maxSamplesInRAM | 100 | ignored | memory only
numSubminibatches | 2 | ignored | memory only
maxTempMemSizeInSamplesForCNN | 100 | ignored | memory only
keepCheckPointFiles | true | used | no checkpoint is removed
saveBestModelPerCriterion | true | used | a copy of the best model
numMBsToShowResult | 3 | used | minibatches between lines of the log
firstMBsToShowResult | 3 | used | as many lines at first
traceLevel | 2 | used | how much is logged
traceNodeNamesReal | z | used | values of nodes in the log
traceNodeNamesCategory | z | used | values of nodes in the log
traceNodeNamesSparse | z | used | values of nodes in the log
unroll | true | ignored | a loop is a loop here
useUnroll | true | ignored | a loop is a loop here
makeMode | true | ignored | read of the command
numMBsToCUDAProfile | 3 | ignored | another device
tensorBoardLogDir | logs | ignored | scalars for TensorBoard, read by the action
tensorBoardNumMBsToLogResult | 3 | used | minibatches between such scalars
gradientcheck | true | used | gradients against differences
sigFigs | 3 | used | figures that must agree
useAllDataForPreComputedNode | false | used | statistics of one epoch only
hSmoothingWeight | 0.5 | ignored | lattices
frameDropThresh | 0.5 | ignored | lattices
doReferenceAlign | true | ignored | lattices
seqGammarUsesMBR | true | ignored | lattices
seqGammarAMF | 3 | ignored | lattices
seqGammarLMF | 3 | ignored | lattices
seqGammarBMMIFactor | 3 | ignored | lattices
seqGammarWordPen | 3 | ignored | lattices
adaptationRegType | KL ; adaptationRegWeight = 0.5 | used | labels drawn towards an old model
adaptationRegWeight | 0.5 ; adaptationRegType = KL | used | how much they are
packThresholdSizeInKB | 3 | ignored | several machines
executionEngine | synchronous | ignored | nothing in CNTK either
unitTest | true | ignored | nothing in CNTK either
validateAfterModelReloading | false | ignored | nothing in CNTK 2 either
AutoAdjust | [ autoAdjustLR = after ] | used | the block of the next lines
ParallelTrain | [ parallelizationMethod = none ] | ignored | one process trains
autoAdjustLR | searchBeforeEpoch | used | rates found by the run
reduceLearnRateIfImproveLessThan | 0.5 | used | gain below which the rate falls
increaseLearnRateIfImproveMoreThan | 0.5 | used | gain above which the rate grows
learnRateDecreaseFactor | 0.5 | used | how much it falls
learnRateIncreaseFactor | 2 | used | how much it grows
learnRateAdjustInterval | 2 | used | epochs between decisions
continueReduce | true | used | once it falls, it falls each time
loadBestModel | false | used | back to the model before a bad epoch
useCVSetControlLRIfCVExists | false | used | decide by the training data
useEvalCriterionControlLR | true | used | decide by the first metric
numPrevLearnRates | 2 | used | rates that a search starts from
numBestSearchEpoch | 2 | used | epochs with a search from both sides
numSamples4Search | 100 | used | samples of a trial
numMiniBatch4LRSearch | 3 | used | minibatches of a trial
autoAdjustMinibatch | true | used | sizes found by the run
minibatchSizeTuningFrequency | 2 | used | epochs between searches of a size
minibatchSizeTuningMax | 512 | used | largest size tried
minibatchSearchCriterionErrorMargin | 5 | used | percent by which a larger size may be worse
"""
ROWS = [tuple(cell.strip() for cell in row.split(" | ")) for row in TABLE.strip().splitlines()]
BASE = {"learningRatesPerMB": "0.5", "maxEpochs": "2", "minibatchSize": "10"}


def options(given: dict[str, str], precision: str = "double") -> tuple[Options, list[Diagnostic]]:
    warnings: list[Diagnostic] = []
    text = " ; ".join(f"{key} = {value}" for key, value in given.items())
    section = settings_of(f"precision = {precision}\nSGD = [ {text} ]").section("SGD")
    return read_options(section, warnings.append), warnings


@pytest.mark.parametrize(("key", "value", "state"), [row[:3] for row in ROWS])
def test_what_a_key_does(key: str, value: str, state: str):
    plain, _ = options(BASE)
    given = {k: v for k, v in BASE.items() if state != "instead" or k != "learningRatesPerMB"}
    found, warnings = options({**given, key: value})
    assert not warnings
    if state in ("used", "instead"):
        assert astuple(found) != astuple(plain)
    else:
        assert astuple(found) == astuple(plain)


def test_no_key_is_missing_from_the_table():
    listed = {row[0] for row in ROWS}
    known = {*keys.USED, *keys.WITHOUT_EFFECT, *keys.AUTO_ADJUST}
    assert known - listed == {"traceGPUMemoryAllocations"}
    assert listed <= known


def test_keys_of_parallel_training_must_exist():
    block = "[ parallelizationMethod = %s ; DataParallelSGD = [ gradientBits = 1 ] ]"
    for method in ("DataParallelSGD", "none"):
        assert options({**BASE, "ParallelTrain": block % method})[1] == []
    with pytest.raises(BrainScriptError, match="parallelizationMethod 'DataParalelSGD'") as caught:
        options({**BASE, "ParallelTrain": block % "DataParalelSGD"})
    assert caught.value.diagnostics[0].help == "did you mean 'DataParallelSGD'?"
    _, warnings = options({**BASE, "ParallelTrain": "[ gradientBit = 1 ]"})
    assert [(w.code, w.help) for w in warnings] == [("BS0702", "did you mean 'gradientBits'?")]


def test_every_key_of_parallel_training_is_known():
    """In the block itself and in the block of each method, in any case."""
    for key in keys.PARALLEL:
        if key == "parallelizationMethod":
            continue
        value = "[ gradientBits = 1 ]" if key in keys.METHODS else "1"
        assert options({**BASE, "ParallelTrain": f"[ {key} = {value} ]"})[1] == [], key
        for method in keys.METHODS[1:]:
            inner = f"[ {method} = [ {key.lower()} = 1 ] ]"
            assert options({**BASE, "parallelTrain": inner})[1] == [], (method, key)


@pytest.mark.parametrize(
    ("block", "near"),
    [
        ("[ distributedMBReadin = true ]", "distributedMBReading"),
        ("[ DataParalelSGD = [ gradientBits = 1 ] ]", "DataParallelSGD"),
        ("[ DataParallelSGD = [ gradientBit = 1 ] ]", "gradientBits"),
        ("[ ModelAveragingSGD = [ blokSizePerWorker = 10 ] ]", "blockSizePerWorker"),
        ("[ BlockMomentumSGD = [ blockMomentumAsTimeConst = 10 ] ]", "blockMomentumAsTimeConstant"),
        ("[ dataParallelASGD = [ syncPeriodPerWorkers = 10 ] ]", "syncPeriodPerWorker"),
    ],
)
def test_an_unknown_key_of_parallel_training_warns(block: str, near: str):
    _, warnings = options({**BASE, "ParallelTrain": block})
    assert [(w.code, w.help) for w in warnings] == [("BS0702", f"did you mean '{near}'?")]


def test_gradients_are_checked_in_double_precision_only():
    with pytest.raises(BrainScriptError, match="gradientcheck needs double precision"):
        options({**BASE, "gradientcheck": "true"}, "float")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("gaussianNoiseInjectStd", "-1"),
        ("batchNormalizationBlendTimeConstant", "-1"),
        ("AutoAdjust", "[ numSamples4Search = 0 ]"),
        ("AutoAdjust", "[ numPrevLearnRates = 0 ]"),
    ],
)
def test_values_out_of_range(key: str, value: str):
    with pytest.raises(BrainScriptError) as caught:
        options({**BASE, key: value})
    assert caught.value.diagnostics[0].code == "BS0705"


def test_trials_by_minibatches_count_samples():
    found, _ = options({**BASE, "minibatchSize": "10:30", "numMiniBatch4LRSearch": "4"})
    assert found.adjust.samples == (40, 120)
    assert replace(found.adjust, samples=()).trial_samples(0, 10) == 5000


if __name__ == "__main__":
    for name, example, does, meaning in ROWS:
        print(f"{name:38}{does:10}{example:48}{meaning}")
