"""Every key of every reader: what a value of it does here, one line a key.

`used`: another value reads other data, or in another order. `ignored`: accepted without a word,
nothing changes. `refused`: an error that names the key or its value.
`python -m test.runtime.data.test_reader_keys` prints the table.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from brainscript.diagnostic import BrainScriptError
from brainscript.runtime.data import readers
from brainscript.runtime.data.readers import open_reader
from brainscript.runtime.data.speech.sections import in_frames
from brainscript.settings import Settings
from test.runtime.data.support import settings_of
from test.runtime.data.test_binary import file_of

CTF = "input = [ a = [ dim = 3 ; format = dense %s ] ]"
BASES = {
    "CTF": f'readerType = CNTKTextFormatReader ; file = "t.ctf"\n{CTF}',
    "CTF stream": f'file = "t.ctf"\n{CTF}',
    "CBF": 'readerType = CNTKBinaryReader ; file = "t.cbf"',
    "block": "deserializers = ([ type = CNTKTextFormatDeserializer ; module = CNTKTextFormatReader"
    f' ; file = "t.ctf" ; {CTF} ])',
    "images": 'readerType = ImageReader ; file = "t.map" ; l = [ labelDim = 4 ]\n'
    "f = [ width = 8 ; height = 8 ; channels = 3 %s ]",
    "crop": 'deserializers = ([ type = ImageDeserializer ; module = ImageReader ; file = "t.map"\n'
    "input = [ l = [ labelDim = 4 ] ; f = [ transforms = ( [ type = Crop %s ] : [ type = Scale ;"
    " width = 8 ; height = 8 ; channels = 3 ] ) ] ] ])",
    "scale": 'deserializers = ([ type = ImageDeserializer ; module = ImageReader ; file = "t.map"\n'
    "input = [ l = [ labelDim = 4 ] ; f = [ transforms = ( [ type = Scale ; width = 8 ; height = 8"
    " ; channels = 3 %s ] ) ] ] ])",
    "speech": 'readerType = HTKDeserializers\nlabels = [ mlfFile = "m" ; labelDim = 3 ]\n'
    'features = [ scpFile = "s" ; dim = 3 %s ]',
    "labels": 'readerType = HTKDeserializers\nfeatures = [ scpFile = "s" ; dim = 3 ]\n'
    'labels = [ mlfFile = "m" ; labelDim = 3 %s ]',
    "base64": "deserializers = ([ type = Base64ImageDeserializer ; module = ImageReader\n"
    'file = "t.map" ; input = [ l = [ labelDim = 4 ] ; f = [ transforms = ( [ type = Scale ;'
    " width = 8 ; height = 8 ; channels = 3 ] ) ] ] %s ])",
    "sentences": 'readerType = LMSequenceReader ; file = "t" ; wordclass = "c"\n'
    'labelIn = [ labelType = Category ; labelDim = 5 ; labelMappingFile = "v" %s ]\n'
    "features = [ dim = 0 ] ; labels = [ labelType = NextWord ]",
    "tagged": 'readerType = LUSequenceReader ; file = "t" ; inputLabel = w ; outputLabel = y\n'
    'y = [ labelDim = 3 ; token = "u" ]\nw = [ labelDim = 9 ; token = "v" %s ]',
    "table": 'readerType = UCIFastReader ; file = "t"\n'
    'labels = [ start = 0 ; dim = 1 ; labelDim = 2 ; labelMappingFile = "m" ]\n'
    "features = [ start = 1 ; dim = 3 %s ]",
    "classes": 'readerType = UCIFastReader ; file = "t"\nfeatures = [ start = 1 ; dim = 3 ]\n'
    'labels = [ start = 0 ; dim = 1 ; labelDim = 2 ; labelMappingFile = "m" %s ]',
    "speech 1": 'readerType = HTKMLFReader\nlabels = [ mlfFile = "m" ; labelDim = 3 ]\n'
    'features = [ scpFile = "s" ; dim = 3 ]',
}
"""A section of each kind; %s is the place of keys that are not at its end."""

TABLE = """
CTF | file = "u.ctf" | used | the text
CTF | randomize = false | used | the order of the file
CTF | randomize = none | used | the same
CTF | randomize = auto | ignored | any order, the default
CTF | randomizationWindow = 7 | used | how far sequences move, in chunks
CTF | sampleBasedRandomizationWindow = true | used | the window in samples
CTF | randomizationSeed = 3 | used | another order
CTF | skipSequenceIds = true | used | every line is a sequence
CTF | maxErrors = 3 | used | mistakes that are left out
CTF | traceLevel = 0 | used | no warnings on the data
CTF | chunkSizeInBytes = 1000 | used | what is shuffled as one
CTF | keepDataInMemory = true | ignored | all data stays in memory
CTF | frameMode = true | used | sequences of one sample
CTF | cacheIndex = true | ignored | parsed data is kept instead
CTF | verbosity = 2 | ignored | less to tell
CTF | prefetch = false | ignored | data is read while the network is compiled
CTF | precision = double | used | the element type
CTF stream | alias = b | used | the name in the file
CTF stream | definesMBSize = true | used | what a minibatch counts
CTF stream | dim = 4 | used | the numbers of a sample
CTF stream | dim = 0 | refused | no numbers
CTF stream | format = sparse | used | index:value pairs
CTF stream | format = spars | refused | no such format
CBF | file = "u.cbf" | refused | a file that is not there
CBF | input = [ a = [ alias = x ] ] | used | the name in the file
CBF | keepDataInMemory = true | ignored | all data stays in memory
CBF | randomize = false | used | the order of the file
CBF | randomizationWindow = 7 | used | how far sequences move, in chunks
CBF | sampleBasedRandomizationWindow = true | used | the window in samples
CBF | traceLevel = 2 | ignored | less to tell
CBF | verbosity = 2 | ignored | less to tell
block | randomize = false | used | the order of the file
block | randomizationWindow = 7 | used | how far sequences move, in samples
block | sampleBasedRandomizationWindow = false ; randomizationWindow = 7 | used | in chunks
block | frameMode = true | used | sequences of one sample
block | truncated = true ; truncationLength = 4 | used | pieces of sequences
block | truncated = true | refused | truncationLength is missing
block | truncated = true ; truncationLength = 0 | refused | pieces without steps
block | truncated = true ; truncationLength = 4 ; frameMode = true | refused | nothing to truncate
block | maxErrors = 3 | used | of deserializers without their own
block | multiThreadedDeserialization = true | ignored | the data is read before it is needed
block | useNumericSequenceKeys = false | used | keys of sequences are words
block | hashSequenceKeys = true | ignored | words are compared as they are
block | checkData = false | ignored | nothing in CNTK either
block | localTimeline = false | ignored | one process reads
block | randomizationSeed = 3 | used | another order
block | verbosity = 2 | ignored | less to tell
block | traceLevel = 2 | ignored | less to tell
block | prefetch = false | ignored | data is read while the network is compiled
images | randomize = none | used | the order of the file
images | grayscale = true | used | one channel
images | numCPUThreads = 2 | ignored | pictures are decoded by all threads
images | mbFormat = nhwc | used | channels first
images | f = [ cropType = randomside ; sideRatio = 0.5 ] | used | part of a picture
images | f = [ meanFile = "m.xml" ] | refused | a file that is not there
images | f = [ brightnessRadius = 0.2 ] | used | colours
images | f = [ intensityFile = "i.xml" ; intensityStdDev = 1 ] | refused | the same
crop | cropType = randomside | used | where the window is
crop | seed = 5 | used | other windows
images | f = [ seed = 5 ] | used | the same
crop | cropType = Random | used | the old name of RandomSide
crop | cropRatio = 0.5 | used | the old name of sideRatio
crop | cropRatio = 1.5 | refused | no part
crop | cropType = middle | refused | no such window
crop | cropSize = 4:4 | used | the window in pixels
crop | sideRatio = 0.5 | used | the window as a part of the side
crop | areaRatio = 0.5 | used | the window as a part of the picture
crop | sideRatio = 0.5 ; areaRatio = 0.5 | refused | one of the two
crop | sideRatio = 1.5 | refused | no part
crop | aspectRatio = 0.5 | used | windows that are no squares
crop | sideRatio = 0.5:1 ; jitterType = uniratio | used | any of these parts
crop | hflip = true | used | mirrored, one of two
scale | interpolations = nearest | used | how pictures are resized
scale | scaleMode = pad | used | proportions are kept
scale | scaleMode = pad ; padValue = 7 | used | the colour of the border
scale | scaleMode = stretch | refused | no such mode
speech | contextWindow = 3 | used | frames beside each frame
speech | contextWindow = 2 | refused | none is in the middle
speech | contextWindow = 1:2 | used | frames before and behind
speech | type = real | ignored | the only type
speech | type = category | refused | features are numbers
speech | prefixPathInSCP = "p" | used | folder of the files
labels | labelMappingFile = "l" | used | names of classes
labels | phoneBoundaries = true | refused | with frames
labels | type = category | ignored | the only type
labels | mlfFile = "n" | used | the labels
speech | ; frameMode = false | used | whole utterances
speech | ; randomize = 100 | used | how far they move
speech | ; readMethod = none | used | the order of the script
speech | ; readMethod = rollingWindow | ignored | pages on disk are not needed
speech | ; readMethod = backwards | refused | no such order
speech | ; frameMode = false ; truncated = true ; nbruttsineachrecurrentiter = 2 | used | rows
speech | ; frameMode = false ; truncated = true ; truncationLength = 4 | used | pieces
speech | ; frameMode = true ; truncated = false | ignored | frames are whole
speech | ; maxErrors = 2 | used | utterances that are left out
base64 | grayscale = true | used | one channel
base64 | multiViewCrop = true | refused | without cropType = multiview10
base64 | maxErrors = 3 | used | pictures that are left out
base64 | file = "u.map" | used | the map with the pictures in it
sentences | ; mode = softmax | used | the label is the next word alone
sentences | ; mode = nce | refused | words drawn at random are not labels of a reader
sentences | ; mode = softmax ; wordclass = "d" | used | the classes are for other configs
sentences | ; mode = words | refused | no such mode
sentences | ; wordclass = "d" | used | words and their classes
sentences | ; unk = "?" | used | the word for unknown ones
sentences | ; file = "u" | used | the text
sentences | ; randomize = false | used | the order of the file
sentences | ; randomize = none | used | the same
sentences | ; cacheBlockSize = 100 | ignored | no blocks are shuffled
sentences | ; nbruttsineachrecurrentiter = 10 | used | the sentences of a minibatch
sentences | ; traceLevel = 1 | ignored | less to tell
sentences | ; verbosity = 1 | ignored | less to tell
sentences | ; nbrClass = 7 | ignored | the file has the classes
sentences | ; noise_number = 7 | ignored | for nce
sentences | ; precision = double | used | the element type
sentences | ; frameMode = true | used | every word a sequence
sentences | beginSequence = "<s>" | ignored | sentences have it in the text
sentences | endSequence = "</s>" | ignored | the same
sentences | mode = class | ignored | of the whole section
sentences | labelType = NextWord | refused | the input is no label
tagged | ; file = "u" | used | the text
tagged | ; wordContext = 0:1 | used | neighbours beside each word
tagged | ; unk = "?" | used | the word for unknown ones
tagged | ; wordmap = "r" | used | words that stand for others
tagged | ; inputLabel = y ; outputLabel = w | used | which is which
tagged | ; outputLabel = z | refused | no such section
tagged | ; equalLength = false | ignored | sentences of any lengths stand together
tagged | ; dataMultiPass = true | used | epochs longer than the data
tagged | ; nbruttsineachrecurrentiter = 10 | used | the sentences of a minibatch
tagged | ; ignoresentencebegintag = true | refused | not in CNTK either
tagged | ; randomize = false | used | the order of the file
tagged | labelType = category | ignored | the only type
tagged | labelType = none | refused | the same
tagged | beginSequence = "BOS" | ignored | sentences have it in the text
tagged | endSequence = "EOS" | used | a line that ends a sentence
tagged | labelDim = 0 | ignored | the list of words has the size
tagged | mode = plain | ignored | a tag is its number
tagged | mode = class | refused | tags have no classes
tagged | useWordMap = true | ignored | wherever there is a wordmap
tagged | useWordMap = false | ignored | there is no wordmap
tagged | ; wordmap = "r" ; w = [ useWordMap = false ] | ignored | words stay as they are
table | ; file = "u" | used | the rows
table | start = 4 | used | the first column
table | dim = 4 | used | the number of columns
table | dim = 0 | refused | no columns
table | labelType = regression | ignored | columns are numbers without labelDim
table | ; customDelimiter = "," | used | what is between columns
table | ; customDecimalPoint = "," | used | how numbers are written
table | ; randomize = none | used | the order of the file
table | ; randomize = 100 | used | how far rows move
table | ; minibatchMode = full | ignored | nothing is dropped
classes | labelType = Category | ignored | names of classes, the default
classes | labelType = regression | used | numbers
classes | labelType = none | used | no labels
classes | labelType = word | refused | no such kind
classes | labelDim = 0 | refused | no classes
classes | labelMappingFile = "n" | used | the names of classes
speech 1 | readMethod = rollingWindow | ignored | pages on disk are not needed
speech 1 | frameMode = false | used | whole utterances
speech 1 | useMersenneTwisterRand = true | ignored | there is no other generator
speech 1 | minimizeReaderMemoryFootprint = false | ignored | frames are kept as they are
speech 1 | minibatchMode = full | ignored | nothing is dropped
speech 1 | maxUtteranceLength = 50 | used | longer ones are left out
"""
ROWS = [tuple(cell.strip() for cell in row.split(" | ")) for row in TABLE.strip().splitlines()]


def text_of(kind: str, given: str) -> str:
    """The section with keys at their place; keys behind a ';' are those of the whole section."""
    base = BASES[kind]
    if kind == "images" and given.startswith("f = ["):
        return base % f"; {given[5:-1]}"
    if "%s" not in base:
        return f"{base}\n{given}"
    if given.startswith(";") or kind in ("CTF", "block", "images"):
        return (base % "") + f"\n{given.removeprefix(';')}"
    return base % (f"; {given}" if given else "")


def settled(kind: str, given: str) -> tuple[object, Settings]:
    """All that decides what is read, and the section it was read from."""
    settings = settings_of(text_of(kind, given))
    composite = settings.has("deserializers", inherited=False)
    sources = readers._composite(settings) if composite else readers._simple(settings)  # pyright: ignore[reportPrivateUsage]
    reader = open_reader(settings, [], True)
    speech = kind in ("speech", "labels", "speech 1")
    frames = in_frames(settings) if speech else settings.boolean("frameMode", False)
    cut = (reader.truncation, reader.rows, (reader.group, reader.once), reader.dtype, frames)
    parts = readers._sources(settings, composite, None)  # pyright: ignore[reportPrivateUsage]
    named = readers._keys(settings, parts, composite=composite, frames=frames)().numeric  # pyright: ignore[reportPrivateUsage]
    facts = (repr(sources), reader.order, *cut, named)
    return facts, settings


def unread(settings: Settings) -> list[str]:
    """Keys that nothing has asked for."""
    own = [name for name, _ in settings.unused()]
    return own + [name for inner in settings.opened() for name in unread(inner)]


@pytest.mark.parametrize(("kind", "given", "state"), [row[:3] for row in ROWS])
def test_what_a_key_does(
    kind: str, given: str, state: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    Path("t.cbf").write_bytes(file_of([]))
    Path("v").write_text("a b c".replace(" ", "\n"))
    Path("u").write_text("O\nI\n")
    if state == "refused":
        with pytest.raises(BrainScriptError) as caught:
            settled(kind, given)
        assert caught.value.diagnostics[0].span is not None
        return
    plain, _ = settled(kind, "")
    found, settings = settled(kind, given)
    assert not unread(settings)
    assert (found != plain) == (state == "used")


if __name__ == "__main__":
    for reader, example, does, meaning in ROWS:
        print(f"{reader:12}{example:64}{does:10}{meaning}")
