"""Sections of ImageReader and of the image deserializers: keys, defaults, checks."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial

from brainscript.diagnostic import BrainScriptError, Diagnostic
from brainscript.runtime.data.corpus import Stream
from brainscript.runtime.data.images.matrices import colour_axes, mean_image
from brainscript.runtime.data.images.resample import INTERPOLATIONS
from brainscript.runtime.data.images.source import ImageSource
from brainscript.runtime.data.images.transforms import (
    Color,
    Crop,
    Intensity,
    Mean,
    Scale,
    Transform,
    Transpose,
)
from brainscript.runtime.data.side_files import side_file
from brainscript.runtime.data.text import at_least
from brainscript.settings import Settings

CROPS = ("center", "randomside", "randomarea", "multiview10")
OLD_RANDOM = "random"
JITTERS = ("none", "uniratio")
MODES = ("fill", "crop", "pad")
FORMATS = ("nchw", "nhwc", "legacy")
WIDEST = 1e6
"""The most that one side of a window may be longer than the other."""
WITHOUT_EFFECT = ("numCPUThreads", "verbosity", "traceLevel", "prefetch", "module")


def image_reader(settings: Settings) -> list[ImageSource]:
    """A section with `readerType = ImageReader`: crop, scale, colour, mean, in this order."""
    for key in WITHOUT_EFFECT:
        settings.has(key, inherited=False)
    features = _only(settings, "width", "height")
    label = _only(settings, "labelDim", "labelDim")
    section = settings.section(features)
    channels = at_least(section, "channels", 1, 0)
    if channels not in (1, 3):
        raise section.wrong("channels", "an image has 1 channel (grey) or 3")
    steps: list[Transform] = [crop(section), scale(section)]
    steps += [color(section), intensity(section), *mean(section)]
    planes = settings.word("mbFormat", FORMATS, "nchw") == "nchw"
    if planes:
        steps.append(Transpose())
    grey = settings.boolean("grayscale", channels == 1)
    seeds = _seeds(settings, [section])
    return [_source(settings, features, label, steps, seeds, grey=grey, inline=False)]


def image_deserializer(settings: Settings, *, inline: bool = False) -> list[ImageSource]:
    """An ImageDeserializer; `inline` for one that has the pictures in the map file (Base64)."""
    for key in WITHOUT_EFFECT:
        settings.has(key, inherited=False)
    inputs = settings.section("input")
    features = _only(inputs, "transforms", "transforms")
    label = _only(inputs, "labelDim", "labelDim")
    steps: list[Transform] = []
    sections = inputs.section(features).sections("transforms")
    for section in sections:
        kind = section.word("type", tuple(TRANSFORMS))
        steps += TRANSFORMS[kind](section)
    grey = settings.boolean("grayscale", False)
    seeds = _seeds(settings, sections)
    return [
        _source(settings, features, label, steps, seeds, grey=grey, inline=inline, inputs=inputs)
    ]


def _only(settings: Settings, key: str, also: str) -> str:
    """The one section below `settings` that has these keys."""
    names = [n for n in settings.own_keys() if settings.is_section(n)]
    found = [n for n in names if settings.section(n).has(key, inherited=False)]
    if len(found) == 1:
        return found[0]
    keys = key if key == also else f"{key} and {also}"
    title = f"{'several sections have' if found else 'no section has'} {keys}; one must"
    raise BrainScriptError(Diagnostic("BS0603", title, settings.span))


def _source(
    settings: Settings,
    features: str,
    label: str,
    steps: list[Transform],
    seeds: tuple[int, ...],
    *,
    grey: bool,
    inline: bool,
    inputs: Settings | None = None,
) -> ImageSource:
    inputs = inputs or settings
    section = inputs.section(features)
    classes = at_least(inputs.section(label), "labelDim", 1, 0)
    crops = [step for step in steps if isinstance(step, Crop)]
    many = any(step.kind == "multiview10" for step in crops)
    views = settings.boolean("multiViewCrop", many and inputs is settings)
    if views != many:
        why = "multiViewCrop = true and cropType = multiview10 go together"
        raise BrainScriptError(Diagnostic("BS0603", why, settings.span))
    return ImageSource(
        Stream(features, features, size_after(steps, grey=grey), False, span=section.span),
        Stream(label, label, classes, True, span=inputs.section(label).key_span("labelDim")),
        settings.text("file"),
        settings.span_of("file"),
        tuple(steps),
        grey,
        inline,
        views,
        seeds,
        at_least(settings, "maxErrors", 0, 0) if settings.has("maxErrors") else 0,
    )


def _seeds(settings: Settings, transforms: Iterable[Settings]) -> tuple[int, ...]:
    """What random transforms depend on: the seed of the order, and their own if they have any."""
    own = [at_least(section, "seed", 0, 0) for section in transforms]
    order = settings.integer("randomizationSeed", 0) % (1 << 64)
    return (order, *own) if any(own) else (order,)


def size_after(steps: list[Transform], *, grey: bool) -> int:
    """The values of a sample, as far as the transforms tell; 0 when the images decide."""
    sides = (0, 0)
    for step in steps:
        if isinstance(step, Scale):
            sides = (step.width, step.height)
        elif isinstance(step, Crop):
            known = min(step.size) > 0
            sides = (min(sides[0], step.size[0]), min(sides[1], step.size[1])) if known else (0, 0)
    return sides[0] * sides[1] * (1 if grey else 3)


def crop(section: Settings) -> Crop:
    """The keys of Crop; `Random` and `cropRatio` are the old names of RandomSide, sideRatio."""
    kind = section.word("cropType", (*CROPS, OLD_RANDOM), "center")
    kind = "randomside" if kind == OLD_RANDOM else kind
    old = _bounds(section, "cropRatio")
    side, area = _bounds(section, "sideRatio"), _bounds(section, "areaRatio")
    if not (side or area):
        side = old
    if side and area:
        raise section.wrong("areaRatio", "sideRatio and areaRatio exclude each other")
    sizes = section.integers("cropSize", 0)
    size = (sizes[0], sizes[1])
    if min(size) < 0:
        raise section.wrong("cropSize", "the sides of a window are positive; 0 stands for none")
    aspect = _bounds(section, "aspectRatio", most=WIDEST) or (1.0, 1.0)
    jitter = section.word("jitterType", JITTERS, "none") == "uniratio"
    flip = section.boolean("hflip", kind in ("randomside", "randomarea"))
    return Crop(kind, size, side, area, aspect, jitter, flip)


def _bounds(section: Settings, key: str, most: float = 1.0) -> tuple[float, float] | None:
    """A number or `least:most`, above 0."""
    if not section.has(key):
        return None
    values = tuple(section.schedule(key))
    low, high = values[0], values[-1]
    if len(values) > 2 or not 0 < low <= high <= most:
        within = "within (0, 1]" if most == 1 else "positive"
        raise section.wrong(key, f"it is one number or least:most, {within}")
    return low, high


def scale(section: Settings) -> Scale:
    """The keys of Scale."""
    width, height = at_least(section, "width", 1, 0), at_least(section, "height", 1, 0)
    section.has("channels", inherited=False)  # configs give it; pictures say it themselves
    kind = section.word("interpolations", INTERPOLATIONS, "linear")
    mode = section.word("scaleMode", MODES, "fill")
    pad = section.integer("padValue", -1)
    if pad > 255:
        raise section.wrong("padValue", "a value lies within 0..255; -1 repeats the border")
    return Scale(width, height, kind, mode, pad)


def mean(section: Settings) -> list[Transform]:
    """The keys of Mean: nothing without a file."""
    path = section.text("meanFile", "")
    found: list[Transform] = []
    with side_file():
        found += [Mean(mean_image(path, section.span_of("meanFile")))] if path else []
    return found


def color(section: Settings) -> Color:
    """The keys of Color."""
    return Color(
        _radius(section, "brightnessRadius"),
        _radius(section, "contrastRadius"),
        _radius(section, "saturationRadius"),
    )


def _radius(section: Settings, key: str) -> float:
    value = section.number(key, 0.0)
    if not 0 <= value <= 1:
        raise section.wrong(key, f"{value:g} is not within 0..1")
    return value


def intensity(section: Settings) -> Intensity:
    """The keys of Intensity: nothing without a file."""
    path = section.text("intensityFile", "")
    deviation = section.number("intensityStdDev", 0.0)
    found = Intensity(0.0)
    with side_file():
        if path:
            found = Intensity(deviation, *colour_axes(path, section.span_of("intensityFile")))
    return found


TRANSFORMS: dict[str, Callable[[Settings], list[Transform]]] = {
    "crop": lambda section: [crop(section)],
    "scale": lambda section: [scale(section)],
    "mean": mean,
    "color": lambda section: [color(section)],
    "intensity": lambda section: [intensity(section)],
    "transpose": lambda section: [Transpose()],
    "cast": lambda section: [],
}
"""What `type` of a transform may say."""

base64_deserializer = partial(image_deserializer, inline=True)
