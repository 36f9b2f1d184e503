"""The cases of the language: each program and what it must give, one a line of the data file.

A line is `ROW | program | result`, with `\\n` for a line end. A result is a value; `error CODE
line:column`; or the nodes of a network, sorted, as `name:Operation` or, for parameters, `name:P`
with the seed of random ones. In the part `config` the program is arguments behind the config
file, `->` and the key to look up. In the part `ndl` it is a script.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from xdsl.dialects.builtin import ModuleOp

from brainscript.diagnostic import BrainScriptError
from brainscript.dialects.net.base import NetOp, plain
from brainscript.dialects.net.network import network_of, node_name_of
from brainscript.dialects.net.parameters import InputOp, ParameterOp, ReadOp
from brainscript.dialects.registry import make_context
from brainscript.frontend.build import build_network, build_value
from brainscript.frontend.config import load_config
from brainscript.frontend.ndl.network import ndl_file
from brainscript.frontend.network_section import network_expression
from brainscript.frontend.parser import parse_expression
from brainscript.frontend.source import Sources, SourceText
from brainscript.passes.evaluate.plain import value_of
from brainscript.passes.registry import load_pass
from brainscript.settings import Settings

from .test_ndl import nodes

DATA = Path(__file__).parent / "language_cases.txt"
CONFIG = """\
A = [ m = 1 ; q = 2 ]
B = { m = 1 ; q = 2 }
Root = ".."
Data = "$Root$/data"
S = { x = "$Data$/t" ; rd = [ dim = 3 ] }
L = 1:2*3:4
PL = (;a:b;c)
O = a#b
"""
EDITING = "tools/test_editing.py"
ELSEWHERE = {
    "E41": (EDITING, "def test_row_e41_clones_have_their_own_parameters("),
    "E42": (EDITING, "def test_row_e42_clones_share_parameters("),
    "G10": (EDITING, "def test_row_g10_copies_and_freezes("),
    "G11": (EDITING, "def test_row_g11_makes_the_default_model("),
    "G12": (EDITING, '"G12": ("Rename '),
    "G13": (EDITING, '"G13": ("DeleteNode '),
    "G14": (EDITING, '"G14": (\'m2 = LoadModel '),
}
"""Rows that need a stored model, and the tests that run them."""
EVALUATE = ("bs-evaluate", "bs-prune", "bs-instantiate-parameters", "bs-to-net")


def cases() -> list[tuple[str, str, str, str]]:
    """Part, row, program and result of each line."""
    found: list[tuple[str, str, str, str]] = []
    part = ""
    for line in DATA.read_text().splitlines():
        if line.startswith("["):
            part = line.strip("[]")
        elif line:
            row, program, result = line.split(" | ")
            found.append((part, row, program, result))
    return found


def test_every_row_is_there() -> None:
    """The 219 rows, each in the data file or in a test of its own elsewhere."""
    rows = {row for _, row, _, _ in cases()}
    counts = {"A": 44, "B": 39, "C": 21, "D": 31, "E": 44, "F": 26, "G": 14}
    assert not rows & ELSEWHERE.keys()
    assert len(rows) + len(ELSEWHERE) == 219
    assert rows | set(ELSEWHERE) == {f"{c}{i}" for c, n in counts.items() for i in range(1, n + 1)}
    for file, test in ELSEWHERE.values():
        assert test in (DATA.parents[1] / file).read_text(), test


@pytest.mark.parametrize(("part", "row", "program", "result"), cases())
def test_case(
    part: str,
    row: str,
    program: str,
    result: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "x.bs").write_text('a = 5 include "y.bs"')
    (tmp_path / "y.bs").write_text("b = 7")
    (tmp_path / "e.bs").write_text("{v=3}")
    (tmp_path / "f.cntk").write_text(CONFIG)
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "f.cntk").write_text("Root = below")
    found = outcome(PARTS[part], program.replace("\\n", "\n"))
    said = capsys.readouterr().err
    if said:
        found += " after " + repr(said)
    assert found.replace("\n", "\\n") == result


def outcome(action: Callable[[str], str], program: str) -> str:
    try:
        return action(program)
    except BrainScriptError as error:
        first = error.diagnostics[0]
        place = f" {first.span.line}:{first.span.column}" if first.span else ""
        return f"error {first.code}{place}"


def value(program: str) -> str:
    module = build_value(parse_expression(SourceText("t.bs", program), Sources()))
    load_pass("bs-evaluate")().apply(make_context(), module)
    return shown(value_of(module))


def shown(found: object) -> str:
    """A value as the data file writes it."""
    if isinstance(found, float):
        return f"{found:g}"
    if isinstance(found, bool):
        return str(found).lower()
    if isinstance(found, list):
        return "[" + ", ".join(map(shown, found)) + "]"  # pyright: ignore[reportUnknownArgumentType]
    return repr(found)


def network(program: str) -> str:
    module = build_network(parse_expression(SourceText("t.bs", program), Sources()))
    for name in EVALUATE:
        load_pass(name)().apply(make_context(), module)
    return described(module)


def described(module: ModuleOp) -> str:
    """The nodes of a network, then its groups unless they are just all inputs as features."""
    found = network_of(module)
    assert found is not None
    seeds = {
        op.sym_name.data: plain(op.properties["seed"])
        for op in module.ops
        if isinstance(op, ParameterOp) and "seed" in op.properties
    }
    names: list[str] = []
    for op in found.block.ops:
        if isinstance(op, ReadOp):
            names.append(f"{op.target}:P{seeds.get(op.target, '')}")
        elif isinstance(op, InputOp):
            names.append(f"{op.node_name}:Input")
        elif isinstance(op, NetOp):
            names.append(f"{op.node_name}:{op.OPERATION}")
    inputs = [op.node_name for op in found.block.ops if isinstance(op, InputOp)]
    groups: dict[str, list[str]] = {}
    for group, node in found.roots.entries:
        groups.setdefault(group, []).append(node_name_of(node))
    if sorted(groups.get("feature", [])) == sorted(inputs):
        groups.pop("feature", None)
    lists = [f"{group}={','.join(members)}" for group, members in groups.items()]
    return " ".join([*sorted(names), *lists])


def config(program: str) -> str:
    """Arguments behind the config file, or before it if they end with `!`; `->` the key."""
    words, _, key = program.partition("->")
    arguments = [word.replace("~", " ") for word in words.split()]
    late = [word for word in arguments if not word.endswith("!")]
    early = [word[:-1] for word in arguments if word.endswith("!")]
    settings = load_config([*early, "configFile=f.cntk", *late], Sources())
    return lookup(settings, key.strip())


def lookup(settings: Settings, key: str) -> str:
    if key == "network":
        return shown(network_expression(settings))
    *sections, last = key.split("/")
    for section in sections:
        settings = settings.section(section)
    if last.endswith("[]"):
        return "[" + ", ".join(settings.texts(last[:-2])) + "]"
    if last.endswith("?"):
        return settings.text(last[:-1], "the default")
    return settings.text(last)


def script(program: str) -> str:
    made = nodes(ndl_file(SourceText("t.ndl", program), Sources()))
    return " ; ".join(f"{name} = {made[name]}" for name in sorted(made))


PARTS: dict[str, Callable[[str], str]] = {
    "values": value,
    "networks": network,
    "config": config,
    "ndl": script,
}
