"""The keys of `SimpleNetworkBuilder`, read and checked."""

from __future__ import annotations

from dataclasses import dataclass

from brainscript.diagnostic import BrainScriptError, Diagnostic, did_you_mean
from brainscript.settings import IntegerSchedule, Settings

KINDS = ("SIMPLENET", "SIMPLERNN", "LSTM", "LBLM", "NPLM", "CLASSLM", "CLASSLSTM", "CLSTM")
REFUSED = ("DEEPRNN", "NCELSTM", "CRF", "RCRF", "LSTMENCODER", "ALIGNMENT")
"""Kinds of networks that CNTK knew of and that its version 2 refuses: NCELSTM because its criterion
takes no bias that is a parameter, the others because their operations or readers are gone."""

LAYERS = {
    "sigmoid": "Sigmoid",
    "tanh": "Tanh",
    "rectifiedlinear": "RectifiedLinear",
    "relu": "RectifiedLinear",
    "none": "",
    "": "",
}
"""What `layerTypes` may say, in lower case, and the operation it means."""

TRAINING = (
    "CrossEntropyWithSoftmax",
    "CrossEntropy",
    "SquareError",
    "Logistic",
    "ClassCrossEntropyWithSoftmax",
)
EVALUATION = (*TRAINING, "ClassificationError", "ErrorPrediction")
REFUSED_CRITERIA = ("NoiseContrastiveEstimation", "SequenceWithSoftmax")
"""Criteria that CNTK reads and then has no network for."""
GATES = ("input", "forget", "output")
"""The gates of an LSTM cell, as keys name them."""


@dataclass(frozen=True)
class Options:
    """What the section says; sizes include the input and the output."""

    kind: str
    sizes: tuple[int, ...]
    layers: tuple[str, ...]
    training: str
    evaluation: str
    uniform: bool
    scale: float
    normalise: bool
    prior: bool
    dropout: bool
    recurrent: tuple[int, ...]
    hidden_activity: float
    lookup: int
    classes: int
    words: int
    order: int
    more_features: int
    sparse: bool
    gates: dict[str, float]
    open_gates: frozenset[str]
    constant_seed: bool

    @property
    def hidden(self) -> int:
        """The number of hidden layers."""
        return len(self.sizes) - 2

    def layer(self, index: int) -> str:
        """The operation of a hidden layer, counted from 0; the last one given repeats."""
        return self.layers[min(index, len(self.layers) - 1)]


WITHOUT_EFFECT = """
    randomSeedOffset addPrior useNoise outputLayerSize labelEmbeddingSize lookupTableOrderSizes
    streamSizes directConnect word2cls cls2index noise_number
    nodeType
""".split()
"""Keys that configs have and that CNTK passes over, or that are read elsewhere."""


def read_options(section: Settings) -> Options:
    """The options of a section; raises BrainScriptError for what it cannot mean."""
    for key in WITHOUT_EFFECT:
        section.has(key, inherited=False)
    return Options(
        kind=_kind(section),
        sizes=_sizes(section),
        layers=_layers(section),
        training=_criterion(section, "trainingCriterion", TRAINING),
        evaluation=_criterion(section, "evalCriterion", EVALUATION),
        uniform=section.boolean("uniformInit", True),
        scale=section.number("initValueScale", 1.0),
        normalise=section.boolean("applyMeanVarNorm", False),
        prior=section.boolean("needPrior", False),
        dropout=section.boolean("addDropoutNodes", False),
        recurrent=section.integers("recurrentLayer", IntegerSchedule(())).values,
        hidden_activity=section.number("defaultHiddenActivity", 0.1),
        lookup=section.integer("lookupTableOrder", 0),
        classes=section.integer("nbrClass", 0),
        words=section.integer("vocabSize", -1),
        order=section.integer("maOrder", 0),
        more_features=section.integer("auxfeatdim", 20),
        sparse=section.boolean("sparseInput", False),
        gates={gate: section.number(f"{gate}GateInitVal", -1.0) for gate in GATES},
        open_gates=frozenset(g for g in GATES if section.boolean(f"const{g}GateValue", False)),
        constant_seed=section.boolean("forceConstantRandomSeed", False),
    )


def _kind(section: Settings) -> str:
    kind = section.text("rnnType", "SIMPLENET").strip().upper()
    if kind in KINDS:
        return kind
    if kind in REFUSED:
        title = f"rnnType '{kind}' is not supported"
        raise _wrong(section, "rnnType", title, "describe the network in BrainScriptNetworkBuilder")
    raise _wrong(section, "rnnType", f"unknown rnnType '{kind}'", did_you_mean(kind, KINDS))


def _sizes(section: Settings) -> tuple[int, ...]:
    sizes = section.integers("layerSizes").values
    if len(sizes) < 2 or min(sizes) < 1:
        title = "'layerSizes' needs the size of the input, of each hidden layer and of the output"
        raise _wrong(section, "layerSizes", title, "for instance layerSizes = 784:200:10")
    return sizes


def _layers(section: Settings) -> tuple[str, ...]:
    found: list[str] = []
    for word in section.texts("layerTypes", ("Sigmoid",)):
        if word.strip().lower() not in LAYERS:
            known = ("Sigmoid", "Tanh", "RectifiedLinear", "None")
            remedy = did_you_mean(word, known) or f"known: {', '.join(known)}"
            raise _wrong(section, "layerTypes", f"unknown kind of layer '{word}'", remedy)
        found.append(LAYERS[word.strip().lower()])
    return tuple(found)


def _criterion(section: Settings, key: str, known: tuple[str, ...]) -> str:
    word = section.text(key, "CrossEntropyWithSoftmax").strip()
    by_lower = {name.lower(): name for name in known}
    found = by_lower.get(word.lower())
    if word.lower() in {name.lower() for name in REFUSED_CRITERIA}:
        title = f"criterion '{word}' is not supported"
        raise _wrong(section, key, title, f"known: {', '.join(known)}")
    if found is None:
        remedy = did_you_mean(word, known) or f"known: {', '.join(known)}"
        raise _wrong(section, key, f"unknown criterion '{word}'", remedy)
    return "ClassificationError" if found == "ErrorPrediction" else found


def _wrong(section: Settings, key: str, title: str, help: str) -> BrainScriptError:
    return BrainScriptError(Diagnostic("BS0360", title, section.span_of(key), help=help))
