"""Networks printed as BrainScript build equal networks; the text is one that people can read."""

from __future__ import annotations

from pathlib import Path

import pytest
from xdsl.dialects.builtin import ModuleOp

from brainscript.diagnostic import BrainScriptError, CommandLineError
from brainscript.dialects.net.network import network_of, node_name_of
from brainscript.dialects.net.parameters import ParameterOp
from brainscript.dialects.registry import make_context
from brainscript.frontend import syntax
from brainscript.frontend.build import build_network
from brainscript.frontend.config import load_config
from brainscript.frontend.ndl.network import ndl_file
from brainscript.frontend.network_section import network_expression
from brainscript.frontend.parser import parse_members
from brainscript.frontend.source import Sources, SourceText
from brainscript.frontend.writing.network_text import brainscript_text
from brainscript.passes.pipeline import PIPELINES
from brainscript.passes.registry import load_pass
from brainscript.tools.frontdoor import network_of_config

GOLDEN = Path(__file__).resolve().parents[3] / "shared" / "golden"


def built(tree: syntax.Expression, precision: str = "float") -> ModuleOp:
    module = build_network(tree, precision=precision)
    for name in PIPELINES["evaluate"]:
        load_pass(name)().apply(make_context(), module)
    return module


def members(text: str) -> syntax.Record:
    return parse_members(SourceText("n.bs", text), Sources())


def script(text: str) -> syntax.Expression:
    return ndl_file(SourceText("n.ndl", text), Sources())


def facts(module: ModuleOp) -> dict[str, object]:
    """Everything of a network but its order: nodes, parameters, groups."""
    network = network_of(module)
    assert network is not None
    found: dict[str, object] = {}
    for op in module.ops:
        if isinstance(op, ParameterOp):
            found["@" + op.sym_name.data] = sorted((k, str(v)) for k, v in op.properties.items())
    for op in network.block.ops:
        if op.results:
            options = sorted((k, str(v)) for k, v in op.properties.items())
            inputs = [node_name_of(value) for value in op.operands]
            found[node_name_of(op.results[0])] = (op.name, inputs, options, str(op.results[0].type))
    for group, value in network.roots.entries:
        found[f"{group} {node_name_of(value)}"] = True
    return found


def printed(tree: syntax.Expression) -> str:
    """The text of a network, after the check that it builds an equal one."""
    module = built(tree)
    text = brainscript_text(module)
    assert facts(built(members(text))) == facts(module)
    return text


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("x = Input {3}\nz = Sigmoid (x)", "z = Sigmoid (x)"),
        ("x = Input {(2:3)}\nl = Input {3, tag='label'}", "l = Input {3, tag=''}"),
        ("x = Input {3, dynamicAxis='words', sparse=true}",
         "x = Input {3, dynamicAxis='words', sparse=true}"),
        ("W = ParameterTensor {(2:3), init='gaussian', learningRateMultiplier=0.5}",
         "W = ParameterTensor {(2:3), init='gaussian', learningRateMultiplier=0.5, randomSeed=1}"),
        ("W = ParameterTensor {2, initValue=-0.25}", "W = ParameterTensor {2, initValue=-0.25}"),
        ("x = Input {3}\nz = ParameterTensor {(2:0)} * x",
         "z_TimesArgs_0 = new ComputationNode { operation = 'LearnableParameter' ; dims = (2:3) ;"
         " init = 'uniform' ; randomSeed = 1 ; nodeName = 'z.TimesArgs[0]' ; tag = '' }"),
        ("x = Input {3}\nl = Input {3}\nCrossEntropyWithSoftmax = CrossEntropyWithSoftmax_ (l, x)\n"
         "CrossEntropyWithSoftmax_ (a, b) = new ComputationNode"
         " { operation = 'CrossEntropyWithSoftmax' ; inputs = (a : b) }",
         "CrossEntropyWithSoftmax = new ComputationNode { operation = 'CrossEntropyWithSoftmax' ;"
         " inputs = (l : x) ; tag = '' }"),
        ("x = Input {3}\nl = Input {3}\nce = CrossEntropyWithSoftmax (l, x)",
         "ce = CrossEntropyWithSoftmax (l, x)"),
        ("x = Input {3}\nr = { t = Tanh (x) ; u = Exp (t) }\nz = Log (r.u)", "    u = Exp (t)"),
        ("a = Input {3}\nz = Sigmoid (ParameterTensor {(3:3)} * PastValue (3, z, timeStep=2) + a)\n"
         "outputNodes = (z)", "outputNodes = (z)"),
        ("x = Input {2}\n_BS = 2 * x",
         "__BS = ParameterTensor {1, initValue=2, learningRateMultiplier=0}"),
    ],
)  # fmt: skip
def test_networks(text: str, line: str) -> None:
    assert line in printed(members(text)).splitlines()


MACRO = "x = Input(3, tag=feature)\nM(a) [ t = Tanh(a) ; u = Exp(t) ; w = Log(t) ]\n"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (MACRO + "h = M(x)\ny = Abs(h.u) ; z = Abs(h)", "    u = Exp (t)"),
        (MACRO + "h = M(x)\ny = Abs(h)",
         "h_u = new ComputationNode { operation = 'Exp' ; inputs = (h.t) ; nodeName = 'h.u' ;"
         " tag = '' }"),
        ("x = Input(3)\nM(a) [ x = Tanh(a) ; y = Exp(a) ; z = Plus(x, y) ]\nh = M(x)\ng = Abs(h)",
         "x = Input {3, tag=''}"),
        (MACRO + "h = M(M(x))\ny = Plus(h.u, h.w)", "    u = Exp (t)"),
        ("Length = Input(3)\nz = Times(W, Length)\nW = Parameter(2, 3)",
         "z = Times (W, Length)"),
        ("x = Input(3)\nZ = Input(2)\nPlus2 = Plus(x, x)\ny = PastValue(3, y2)\ny2 = Plus(y, x)",
         "y2 = Plus (y, x)"),
    ],
)  # fmt: skip
def test_scripts(text: str, line: str) -> None:
    assert line in printed(script(text)).splitlines()


NESTED = """
Affine(a, r, c) [ W = Parameter(r, c) ; b = Parameter(r, init=fixedValue)
                  Affine = Plus(Times(W, a), b) ]
Layer(a, r, c) [ z = Affine(a, r, c) ; y = Sigmoid(z) ]
x = Input(3, tag=feature) ; l = Input(2, tag=label)
h1 = Layer(x, 4, 3) ; h2 = Layer(h1, 5, 4) ; out = Affine(h2, 2, 5)
ce = CrossEntropyWithSoftmax(l, out, tag=criterion) ; err = ErrorPrediction(l, out, tag=eval)
"""
LOOP = """
Cell(a, n) [ W = Parameter(n, 3) ; R = Parameter(n, n) ; p = PastValue(n, h, timeStep=2)
             h = Tanh(Plus(Times(W, a), Times(R, p))) ]
x = Input(3, tag=feature) ; c = Cell(x, 4) ; z = Reciprocal(Exp(c), tag=output)
"""


@pytest.mark.parametrize("text", [NESTED, LOOP])
def test_macros_of_ndl(text: str) -> None:
    printed(script(text))


CLASSES = (
    "layerSizes = 9:3:4:5:9 ; lookupTableOrder = 1 ; nbrClass = 3 ; addDropoutNodes = true ;"
    " trainingCriterion = classCrossEntropyWithSoftmax ;"
    " evalCriterion = classCrossEntropyWithSoftmax"
)


@pytest.mark.parametrize(
    "options",
    [
        f"rnnType = CLASSLSTM ; {CLASSES}",
        "rnnType = LSTM ; layerSizes = 9:4:9 ; needPrior = true ; applyMeanVarNorm = true",
        "layerSizes = 3:5:4:2 ; layerTypes = Tanh ; needPrior = true ; applyMeanVarNorm = true",
    ],
)
def test_simple_networks(options: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("f.cntk").write_text(f"SimpleNetworkBuilder = [ {options} ]")
    printed(network_expression(load_config(["configFile=f.cntk"], Sources())))


def test_texts_have_no_escapes() -> None:
    text = """W = ParameterTensor {1, initFromFilePath="it's"}"""
    assert """initFromFilePath="it's\"""" in printed(members(text))


def test_a_step_is_not_printed() -> None:
    module = built(members("x = Input {2}\nz = Sigmoid (x)\noutputNodes = (z)"))
    network = network_of(module)
    assert network is not None
    module.body.block.detach_op(network)
    with pytest.raises(CommandLineError):
        brainscript_text(module)


@pytest.mark.skipif(not GOLDEN.exists(), reason="the recorded runs are not beside the checkout")
def test_recorded_configs(monkeypatch: pytest.MonkeyPatch) -> None:
    count = 0
    for case in sorted(GOLDEN.glob("*/*/case.cntk"))[::15]:
        monkeypatch.chdir(case.parent)
        try:
            tree, precision = network_of_config("case.cntk", [], None, Sources())
            module = built(tree, precision)
        except BrainScriptError:
            continue
        count += 1
        text = brainscript_text(module)
        assert facts(built(members(text), precision)) == facts(module), case.parent.name
    assert count > 5
