"""What all kinds of simple networks have in common: input, dropout, criteria, prior."""

from __future__ import annotations

from brainscript.frontend.simple.nodes import Nodes


def features(net: Nodes, sparse: bool = False) -> str:
    """The input, normalised by mean and deviation where the section asks for it."""
    node = net.input("features", net.options.sizes[0], "feature", sparse)
    if not net.options.normalise:
        return node
    mean = net.add("Mean", node, name="MeanOfFeatures")
    deviation = net.add("InvStdDev", node, name="InvStdOfFeatures")
    operation = "PerDimMeanVarNormalization"
    return net.add(operation, node, mean, deviation, name="MVNormalizedFeatures")


def activation(net: Nodes, node: str, layer: int, name: str = "") -> str:
    """The function of a layer, counted from 0; a layer of kind `None` is its argument.

    The argument is the last node; it takes over the name of the layer where there is one.
    """
    operation = net.options.layer(layer)
    if operation:
        return net.add(operation, node, name=name)
    return net.rename(name) if name else node


def dropped(net: Nodes, node: str, name: str = "") -> str:
    """The node behind a dropout where the section asks for it."""
    return net.add("Dropout", node, name=name) if net.options.dropout else node


def scaled(net: Nodes, label: str, output: str) -> str:
    """The output less the logarithm of the prior where the section asks for it."""
    if not net.options.prior:
        return output
    log = net.add("Log", net.add("Mean", label, name="Prior"), name="LogOfPrior")
    return net.add("Minus", output, log, name="ScaledLogLikelihood")


def criteria(
    net: Nodes, label: str, output: str, names: tuple[str, str] = ("", ""), *more: str
) -> None:
    """Training criterion and evaluation criterion; one node when they are the same.

    `more` are inputs that a class-based criterion has besides label and output.
    """
    training, evaluation = net.options.training, net.options.evaluation
    made = net.add(_operation(training), label, output, *more, name=names[0] or training)
    net.group("criterion", made)
    if evaluation != training:
        error = evaluation == "ClassificationError"
        name = names[1] or ("EvalClassificationError" if error else evaluation)
        made = net.add(_operation(evaluation), label, output, *more, name=name)
    net.group("evaluation", made)


def _operation(criterion: str) -> str:
    class_based = criterion == "ClassCrossEntropyWithSoftmax"
    return "ClassBasedCrossEntropyWithSoftmax" if class_based else criterion
