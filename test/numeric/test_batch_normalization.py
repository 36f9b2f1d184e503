"""Batch normalisation: values, running statistics, gradients; as written and as compiled."""

from __future__ import annotations

from math import inf, prod
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from xdsl.dialects.builtin import ModuleOp

from brainscript.diagnostic import BrainScriptError
from brainscript.dialects.net.network import symbols_of
from brainscript.passes.gradient import normalise
from brainscript.passes.gradient.cases import Case, Rule
from brainscript.passes.gradient.terms import Term
from test.numeric.formulas_normalise import Norm, trained
from test.numeric.networks import close, network, parse_network, run_passes
from test.numeric.programs import Compiled
from test.numeric.reference import evaluate

Array = npt.NDArray[Any]
Values = dict[str, Array]

SHAPES: dict[str, tuple[str, tuple[int, ...], str]] = {
    "features": ("5", (), ""),
    "wide": ("67", (), ""),
    "image": ("4 x 3 x 5", (0, 1), "spatial = true, "),
    "channels first": ("5 x 4 x 3", (1, 2), 'spatial = true, layout = "HWC", '),
    "planes": ("6 x 7 x 40", (0, 1), "spatial = true, "),
    "one channel": ("6 x 7 x 1", (0, 1), "spatial = true, "),
}
"""Sample shape, the axes that are taken together, and the options that say so."""
NORMS = [
    Norm(),
    Norm(time=10.0),
    Norm(time=-1.0),
    Norm(time=inf),
    Norm(time=inf, blend=inf),
    Norm(time=20.0, blend=3.0),
]


def module_of(shape: str, norm: Norm, precision: str = "double") -> ModuleOp:
    """The sum of the squares of `a .* BatchNormalization (w .* x) + x .* g` as a criterion."""
    sample, _, options = SHAPES[shape]
    rows = statistics_of(shape)
    constants = ", ".join(
        f"{name} = {'0x7FF0000000000000 : f64' if value == inf else value}"
        for name, value in (("time_constant", norm.time), ("blend_time_constant", norm.blend))
    )
    frozen = 'init = "constant", value = 0.0, learning_rate_multiplier = 0.0'
    one = 'init = "constant", value = 1.0'
    symbols = f"""
    net.parameter @w : T[{sample}] {{{one}}}
    net.parameter @scale : T[{rows} x 1] {{{one}}}
    net.parameter @bias : T[{rows} x 1] {{{one}}}
    net.parameter @mean : T[{rows} x 1] {{{frozen}}}
    net.parameter @variance : T[{rows} x 1] {{{frozen}}}
    net.parameter @count : T[1] {{{frozen}}}
    """
    operands = "%z, %s, %b, %m, %v, %n"
    body = f"""
    %x = net.input "x" : S[{sample}]
    %g = net.input "g" : S[{sample}]
    %w = net.read @w : T[{sample}]
    %s = net.read @scale : T[{rows} x 1]
    %b = net.read @bias : T[{rows} x 1]
    %m = net.read @mean : T[{rows} x 1]
    %v = net.read @variance : T[{rows} x 1]
    %n = net.read @count : T[1]
    %z = net.element_times %w, %x {{node = "z"}} : S[{sample}]
    %y = net.batch_normalization {operands} {{node = "y", {options}{constants}}} : S[{sample}]
    %r = net.rectified_linear %y {{node = "r"}} : S[{sample}]
    %p = net.element_times %r, %g {{node = "p"}} : S[{sample}]
    %c = net.sum_elements %p {{node = "c"}} : T[1]
    net.roots criterion(%c), output(%y)
    """
    return parse_network(body, symbols, precision)


def statistics_of(shape: str) -> int:
    sample, together, _ = SHAPES[shape]
    dims = [int(d) for d in sample.split(" x ")]
    return prod(d for k, d in enumerate(dims) if k not in together)


def values_of(shape: str, columns: int, count: float = 7.0) -> tuple[Values, Values]:
    """Inputs, and the parameters by name, with their old statistics."""
    random = np.random.default_rng(columns + len(shape))
    dims = tuple(int(d) for d in SHAPES[shape][0].split(" x "))
    rows = statistics_of(shape)
    inputs = {
        "x": random.normal(1.0, 2.0, (*dims, columns)),
        "g": random.normal(size=(*dims, columns)),
    }
    symbols = {
        "w": random.uniform(0.5, 1.5, dims),
        "scale": random.uniform(0.5, 2.0, (rows, 1)),
        "bias": random.normal(size=(rows, 1)),
        "mean": random.normal(size=(rows, 1)),
        "variance": random.uniform(0.5, 2.0, (rows, 1)),
        "count": np.array([count]),
    }
    return inputs, symbols


def broadcast(shape: str, symbols: Values) -> Values:
    """The parameters so that they broadcast over a sample."""
    sample, together, _ = SHAPES[shape]
    dims = [int(d) for d in sample.split(" x ")]
    wide = [1 if k in together else d for k, d in enumerate(dims)]
    alike = ("scale", "bias", "mean", "variance")
    return {k: v.reshape(wide, order="F") if k in alike else v for k, v in symbols.items()}


def norm_for(shape: str, norm: Norm) -> Norm:
    return Norm(norm.time, norm.blend, norm.epsilon, SHAPES[shape][1])


def states(module: ModuleOp, symbols: Values) -> Values:
    """Values for all symbols: those given, and zeros for the state."""
    found = dict(symbols)
    for name, symbol in symbols_of(network(module)).items():
        found.setdefault(name, np.zeros(symbol.type.shape or ()))
    found["hyper.learning_rate"] = np.array([1.0])
    return found


@pytest.mark.parametrize("shape", ["features", "image", "channels first"])
@pytest.mark.parametrize("norm", NORMS, ids=str)
@pytest.mark.parametrize("count", [0.0, 7.0])
def test_training_is_the_definition(shape: str, norm: Norm, count: float):
    module = run_passes(module_of(shape, norm), "net-select")
    run_passes(module, "net-set-mode", training=True)
    inputs, symbols = values_of(shape, 6, count)
    run = evaluate(module, inputs, states(module, symbols))
    seen = broadcast(shape, symbols)
    z = inputs["x"] * symbols["w"][..., None]
    value, after = trained(norm_for(shape, norm), z, seen)
    assert close(run.node("y"), value, 1e-12)
    if norm.frozen:
        assert not run.written
        return
    for name in ("mean", "variance"):
        assert close(run.written[name].ravel("F"), after[name].ravel("F"), 1e-12), name
    assert run.written["count"][0] == after["count"][0]


@pytest.mark.parametrize("norm", NORMS, ids=str)
@pytest.mark.parametrize("shape", ["features", "image"])
def test_gradients_are_slopes(shape: str, norm: Norm):
    inputs, symbols = values_of(shape, 6)
    for name, exact, numeric in slopes(shape, norm, inputs, symbols):
        assert abs(exact - numeric) < 1e-6 * max(1.0, abs(numeric)), name


@pytest.mark.parametrize("index", [0, 1, 2])
def test_a_rule_wrong_by_a_percent_is_found(monkeypatch: pytest.MonkeyPatch, index: int):
    row = list(normalise.TABLE["net.normalise"])
    rule = row[index]
    assert rule is not None
    row[index] = scaled(rule)
    monkeypatch.setitem(normalise.TABLE, "net.normalise", tuple(row))
    inputs, symbols = values_of("image", 6)
    found = slopes("image", Norm(time=20.0, blend=3.0), inputs, symbols)
    assert max(abs(exact - numeric) for _, exact, numeric in found) > 1e-3


def scaled(rule: Rule) -> Any:
    def wrong(case: Case) -> Term:
        return rule(case) * 1.01

    return wrong


def slopes(
    shape: str, norm: Norm, inputs: Values, symbols: Values
) -> list[tuple[str, float, float]]:
    """Of each learned parameter, the derivative along a direction and the central difference."""
    module = run_passes(module_of(shape, norm), "net-select")
    run_passes(module, "net-set-mode", training=True)
    run_passes(module, "net-gradient")
    gradients = evaluate(module, inputs, states(module, symbols)).gradients
    norm = norm_for(shape, norm)

    def cost(moved: Values) -> float:
        y, _ = trained(norm, inputs["x"] * moved["w"][..., None], broadcast(shape, moved))
        return float((np.maximum(y, 0) * inputs["g"]).sum())

    random, found = np.random.default_rng(9), list[tuple[str, float, float]]()
    for name in ("w", "scale", "bias"):
        direction = random.uniform(-1, 1, symbols[name].shape)
        ends = [cost(symbols | {name: symbols[name] + s * 1e-6 * direction}) for s in (1, -1)]
        exact = float((gradients[name].reshape(direction.shape, order="F") * direction).sum())
        found.append((name, exact, (ends[0] - ends[1]) / 2e-6))
    return found


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("columns", [5, 16, 37])
def test_compiled_steps_agree_and_threads_give_the_same_bits(shape: str, columns: int):
    for norm, precision, bound in (
        (Norm(time=10.0), "double", 1e-10),
        (Norm(time=20.0, blend=3.0), "float", 1e-4),
    ):
        module = run_passes(module_of(shape, norm, precision), "net-select")
        run_passes(module, "net-set-mode", training=True)
        run_passes(module, "net-gradient", "net-update")
        inputs, symbols = values_of(shape, columns)
        symbols = states(module, symbols)
        want = symbols | evaluate(module, inputs, symbols).written
        compiled = Compiled(module)
        got = compiled.run(inputs, symbols, columns)
        assert got.same_bits(compiled.run(inputs, symbols, columns, threads=2))
        for name in ("w", "scale", "bias", "mean", "variance", "count"):
            assert close(got.states[name].ravel(), want[name].ravel("F"), bound), name


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("columns", [2, 3])
def test_few_values_far_from_zero_keep_their_digits(shape: str, columns: int):
    """The first minibatch in single precision: squares of the values have no digits to spare."""
    module = run_passes(module_of(shape, Norm(time=10.0), "float"), "net-select", mode="train")
    run_passes(module, "net-set-mode", training=True)
    run_passes(module, "net-update")
    inputs, symbols = values_of(shape, columns)
    zeros = {name: 0 * symbols[name] for name in ("mean", "variance", "count")}
    symbols = states(module, symbols | zeros | {"w": 0 * symbols["w"] + 1})
    inputs["x"] = (1000 + inputs["x"]).astype(np.float32).astype(np.float64)
    _, after = trained(norm_for(shape, Norm(time=10.0)), inputs["x"], broadcast(shape, symbols))
    found = Compiled(module).run(inputs, symbols, columns).states
    for name in ("mean", "variance"):
        assert close(found[name].ravel(), after[name].ravel("F"), 1e-6), name


@pytest.mark.parametrize("shape", SHAPES)
def test_elsewhere_the_running_statistics_count(shape: str):
    module = run_passes(module_of(shape, Norm(time=10.0)), "net-select", mode="write")
    run_passes(module, "net-set-mode")
    inputs, symbols = values_of(shape, 5)
    own = {k: v[..., None] for k, v in broadcast(shape, symbols).items()}
    z = inputs["x"] * own["w"]
    want = (z - own["mean"]) / np.sqrt(own["variance"] + 1e-5) * own["scale"] + own["bias"]
    got = Compiled(module).run(inputs, symbols, 5)
    rows = np.stack([want[..., i].ravel("F") for i in range(5)])
    assert close(got.outputs["y"].reshape(5, -1), rows, 1e-12)
    assert not any(op.name == "net.write" for op in module.walk())


def test_a_normalisation_shared_by_two_branches_moves_its_statistics_twice():
    body = """
    %x = net.input "x" : S[2]
    %u = net.input "u" : S[2]
    %s = net.read @scale : T[2 x 1]
    %b = net.read @bias : T[2 x 1]
    %m = net.read @mean : T[2 x 1]
    %v = net.read @variance : T[2 x 1]
    %n = net.read @count : T[1]
    %y = net.batch_normalization %x, %s, %b, %m, %v, %n {node = "y", time_constant = -1.0} : S[2]
    %z = net.batch_normalization %u, %s, %b, %m, %v, %n {node = "z", time_constant = -1.0} : S[2]
    %p = net.element_times %y, %z : S[2]
    %c = net.sum_elements %p {node = "c"} : T[1]
    net.roots criterion(%c)
    """
    kinds = {name: "2 x 1" for name in ("scale", "bias", "mean", "variance")} | {"count": "1"}
    text = "\n".join(
        f'net.parameter @{name} : T[{kind}] {{init = "constant", value = 0.0}}'
        for name, kind in kinds.items()
    )
    module = run_passes(parse_network(body, text, "double"), "net-select")
    run_passes(module, "net-set-mode", training=True)
    run_passes(module, "net-update")
    random = np.random.default_rng(1)
    inputs = {"x": random.normal(size=(2, 4)), "u": random.normal(3.0, 1.0, (2, 4))}
    symbols = {name: np.zeros([int(d) for d in kind.split(" x ")]) for name, kind in kinds.items()}
    symbols = states(module, symbols | {"scale": np.ones((2, 1))})
    found = Compiled(module).run(inputs, symbols, 4).states
    both = np.concatenate([inputs["x"], inputs["u"]], axis=1)
    assert found["count"][0] == 8
    assert close(found["mean"].ravel(), both.mean(axis=1), 1e-12)


def test_scale_must_be_a_parameter():
    body = """
    %x = net.input "x" : S[2]
    %s = net.read @s : T[2 x 1]
    %t = net.pass %s : T[2 x 1]
    %y = net.batch_normalization %x, %t, %s, %s, %s {node = "y"} : S[2]
    net.roots output(%y)
    """
    symbol = 'net.parameter @s : T[2 x 1] {init = "constant", value = 0.0}'
    with pytest.raises(BrainScriptError, match="the scale of 'y' must be a parameter") as caught:
        run_passes(parse_network(body, symbol), "net-set-mode")
    assert caught.value.diagnostics[0].code == "BS0417"
