"""NDL scripts: which nodes they make, what is refused, and where."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from brainscript.diagnostic import Diagnostic
from brainscript.frontend import syntax
from brainscript.frontend.ndl.network import ndl_file
from brainscript.frontend.network_section import network_expression
from brainscript.frontend.source import Sources, SourceText
from brainscript.settings import Settings

Failing = Callable[[Callable[[], object]], Diagnostic]
Load = Callable[..., Settings]

INPUTS = "x = Input(3, tag=feature)\nW = Parameter(2, 3)\n"
LAYER = "F(a, w) { t = Times(w, a) ; s = Sigmoid(t) }\n"


def nodes(tree: syntax.Expression) -> dict[str, str]:
    """Each node, or list of nodes, with what makes it: `Operation inputs`, or a call."""
    assert isinstance(tree, syntax.New)
    assert isinstance(tree.operand, syntax.Record)
    return {m.name.removeprefix("."): made_by(m.value) for m in tree.operand.members}


def made_by(value: syntax.Expression) -> str:
    if isinstance(value, syntax.Call):
        assert isinstance(value.function, syntax.Name)
        arguments = [f"{a.name}={word(a.value)}" for a in value.arguments if a.name]
        inputs = [word(a.value) for a in value.arguments if not a.name]
        return " ".join([value.function.name, *inputs, *arguments])
    if isinstance(value, syntax.ArrayLiteral):
        return " ".join(map(word, value.items))
    if isinstance(value, syntax.Name):
        return word(value)
    assert isinstance(value, syntax.New)
    assert isinstance(value.operand, syntax.Record)
    fields = {member.name: member.value for member in value.operand.members}
    operation, inputs = fields["operation"], fields.get("inputs")
    assert isinstance(operation, syntax.String)
    return f"{operation.value} {made_by(inputs)}" if inputs else operation.value


def word(value: syntax.Expression) -> str:
    if isinstance(value, syntax.Number):
        return f"{value.value:g}"
    if isinstance(value, syntax.Bool | syntax.String):
        return str(value.value)
    if isinstance(value, syntax.ArrayLiteral):
        return ":".join(map(word, value.items))
    assert isinstance(value, syntax.Name)
    return value.name.removeprefix(".")


def made(text: str) -> dict[str, str]:
    return nodes(ndl_file(SourceText("net.ndl", text), Sources()))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("h = Times(W, x)", {"h": "Times W x"}),
        ("h = tanh(TIMES(w, X))", {"unnamed1": "Times W x", "h": "Tanh unnamed1"}),
        (LAYER + "h = F(x, W)", {"h.t": "Times W x", "h.s": "Sigmoid h.t"}),
        (LAYER + "h = F(x, W)\ny = Tanh(h)", {"y": "Tanh h.s"}),
        (LAYER + "h = F(x, W)\ny = Tanh(H.T)", {"y": "Tanh h.t"}),
        ("F(a) [ t = Tanh(a) ; F = Exp(t) ; s = Log(t) ]\nh = F(x)\ny = Abs(h)",
         {"h.s": "Log h.t", "y": "Abs h.F"}),
        ("G(a) = Tanh(Sigmoid(a))\nh = G(x)",
         {"h.unnamed2": "Sigmoid x", "h.unnamed1": "Tanh h.unnamed2"}),
        ("G(a) = { Tanh(a) }\nh = G(x)\ny = Exp(h)", {"y": "Exp h.unnamed1"}),
        ("G(a) = [ t = Tanh(a)\n u = Exp(t) ]\nh = G(x)", {"h.u": "Exp h.t"}),
        ("G(a)\n[\n t = Tanh(a)\n]\nh = G(G(x))",
         {"unnamed1.t": "Tanh x", "h.t": "Tanh unnamed1.t"}),
        ("y = Plus(a, b)\na = Exp(x)\nb = Log(x)", {"y": "Plus a b"}),
        (LAYER + "G(p) [ z = Tanh(p.t) ]\nh = F(x, W)\ng = G(h)", {"g.z": "Tanh h.t"}),
        (LAYER + "G(a, w) [ f = F(a, w) ; y = Exp(f.s) ]\nh = G(x, W)\nz = Abs(h.f.t)",
         {"h.f.t": "Times W x", "z": "Abs h.f.t"}),
        ("G(a) = [ y = Dropout(a) ; z = Plus(y, b) ]\nb = Exp(x)\nh = G(x)", {"h.z": "Plus h.y b"}),
        ("h = Scale(0.5, x)", {"unnamed1": "LearnableParameter", "h": "ElementTimes unnamed1 x"}),
        ("h = Exp(x) , y = Log(h) ; z = Abs(y)", {"z": "Abs y"}),
        ("k = x\nh = Exp(k)", {"k": "InputValue", "h": "Exp k"}),
        ("k = y\ny = Exp(x)\nh = Exp(k)", {"y": "Exp x", "h": "Exp y"}),
        ("OutputNodes = x", {"x": "InputValue", "outputNodes": "x"}),
        (LAYER + "h = F(x, W)\nOutputNodes = h",
         {"OutputNodes.t": "Times W x", "outputNodes": "OutputNodes.s"}),
        (LAYER + "h = F(x, W)\nOutputNodes = (h)", {"outputNodes": "h.s"}),
        (LAYER + "G(a, w) [ f = F(a, w) ; g = f ]\nh = G(x, W)\nz = h\ny = Abs(h)",
         {"z.g.t": "Times W x", "y": "Abs z.g.s"}),
        ("h = PastValue(2, y, timeStep=2)\ny = Tanh(h)",
         {"h": "PastValue 2 y timeStep=2 defaultHiddenActivation=0.1"}),
        ("n = 2\nh = Delay(n, 1, x, defaultHiddenActivity=0)",
         {"h": "PastValue 2 x timeStep=1 defaultHiddenActivation=0"}),
        ("h = RowSlice(0, 2, x)", {"h": "RowSlice 0 2 x"}),
        ("h = Reshape(x, 2, imageWidth=4, imageHeight=3, imageChannels=2)",
         {"h": "NewReshape x 2:4:3"}),
        ("h = Pooling(x, max, (2:2), stride={2, 2}, autoPadding=false)",
         {"h": "Pooling x max 2:2 stride=2:2 autoPadding=False lowerPad=0 upperPad=0"
               " imageLayout=CHW"}),
        ("h = ErrorPrediction(x, x, tag=EVAL)", {"evaluationNodes": "h"}),
        ("h = Exp(x) ; y = Log(x)\nOutputNodes = (h:y)\nEvalNodes = h",
         {"outputNodes": "EvalNodes y", "evaluationNodes": "EvalNodes"}),
        (LAYER + "h = F(x, W, tag=Criteria)", {"criterionNodes": "h.s"}),
        (LAYER + "h = Exp(x) ; h.f = F(x, W)\ny = Abs(h.f.t)\nz = Abs(H.F)",
         {"h": "Exp x", "h.f.t": "Times W x", "y": "Abs h.f.t", "z": "Abs h.f.s"}),
    ],
)  # fmt: skip
def test_what_a_script_makes(text: str, expected: dict[str, str]) -> None:
    found = made(INPUTS + text)
    assert {name: found.get(name) for name in expected} == expected


def test_parameters_come_first_in_the_order_of_the_script() -> None:
    text = (
        "h = Times(W, x)\nx = Input(3)\nM(a) [ V = Parameter(1, 1) ]\nm = M(x)\nW = Parameter(2, 3)"
    )
    assert list(made(text)) == ["m.V", "W", "h", "x"]


@pytest.mark.parametrize(
    ("text", "code", "place"),
    [
        ("y = F(x)\nF(a) = Tanh(a)", "BS0352", "3:5"),
        ("x = Input(3)", "BS0354", "3:1"),
        ("times = Input(2)", "BS0354", "3:1"),
        ("G(se) = Tanh(se)", "BS0354", "3:3"),
        (LAYER + LAYER, "BS0354", "4:1"),
        (LAYER + "h = F(x)", "BS0355", "4:5"),
        ("h = Sigmund(x)", "BS0352", "3:5"),
        ("h = Tanh(y)", "BS0353", "3:10"),
        ("h = Tanh(W.t)", "BS0353", "3:10"),
        ("a = b\nb = a\nh = Tanh(a)", "BS0353", "3:5"),
        ("V = Parameter(x, 2)", "BS0355", "1:5"),
        ("h = Exp(x, tag=Features)", "BS0356", "3:16"),
        ("h = Tanh x", "BS0351", "3:5"),
        ("h = Tanh(x) + 1", "BS0351", "3:13"),
        ("Tanh(x)", "BS0351", "3:1"),
        ("R(a) = [ r = R(a) ]\nh = R(x)", "BS0351", "3:14"),
        ("h = Convolution(W, x, 3, 3, 2, 1, 1, imageLayout=WHC)", "BS0355", "3:5"),
        ("h = Convolution(W, x, 9, 9, 1, 3, 3, 2, 1, 1)", "BS0355", "3:5"),
        ("h = GMMLL(x, x, x, x)", "BS0317", "3:5"),
        ("h = Pooling(x, min, 2)", "BS0355", "3:5"),
        ("V = Parameter(2, 2*9999999)", "BS0351", ""),
        (LAYER + "h = F(x, W)\nh.t = Exp(x)", "BS0354", "5:7"),
        ("h. = Exp(x)", "BS0351", "3:1"),
    ],
)
def test_what_is_refused(failing: Failing, text: str, code: str, place: str) -> None:
    found = failing(lambda: made(INPUTS + text))
    assert found.code == code, found
    assert not place or str(found.span) == f"net.ndl:{place}"


@pytest.mark.parametrize(
    ("text", "label", "help"),
    [
        ("h = x - 1", "", "there are no operators: write Plus (a, b)"),
        ("h = Tanh x", "", "a call is written Name(argument, ..."),
        ("outputNodes = (x:y)", "each item of a list must be a node", ""),
        ("h = Input($dim$)", "", "write dim=... on the command line"),
    ],
)
def test_what_to_do_instead(failing: Failing, text: str, label: str, help: str) -> None:
    found = failing(lambda: made(INPUTS + text))
    assert label in found.label
    assert help in found.help


def test_scripts_and_macros_from_the_config_and_from_files(load: Load, tmp_path: Path) -> None:
    (tmp_path / "m.ndl").write_text("L(a) = [ y = Exp(a) ] # a macro\n")
    (tmp_path / "n.ndl").write_text(
        "load=more\nrun=net\nmore=[ K(a) = Log(a) ]\nnet=[ h = L(K($in$)) ; x = Input($width$) ]\n"
    )
    inline = "Script = [ x = Input($n$) ; h = L(x) ]\n"
    for builder, names in (
        ("[ run=Script ; ndlMacros=m.ndl ]", ["x", "h.y"]),
        (
            "[ networkDescription=n.ndl ; ndlMacros=$in$.ndl+m.ndl ; width = $n$ ]",
            ["unnamed1.unnamed2", "h.y", "x"],
        ),
    ):
        (tmp_path / "x.ndl").write_text("")
        text = f"n = 3\nin = x\n{inline}train = [ NDLNetworkBuilder = {builder} ]"
        tree = network_expression(load(text).section("train"), Sources())
        assert list(nodes(tree)) == names


def test_run_may_name_the_section_itself(load: Load) -> None:
    train = load(
        "run = NDLNetworkBuilder\ntrain = [ NDLNetworkBuilder = [ x = Input(2) ; y = Exp(x) ] ]"
    ).section("train")
    assert list(nodes(network_expression(train, Sources()))) == ["x", "y"]
    assert not train.unknown_keys(), "the nodes are no keys"


@pytest.mark.parametrize(
    ("builder", "code"),
    [
        ("[ load = a ]", "BS0206"),
        ("[ run = nothing ]", "BS0350"),
        ("[ networkDescription = missing.ndl ]", "BS0101"),
        ("[ networkDescription = n.ndl ; run = nothing ]", "BS0350"),
    ],
)
def test_sections_that_are_not_there(
    load: Load, failing: Failing, tmp_path: Path, builder: str, code: str
) -> None:
    (tmp_path / "n.ndl").write_text("net = [ x = Input(2) ]")
    settings = load(f"a = [ M(x) = Exp(x) ]\nNDLNetworkBuilder = {builder}")
    assert failing(lambda: network_expression(settings)).code == code
