"""Random programs: what is printed parses to the same tree; damaged text gives diagnostics only."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brainscript.diagnostic import BrainScriptError, render
from brainscript.frontend.config import parse_config
from brainscript.frontend.ndl.network import ndl_file
from brainscript.frontend.network_section import network_expression
from brainscript.frontend.parser import parse_expression, parse_members
from brainscript.frontend.print_tree import tree_text
from brainscript.frontend.source import Sources, SourceText

NAMES = st.sampled_from(["a", "b2", "_", "with1", "Layer"])
LEAVES = st.one_of(NAMES, st.sampled_from(["1", "2.5", ".5", "0x1F", "'q'", '"it\'s"', "true"]))
SIGNS = st.sampled_from("* / .* ** % + - == != < <= > >= && || >> << with".split())


def larger(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Expressions one level larger; operands of operators stand in parentheses."""
    return st.one_of(
        st.builds("({}) {} ({})".format, inner, SIGNS, inner),
        st.builds("{}({})".format, st.sampled_from("-+!"), inner),
        st.builds("if {} then {} else {}".format, inner, inner, inner),
        st.builds("{} (({}), k={})".format, NAMES, inner, inner),
        st.builds("({}).f [{}]".format, inner, inner),
        st.builds("{{ m (x, y={}) = {} ; n[i:0..{}] = x }}".format, inner, inner, inner),
        st.builds("[| {} ; ({}) |]".format, inner, inner),
        st.builds("({}) : ({})".format, inner, inner),
        st.builds("{} => {}".format, NAMES, inner),
        st.builds("new {} [ a = {} ]".format, NAMES, inner),
        st.builds("array [0..({})] ({})".format, inner, inner),
    )


PROGRAMS = st.recursive(LEAVES, larger, max_leaves=12)
CONFIG = """# settings
DataDir = "/data" ; rates = 0.1*3:0.05   # by epoch
train = [
  reader = { file = "$DataDir$/x.ctf", randomize }
  BrainScriptNetworkBuilder = {
    f (x, k=1) = if k > 1 then [| x ; 'a' |] else array [0..k] (i => i * 2)
    z = new Foo { a = f (1, k=2) }.a[0]   // comment
  }
]
"""
PIECES = [
    *"[ ] { } ( ) \" ' = $ # ; , : * - . \\ \n \t \0 \u00e4".split(" "),
    *("$a$", " #", "//", "/*", "*/", "include ", "include=", "..", "new ", "if ", "=>", "[|", "0x"),
]


@settings(max_examples=150, deadline=None, derandomize=True)
@given(PROGRAMS)
def test_a_program_and_its_parenthesised_form_are_one_tree(text: str) -> None:
    tree = tree_text(parse_expression(SourceText("t", text)))
    assert tree_text(parse_expression(SourceText("t", f"(({text}))"))) == tree
    assert tree_text(parse_expression(SourceText("t", text.replace(" ", "\r\n/* c **/ ")))) == tree
    members = parse_members(SourceText("t", f"v = {text} # end"))
    assert tree_text(members.members[0].value) == tree


def damaged(text: str, source: random.Random) -> str:
    for _ in range(source.choice([1, 1, 2, 5])):
        at = source.randrange(len(text))
        if source.random() < 0.6:
            text = text[:at] + source.choice(PIECES) + text[at:]
        else:
            text = text[:at] + text[at + source.choice([1, 3, 20]) :]
    return text


def read_all(text: str, sources: Sources) -> None:
    settings = parse_config(SourceText("f.cntk", text), sources)
    for section in (settings, settings.section("train")):
        for key in section.own_keys():
            section.raw(key)
    section = settings.section("train")
    tree_text(network_expression(section, sources))
    settings.schedule("rates", 1.0)
    section.section("reader").boolean("randomize", False)


@pytest.mark.parametrize("seed", range(8))
def test_a_damaged_config_gives_values_or_diagnostics(seed: int) -> None:
    source = random.Random(seed)
    refused: list[str] = []
    for _ in range(60):
        sources = Sources()
        try:
            read_all(damaged(CONFIG, source), sources)
        except BrainScriptError as error:
            refused += [render(d, sources.line_of) for d in error.diagnostics]
    assert 0 < len(refused) < 60
    assert all(text.startswith("error[BS0") for text in refused)


SCRIPT = """load = macros
run = net
macros = [ # layers
  Affine(x, r, c) = [ W = Parameter(r, c, init=uniform) ; t = Times(W, x) ; Affine = Plus(t, B)
    B = Parameter(r, 1, init=fixedValue, value=0.1) ]
  One(a) = Tanh(Sigmoid(a))
]
net = [
  dim = 3
  x = Input(dim, tag=feature) ; y = Input(2)
  h = One(Affine(x, 4, dim)) , z = Affine(h, 2, 4)
  ce = CrossEntropyWithSoftmax(y, z.Affine, tag=Criteria)
  p = MaxPooling(x, 2, 2, 2, 2, imageLayout=CHW)
  EvalNodes = (ce:ce)
]
"""


@pytest.mark.parametrize("seed", range(8))
def test_a_damaged_script_gives_nodes_or_diagnostics(seed: int) -> None:
    source = random.Random(seed)
    refused: list[str] = []
    for _ in range(60):
        sources = Sources()
        try:
            tree_text(ndl_file(SourceText("n.ndl", damaged(SCRIPT, source)), sources))
        except BrainScriptError as error:
            refused += [render(d, sources.line_of) for d in error.diagnostics]
    assert 0 < len(refused) < 60
    assert all(text.startswith("error[BS0") for text in refused)


def test_the_config_itself_is_sound() -> None:
    sources = Sources()
    read_all(CONFIG, sources)
    assert not sources.warnings
