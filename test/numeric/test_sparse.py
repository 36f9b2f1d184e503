"""Sparse inputs: products, gradients, updates and criteria against dense arithmetic in numpy."""

from __future__ import annotations

import numpy as np
import pytest

from brainscript.dialects.tensors import type_of
from brainscript.target import choose_target
from test.numeric import reference
from test.numeric.networks import (
    Array,
    close,
    parse_network,
    random_inputs,
    random_symbols,
    run_passes,
)
from test.numeric.programs import Compiled

PRODUCTS = """
%x = net.input "x" {sparse = true} : S[40]
%y = net.input "y" {sparse = true} : S[40]
%v = net.input "v" : S[40]
%w = net.read @W : T[37 x 40]
%u = net.read @U : T[40 x 3]
%p = net.read @P : T[5 x 8]
%q = net.read @Q : T[2 x 3 x 10]
%a = net.times %w, %x {node = "a"} : S[37]
%b = net.transpose_times %u, %x {node = "b"} : S[3]
%c = net.lookup_table %p, %y {node = "c"} : S[25]
%d = net.transpose_times %x, %v {node = "d"} : S[1]
%e = net.sum_elements %y {node = "e"} : T[1]
%f = net.tanh %x {node = "f"} : S[40]
%r = net.reshape %y {dims = [10, 4]} : S[10 x 4]
%g = net.times %q, %r {output_rank = 2, node = "g"} : S[2 x 3 x 4]
net.roots output(%a, %b, %c, %d, %e, %f, %g)
"""
TABLES = (("W", "37 x 40"), ("U", "40 x 3"), ("P", "5 x 8"), ("Q", "2 x 3 x 10"))
SYMBOLS = "\n".join(
    f'net.parameter @{name} : T[{shape}] {{init = "constant", value = 0.0}}'
    for name, shape in TABLES
)


def thinned(inputs: dict[str, Array], *names: str) -> dict[str, Array]:
    """The same with most elements 0, and all of every fourth sample."""
    random = np.random.default_rng(5)
    for name in names:
        inputs[name][random.random(inputs[name].shape) < 0.8] = 0.0
        inputs[name][..., ::4] = 0.0
    return inputs


@pytest.mark.parametrize(
    ("precision", "target"),
    [("float", ""), ("double", ""), ("float", "avx2"), ("float", "baseline"), ("double", "avx2")],
)
def test_products_of_sparse_samples(precision: str, target: str):
    module = parse_network(PRODUCTS, SYMBOLS, precision)
    compiled = Compiled(module, choose_target(target))
    types = [str(type_of(op.results[0])) for op in compiled.lowered.walk() if op.results]
    assert sum(text.endswith("sparse>") for text in types) >= 2
    for columns in (1, 16, 21):
        compiled.check(columns)
        inputs = thinned(random_inputs(module, columns), "x", "y")
        symbols = random_symbols(module)
        found = compiled.run(inputs, symbols, columns).outputs
        want = inputs["x"].T @ symbols["W"].T
        assert close(found["a"], want, 2e-5)
        assert close(found["b"], inputs["x"].T @ symbols["U"], 2e-5)
        assert compiled.run(inputs, symbols, columns, threads=2).outputs["a"].tobytes() == (
            found["a"].tobytes()
        )


LEARNING = """
%x = net.input "x" {sparse = true} : S[40]
%y = net.input "y" {sparse = true} : S[40]
%t = net.input "t" : S[37]
%w = net.read @W : T[37 x 40]
%a = net.times %w, %x : S[37]
%b = net.times %w, %y : S[37]
%z = net.plus %a, %b : S[37]
%se = net.square_error %t, %z {node = "se"} : T[1]
net.roots criterion(%se)
"""
RULES: list[dict[str, object]] = [
    {},
    {"clip": "norm"},
    {"clip": "elements"},
    {"l1": True},
    {"l2": True},
    {"rule": "adagrad"},
    {"rule": "adagrad", "average": False, "clip": "norm"},
    {"rule": "nesterov"},
    {"rule": "rmsprop"},
    {"rule": "fsadagrad"},
]


@pytest.mark.parametrize("options", RULES, ids=str)
def test_updates_of_a_table_that_two_sparse_inputs_share(options: dict[str, object]):
    module = parse_network(LEARNING, SYMBOLS.splitlines()[0], "double")
    run_passes(module, "net-select", "net-gradient")
    run_passes(module, "net-update", **options)
    compiled = Compiled(module)
    for columns in (1, 9):
        inputs = thinned(random_inputs(module, columns), "x", "y")
        symbols = random_symbols(module, low=0.1)
        check_states(compiled, inputs, symbols, columns)
    nothing = {**inputs, "x": inputs["x"] * 0, "y": inputs["y"] * 0}
    check_states(compiled, nothing, symbols, columns)


def check_states(
    compiled: Compiled, inputs: dict[str, Array], symbols: dict[str, Array], columns: int
) -> None:
    """What is written is what the same network with dense inputs writes."""
    want = reference.evaluate(compiled.module, inputs, symbols)
    found = compiled.run(inputs, symbols, columns)
    assert found.same_bits(compiled.run(inputs, symbols, columns, threads=2))
    for name, value in want.written.items():
        array = found.states[name].reshape(value.shape[::-1]).T
        assert close(array, value, 1e-10), name


CRITERIA = """
%y = net.input "y" {sparse = true} : S[11]
%x = net.input "x" : S[4]
%w = net.read @W : T[11 x 4]
%z = net.times %w, %x : S[11]
%ce = net.cross_entropy_with_softmax %y, %z {node = "ce"} : T[1]
%er = net.classification_error %y, %z {node = "er"} : T[1]
net.roots criterion(%ce), evaluation(%er)
"""


@pytest.mark.parametrize("target", ["", "avx2", "baseline"])
def test_criteria_on_sparse_labels(target: str):
    module = parse_network(
        CRITERIA, 'net.parameter @W : T[11 x 4] {init = "constant", value = 0.0}', "double"
    )
    run_passes(module, "net-select", "net-gradient", "net-update")
    compiled = Compiled(module, choose_target(target))
    random = np.random.default_rng(2)
    for columns in (1, 20):
        inputs, symbols = random_inputs(module, columns), random_symbols(module)
        inputs["y"] = np.eye(11)[:, random.integers(0, 11, columns)]
        check_states(compiled, inputs, symbols, columns)
        inputs["y"][:, ::3] = random.standard_normal(inputs["y"][:, ::3].shape)
        inputs["y"][:, 1::5] = 0.0
        check_states(compiled, inputs, symbols, columns)


FLOWING = """
%x = net.input "x" {sparse = true} : S[9]
%y = net.input "y" {sparse = true} : S[5]
%w = net.read @W : T[4 x 9]
%v = net.read @V : T[9 x 4]
%u = net.read @U : T[5 x 4]
%a = net.times %w, %x : S[4]
%b = net.transpose_times %v, %x : S[4]
%ab = net.plus %a, %b : S[4]
%h = net.tanh %ab : S[4]
%z = net.times %u, %h : S[5]
%ce = net.cross_entropy_with_softmax %y, %z {node = "ce"} : T[1]
net.roots criterion(%ce)
"""
MOVED = {"W": "4 x 9", "V": "9 x 4", "U": "5 x 4"}


@pytest.mark.parametrize("target", ["", "avx2", "baseline"])
def test_gradients_by_differences(target: str):
    """A step at rate 1 without momentum moves a parameter by what central differences say."""
    lines = [
        f'net.parameter @{n} : T[{s}] {{init = "constant", value = 0.0}}' for n, s in MOVED.items()
    ]
    value = parse_network(FLOWING, "\n".join(lines), "double")
    module = parse_network(FLOWING, "\n".join(lines), "double")
    run_passes(module, "net-select", "net-gradient", "net-update")
    step, loss = Compiled(module, choose_target(target)), Compiled(value, choose_target(target))
    inputs = thinned(random_inputs(module, 13), "x")
    inputs["y"] = np.eye(5)[:, np.arange(13) % 5]
    symbols = random_symbols(module)
    for name in symbols:
        if name.startswith("momentum.") or name == "hyper.momentum":
            symbols[name] = np.zeros_like(symbols[name])
    symbols["hyper.learning_rate"] = np.ones_like(symbols["hyper.learning_rate"])
    states = step.run(inputs, symbols, 13).states
    for name in MOVED:
        moved = symbols[name] - states[name].reshape(symbols[name].shape[::-1]).T
        want = np.zeros_like(moved)
        for place in np.ndindex(moved.shape):
            sides: list[float] = []
            for shift in (1e-5, -1e-5):
                changed = {**symbols, name: symbols[name].copy()}
                changed[name][place] += shift
                sides.append(float(loss.run(inputs, changed, 13).outputs["ce"].reshape(-1)[0]))
            want[place] = (sides[0] - sides[1]) / 2e-5
        assert close(moved, want, 1e-7), name


def test_an_index_that_occurs_twice_counts_twice():
    body = """
    %x = net.input "x" {sparse = true} : S[6]
    %w = net.read @W : T[2 x 6]
    %z = net.times %w, %x {node = "z"} : S[2]
    %d = net.tanh %x {node = "d"} : S[6]
    %l = net.input "l" : S[6]
    %e = net.classification_error %x, %l {node = "e"} : T[1]
    net.roots output(%z, %d, %e)
    """
    module = parse_network(
        body, 'net.parameter @W : T[2 x 6] {init = "constant", value = 0.0}', "double"
    )
    program = Compiled(module).program
    symbols = random_symbols(module)
    program.state.view("W")[...] = symbols["W"].T
    program.set_columns(3)
    rows = np.array([4, 1, 4, 5, 5, 2])
    values = np.array([0.5, 0.75, 0.5, -1.0, -1.0, -2.0])
    program.put_sparse("x", rows, values, np.array([0, 3, 3, 6]))
    program.input("l")[...] = np.eye(6)[[4, 0, 0]]
    program.run()
    dense = np.zeros((3, 6))
    dense[0, [1, 4]], dense[2, [2, 5]] = (0.75, 1.0), (-2.0, -2.0)
    assert close(program.output("z"), dense @ symbols["W"].T, 1e-12)
    assert close(program.output("d"), np.tanh(dense), 1e-12)
    assert float(program.output("e").reshape(-1)[0]) == 0.0
    with pytest.raises(ValueError, match="below 6"):
        program.put_sparse("x", rows + 1, values, np.array([0, 3, 3, 6]))


def test_the_bound_on_columns_touched_is_kept_small():
    module = parse_network(LEARNING, SYMBOLS.splitlines()[0], "double")
    run_passes(module, "net-select", "net-gradient", "net-update")
    program = Compiled(module).program
    program.expect_elements(2)
    program.set_columns({"*": 3})
    axis = next(axis for axis in program.image.axes if "/rows:" in axis)
    assert program.capacity[program.image.axes.index(axis)] == 2
