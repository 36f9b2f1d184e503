"""Sections of HTKMLFReader, HTKDeserializers and their deserializers: keys, defaults, checks."""

from __future__ import annotations

from dataclasses import replace

from brainscript.diagnostic import BrainScriptError, Diagnostic
from brainscript.runtime.data.corpus import Stream
from brainscript.runtime.data.sequence_keys import FRAME_BITS
from brainscript.runtime.data.side_files import side_file
from brainscript.runtime.data.sources import Source, read_lines
from brainscript.runtime.data.speech.utterances import FeatureSource, LabelSource
from brainscript.runtime.data.text import at_least
from brainscript.settings import Settings

READ_METHODS = ("blockrandomize", "rollingwindow", "none")
WITHOUT_EFFECT = (
    "verbosity",
    "nbruttsineachrecurrentiter",
    "traceLevel",
    "prefetch",
    "minibatchMode",
    "useMersenneTwisterRand",
    "pageFilePath",
    "minimizeReaderMemoryFootprint",
    "module",
    "labelType",
    "frameMode",
)
"""Keys that change nothing here: order and memory are those of all readers."""
UNSUPPORTED = {
    "labelToTargetMappingFile": "dense targets for classes are not read",
    "denLatTocFile": "training on lattices is not available",
    "numLatTocFile": "training on lattices is not available",
    "unigram": "training on lattices is not available",
    "phoneFile": "training on lattices is not available",
}
LONGEST_UTTERANCE = 10000


def in_frames(settings: Settings) -> bool:
    """Whether frames are sequences of their own, as they are not where a `writer` is in sight."""
    return settings.boolean("frameMode", True) and not settings.has("writer")


def speech_sources(settings: Settings, *, legacy: bool) -> list[Source]:
    """The streams of a section with `readerType` HTKMLFReader (`legacy`) or HTKDeserializers."""
    for key in WITHOUT_EFFECT:
        settings.has(key, inherited=False)
    settings.word("readMethod", READ_METHODS, "blockrandomize")
    frames = in_frames(settings)
    longest = at_least(settings, "maxUtteranceLength", 1, LONGEST_UTTERANCE) if legacy else 0
    features: list[FeatureSource] = []
    labels: list[Source] = []
    for name in settings.own_keys():
        if not settings.is_section(name):
            continue
        section = settings.section(name)
        _refuse(section)
        if section.has("scpFile", inherited=False):
            features.append(feature_source(section, name, frames=frames, longest=longest))
        elif section.has("mlfFile", inherited=False) or section.has("mlfFileList", inherited=False):
            labels.append(label_source(section, name, frames=frames))
    if not features:
        title = "the reader names no feature files"
        help = 'write features = [ scpFile = "train.scp" ; dim = 363 ]'
        raise BrainScriptError(Diagnostic("BS0603", title, settings.span, help=help))
    first, *others = sorted(features, key=lambda source: source.expand)
    return [first, *(replace(source, by_position=legacy) for source in others), *labels]


def feature_deserializer(settings: Settings) -> list[Source]:
    """The streams of an HTKFeatureDeserializer; `frameMode` is that of the block around it."""
    frames = settings.boolean("frameMode", False)
    inputs = settings.section("input")
    return [feature_source(inputs.section(n), n, frames=frames) for n in inputs.own_keys()]


def label_deserializer(settings: Settings) -> list[Source]:
    """The streams of an HTKMLFDeserializer; `frameMode` is that of the block around it.

    A section that names the feature files too, as it once had to, needs them no more.
    """
    frames = settings.boolean("frameMode", False)
    inputs = settings.section("input")
    sections = [(inputs.section(name), name) for name in inputs.own_keys()]
    for section, _ in sections:
        section.has("scpFile", inherited=False)
    return [label_source(section, name, frames=frames) for section, name in sections]


def feature_source(
    section: Settings, name: str, *, frames: bool, longest: int = 0
) -> FeatureSource:
    """A section with `scpFile`."""
    _refuse(section)
    _check_type(section, "real")
    dim = at_least(section, "dim", 1, 0)
    window = context(section)
    expand = section.boolean("expandToUtterance", False)
    if expand and window not in (None, (0, 0)):
        why = "utterances of one frame have no neighbours: remove contextWindow"
        raise section.wrong("expandToUtterance", why)
    count = 1 + sum(window) if window else 1
    size, span = dim * count, section.key_span("dim")
    stream = Stream(name, name, size, False, _defines_size(section), span, count)
    return FeatureSource(
        stream,
        section.text("scpFile"),
        section.span_of("scpFile"),
        section.text("prefixPathInSCP", ""),
        dim,
        window,
        expand,
        frames,
        longest=at_least(section, "maxSequenceSize", 1, longest or 1 << FRAME_BITS),
    )


def context(section: Settings) -> tuple[int, int] | None:
    """Neighbours to the left and right: `left:right`, or an odd number of frames in all."""
    if not section.has("contextWindow", inherited=False):
        return None
    sides = tuple(section.integers("contextWindow"))
    if len(sides) == 2 and min(sides) >= 0:
        return sides[0], sides[1]
    if len(sides) == 1 and sides[0] > 0 and sides[0] % 2:
        return sides[0] // 2, sides[0] // 2
    raise section.wrong("contextWindow", "it is left:right, or an odd number of frames in all")


def label_source(section: Settings, name: str, *, frames: bool) -> LabelSource:
    """A section with `mlfFile` or `mlfFileList`."""
    section.has("labelType", inherited=False)
    _refuse(section)
    _check_type(section, "category")
    key = "labelDim" if section.has("labelDim", inherited=False) else "dim"
    dim = at_least(section, key, 1, 0)
    single = section.has("mlfFile", inherited=False)
    file_key = "mlfFile" if single else "mlfFileList"
    paths = section.texts(file_key)
    span = section.span_of(file_key)
    if not single and len(paths) == 1:
        with side_file():
            paths = tuple(line.strip() for line in read_lines(paths[0], span) if line.strip())
    boundaries = section.boolean("phoneBoundaries", False)
    if boundaries and frames:
        raise section.wrong("phoneBoundaries", "single frames have no boundaries: frameMode is on")
    stream = Stream(name, name, dim, True, _defines_size(section), section.key_span(key))
    states = section.text("labelMappingFile", "")
    most = at_least(section, "maxErrors", 0, 0) if section.has("maxErrors") else 0
    return LabelSource(stream, paths, span, states, boundaries, frames, most)


def _check_type(section: Settings, only: str) -> None:
    """The section's own `type`, which has one legal value."""
    if section.has("type", inherited=False):
        section.word("type", (only,))


def _defines_size(section: Settings) -> bool:
    return section.boolean("definesMBSize", False)


def _refuse(section: Settings) -> None:
    """Settings that ask for something that is not there."""
    for key, why in UNSUPPORTED.items():
        if section.has(key, inherited=False):
            raise section.wrong(key, why)
