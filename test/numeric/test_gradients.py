"""Every gradient rule against finite differences, and the check itself against wrong rules."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from brainscript.dialects.net.kinds import KINDS
from brainscript.passes.gradient import sequence
from brainscript.passes.gradient.build import TABLES
from brainscript.passes.gradient.cases import Case, Rule, Table
from brainscript.passes.gradient.terms import Term
from test.numeric.differences import TOLERANCE, problem, worst_error
from test.numeric.gradient_cases import Check, all_checks
from test.numeric.networks import (
    close,
    parse_network,
    random_inputs,
    random_symbols,
    run_passes,
)
from test.numeric.reference import evaluate

CHECKS = {check.name: check for check in all_checks()}
SYMBOL = 'net.parameter @W : T[2 x 3] {init = "constant", value = 0.0}'
GIVEN = frozenset({"net.dummy_criterion", "net.lambda_rank", "net.normalise"})
"""Their gradient is data, whatever the slope is, or that of another operation."""
METRICS = {"net.classification_error", "net.ndcg1_eval"}
SOURCES = {
    "net.random_distribution",
    "net.random_sample",
    "net.random_sample_frequency",
    "net.environment",
    "net.packed_index",
}
REWRITTEN = {
    "net.batch_normalization",
    "net.dropout",
    "net.epoch_accumulator",
    "net.future_value",
    "net.optimized_rnn_stack",
    "net.past_value",
    "net.reconcile_dynamic_axis",
    "net.scatter_packed",
}
"""What has other operations in its place before gradients are taken, or gets them loop by loop."""
ROWS = [
    (table, key, index)
    for table in TABLES
    for key, row in table.items()
    for index, rule in enumerate(row)
    if rule is not None and key not in GIVEN and table is not sequence.TABLE
]
"""Rules of sequences are tried in `test_sequences.py` and `test_alignment.py`."""


@pytest.mark.parametrize("name", CHECKS)
def test_gradient_is_the_slope(name: str):
    assert worst_error(problem(CHECKS[name])) < TOLERANCE


def test_every_node_kind_has_rules_or_is_for_evaluation_only():
    rows = {key for table in TABLES for key in table}
    names = {kind.op.name for kind in KINDS.values()}
    without = {n for n in names if not any(r == n or r.startswith(f"{n}.") for r in rows)}
    assert without == METRICS | SOURCES | REWRITTEN


def scaled(rule: Rule) -> Callable[[Case], Term]:
    """The rule, wrong by one percent."""
    return lambda case: rule(case) * 1.01


def covering(key: str, index: int) -> list[Check]:
    """The cases that use a rule."""
    _, op, *variant = key.split(".")
    checks = [c for c in CHECKS.values() if c.op == op]
    if op == "logistic":
        checks = [c for c in checks if (len(c.operands) > 2) == bool(variant)]
    if op == "reduce":
        checks = [c for c in checks if f'"{variant[0]}"' in c.options]
    return [c for c in checks if c.operands[index].learned]


@pytest.mark.parametrize(("table", "key", "index"), ROWS, ids=[f"{k}[{i}]" for _, k, i in ROWS])
def test_a_rule_wrong_by_a_percent_is_found(
    monkeypatch: pytest.MonkeyPatch, table: Table, key: str, index: int
):
    row = list(table[key])
    rule = row[index]
    assert rule is not None
    row[index] = scaled(rule)
    monkeypatch.setitem(table, key, tuple(row))
    assert max(worst_error(problem(c)) for c in covering(key, index)[:4]) > 100 * TOLERANCE


def test_a_gradient_that_is_data():
    body = """
    %x = net.input "x" : S[3]
    %o = net.input "o" : S[1]
    %d = net.input "d" : S[2]
    %w = net.read @W : T[2 x 3]
    %z = net.times %w, %x : S[2]
    %c = net.dummy_criterion %o, %d, %z {node = "c"} : T[1]
    net.roots criterion(%c)
    """
    module = parse_network(body, SYMBOL, "double")
    run_passes(module, "net-select", "net-gradient")
    inputs = random_inputs(module)
    run = evaluate(module, inputs, random_symbols(module))
    assert close(run.node("c"), inputs["o"].sum().reshape(1), 1e-12)
    assert close(run.gradients["W"], inputs["d"] @ inputs["x"].T, 1e-12)
