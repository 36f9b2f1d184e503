"""SimpleNetworkBuilder: nodes, names and seeds of each kind of network, and what is refused."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from brainscript.diagnostic import Diagnostic
from brainscript.frontend import syntax
from brainscript.frontend.network_section import network_expression
from brainscript.settings import Settings

from .test_ndl import nodes

Failing = Callable[[Callable[[], object]], Diagnostic]
Load = Callable[..., Settings]


def tree(load: Load, options: str) -> syntax.Expression:
    return network_expression(load(f"SimpleNetworkBuilder = [ {options} ]"))


def seeds(made: syntax.Expression) -> dict[str, float]:
    """The seeds of the random parameters."""
    assert isinstance(made, syntax.New)
    assert isinstance(made.operand, syntax.Record)
    found: dict[str, float] = {}
    for member in made.operand.members:
        if isinstance(member.value, syntax.New) and isinstance(member.value.operand, syntax.Record):
            fields = {field.name: field.value for field in member.value.operand.members}
            if isinstance(seed := fields.get("randomSeed"), syntax.Number):
                found[member.name.removeprefix(".")] = seed.value
    return found


def test_two_hidden_layers_with_everything(load: Load) -> None:
    made = tree(
        load,
        "layerSizes = 3:5:4:2 ; layerTypes = Sigmoid:Tanh ; applyMeanVarNorm = true ;"
        " needPrior = true ; addDropoutNodes = true ; evalCriterion = ErrorPrediction",
    )
    found = nodes(made)
    assert found == {
        "features": "InputValue",
        "MeanOfFeatures": "Mean features",
        "InvStdOfFeatures": "InvStdDev features",
        "MVNormalizedFeatures": "PerDimMeanVarNormalization features MeanOfFeatures"
        " InvStdOfFeatures",
        "W0": "LearnableParameter",
        "B0": "LearnableParameter",
        "W0*features": "Times W0 MVNormalizedFeatures",
        "W0*features+B0": "Plus W0*features B0",
        "H1": "Sigmoid W0*features+B0",
        "DropH1": "Dropout H1",
        "W1": "LearnableParameter",
        "B1": "LearnableParameter",
        "W1*H1": "Times W1 DropH1",
        "W1*H1+B1": "Plus W1*H1 B1",
        "H2": "Tanh W1*H1+B1",
        "DropH2": "Dropout H2",
        "W2": "LearnableParameter",
        "B2": "LearnableParameter",
        "W2*H1": "Times W2 DropH2",
        "HLast": "Plus W2*H1 B2",
        "labels": "InputValue",
        "CrossEntropyWithSoftmax": "CrossEntropyWithSoftmax labels HLast",
        "EvalClassificationError": "ClassificationError labels HLast",
        "Prior": "Mean labels",
        "LogOfPrior": "Log Prior",
        "ScaledLogLikelihood": "Minus HLast LogOfPrior",
        "PosteriorProb": "Softmax HLast",
        "featureNodes": "features",
        "labelNodes": "labels",
        "criterionNodes": "CrossEntropyWithSoftmax",
        "evaluationNodes": "EvalClassificationError",
        "outputNodes": "ScaledLogLikelihood",
    }
    assert seeds(made) == {"W0": 1, "W1": 2, "W2": 3}


def test_a_linear_network_and_layers_of_no_function(load: Load) -> None:
    found = nodes(tree(load, "layerSizes = 3:2"))
    assert found["HLast"] == "Plus W0*H-1 B0"
    assert found["W0*H-1"] == "Times W0 features"
    found = nodes(tree(load, "layerSizes = 3:4:2 ; layerTypes = None"))
    assert found["W1*H0"] == "Times W1 H1"


def test_one_criterion_serves_both_purposes(load: Load) -> None:
    options = "layerSizes = 2:1 ; trainingCriterion = squareError ; evalCriterion = SquareError"
    found = nodes(tree(load, options))
    assert found["criterionNodes"] == found["evaluationNodes"] == "SquareError"


def test_a_recurrent_layer_closes_a_loop(load: Load) -> None:
    made = tree(load, "rnnType = SIMPLERNN ; layerSizes = 9:4:5:9 ; recurrentLayer = 1")
    found = nodes(made)
    hidden = next(name for name, value in found.items() if value.startswith("Sigmoid"))
    (past,) = (name for name, value in found.items() if value.startswith("PastValue"))
    assert found[past] == f"PastValue 4 {hidden} defaultHiddenActivation=0.1"
    assert f"Times W0 {past}" in found.values()
    assert found["criterionNodes"] == found["evaluationNodes"] == "criterion"
    assert seeds(made) == {"U0": 1, "W0": 2, "U1": 3, "W2": 4}


def test_lstm_cells_have_peepholes(load: Load) -> None:
    made = tree(load, "rnnType = LSTM ; layerSizes = 9:4:9 ; recurrentLayer = 1")
    found = nodes(made)
    assert list(seeds(made)) == [
        *("WXO0", "WXI0", "WXF0", "WXC0", "WHI0", "WCI0", "WHF0", "WCF0"),
        *("WHO0", "WCO0", "WHC0", "W1"),
    ]
    operations = [value.split()[0] for value in found.values()]
    assert operations.count("DiagTimes") == 3
    assert operations.count("PastValue") == 2


def test_a_class_based_language_model(load: Load) -> None:
    found = nodes(
        tree(
            load,
            "rnnType = CLASSLM ; layerSizes = 9:4:9 ; recurrentLayer = 1 ; nbrClass = 3 ;"
            " trainingCriterion = ClassCrossEntropyWithSoftmax ;"
            " evalCriterion = ClassCrossEntropyWithSoftmax",
        )
    )
    criterion = found["TrainNodeClassBasedCrossEntropy"]
    assert criterion.startswith("ClassBasedCrossEntropyWithSoftmax labels AutoName")
    assert criterion.endswith(" W1 ClassPostProb")


def test_a_constant_seed(load: Load) -> None:
    made = tree(load, "layerSizes = 3:4:2 ; forceConstantRandomSeed = true")
    assert seeds(made) == {"W0": 1, "W1": 1}


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        ("layerTypes = Sigmoid", "BS0206", "layerSizes"),
        ("layerSizes = 3", "BS0360", "layerSizes"),
        ("layerSizes = 3:0:2", "BS0360", "layerSizes"),
        ("layerSizes = 3:2 ; layerTypes = Sigmod", "BS0360", "did you mean 'Sigmoid'"),
        ("layerSizes = 3:2 ; trainingCriterion = CrossEntrpy", "BS0360", "CrossEntropy"),
        ("layerSizes = 3:2 ; rnnType = NCELSTM", "BS0360", "not supported"),
        ("layerSizes = 3:2 ; rnnType = LSMT", "BS0360", "LSTM"),
        ("layerSizes = 3:2 ; rnnType = LSTM", "BS0360", "hidden layer"),
        ("layerSizes = 3:4:2 ; rnnType = CLASSLM", "BS0206", "nbrClass"),
        ("layerSizes = 3:4:2 ; rnnType = CLASSLM ; nbrClass = 2", "BS0360", "go with"),
    ],
)
def test_what_is_refused(load: Load, failing: Failing, options: str, code: str, words: str) -> None:
    found = failing(lambda: tree(load, options))
    assert found.code == code
    assert words in found.title + found.help
