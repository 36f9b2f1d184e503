"""The keys of `SimpleNetworkBuilder`, read and checked."""

from __future__ import annotations

from dataclasses import dataclass

from brainscript.diagnostic import BrainScriptError, Diagnostic, did_you_mean
from brainscript.settings import IntegerSchedule, Settings

KINDS = ("SIMPLENET", "SIMPLERNN", "LSTM", "CLASSLM", "CLASSLSTM")
REFUSED = ("DEEPRNN", "LBLM", "NPLM", "NCELSTM", "CLSTM", "RCRF", "LSTMENCODER", "ALIGNMENT")
"""Kinds of networks that CNTK knew of; their operations or readers are gone since version 2."""

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
    gates: dict[str, float]
    constant_seed: bool

    @property
    def hidden(self) -> int:
        """The number of hidden layers."""
        return len(self.sizes) - 2

    def layer(self, index: int) -> str:
        """The operation of a hidden layer, counted from 0; the last one given repeats."""
        return self.layers[min(index, len(self.layers) - 1)]


WITHOUT_EFFECT = ("randomSeedOffset", "addPrior", "useNoise", "vocabSize", "outputLayerSize")
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
        gates={
            gate: section.number(f"{gate}GateInitVal", -1.0)
            for gate in ("input", "forget", "output")
        },
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
    if found is None:
        remedy = did_you_mean(word, known) or f"known: {', '.join(known)}"
        raise _wrong(section, key, f"unknown criterion '{word}'", remedy)
    return "ClassificationError" if found == "ErrorPrediction" else found


def _wrong(section: Settings, key: str, title: str, help: str) -> BrainScriptError:
    return BrainScriptError(Diagnostic("BS0360", title, section.span_of(key), help=help))
