"""Lists of commands, the actions write and dumpNode, and where the log goes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from brainscript.diagnostic import BrainScriptError
from brainscript.runtime.actions.write import output_file
from brainscript.runtime.model import container
from test.runtime.conftest import CONFIG, Run

Go = Callable[..., Run]
READER = "reader = { a = 1 }"


def with_command(text: str) -> str:
    return (CONFIG % "").replace("command = t", "command = t:x") + f"x = {{ {text} }}\n"


def code_of(run: Go, text: str) -> str:
    with pytest.raises(BrainScriptError) as caught:
        run(text)
    return caught.value.diagnostics[0].code


def test_write_makes_one_file_a_node(run: Go):
    done = run(with_command(f'action = "write" ; outputPath = "out/o" ; {READER}'))
    lines = Path("out/o.z").read_text().splitlines()
    assert len(lines) == 50
    assert all(len(line.split()) == 3 for line in lines)
    assert done.lines("Minibatch[3]: ActualMBSize = 10")
    assert done.lines("Written to out/o*")
    assert done.lines("Total Samples Evaluated = 50")
    assert [p.name for p in Path("out").iterdir()] == ["o.z"]


def test_gradients_of_an_output_are_written_beside_it(run: Go):
    done = run(
        with_command(
            f'action = "write" ; outputPath = "o" ; {READER} ; nodeUnitTest = true ; '
            "outputNodeNames = ce ; minibatchSize = 50"
        )
    )
    gradient = np.loadtxt("o.z.W.grad")
    assert gradient.shape == (2, 3)
    assert np.allclose(gradient.sum(axis=1), 0, atol=1e-5)
    assert np.loadtxt("o.features.grad").shape == (50, 2)
    assert len(Path("o.ce").read_text().split()) == 1
    network = done.world.networks[-1]
    stored = container.load("m.dnn").tensors["z.W"]
    assert np.array_equal(network.state.view("z.W"), stored)


def test_keys_of_sequences_are_written_where_deserializers_read_them(run: Go):
    keyed = 'action = "write" ; outputPath = "o" ; writeSequenceKey = true ; minibatchSize = 20 ; '
    keyed += 'format = { sequencePrologue = "%k:" } ; outputNodeNames = z ; '
    assert code_of(run, with_command(keyed + READER)) == "BS0721"
    run(with_command(keyed + 'reader = { deserializers = ( { type = "a" } ) }'))
    lines = Path("o.z").read_text().splitlines()
    assert [line.partition(":")[0] for line in lines] == [str(i % 20) for i in range(50)]


def test_write_to_standard_output(run: Go):
    done = run(with_command(f'action = "write" ; outputPath = "-" ; {READER}'))
    assert len(done.out.splitlines()) == 50 + 3
    assert done.out.endswith("\n\n")


def test_an_output_that_cannot_be_written_is_named(run: Go):
    Path("out").write_text("a file, not a folder")
    text = with_command(f'action = "write" ; outputPath = "out/o" ; {READER}')
    assert code_of(run, text) == "BS0722"


def test_what_write_cannot_do_is_refused(run: Go):
    text = f'action = "write" ; outputPath = "o" ; {READER} ; '
    assert code_of(run, with_command(text + "writer = { a = 1 }")) == "BS0711"
    two = "nodeUnitTest = true ; outputNodeNames = z:ce"
    assert code_of(run, with_command(text + two)) == "BS0721"
    assert code_of(run, with_command(text + "outputNodeNames = zz")) == "BS0719"


def test_a_node_name_cannot_leave_the_folder():
    assert output_file("out/o", "../../a") == Path("out/o..._.._a")


def test_dump_lists_nodes_and_values(run: Go):
    run(with_command('action = "dumpNode" ; outputFile = "d.txt" ; modelPath = "m.dnn.0"'))
    text = Path("d.txt").read_text()
    assert text.startswith("\nce=CrossEntropyWithSoftmax ( labels , z ) \nerrs=")
    assert "\nfeatures=InputValue [ 2 ] \n" in text
    assert "\nmean=Mean ( features ) [2]   HasComputed=true \n " in text
    assert (
        "\nz.W=LearnableParameter [3,2]   learningRateMultiplier=1.000000  NeedsGradient=true \n"
        " 0.25 0.25 \n 0.25 0.25 \n 0.25 0.25 \n " + "#" * 68 + " "
    ) in text


def test_dump_selects_by_a_pattern_that_fits_whole_names(run: Go):
    run(with_command('action = "dumpnode" ; nodeNameRegex = "z.?.?" ; printValues = false'))
    text = Path("m.dnn.__AllNodes__.txt").read_text()
    assert [line.split("=")[0] for line in text.split("\n")[1:]] == ["z", "z.b", "z.W"]


def test_dump_of_a_node_that_is_not_there_warns(run: Go):
    """As in CNTK all nodes are written then."""
    warnings = run(with_command('action = "dumpNode" ; nodeName = "zz"')).world.warnings
    assert [(w.code, w.help) for w in warnings] == [("BS0719", "did you mean 'z'?")]
    assert "\nz.W=" in Path("m.dnn.zz.txt").read_text()


def test_plot_writes_a_graph_and_renders_it_without_a_shell(run: Go):
    command = 'renderCmd = "cp <IN> <OUT>" ; outputFile = "net.png"'
    run(with_command(f'action = "plot" ; {command}'))
    text = Path("m.dnn.dot").read_text()
    assert text.startswith("strict digraph {\n")
    assert '"z.W" -> "z.PlusArgs[0]";\n' in text
    assert '"ce" [label = "ce\\nCrossEntropyWithSoftmax [1]", style = filled' in text
    assert Path("net.png").read_text() == text
    assert code_of(run, with_command('action = "plot" ; outputFile = "net.png"')) == "BS0721"
    run(with_command('action = "plot" ; outputFile = "net.svg"'))
    picture = Path("net.svg").read_text()
    assert picture.startswith("<svg ")
    assert "<title>z.W</title>" in picture
    failing = 'action = "plot" ; renderCmd = "false <IN>"'
    assert code_of(run, with_command(failing)) == "BS0721"


def test_a_log_file_gets_the_names_of_the_commands(run: Go):
    done = run('stderr = "out/run" ; timestamping = true ; doneFile = "out/done"' + CONFIG % "")
    text = Path("out/run_t.log").read_text()
    assert not done.log
    assert text.splitlines()[-1].endswith(": __COMPLETED__")
    assert Path("out/done").exists()


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("command = x", "BS0712"),
        ('command = t ; t = { action = "tain" }', "BS0710"),
        ('command = t ; t = { action = "devtest" }', "BS0711"),
        ('command = t ; precision = "float16" ; t = { action = "write" }', "BS0207"),
        ('command = t ; t = { action = "train" ; SGD = { a = 1 } ; modelPath = "m" }', "BS0206"),
        ('command = t ; t = { action = "train" ; SGD = { maxEpochs = 1 } }', "BS0206"),
    ],
)
def test_refusals_come_before_anything_runs(run: Go, text: str, code: str):
    assert code_of(run, text) == code
    assert not list(Path().iterdir())


@pytest.mark.parametrize(
    ("keys", "code"),
    [
        ('trainCriterionNodeName = "cross"', "BS0719"),
        ('evalCriterionNodeName = "cross"', "BS0719"),
    ],
)
def test_unknown_nodes_in_an_sgd_section(run: Go, keys: str, code: str):
    assert code_of(run, CONFIG % f"; {keys}") == code


def test_a_dropout_rate_without_dropout_nodes_warns(run: Go):
    assert [w.code for w in run(CONFIG % "; dropoutRate = 0.5").world.warnings] == ["BS0725"]


def test_the_old_name_of_precision_warns(run: Go):
    assert [w.code for w in run("type = double" + CONFIG % "").world.warnings] == ["BS0217"]
    assert not run("type = text" + CONFIG % "").world.warnings


def test_training_without_a_network_is_refused(run: Go):
    text = (CONFIG % "").replace("BrainScriptNetworkBuilder = { z = 1 }", "")
    assert code_of(run, text) == "BS0709"


def test_a_dry_run_checks_and_writes_nothing(run: Go, monkeypatch: pytest.MonkeyPatch):
    from test.runtime import fake_network

    original = fake_network.Environment

    def dry(**values: object) -> object:
        return original(**values, dry_run=True)  # pyright: ignore[reportArgumentType]

    monkeypatch.setattr(fake_network, "Environment", dry)
    done = run(CONFIG % "")
    assert len(done.world.readers) == 1
    assert not done.world.readers[0].calls
    assert not list(Path().iterdir())


def test_a_device_is_auto_or_cpu_or_a_number(run: Go):
    """A GPU is told of once; what names no device is refused."""
    for value in ("auto", "CPU", "-1", "default"):
        assert not run(f"deviceId = {value}\n" + CONFIG % "").world.warnings
    writing = f'deviceId = 1 ; action = "write" ; outputPath = "out/o" ; {READER}'
    done = run("deviceId = 2\n" + with_command(writing))
    assert [(w.code, w.title, w.severity) for w in done.world.warnings] == [
        ("BS0735", "GPU 2 is not used: the CPU does all work", "remark")
    ]
    assert done.world.warnings[0].help == "the results are the same; deviceId = cpu says so"
    assert done.lines("COMPLETED.")
    for value in ("gpu", "atuo", "-2", "1.5", "0:1"):
        assert code_of(run, f"deviceId = {value}\n" + CONFIG % "") == "BS0734"


def test_several_processes_need_mpi(run: Go, monkeypatch: pytest.MonkeyPatch):
    """One process trains as CNTK does in one; `parallelTrain=false` trains in each of several."""
    block = "; ParallelTrain = { parallelizationMethod = none }"
    assert not run("parallelTrain = false\n" + CONFIG % block).world.warnings
    done = run("parallelTrain = true\n" + CONFIG % "")
    assert [w.code for w in done.world.warnings] == ["BS0728"]
    assert done.lines("COMPLETED.")
    monkeypatch.setenv("OMPI_COMM_WORLD_SIZE", "4")
    assert code_of(run, "parallelTrain = true\n" + CONFIG % "") == "BS0730"
    assert code_of(run, CONFIG % "") == "BS0730"
    assert run("parallelTrain = false\n" + CONFIG % "").lines("COMPLETED.")
