"""`Load`, `Edit`, editing scripts and SVD on stored models: names, values, refusals."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import brainscript as bs
from brainscript.diagnostic import BrainScriptError, MissingFileError
from brainscript.tools import bs_jit, bs_opt
from brainscript.tools.model import Model
from test.tools.commands import environment, undisturbed

BASE = """
command = make
make = { action = "edit" ; outputModelPath = "base.dnn" ; BrainScriptNetworkBuilder = {
    x = Input {3} ; y = Input {2}
    h = DenseLayer {6, activation = Tanh} (x)
    z = LinearLayer {2} (h)
    ce = CrossEntropyWithSoftmax (y, z)
    featureNodes = (x) ; labelNodes = (y) ; criterionNodes = (ce) ; outputNodes = (z)
} }
"""


@pytest.fixture
def base(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Model:
    """A stored model in the current folder."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "base.cntk").write_text(BASE)
    bs.train("base.cntk")
    return bs.load("base.dnn")


def edited(members: str, path: str = "new.dnn") -> Model:
    """The model that the action `edit` makes of a builder's text."""
    config = f"""command = e
    e = {{ action = "edit" ; outputModelPath = "{path}" ; makeMode = false
        BrainScriptNetworkBuilder = {members} }}"""
    Path("edit.cntk").write_text(config)
    bs.train("edit.cntk")
    return bs.load(path)


def scripted(text: str) -> None:
    """Run an editing script."""
    Path("script.mel").write_text(text)
    Path("script.cntk").write_text('command = e\ne = { action = "edit" ; editPath = "script.mel" }')
    bs.train("script.cntk")


def refused(text: str, *words: str) -> None:
    """The script is refused with a message that has these words, at a place in it."""
    with pytest.raises(BrainScriptError) as error:
        scripted(text)
    first = error.value.diagnostics[0]
    shown = f"{first.title} {first.label} {first.help}"
    assert all(word in shown for word in words), shown
    assert first.span is not None
    assert first.span.file.endswith("script.mel")


X = np.linspace(-1, 1, 12, dtype=np.float32).reshape(4, 3)


def test_names_with_brackets_are_reached(base: Model) -> None:
    got = edited("""{ old = BS.Network.Load ("base.dnn")
        W = old.h_arrayOfFunctions_0__W ; p = old.z.PlusArgs[0] ; d = Constant (W.dim) }""")
    assert got.parameters["W"].tobytes() == base.parameters["h.arrayOfFunctions[0].W"].tobytes()
    assert got.parameters["d"].item() == 18
    assert got.network.facts.nodes["p"].operation == "Times"


def test_unknown_member_names_near_ones(base: Model) -> None:
    with pytest.raises(BrainScriptError) as error:
        edited('{ old = BS.Network.Load ("base.dnn") ; q = old.h_z_PlusArg }')
    first = error.value.diagnostics[0]
    assert first.code == "BS0374"
    assert "PlusArgs" in first.help
    assert first.span is not None


def test_missing_model_is_told_at_the_load(base: Model) -> None:
    with pytest.raises(MissingFileError) as error:
        edited('{ old = BS.Network.Load ("nowhere.dnn") ; q = old.z }')
    span = error.value.diagnostics[0].span
    assert span is not None
    assert span.file == "edit.cntk"


def test_a_wrapper_keeps_its_own_link(base: Model) -> None:
    got = edited("""({ old = BS.Network.Load ("base.dnn")
        double (node) = if node.name == "h" then 2 .* node else node
        result = BS.Network.Edit (old, double, BS.Constants.None) }.result)""")
    twice = got.eval(["h"], x=X)["h"]
    np.testing.assert_allclose(twice, 2 * base.eval(["h"], x=X)["h"], rtol=1e-6)
    assert got.network.facts.nodes["z.PlusArgs[0]"].inputs == ("z.W", "h")
    assert got.network.facts.roots["criterion"] == ("ce",)


def test_a_role_that_is_lost_is_told(base: Model, capfd: pytest.CaptureFixture[str]) -> None:
    """The tags of a replaced node are gone; the second time the text comes from the cache."""

    def ends(tag: str) -> tuple[dict[str, tuple[str, ...]], str]:
        text = f"""({{ old = BS.Network.Load ("base.dnn")
            soft (node) = if node.name == "z" then Softmax (node.inputs[0]{tag}) else node
            result = BS.Network.Edit (old, soft, BS.Constants.None) }}.result)"""
        return dict(edited(text).network.facts.roots), capfd.readouterr().err

    for _ in range(2):
        roots, said = ends("")
        assert "output" not in roots
        words = ("warning[BS0379]", "'z'", "no output node", 'tag="output"', "edit.cntk:4")
        assert all(word in said for word in words), said
    roots, said = ends(', tag="output"')
    assert len(roots["output"]) == 1
    assert "BS0379" not in said


def test_links_are_replaced_by_name_and_by_object(base: Model) -> None:
    got = edited("""({ old = BS.Network.Load ("base.dnn")
        big = ParameterTensor {2, initValue = 7}
        result = BS.Network.Edit (old,
            (BS.Network.Editing.ReplaceLinksToNamedNode ("z.b", big)
            : BS.Network.Editing.ReplaceLinksToNode (old.x, Negate (old.x))),
            BS.Constants.None) }.result)""")
    assert got.parameters["network.big"].tolist() == [7.0, 7.0]
    assert "z.b" not in got.parameters
    bias = base.parameters["z.b"]
    expected = base.eval(["z"], x=-X)["z"] - bias + 7
    np.testing.assert_allclose(got.eval(["z"], x=X)["z"], expected, rtol=1e-5, atol=1e-6)


def test_an_edit_function_must_give_a_node(base: Model) -> None:
    with pytest.raises(BrainScriptError) as error:
        edited("""({ old = BS.Network.Load ("base.dnn")
            result = BS.Network.Edit (old, (n => 3), BS.Constants.None) }.result)""")
    assert error.value.diagnostics[0].code == "BS0377"


def test_a_changed_model_is_loaded_anew(base: Model) -> None:
    text = '{ old = BS.Network.Load ("base.dnn") ; b = old.z_b }'
    assert edited(text).parameters["b"].tolist() == [0.0, 0.0]
    base.parameters["z.b"][:] = 5
    base.save("base.dnn")
    assert edited(text).parameters["b"].tolist() == [5.0, 5.0]
    scripted('m = LoadModel ("base.dnn")\nRename (h, g)\nSaveModel (m, "base.dnn")')
    other = edited('{ old = BS.Network.Load ("base.dnn") ; b = old.g }')
    assert "b" in other.network.facts.nodes


def test_script_mends_what_cntk_breaks(base: Model) -> None:
    scripted("""m = LoadMod ("base.dnn")   # the first model is the default one
        Rename (*.b, *.bias)
        Rename (h.arrayOfFunctions[0].W, V)
        CreateModel ()
        CopyNode (m.z*, default.z*)
        c = Parameter (2, 6, init = fixedValue, value = 0.5)
        SaveModel (m, "m.dnn")""")
    got = bs.load("m.dnn")
    assert {"z.bias", "h.arrayOfFunctions[0].bias", "V"} <= set(got.parameters)
    assert got.parameters["V"].tobytes() == base.parameters["h.arrayOfFunctions[0].W"].tobytes()


def test_a_removed_node_must_be_replaced(base: Model) -> None:
    start = 'm = LoadModel ("base.dnn")\nRemoveNode (z)\n'
    refused(start + 'SaveModel (m, "m.dnn")', "'ce' still uses 'z'", "SetNodeInput")
    scripted(start + 'q = Softmax (z.PlusArgs[0])\nSetInput (ce, 1, q)\nSaveModel (m, "m.dnn")')
    assert bs.load("m.dnn").network.facts.nodes["ce"].inputs == ("y", "q")


def test_inline_model_and_values_copied(base: Model) -> None:
    scripted("""a = LoadModel ("base.dnn")
        n = [ W = Parameter (2, 6, init = fixedValue, value = 1)
              u = Input (6) ; t = Times (W, u, tag = output) ]
        CopyNode (a.z.W, n.W, copy = value)
        SaveModel (n, "n.dnn")
        DumpNode (n.W, "n.txt", includeData = true)""")
    got = bs.load("n.dnn")
    assert got.parameters["W"].tobytes() == base.parameters["z.W"].tobytes()
    assert list(got.outputs) == ["t"]
    assert "W=LearnableParameter [2,6]" in Path("n.txt").read_text()


def test_names_of_numbers_hold_for_the_statements_that_follow(base: Model) -> None:
    scripted("""a = LoadModel ("base.dnn")
        Rows = 3
        Cols = 6
        V = Parameter (Rows, Cols, init = fixedValue, value = 0.5)
        t = Times (V, h, tag = output)
        SaveModel (a, "m.dnn")""")
    assert bs.load("m.dnn").parameters["V"].shape == (6, 3)


def test_script_refusals_name_the_remedy(base: Model) -> None:
    load = 'm = LoadModel ("base.dnn")\n'
    refused("Rename (a, b)", "no model", "LoadModel")
    refused(load + "Renam3 (a, b)", "Renam3", "Rename")
    refused(load + "Rename (q, b)", "no node 'q'")
    refused(load + "Rename (h, Z)", "'Z'")
    refused(load + "Rename (*.*, b)", "more than one '*'")
    refused(load + "SetProperty (z, kriterion, true)", "kriterion", "criterion")
    refused(load + "SetNodeInput (z, 7, h)", "no input 7")
    refused(load + "SetNodeInputs (z, h)", "2 inputs")
    refused(load + "SetNodeInput (h, 0, z)", "own value")
    refused(load + "CopyNode (z, q, copy = half)", "half")
    refused(load + "z = Softmax (h)", "node 'z' already")
    refused(load + "t = Softmax (hh)", "hh")


def test_revised_values_must_fit(base: Model) -> None:
    Path("b.txt").write_text("1\n2\n")
    scripted('m = LoadModel ("base.dnn")\nReviseParameter (z.b, "b.txt")\nSaveModel (m, "m.dnn")')
    assert bs.load("m.dnn").parameters["z.b"].tolist() == [1.0, 2.0]
    refused('m = LoadModel ("base.dnn")\nReviseParameter (z.W, "b.txt")', "2 numbers")


def test_svd_keeps_what_the_ratio_asks_for(base: Model) -> None:
    Path("svd.cntk").write_text("""command = c
        c = { action = "SVD" ; modelPath = "base.dnn" ; outputmodelPath = "thin.dnn"
              KeepRatio = 1 ; AlignedSize = 1 ; NodeNameRegex = "$which$" }
        which = "z.W" """)
    bs.train("svd.cntk")
    thin = bs.load("thin.dnn")
    assert thin.parameters["z.W_U"].shape == (2, 2)
    assert thin.parameters["z.W_V"].shape == (6, 2)
    exact = base.eval(["z"], x=X)["z"]
    np.testing.assert_allclose(thin.eval(["z"], x=X)["z"], exact, rtol=1e-4, atol=1e-5)
    with pytest.raises(BrainScriptError, match="no matrix"):
        bs.train("svd.cntk", "which=nothing")


def test_edit_is_skipped_when_the_file_is_there(
    base: Model, capfd: pytest.CaptureFixture[str]
) -> None:
    before = os.stat("base.dnn").st_mtime_ns
    bs.train("base.cntk")
    assert os.stat("base.dnn").st_mtime_ns == before
    assert "'base.dnn' exists, skipping" in capfd.readouterr().err


def test_bs_opt_prints_what_a_script_saves(base: Model, capsys: pytest.CaptureFixture[str]) -> None:
    Path("s.mel").write_text('m = LoadModel ("$from$")\nRename (h, g)\nSaveModel (m, "no.dnn")')
    assert bs_opt.main(["s.mel", "from=base.dnn"]) == 0
    assert 'node = "g"' in capsys.readouterr().out
    assert not Path("no.dnn").exists()


def test_a_dry_run_plans_what_later_commands_load(base: Model) -> None:
    Path("dry.cntk").write_text("""command = a:b:c
        ExperimentalNetworkBuilder = { no = edit } # for commands without a script
        a = { action = "edit" ; editPath = "a.mel" }
        b = { action = "SVD" ; modelPath = "a.dnn" ; outputmodelPath = "b.dnn" }
        c = { action = "edit" ; outputModelPath = "c.dnn"
              BrainScriptNetworkBuilder = (BS.Network.Load ("b.dnn")) }""")
    Path("a.mel").write_text('m = LoadModel ("base.dnn")\nSaveModel (m, "a.dnn")')
    assert bs_jit.main(["dry.cntk", "--dry-run"]) == 0
    assert not [p for p in Path().glob("?.dnn")]


def test_a_warm_start_loads_no_compiler(base: Model, tmp_path: Path) -> None:
    (tmp_path / "warm.cntk").write_text("""command = e
        e = { action = "edit" ; outputModelPath = "warm.dnn" ; makeMode = false
              BrainScriptNetworkBuilder = { old = BS.Network.Load ("base.dnn") ; b = old.z_b } }""")
    program = (
        "import sys; from brainscript.tools.bs_jit import main; code = main(['warm.cntk']);"
        "print(code, 'xdsl' in sys.modules)"
    )
    line, variables = [sys.executable, "-c", program], environment(tmp_path)

    def start() -> str:
        return subprocess.check_output(line, env=variables, text=True)

    assert undisturbed(lambda: (start(), start()))[1] == "0 False\n"


MODELS = 'm = LoadModel ("base.dnn")\nSetDefaultModel (m)\n'
ROWS: dict[str, tuple[str, str]] = {
    "G12": ("Rename (h.arrayOfFunctions[0].W, z.W)", "'z.W'"),
    "G13": ("DeleteNode (nosuch)", "no node 'nosuch'"),
    "G14": ('m2 = LoadModel ("base.dnn")\nSetInput (z, 1, m2.h)', "different models"),
}
"""Rows of the cases of the language that are refused: a script, and what the message says."""


@pytest.mark.parametrize("row", ROWS)
def test_row_is_refused(row: str, base: Model) -> None:
    script, words = ROWS[row]
    refused(MODELS + script, words)


def test_row_g10_copies_and_freezes(base: Model) -> None:
    scripted(
        MODELS
        + "Copy (m.z.*, m.L9.*)\nSetProp (L9.W, learningRateMult, 0)\n"
        + 'SetInput (ce, 1, L9.PlusArgs[0])\nSaveModel (m, "m.dnn")'
    )
    got = bs.load("m.dnn")
    assert got.network.facts.nodes["L9.PlusArgs[0]"].inputs == ("L9.W", "h")
    assert got.parameters["L9.W"].tobytes() == base.parameters["z.W"].tobytes()
    rates = {spec.name: spec.learning_rate_multiplier for spec in got.network.facts.parameters}
    assert (rates["L9.W"], rates["L9.b"], rates["z.W"]) == (0, 1, 1)


def test_row_g11_makes_the_default_model(base: Model) -> None:
    scripted(
        "CreateModel ()\nx = Input (2, tag = feature)\nt = Tanh (x, tag = output)\n"
        'SaveDefaultModel ("n.dnn")'
    )
    assert list(bs.load("n.dnn").outputs) == ["t"]


def test_a_misspelt_command_in_front_of_all_others(base: Model) -> None:
    with pytest.raises(BrainScriptError) as caught:
        scripted('m = LoadModle ("base.dnn")')
    assert caught.value.diagnostics[0].help == "did you mean 'LoadModel'?"
    refused('m = LoadModel ("base.dnn", format = cntk2)', "there is no format 'cntk2'")


CLONES = """{ n = BS.Network.Load ("base.dnn")
    f = BS.Network.CloneFunction (n.x, n.z%s) ; x = Input {3} ; p = f (x) ; q = f (x)
    featureNodes = (x) ; outputNodes = (p : q) }"""


def test_row_e41_clones_have_their_own_parameters(base: Model) -> None:
    got = edited(CLONES % "")
    for name in ("p.z.W", "q.z.W"):
        assert got.parameters[name].tobytes() == base.parameters["z.W"].tobytes()
    assert not {"z", "ce", "z.W"} & set(got.network.facts.nodes)


def test_row_e42_clones_share_parameters(base: Model) -> None:
    got = edited(CLONES % ', parameters="shared"')
    assert got.parameters["z.W"].tobytes() == base.parameters["z.W"].tobytes()
    nodes = got.network.facts.nodes
    assert {nodes["p"].inputs[1], nodes["q"].inputs[1]} == {"z.b"}
    assert "p.z.W" not in got.parameters
