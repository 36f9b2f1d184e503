"""Operations on sequences: compiled code and gradients against their definitions."""

from __future__ import annotations

import numpy as np
import pytest
from xdsl.dialects.builtin import ModuleOp

from brainscript.diagnostic import BrainScriptError
from brainscript.passes.gradient.sequence import TABLE
from test.numeric.networks import parse_network, random_symbols, run_passes
from test.numeric.reference import evaluate
from test.numeric.sequences import Compiled, check, in_order, inputs_for

LENGTHS = ([3, 1, 4, 2, 4], [1, 1, 1], [1], [5])
FLAGS = np.array([[1, 0, 1, 1, 0, 0, 1, 1, 0, 1, 0, 1, 1, 0]], float)

HEAD = """
%x = net.input "x" : S[{n}]
%f = net.input "f" : S[1]
%o = net.input "o" : !net.t<[{n}], {e}, @"b">
"""
BODIES = {
    "first": '%r = net.sequence_slice %x {end = 1, node = "r"} : !net.t<*, {e}>',
    "last": '%r = net.sequence_slice %x {begin = -1, node = "r"} : !net.t<*, {e}>',
    "all but the first": '%r = net.sequence_slice %x {begin = 1, node = "r"} : !net.t<*, {e}>',
    "last two": '%r = net.sequence_slice %x {begin = -2, node = "r"} : !net.t<*, {e}>',
    "first two": '%r = net.sequence_slice %x {end = 2, node = "r"} : !net.t<*, {e}>',
    "repeated": """
      %l = net.sequence_slice %x {begin = -1} : !net.t<*, {e}>
      %r = net.reconcile_dynamic_axis %l, %x {node = "r"} : !net.t<*, {e}>""",
    "a parameter for all": """
      %t = net.read @T : T[{n} x 2]
      %r = net.reconcile_dynamic_axis %t, %x {node = "r"} : !net.t<*, {e}>""",
    "another axis": '%r = net.reconcile_dynamic_axis %o, %x {node = "r"} : !net.t<*, {e}>',
    "sum": '%r = net.reduce %x {axis = -2, node = "r"} : !net.t<*, {e}>',
    "mixed": """
      %l = net.sequence_slice %x {begin = -1} : !net.t<*, {e}>
      %r = net.minus %o, %l {node = "r"} : !net.t<*, {e}>""",
    "gathered": """
      %w = net.where %f : !net.t<*, {e}>
      %i = net.packed_index %x, %w : !net.t<*, {e}>
      %r = net.gather_packed %i, %x {node = "r"} : !net.t<*, {e}>""",
    "scattered": """
      %w = net.where %f : !net.t<*, {e}>
      %i = net.packed_index %x, %w : !net.t<*, {e}>
      %g = net.gather_packed %i, %x : !net.t<*, {e}>
      %q = net.element_times %g, %g : !net.t<*, {e}>
      %r = net.scatter_packed %f, %i, %q {node = "r"} : !net.t<*, {e}>""",
    "embedded": """
      %s = net.sequence_slice %x {begin = -2} : !net.t<*, {e}>
      %r = net.sequence_embed %s {begin = -2, node = "r"} : !net.t<[{n}], {e}, @"*">""",
    "selected twice": """
      %w = net.where %f : !net.t<*, {e}>
      %i = net.packed_index %x, %w : !net.t<*, {e}>
      %g = net.gather_packed %i, %x : !net.t<*, {e}>
      %h = net.gather_packed %i, %f : !net.t<*, {e}>
      %w2 = net.where %h : !net.t<*, {e}>
      %i2 = net.packed_index %g, %w2 : !net.t<*, {e}>
      %g2 = net.gather_packed %i2, %g : !net.t<*, {e}>
      %l = net.sequence_slice %g2 {begin = -1} : !net.t<*, {e}>
      %k = net.reconcile_dynamic_axis %l, %x : !net.t<*, {e}>
      %r = net.plus %k, %x {node = "r"} : !net.t<*, {e}>""",
    "table": """
      %c = net.greater %f, %f : !net.t<*, {e}>
      %t = net.read @T : T[{n} x 2]
      %r = net.gather_packed %c, %t {node = "r"} : !net.t<*, {e}>""",
}
TABLE_SYMBOL = 'net.parameter @T : T[{n} x 2] {{init = "constant", value = 0.0}}'


def module_of(name: str, n: int = 3, precision: str = "double") -> ModuleOp:
    """The network of one case with one root, shapes and axes known."""
    element = "f64" if precision == "double" else "f32"
    body = (HEAD + BODIES[name] + "\nnet.roots output(%r)").replace("{n}", str(n))
    symbols = TABLE_SYMBOL.format(n=n) if "@T" in BODIES[name] else ""
    module = parse_network(body.replace("{e}", element), symbols, precision)
    return run_passes(module, "net-infer-shapes", "net-settle-axes")


def lengths_for(name: str, lengths: list[int]) -> dict[str, list[int]]:
    """The other axis: one step for each sequence, or the same lengths."""
    return {"*": lengths, "b": [1] * len(lengths)}


@pytest.mark.parametrize("lengths", LENGTHS, ids=str)
@pytest.mark.parametrize("name", BODIES)
def test_compiled_code_agrees_with_the_definition(name: str, lengths: list[int]):
    if name == "all but the first":
        lengths = [n + 1 for n in lengths]
    flags = {"f": np.resize(FLAGS, (1, sum(lengths)))}
    if name in ("gathered", "scattered", "selected twice"):
        starts = np.cumsum(lengths) - np.array(lengths)
        flags["f"][:, starts] = 1
    given = lengths_for(name, lengths)
    check(module_of(name), given, 1e-13, flags)
    for n in (1, 17):
        check(module_of(name, n, "float"), given, 1e-6, flags)


LEARNED = """
%id = net.input "id" : S[14]
%e = net.read @E : T[3 x 14]
%x = net.times %e, %id : S[3]
%f = net.input "f" : S[1]
%o1 = net.input "o1" : !net.t<[3], f64, @"b">
%u = net.read @U : T[3]
%o = net.element_times %o1, %u : !net.t<[3], f64, @"b">
"""
COST = """
%r2 = net.element_times %r, %r : !net.t<*, f64>
%r3 = net.cosine %r2 : !net.t<*, f64>
%cost = net.sum_elements %r3 {node = "c"} : T[1]
net.roots criterion(%cost)
"""
PARAMETERS = """
net.parameter @E : T[3 x 14] {init = "constant", value = 0.0}
net.parameter @U : T[3] {init = "constant", value = 0.0}
net.parameter @T : T[3 x 2] {init = "constant", value = 0.0}
"""


def worst_slope_error(name: str) -> float:
    """The largest difference between a gradient and the slope of the cost, over all parameters."""
    lengths = lengths_for(name, [3, 2, 4, 2, 3])
    body = LEARNED + BODIES[name].replace("{e}", "f64").replace("{n}", "3") + COST
    module = parse_network(body, PARAMETERS, "double")
    run_passes(module, "net-infer-shapes", "net-select", "net-settle-axes")
    inputs = inputs_for(module, lengths) | {"id": np.eye(14)}
    if "f" in inputs:
        inputs["f"] = FLAGS.copy()
        inputs["f"][:, [3, 9, 11]] = 1
    symbols = random_symbols(module)
    derived = run_passes(module.clone(), "net-gradient")
    gradients = evaluate(derived, inputs, symbols, lengths=lengths).gradients
    assert gradients
    worst = 0.0
    for symbol, gradient in gradients.items():
        direction = np.random.default_rng(5).uniform(-1, 1, gradient.shape)
        moved = [symbols | {symbol: symbols[symbol] + h * direction} for h in (1e-5, -1e-5)]
        costs = [evaluate(module, inputs, m, lengths=lengths).node("c")[0] for m in moved]
        slope = (costs[0] - costs[1]) / 2e-5
        worst = max(worst, abs(slope - float((gradient * direction).sum())))
    return worst


@pytest.mark.parametrize("name", BODIES)
def test_gradients_are_slopes(name: str):
    assert worst_slope_error(name) < 1e-7


CASES = {
    "net.sequence_slice": "last two",
    "net.sequence_embed": "embedded",
    "net.sequence_spread": "repeated",
    "net.sequence_fold": "sum",
    "net.gather_packed": "table",
    "net.broadcast_to": "a parameter for all",
    "net.scatter_columns": "scattered",
}
"""A case that uses each rule."""


def test_every_rule_has_a_case():
    rules = {key for key, row in TABLE.items() if any(row)}
    assert rules - {"net.forward_backward"} == set(CASES)  # that one: test_alignment.py


@pytest.mark.parametrize("key", CASES)
def test_a_rule_wrong_by_a_percent_is_found(monkeypatch: pytest.MonkeyPatch, key: str):
    row = list(TABLE[key])
    rule = row[-1]
    assert rule is not None
    row[-1] = lambda case: rule(case) * 1.01
    monkeypatch.setitem(TABLE, key, tuple(row))
    assert worst_slope_error(CASES[key]) > 1e-5


def test_results_do_not_depend_on_who_shares_the_minibatch():
    lengths = [3, 1, 4, 2, 4]
    for name in ("last", "repeated", "gathered", "scattered", "mixed", "sum", "selected twice"):
        module = module_of(name, 5, "float")
        given = lengths_for(name, lengths)
        inputs = inputs_for(module, given)
        inputs["f"] = np.ones((1, 14)) - (np.arange(14) % 3 == 1)
        compiled = Compiled(module)
        together = compiled.run(inputs, {}, given)["r"]
        order = [3, 0, 4, 1, 2]
        moved = {k: in_order(v, given["b" if k == "o" else "*"], order) for k, v in inputs.items()}
        new = {axis: [n[i] for i in order] for axis, n in given.items()}
        other = compiled.run(moved, {}, new)["r"]
        alone = [
            compiled.run(
                {k: in_order(v, given["b" if k == "o" else "*"], [i]) for k, v in inputs.items()},
                {},
                {axis: [n[i]] for axis, n in given.items()},
            )["r"]
            for i in range(5)
        ]
        assert np.array_equal(np.concatenate(alone, axis=-1), together), name
        assert np.array_equal(np.concatenate([alone[i] for i in order], axis=-1), other), name


def test_what_a_step_cannot_do_is_said():
    compiled = Compiled(module_of("gathered"))
    lengths = {"*": [2, 3], "b": [1, 1]}
    inputs = inputs_for(compiled.module, lengths)
    for flags, code in (
        ([1, 0, 0, 0, 0], "BS0634"),
        ([1, 0, 9, 9, 9], "BS0635"),
        ([0.5, 0, 1, 1, 1], ""),
    ):
        inputs["f"] = np.array([flags], float)
        if code:
            with pytest.raises(BrainScriptError) as error:
                compiled.run(inputs, {}, lengths)
            assert error.value.diagnostics[0].code == code
        else:
            assert compiled.run(inputs, {}, lengths)["r"].shape == (3, 4)
    sliced = Compiled(module_of("all but the first"))
    with pytest.raises(BrainScriptError) as error:
        sliced.run(inputs, {}, {"*": [1, 4], "b": [1, 1]})
    assert error.value.diagnostics[0].code == "BS0634"
    mixed = Compiled(module_of("another axis"))
    with pytest.raises(BrainScriptError) as error:
        mixed.run({**inputs, "o": np.zeros((3, 4))}, {}, {"*": [2, 3], "b": [1, 3]})
    assert error.value.diagnostics[0].code == "BS0636"
    with pytest.raises(BrainScriptError) as error:
        mixed.run({**inputs, "o": np.zeros((3, 1))}, {}, {"*": [2, 3], "b": [1]})
    assert error.value.diagnostics[0].code == "BS0636"
    unasked = Compiled(module_of("mixed"))
    with pytest.raises(BrainScriptError) as error:
        unasked.run({**inputs, "o": np.zeros((3, 3))}, {}, {"*": [2, 3], "b": [1, 2]})
    assert error.value.diagnostics[0].code == "BS0636", "no step is repeated unasked"


def test_an_index_beyond_a_table_is_said_where_there_is_one_axis():
    body = """
    %f = net.input "f" : S[1]
    %t = net.read @T : T[3 x 2]
    %r = net.gather_packed %f, %t {node = "r"} : !net.t<*, f64>
    net.roots output(%r)"""
    module = parse_network(body, TABLE_SYMBOL.format(n=3), "double")
    run_passes(module, "net-infer-shapes", "net-settle-axes")
    compiled, table = Compiled(module), {"T": np.arange(6.0).reshape(3, 2)}
    with pytest.raises(BrainScriptError) as error:
        compiled.run({"f": np.array([[0.0, 2.0]])}, table, {"*": [1, 1]})
    assert error.value.diagnostics[0].code == "BS0634"
    found = compiled.run({"f": np.array([[1.0, 0.0]])}, table, {"*": [1, 1]})["r"]
    assert np.array_equal(found, table["T"][:, ::-1])
