"""Images: map files, decoding, each transform, minibatches made ahead; bad files are refused."""

from __future__ import annotations

import base64
import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image as Pillow

from brainscript.diagnostic import BrainScriptError, Diagnostic, Span
from brainscript.runtime.data.images.maps import Entry
from brainscript.runtime.data.images.matrices import mean_image
from brainscript.runtime.data.images.pictures import Decoder
from brainscript.runtime.data.images.resample import INTERPOLATIONS, resize
from brainscript.runtime.data.images.transforms import (
    Color,
    Crop,
    Intensity,
    Mean,
    Scale,
    Transpose,
    saturated,
)
from brainscript.runtime.network import InputSpec
from test.runtime.data.support import reader_of

PLACE = Span("f.cntk", 1, 1)
RANDOM = np.random.default_rng(1)
Pixels = NDArray[np.float32]


def pixels(width: int, height: int, channels: int = 3) -> Pixels:
    values = np.arange(width * height * channels) * 37 % 251
    return values.reshape(height, width, channels).astype(np.float32)


def png(image: Pixels) -> bytes:
    out = io.BytesIO()
    Pillow.fromarray(image[:, :, ::-1].astype(np.uint8)).save(out, "png")
    return out.getvalue()


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Five pictures of 6 x 4 and a map of them."""
    lines = ""
    for k in range(5):
        (tmp_path / f"{k}.png").write_bytes(png((pixels(6, 4) + k) % 256))
        lines += f".../{k}.png\t{k % 3}\n"
    (tmp_path / "map.txt").write_text(lines)
    return tmp_path


def block(path: Path, transforms: str, kind: str = "ImageDeserializer", more: str = "") -> str:
    return f"""randomize = false ; deserializers = ( [ type = {kind} ; file = "{path}" ; {more}
        input = [ x = [ transforms = ( {transforms} ) ] ; y = [ labelDim = 3 ] ] ] )"""


def read(text: str, dims: tuple[int, ...], size: int = 100) -> list[tuple[Pixels, list[int]]]:
    inputs = [InputSpec("x", dims), InputSpec("y", (3,))]
    reader = reader_of(text, inputs)
    reader.start_epoch(0, 0, size)
    found: list[tuple[Pixels, list[int]]] = []
    while (minibatch := reader.next()) is not None:
        x = np.zeros((minibatch.columns["*"], *dims[::-1]), np.float32)
        y = np.zeros((len(x), 3), np.float32)
        minibatch.fill("x", x)
        minibatch.fill("y", y)
        found.append((x, y.argmax(axis=1).tolist()))
    return found


def test_planes_of_a_map(pictures: Path) -> None:
    """Planes blue, green, red of [width x height x channels]; minibatches in order."""
    scale = "[ type = Scale ; width = 6 ; height = 4 ; channels = 3 ] : [ type = Transpose ]"
    (x, y), (rest, labels) = read(block(pictures / "map.txt", scale), (6, 4, 3), 3)
    assert (y, labels) == ([0, 1, 2], [0, 1])
    np.testing.assert_array_equal(x[0], np.moveaxis(pixels(6, 4), 2, 0))
    np.testing.assert_array_equal(rest[1], np.moveaxis((pixels(6, 4) + 4) % 256, 2, 0))


def test_old_reader(pictures: Path) -> None:
    """ImageReader with flat keys; grey pictures have one channel."""
    text = f"""readerType = ImageReader ; file = "{pictures}/map.txt" ; randomize = none
        x = [ width = 3 ; height = 2 ; channels = 1 ; cropType = Center ] ; y = [ labelDim = 3 ]"""
    ((x, _),) = read(text, (3, 2, 1))
    assert x.shape == (5, 1, 2, 3)
    grey = np.asarray(Pillow.open(pictures / "0.png").convert("L"), np.float32)
    np.testing.assert_array_equal(x[0, 0], resize(grey[:, :, None], 3, 2, "linear")[:, :, 0])


def test_keys_of_a_map(pictures: Path) -> None:
    """Numbers, or words where the block says so."""
    (pictures / "keys.txt").write_text("cat\t.../0.png\t0\ndog\t.../1.png\t1\n")
    text = block(pictures / "keys.txt", "[ type = Transpose ]")
    with pytest.raises(BrainScriptError, match="'cat' is no number"):
        read(text, (6, 4, 3))
    ((_, y),) = read(f"useNumericSequenceKeys = false ; {text}", (6, 4, 3))
    assert y == [0, 1]


def test_archives_and_base64(pictures: Path) -> None:
    """Members of an archive, and pictures that stand in the map itself."""
    with zipfile.ZipFile(pictures / "a.zip", "w") as archive:
        archive.write(pictures / "2.png", "in/2.png")
    (pictures / "zip.txt").write_text("7\t.../a.zip@/in/2.png\t2\n")
    ((x, y),) = read(block(pictures / "zip.txt", "[ type = Transpose ]"), (6, 4, 3))
    text = base64.b64encode((pictures / "2.png").read_bytes()).decode()
    (pictures / "inline.txt").write_text(f"2\t{text}\n")
    kind = "Base64ImageDeserializer"
    ((again, _),) = read(block(pictures / "inline.txt", "[ type = Transpose ]", kind), (6, 4, 3))
    np.testing.assert_array_equal(x, again)
    assert y == [2]


def test_random_windows_can_be_repeated(pictures: Path) -> None:
    """The same run gives the same windows, another sweep others."""
    crop = "[ type = Crop ; cropType = RandomSide ; sideRatio = 0.5:0.9 ; jitterType = uniRatio ]"
    scale = "[ type = Scale ; width = 4 ; height = 4 ; channels = 3 ]"
    inputs = [InputSpec("x", (3, 4, 4)), InputSpec("y", (3,))]
    epochs: list[Pixels] = []
    for _ in range(2):
        reader = reader_of(block(pictures / "map.txt", f"{crop} : {scale}"), inputs)
        for epoch in range(2):
            reader.start_epoch(epoch, 0, 5)
            minibatch = reader.next()
            assert minibatch
            x = np.zeros((5, 4, 4, 3), np.float32)
            minibatch.fill("x", x)
            epochs.append(x)
    np.testing.assert_array_equal(epochs[0], epochs[2])
    assert (epochs[0] != epochs[1]).any()


def test_ten_views(pictures: Path) -> None:
    """Corners and centre, then the same mirrored."""
    crop = "[ type = Crop ; cropType = multiview10 ; cropSize = 2:2 ]"
    text = block(pictures / "map.txt", crop, more="multiViewCrop = true ;")
    ((x, y),) = read(text, (3, 2, 2))
    image = pixels(6, 4)
    corners = [image[:2, :2], image[:2, 4:], image[2:, :2], image[2:, 4:], image[1:3, 2:4]]
    np.testing.assert_array_equal(x[:5], corners)
    np.testing.assert_array_equal(x[5:10], [c[:, ::-1] for c in corners])
    assert y[:11] == [0] * 10 + [1]


def test_image_reader_takes_the_views_from_the_crop(pictures: Path) -> None:
    text = f"""readerType = ImageReader ; randomize = none ; file = "{pictures / "map.txt"}"
        x = [ width = 4 ; height = 4 ; channels = 3 ; cropType = multiview10 ]
        y = [ labelDim = 3 ]"""
    ((x, y),) = read(text, (4, 4, 3))
    assert y[:11] == [0] * 10 + [1]
    np.testing.assert_array_equal(x[5], x[0][:, :, ::-1])


def test_no_transforms(pictures: Path) -> None:
    """Pictures as they are: channels vary fastest."""
    ((x, _),) = read(block(pictures / "map.txt", ""), (3, 6, 4))
    np.testing.assert_array_equal(x[0], pixels(6, 4))
    with pytest.raises(BrainScriptError, match="it is 6 x 4 x 3 after"):
        read(block(pictures / "map.txt", "[ type = Transpose ]"), (5, 4, 3))


@pytest.mark.parametrize("kind", INTERPOLATIONS)
def test_resizing(kind: str) -> None:
    """A constant stays, the same size is untouched, twice the size keeps the middle."""
    flat = np.full((5, 7, 3), 93, np.float32)
    np.testing.assert_array_equal(resize(flat, 4, 9, kind), np.full((9, 4, 3), 93))
    image = pixels(6, 4)
    assert resize(image, 6, 4, kind) is image
    ramp = np.repeat(np.arange(0, 160, 20, dtype=np.float32)[None, :, None], 8, axis=0)
    half = resize(ramp, 4, 4, kind)[0, :, 0]
    want = [0, 40, 80, 120] if kind == "nearest" else [10, 50, 90, 130]
    np.testing.assert_allclose(half[1:3], want[1:3], atol=1)


def test_scale_modes() -> None:
    """`crop` cuts what is too long, `pad` adds what is missing."""
    image = pixels(8, 4)
    cut = Scale(4, 4, mode="crop").apply(image, RANDOM, 0)
    np.testing.assert_array_equal(cut, image[:, 2:6])
    padded = Scale(8, 8, mode="pad", pad=9).apply(image, RANDOM, 0)
    np.testing.assert_array_equal(padded[2:6], image)
    assert (padded[:2] == 9).all()
    edges = Scale(8, 8, mode="pad").apply(image, RANDOM, 0)
    np.testing.assert_array_equal(edges[0], image[0])


def test_windows() -> None:
    """Windows by side, by area and by proportion stay within the image."""
    image = pixels(20, 10)
    assert Crop(side=(0.5, 0.5)).apply(image, RANDOM, 0).shape == (5, 5, 3)
    assert Crop("randomarea", area=(0.25, 0.25)).apply(image, RANDOM, 0).shape == (7, 7, 3)
    tall = Crop("randomarea", area=(0.1, 0.9), aspect=(0.5, 2.0), jitter=True, flip=True)
    for _ in range(50):
        high, wide, _ = tall.apply(image, RANDOM, 0).shape
        assert 1 <= high <= 10
        assert 1 <= wide <= 20
    np.testing.assert_array_equal(Crop(size=(4, 2)).apply(image, RANDOM, 0), image[4:6, 8:12])


def test_colours() -> None:
    """Radius 0 changes nothing; values stay in range; grey has no saturation to change."""
    image = pixels(5, 5)
    np.testing.assert_array_equal(Color().apply(image, RANDOM, 0), image)
    changed = Color(0.5, 0.5, 0.5).apply(image, RANDOM, 0)
    assert 0 <= changed.min()
    assert changed.max() <= 255
    grey = np.full((2, 2, 3), 50, np.float32)
    np.testing.assert_array_equal(saturated(grey, 3.0), grey)
    np.testing.assert_array_equal(saturated(image, 0.0), np.repeat(image.max(2)[:, :, None], 3, 2))
    shift = Intensity(1.0, np.ones(3, np.float32), np.eye(3, dtype=np.float32))
    moved = shift.apply(np.full((2, 2, 3), 100, np.float32), RANDOM, 0)
    assert len(np.unique(moved)) == 3
    assert Transpose().apply(image, RANDOM, 0).shape == (3, 5, 5)


def test_mean_image(tmp_path: Path) -> None:
    """The mean image of an XML file is subtracted; another size is refused."""
    path = tmp_path / "mean.xml"
    numbers = " ".join("2.5" for _ in range(24))
    path.write_text(
        "<opencv_storage><Channel>3</Channel><Row>2</Row><Col>4</Col><MeanImg"
        f' type_id="opencv-matrix"><rows>1</rows><cols>24</cols><dt>f</dt><data>{numbers}</data>'
        "</MeanImg></opencv_storage>"
    )
    mean = Mean(mean_image(str(path), PLACE))
    np.testing.assert_array_equal(mean.apply(pixels(4, 2), RANDOM, 0), pixels(4, 2) - 2.5)
    with pytest.raises(ValueError, match="mean image 4 x 2"):
        mean.apply(pixels(4, 3), RANDOM, 0)


MANY_VIEWS = "[type=Crop;cropType=multiview10;cropSize=4]:[type=Transpose]"
WRONG = {
    "no tab": ("a.png 1\n", "[type=Transpose]", "BS0640"),
    "label is no number": (".../0.png\tcat\n", "[type=Transpose]", "BS0640"),
    "label too large": (".../0.png\t3\n", "[type=Transpose]", "BS0640"),
    "empty": ("\n", "[type=Transpose]", "BS0640"),
    "missing picture": (".../9.png\t1\n", "[type=Transpose]", "BS0607"),
    "no picture": (".../map.txt\t1\n", "[type=Transpose]", "BS0641"),
    "missing member": (".../a.zip@/x.png\t1\n", "[type=Transpose]", "BS0641"),
    "other size": (".../0.png\t1\n", "[type=Crop;cropSize=3:3]:[type=Transpose]", "BS0641"),
    "size of the picture": (".../small.png\t1\n", "[type=Transpose]", "BS0641"),
    "damaged archive": (".../bad.zip@/a.png\t1\n", "[type=Transpose]", "BS0641"),
    "window below zero": (".../0.png\t1\n", "[type=Crop;cropSize=-3]", "BS0603"),
    "ratio without end": (".../0.png\t1\n", "[type=Crop;sideRatio=0.5;aspectRatio=inf]", "BS0603"),
    "key too large": (f"{2**64 - 1}\t.../0.png\t1\n", MANY_VIEWS, "BS0640"),
    "two ratios": (".../0.png\t1\n", "[type=Crop;sideRatio=0.5;areaRatio=0.5]", "BS0603"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_does_not_fit(pictures: Path, name: str) -> None:
    """A diagnostic with its code each."""
    text, transforms, code = WRONG[name]
    (pictures / "small.png").write_bytes(png(pixels(2, 2)))
    with zipfile.ZipFile(pictures / "bad.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.png", png(pixels(2, 2)) * 20)
    damaged = bytearray((pictures / "bad.zip").read_bytes())
    damaged[40:60] = b"\xff" * 20
    (pictures / "bad.zip").write_bytes(damaged)
    (pictures / "bad.txt").write_text(text)
    more = "multiViewCrop = true" if transforms == MANY_VIEWS else ""
    with pytest.raises(BrainScriptError) as caught:
        read(block(pictures / "bad.txt", transforms, more=more), (6, 4, 3))
    found = caught.value.diagnostics[0].code
    assert found == code or (code == "BS0603" and found.startswith("BS02"))


def test_lines_without_a_picture_are_left_out(pictures: Path) -> None:
    """As many as `maxErrors` allows, each with a warning."""
    good = base64.b64encode((pictures / "2.png").read_bytes()).decode()
    other = base64.b64encode(b"no picture at all").decode()
    (pictures / "inline.txt").write_text(f"1\t!!!!\n0\t{other}\n2\t{good}\n")
    kind, inputs = "Base64ImageDeserializer", [InputSpec("x", (6, 4, 3)), InputSpec("y", (3,))]
    text = block(pictures / "inline.txt", "[ type = Transpose ]", kind, "maxErrors = %s")
    warnings: list[Diagnostic] = []
    reader = reader_of(text % 2, inputs, warnings)
    reader.start_epoch(0, 0, 100)
    minibatch = reader.next()
    assert minibatch is not None
    assert minibatch.columns["*"] == 1
    assert [(w.severity, w.title.partition("inline.txt:")[2]) for w in warnings] == [
        ("warning", "1: the picture is no Base64 text"),
        ("warning", "2: it is no picture"),
    ]
    with pytest.raises(BrainScriptError, match="no Base64 text"):
        read(text % 1, (6, 4, 3))
    with pytest.raises(BrainScriptError, match="no Base64 text"):
        read(text % 0, (6, 4, 3))


def test_damaged_pictures() -> None:
    """A picture with any byte turned over is read or refused."""
    good = png(pixels(3, 3))
    for place in range(len(good)):
        bad = bytearray(good)
        bad[place] ^= 0xFF
        entry = Entry("", "p", 0, "p", bytes(bad))
        decoder = Decoder([entry], [], False, 1, (0,), PLACE)
        try:
            size = decoder.decode(entry).size
        except BrainScriptError:
            continue
        assert size < 1 << 27
