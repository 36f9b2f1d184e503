"""Every operation and function of CNTK's library: here, tested, or refused with a reason.

`every_operation.txt` lists the names by family, `every_function.bs` uses each function that is made
of others or of leaves.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest

from brainscript.dialects.net.kinds import KINDS
from brainscript.dialects.registry import make_context
from brainscript.frontend import syntax
from brainscript.frontend.build import build_network
from brainscript.frontend.building.library import library_members
from brainscript.frontend.building.unsupported import REFUSED
from brainscript.frontend.parser import parse_members
from brainscript.frontend.source import SourceText
from brainscript.passes.gradient.build import TABLES
from brainscript.passes.registry import load_pass
from test.numeric.formulas import ELEMENTWISE, SPECIAL
from test.numeric.gradient_cases import all_checks
from test.numeric.test_gradients import GIVEN, METRICS, REWRITTEN, SOURCES

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
MODULES = {
    "convolution": ("convolution", "pooling", "crop"),
    "sequence": ("sequence", "recurrence", "rnn_stack", "alignment"),
}
"""The files of a family, where they are not one of its own name."""


@cache
def names() -> dict[str, tuple[str, ...]]:
    """The names of every family."""
    found: dict[str, tuple[str, ...]] = {}
    for line in (HERE / "every_operation.txt").read_text().splitlines():
        family, *listed = line.split()
        found[family] = (*found.get(family, ()), *listed)
    return found


NODES = [
    (family, name)
    for family, listed in names().items()
    if family not in ("function", "refused")
    for name in listed
]


@cache
def written() -> str:
    """The text of all tests of numbers."""
    files = sorted((ROOT / "test").rglob("*.py"))
    return "\n".join(p.read_text() for p in files if p != Path(__file__))


@pytest.mark.parametrize(("family", "name"), NODES, ids=[name for _, name in NODES])
def test_operation_is_there_and_its_numbers_are_checked(family: str, name: str):
    op = KINDS[name].op
    module = op.__module__.rpartition(".")[2]
    assert module in MODULES.get(family, (family,))
    has_value = op.name in ELEMENTWISE or op.name in SPECIAL
    assert has_value or op.name in written() or f"'{name}'" in written()
    rows = {key for table in TABLES for key in table}
    derived = any(row == op.name or row.startswith(f"{op.name}.") for row in rows)
    checked = op.name.removeprefix("net.") in {check.op for check in all_checks()}
    if derived and op.name not in GIVEN:
        assert checked or op.name in written()
    else:
        assert op.name in GIVEN | METRICS | SOURCES | REWRITTEN


def test_every_kind_is_listed():
    listed = {name for _, name in NODES}
    aliases = {name for name, kind in KINDS.items() if kind.op.OPERATION != name}
    assert KINDS.keys() - listed <= aliases | {"SequenceSlice"}


def test_every_function_builds():
    text = (HERE / "every_function.bs").read_text()
    for name in names()["function"]:
        assert re.search(rf"(?<![\w.]){re.escape(name)}\b", text), name
    module = build_network(parse_members(SourceText("every_function.bs", text)))
    for name in ("bs-evaluate", "bs-prune", "bs-instantiate-parameters", "bs-to-net"):
        load_pass(name)().apply(make_context(), module)
    load_pass("net-infer-shapes")().apply(make_context(), module)
    module.verify()


def public_names() -> set[str]:
    """Every name of the library that a config can write, those of namespaces with their path."""
    found: set[str] = set()
    known = {member.name: member.value for member in library_members()}
    todo = [("", member) for member in library_members()]
    while todo:
        path, member = todo.pop()
        if member.name.startswith("_"):
            continue
        value = member.value
        if isinstance(value, syntax.Name) and isinstance(known.get(value.name), syntax.Record):
            value = known[value.name]
        if isinstance(value, syntax.Record):
            todo += [(f"{path}{member.name}.", inner) for inner in value.members]
        else:
            found.add(path + member.name)
    return found


def test_every_operation_has_a_function_of_its_name():
    kinds = {name for _, name in NODES} - {"LegacyReshape"}
    assert kinds <= public_names()


def test_every_public_name_of_the_library_is_tested():
    listed = {name for line in names().values() for name in line}
    tables = [ROOT / "test/frontend" / name for name in ("language_cases.txt", "layers.txt")]
    texts = [*tables, *(ROOT / "test").rglob("*.bs")]
    texts += (ROOT / "test" / "configs").rglob("*.cntk")
    cases = "\n".join(path.read_text("utf-8-sig") for path in texts)
    for name in public_names() - listed:
        assert re.search(rf"(?<![\w.]){re.escape(name)}\b", cases + written()), name


def test_what_is_refused_is_on_its_page_with_the_reason():
    page = (ROOT / "docs" / "refused.md").read_text()
    rows = dict(re.findall(r"^\| `(\w+)` \| (.*) \|$", page, re.M))
    assert rows == REFUSED
    assert set(names()["refused"]) <= REFUSED.keys()
    assert not REFUSED.keys() & KINDS.keys()
