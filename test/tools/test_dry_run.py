"""`bs-jit --dry-run` without files: those beside the data, and models that commands would make."""

from __future__ import annotations

from pathlib import Path

from test.tools.commands import run, write_case

LATER = """\
command = train:best:first:out:words
best = [ action = cv ; crossValidationInterval = 1:1:5 ; minibatchSize = 4 ]
first = [ action = test ; modelPath = "out/m.model.2" ; epochSize = 8 ]
out = [
    action = write ; outputPath = "z" ; format = [ type = category ; labelMappingFile = "names" ]
]
words = [ action = write ; writer = [ writerType = LUSequenceWriter
    z = [ file = "best" ; token = "vocabulary" ; nbest = 0 ] ] ]
reader = [ readerType = CNTKTextFormatReader ; file = "none.ctf"
    input = [ x = [ dim = 2 ; format = dense ] ; y = [ dim = 1 ; format = dense ] ] ]
"""
SIDE_FILES = """\
command = speech:pictures:binary:text
precision = float
action = eval
BrainScriptNetworkBuilder = {
    x = Input {12}
    y = Input {2}
    ce = CrossEntropyWithSoftmax (y, ParameterTensor {(2:12)} * x)
    criterionNodes = (ce)
}
speech = [ reader = [ readerType = HTKMLFReader
    x = [ scpFile = "none.scp" ; dim = 12 ]
    y = [ mlfFileList = "none.list" ; labelDim = 2 ; labelMappingFile = "none.states" ] ] ]
pictures = [ reader = [ readerType = ImageReader ; file = "none.map"
    x = [ width = 2 ; height = 2 ; channels = 3 ; meanFile = "none.xml" ]
    y = [ labelDim = 2 ] ] ]
binary = [ reader = [ readerType = CNTKBinaryReader ; file = "none.bin"
    input = [ x = [ alias = a ] ] ] ]
text = [ reader = [ readerType = CNTKTextFormatReader ; file = "none.ctf"
    input = [ x = [ dim = 12 ; format = dense ] ; y = [ dim = 2 ; format = dense ] ] ] ]
"""

LISTED = """\
command = train:check:all:features:map
check = [ action = test ; maxSamplesInRAM = 9 ; numSubminibatches = 2
    distributedMBReading = true ]
all = [ action = cv ; crossValidationInterval = 1:1:1 ; sleepTimeBetweenRuns = 1 ]
features = [ action = write ; outputNodeNames = z
    writer = [ writerType = HTKMLFWriter ; outputNodeNames = z ; z = [ file = "none.list" ] ] ]
map = [ action = createLabelMap ; section = table ]
table = [ action = train ; SGD = [ maxEpochs = 1 ] ; reader = [ readerType = UCIFastReader
    randomize = none ; file = "none.txt" ; subset = 1 ; features = [ start = 0 ; dim = 2 ]
    labels = [ start = 2 ; dim = 1 ; labelDim = 2 ; labelMappingFile = "names" ] ] ]
reader = [ readerType = CNTKTextFormatReader ; file = "none.ctf" ; randomizationSeed = 3
    input = [ x = [ dim = 2 ; format = dense ] ; y = [ dim = 1 ; format = dense ] ] ]
"""


def test_keys_of_cntk_are_not_remarked_on(tmp_path: Path) -> None:
    """Keys without effect here, and what a table's section has for training."""
    write_case(tmp_path, ("command = train\n", LISTED))
    for command in ("train:check:all:map", "train:features"):
        done = run(tmp_path, "bs-jit", "tiny.cntk", "--dry-run", f"command={command}")
        assert (done.returncode, "BS0217" in done.stderr) == (0, False), done.stderr
    write_case(tmp_path, ("command = train\n", LISTED.replace("Subminib", "SubMinnib")))
    done = run(tmp_path, "bs-jit", "tiny.cntk", "--dry-run")
    assert "warning[BS0217]: nothing reads the key 'check:numSubMinnibatches'" in done.stderr


def test_files_beside_the_data_are_warnings(tmp_path: Path) -> None:
    (tmp_path / "side.cntk").write_text(SIDE_FILES)
    done = run(tmp_path, "bs-jit", "side.cntk", "--dry-run")
    assert (done.returncode, done.stderr.endswith("COMPLETED.\n")) == (0, True), done.stderr
    remarks = [line for line in done.stderr.splitlines() if "[BS" in line]
    assert [line.partition(": ")[2] for line in remarks] == [
        f"cannot open the data file '{name}': No such file or directory"
        for name in ("none.list", "none.xml", "none.bin")
    ]
    assert all(line.startswith("warning[BS0607]") for line in remarks)
    for key in ("mlfFileList", "meanFile", 'CNTKBinaryReader ; file = "none.bin"'):
        assert key in done.stderr
    done = run(tmp_path, "bs-jit", "side.cntk")
    assert (done.returncode, "error[BS0607]" in done.stderr) == (3, True)
    (tmp_path / "side.cntk").write_text(
        SIDE_FILES.replace("labelDim = 2 ; labelM", "dim = 3 ; labelM")
    )
    done = run(tmp_path, "bs-jit", "side.cntk", "--dry-run")
    assert (done.returncode, "none.list" in done.stderr, "error[BS0605]" in done.stderr) == (
        1,
        True,
        True,
    ), "what does not need the file is checked"


def test_models_of_commands_before_and_lists_of_writers(tmp_path: Path) -> None:
    path = write_case(tmp_path, ("command = train\n", LATER))
    done = run(tmp_path, "bs-jit", "tiny.cntk", "--dry-run", "words=[writer=[z=[nbest=1]]]")
    assert (done.returncode, done.stderr.endswith("COMPLETED.\n")) == (0, True), done.stderr
    assert "warning[BS0723]: the label file 'names' (labelMappingFile)" in done.stderr
    assert "cannot open the data file 'vocabulary'" in done.stderr
    assert "Model 'out/m.model.1'" in done.stderr
    assert "epochSize" not in done.stderr, "the run will read it"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["cache", path.name, "train.ctf"]
    done = run(tmp_path, "bs-jit", "tiny.cntk", "--dry-run")
    assert (done.returncode, "nbest" in done.stderr) == (1, True)
    done = run(tmp_path, "bs-jit", "tiny.cntk", "--dry-run", "command=best")
    assert (done.returncode, "BS0501" in done.stderr) == (3, True)


def test_first_values_and_choices_of_files_to_come(tmp_path: Path) -> None:
    shrink = '[ action = SVD ; outputmodelPath = "s.model" ; SVDConfig = "none.svd" ]'
    path = write_case(
        tmp_path, ("command = train\n", f"command = train:shrink\nshrink = {shrink}\n")
    )
    text = path.read_text()
    start = text.index("BrainScriptNetworkBuilder")
    at = text.index("{", start) + 1
    value = "V = ParameterTensor {(2:3), initFromFilePath='none.txt'}"
    path.write_text(f"{text[:at]}\n        {value}\n{text[at:]}")
    done = run(tmp_path, "bs-jit", "tiny.cntk", "--dry-run")
    assert done.returncode == 0, done.stderr
    assert "warning[BS0512]: the file 'none.txt' with initial values" in done.stderr
    assert "warning[BS0385]: the file 'none.svd' (SVDConfig)" in done.stderr
    path.write_text(f"{text[:at]}\n        {value.replace('2:3', '2:0')}\n{text[at:]}")
    done = run(tmp_path, "bs-jit", "tiny.cntk", "--dry-run")
    assert (done.returncode, "write all of them to check" in done.stderr) == (3, True)


def test_a_criterion_that_cannot_be_counted_is_told_before_the_run(tmp_path: Path) -> None:
    chosen = "ce = BS.Sequences.Gather (Greater (y, -9), SquareError (y, z) + y)"
    write_case(tmp_path, ("ce = SquareError (y, z)", chosen))
    for options in (["--dry-run"], []):
        done = run(tmp_path, "bs-jit", "tiny.cntk", *options)
        assert (done.returncode, "error[BS0637]" in done.stderr) == (1, True), done.stderr
    assert not list((tmp_path / "out").glob("m.model.0")), "nothing to go on from"


def test_training_goes_on_from_an_edited_model(tmp_path: Path) -> None:
    """`edit` leaves `m.0`, which is trained on without the network of the builder."""
    again = """command = train:more:again
more = [ action = edit ; editPath = "more.mel" ]
again = [ action = train ; modelPath = "./out/n"
    NDLNetworkBuilder = [ networkDescription = "none.ndl" ]
    SGD = [ learningRatesPerMB = 1 ; maxEpochs = 1 ; trainCriterionNodeName = cee ]
    reader = [ readerType = CNTKTextFormatReader ; file = "none.ctf"
        input = [ x = [ dim = 2 ; format = dense ] ; y = [ dim = 1 ; format = dense ] ] ] ]
"""
    write_case(tmp_path, ("command = train\n", again))
    (tmp_path / "more.mel").write_text(
        'm = LoadModel ("out/m.model")\nRename (ce, cee)\nSaveModel (m, "out/n.0")\n'
    )
    done = run(tmp_path, "bs-jit", "tiny.cntk", "--dry-run")
    assert done.returncode == 0, done.stderr
    assert "Loading network from 'out/n.0'" in done.stderr
    done = run(tmp_path, "bs-jit", "tiny.cntk", "--dry-run", "again=[makeMode=false]")
    assert (done.returncode, "none.ndl" in done.stderr) == (3, True)
