"""The section `SimpleNetworkBuilder` to a list of nodes."""

from __future__ import annotations

from collections.abc import Callable

from brainscript.diagnostic import BrainScriptError, Diagnostic
from brainscript.frontend import syntax
from brainscript.frontend.simple.feedforward import feedforward
from brainscript.frontend.simple.language_models import log_bilinear, window_model
from brainscript.frontend.simple.memory import memory_network
from brainscript.frontend.simple.nodes import Nodes
from brainscript.frontend.simple.options import Options, read_options
from brainscript.frontend.simple.recurrent import class_based, recurrent
from brainscript.settings import Settings

BUILD: dict[str, Callable[[Nodes], None]] = {
    "SIMPLENET": feedforward,
    "SIMPLERNN": recurrent,
    "LSTM": memory_network,
    "LBLM": log_bilinear,
    "NPLM": window_model,
    "CLASSLM": class_based,
    "CLASSLSTM": memory_network,
    "CLSTM": memory_network,
}


def simple_section(key: str, settings: Settings) -> syntax.New:
    """The network of `SimpleNetworkBuilder = [ layerSizes = 784:200:10 ... ]`."""
    section = settings.section(key)
    options = read_options(section)
    _check(section, options)
    net = Nodes(section.span, options)
    BUILD[options.kind](net)
    return net.tree()


def _check(section: Settings, options: Options) -> None:
    """Raise BrainScriptError for options that do not go together."""
    classes = options.kind in ("CLASSLM", "CLASSLSTM", "CLSTM")
    if classes and options.classes < 1:
        raise section.missing("nbrClass")
    if classes != (options.training == "ClassCrossEntropyWithSoftmax"):
        title = f"rnnType {options.kind} does not go with criterion {options.training}"
        remedy = "only CLASSLM, CLASSLSTM and CLSTM train with ClassCrossEntropyWithSoftmax"
        span = section.span_of("trainingCriterion")
        raise BrainScriptError(Diagnostic("BS0360", title, span, help=remedy))
    if options.kind == "CLASSLM" and options.words not in (-1, options.sizes[-1]):
        title = f"vocabSize {options.words} is not the size of the output, {options.sizes[-1]}"
        span = section.span_of("vocabSize")
        raise BrainScriptError(Diagnostic("BS0360", title, span, help="make them equal"))
    needed = 2 if options.lookup > 0 and "LSTM" in options.kind else 1
    hidden_layers = options.kind not in ("SIMPLENET", "LBLM")
    if hidden_layers and options.hidden < needed:
        title = f"rnnType {options.kind} needs a hidden layer"
        span = section.span_of("layerSizes")
        raise BrainScriptError(Diagnostic("BS0360", title, span))
