"""Each pass alone, passes in turn, and the same network through printed text at every stage."""

from __future__ import annotations

from collections.abc import Callable
from io import StringIO

import pytest
from xdsl.dialects.builtin import ModuleOp
from xdsl.parser import Parser
from xdsl.printer import Printer

from brainscript.dialects.bs import ApplyOp, IfOp, LambdaOp, NodeOp, ParameterOp
from brainscript.dialects.registry import make_context
from brainscript.frontend.build import build_network, build_value
from brainscript.frontend.parser import parse_expression
from brainscript.frontend.source import SourceText
from brainscript.passes.evaluate.plain import value_of
from brainscript.passes.registry import load_pass

EVALUATE = ("bs-evaluate", "bs-prune", "bs-instantiate-parameters", "bs-to-net")

MLP = """{
    features = Input{2} ; labels = Input{2, tag='label'}
    h1 = DenseLayer{50, activation=Sigmoid, init='uniform'}(features)
    z = LinearLayer{2}(h1)
    ce = CrossEntropyWithSoftmax(labels, z) ; errs = ClassificationError(labels, z, topN=1)
    criterionNodes = (ce) ; evaluationNodes = (errs) ; outputNodes = (z)
}"""
SOFTPLUS = """{
    Softplus (x, steepness=1) =
        if steepness == 1
        then Log (Constant(1) + Exp (x))
        else {
            steepnessAsConstant = Constant (steepness)
            y = Reciprocal (steepnessAsConstant) .* Softplus (steepnessAsConstant .* x)
        }.y
    x = Input{3}
    beta = ParameterTensor {1, initValue=1}
    z = x .* Softplus (beta, steepness=4)
}"""
LAYERS = """{
    Layers = {
        AffineLayer (x, m, n) = ParameterTensor {(m:n), init='heNormal'} * x
                                + ParameterTensor {m, initValue=0}
        NLLayer (x, m, n, f) = f (AffineLayer (x, m, n))
        SigmoidLayer (x, m, n) = NLLayer (x, m, n, Sigmoid)
        SoftplusLayer (x, m, n) = NLLayer (x, m, n, (x => Log (Constant(1) + Exp(x))))
        ReLULayer (x, m, n) = NLLayer (x, m, n, RectifiedLinear)
    }
    SDim = 28*28 ; HDim = 256 ; LDim = 10
    features = Input {SDim} ; labels = Input {LDim}
    h = Layers.ReLULayer (features, HDim, SDim)
    g = Layers.SoftplusLayer (h, HDim, HDim)
    z = Layers.AffineLayer (g, LDim, HDim)
    ce = CrossEntropyWithSoftmax (labels, z)
    featureNodes = (features) ; labelNodes = (labels) ; criterionNodes = (ce)
}"""
STACK = """{
    x = Input{4}
    L[i:0..2] = LinearLayer{4, bias=(i < 2)}
    go (n, v) = if n < 0 then v else Tanh (L[n] (go (n - 1, v)))
    twice = go (2, x) + go (1, 2 * x)
    z = Sequential (array[0..1](i => DenseLayer{3 + i, activation=ReLU}) : Sigmoid >> Exp) (twice)
}""".replace(
    "array[0..1](i => DenseLayer{3 + i, activation=ReLU}) : Sigmoid >> Exp",
    "DenseLayer{3, activation=ReLU} : (Sigmoid >> Exp)",
)
PROGRAMS = {"mlp": MLP, "softplus": SOFTPLUS, "layers": LAYERS, "stack": STACK}


def built(text: str) -> ModuleOp:
    return build_network(parse_expression(SourceText("t.bs", text)))


def run(module: ModuleOp, *passes: str) -> ModuleOp:
    for name in passes:
        load_pass(name)().apply(make_context(), module)
        module.verify()
    return module


def text_of(module: ModuleOp) -> str:
    stream = StringIO()
    Printer(stream).print_op(module)
    return stream.getvalue()


def again(module: ModuleOp) -> ModuleOp:
    """The module read back from its printed form, which prints the same again."""
    text = text_of(module)
    read = Parser(make_context(), text).parse_module()
    read.verify()
    assert text_of(read) == text
    return read


@pytest.mark.parametrize("name", PROGRAMS)
def test_text_between_any_two_passes(name: str) -> None:
    direct = text_of(run(built(PROGRAMS[name]), *EVALUATE))
    module = again(built(PROGRAMS[name]))
    for step in EVALUATE:
        module = again(run(module, step))
    assert text_of(module) == direct


@pytest.mark.parametrize("name", PROGRAMS)
@pytest.mark.parametrize("first", ["bs-inline", "bs-fold", "bs-prune"])
def test_any_pass_first_gives_the_same_network(name: str, first: str) -> None:
    direct = text_of(run(built(PROGRAMS[name]), *EVALUATE))
    module = again(run(built(PROGRAMS[name]), first))
    assert text_of(run(module, *EVALUATE)) == direct


def test_inline_and_fold_in_turn_reach_the_same_network() -> None:
    direct = text_of(run(built(SOFTPLUS), *EVALUATE))
    module = built(SOFTPLUS)
    for _ in range(20):
        before = text_of(module)
        run(module, "bs-inline", "bs-fold")
        if text_of(module) == before:
            break
    assert not any(isinstance(op, ApplyOp) for op in run(module, "bs-prune").walk())
    assert text_of(run(module, *EVALUATE)) == direct


def test_inline_alone_ends_on_recursion() -> None:
    module = run(built(SOFTPLUS), "bs-inline")
    kept = [op for op in module.walk() if isinstance(op, IfOp) and op.parent_op() is not None]
    assert any(isinstance(op.parent_op(), LambdaOp) for op in kept)
    assert any(not isinstance(op.parent_op(), LambdaOp) for op in kept)


def test_fold_alone_leaves_calls() -> None:
    text = "{f(n) = if n == 0 then 1 else n * f(n - 1) ; r = (2 + 3) * f(4 - 1)}.r"
    module = build_value(parse_expression(SourceText("t.bs", text)))
    run(module, "bs-fold")
    assert any(isinstance(op, ApplyOp) for op in module.walk())
    assert value_of(run(module, "bs-evaluate")) == 30


def test_a_named_function_is_its_lambda() -> None:
    use = "x = Input{3} ; z = sqr(x) - sqr(2)}"
    named = built("{sqr (x) = x .* x ; " + use.replace("- sqr(2)", "- 1"))
    anonymous = built("{sqr = (x => x .* x) ; " + use.replace("- sqr(2)", "- 1"))
    assert text_of(named) == text_of(anonymous)


COUNTS: list[tuple[str, int, int]] = [
    ("z = 2 * ParameterTensor{3}", 1, 1),
    ("z = ParameterTensor{3} + ParameterTensor{3}", 2, 1),
    ("sqr(x) = x .* x ; z = 2 * sqr(ParameterTensor{3})", 1, 2),
    ("sqr(x) = x .* x ; p = ParameterTensor{3} ; z = sqr(p) + sqr(p)", 1, 3),
    ("W = ParameterTensor{3} ; z = W .* W .* W", 1, 2),
    ("L(u) = DenseLayer{3, bias=false}(u) ; x = Input{3} ; z = L(L(x))", 2, 3),
    ("L = DenseLayer{3, bias=false} ; x = Input{3} ; z = L(L(x))", 1, 3),
    ("Layer(x,m,n,f) = f(ParameterTensor{(m:n)} * x) ; S(x) = Layer(x,3,3,Sigmoid) ; x = Input{3}"
     " ; z = S(S(x))", 2, 5),
]  # fmt: skip


@pytest.mark.parametrize(("program", "parameters", "nodes"), COUNTS)
def test_one_evaluation_makes_one_parameter(program: str, parameters: int, nodes: int) -> None:
    module = run(built("{" + program + "}"), "bs-evaluate", "bs-prune")
    made = [op for op in module.walk() if isinstance(op, ParameterOp) and op.hidden is None]
    assert len(made) == parameters
    assert sum(isinstance(op, NodeOp) for op in module.walk()) == nodes


def test_what_nobody_demands_is_not_built() -> None:
    module = built("{x = Input{2} ; z = Sigmoid(x)}")
    assert sum(isinstance(op, LambdaOp) for op in module.walk()) == 2


def test_closures_in_place_of_currying(network: Callable[..., ModuleOp]) -> None:
    text = "{scale(k) = (x => k * x) ; twice = scale(2) ; a = Input{2} ; z = Sigmoid(twice(a))}"
    nodes = [op for op in network(text, "bs-evaluate", "bs-prune").walk() if isinstance(op, NodeOp)]
    assert sorted(op.kind.data for op in nodes) == ["ElementTimes", "InputValue", "Sigmoid"]
