"""Streams of a reader against inputs of a network, before any data is read."""

from __future__ import annotations

import linecache
import re
from collections.abc import Sequence
from math import prod

from brainscript.diagnostic import BrainScriptError, Diagnostic, Note, Span, did_you_mean
from brainscript.runtime.data.corpus import Corpus, Stream
from brainscript.runtime.network import InputSpec

_MEMBER = re.compile(r"(\w+)\s*=\s*\w*Input\w*\s*\Z")

Binding = dict[str, int]
"""Network input -> number of the stream that feeds it."""


def bind(streams: Sequence[Stream], inputs: Sequence[InputSpec], reader: Span) -> Binding:
    """The stream of each input; name, size and kind must fit. Spare streams are left alone."""
    numbers = {stream.name: i for i, stream in enumerate(streams)}
    binding: Binding = {}
    problems: list[Diagnostic] = []
    for spec in inputs:
        number = numbers.get(spec.name)
        if number is None:
            problems.append(_no_stream(spec, streams, reader))
            continue
        binding[spec.name] = number
        problems += _misfit(spec, streams[number], reader)
    if problems:
        raise BrainScriptError(*problems)
    return binding


def _no_stream(spec: InputSpec, streams: Sequence[Stream], reader: Span) -> Diagnostic:
    names = [stream.name for stream in streams]
    same_alias = next((stream.name for stream in streams if stream.alias == spec.name), "")
    help = did_you_mean(spec.name, names) or f"the reader offers {', '.join(names)}"
    declared = _declared_as(spec)
    if declared in names:
        help = f"'{declared}' is the same input, and the later name of the alphabet counts: "
        help += f"call the section '{spec.name}', or write {spec.name} = Pass ({declared})"
    if same_alias:
        help = f"section '{same_alias}' has this name as alias; call the section '{spec.name}'"
    title = f"the reader has no stream for the network's input '{spec.name}'"
    return Diagnostic("BS0604", title, reader, notes=_declared(spec), help=help)


def _declared_as(spec: InputSpec) -> str:
    """The member in whose line an input is made; it may be another one that names the node."""
    if spec.span is None:
        return ""
    before = linecache.getline(spec.span.file, spec.span.line)[: spec.span.column - 1]
    found = _MEMBER.search(before)
    return "" if found is None else found[1]


def _declared(spec: InputSpec) -> tuple[Note, ...]:
    return (Note(f"input '{spec.name}' is declared here", spec.span),) if spec.span else ()


def _misfit(spec: InputSpec, stream: Stream, reader: Span) -> list[Diagnostic]:
    span = stream.span or reader
    size = prod(spec.dims)
    if stream.dim and size != stream.dim:
        shape = " x ".join(map(str, spec.dims)) or "1"
        title = f"stream '{stream.name}' has dim {stream.dim}, the network's input has {size}"
        label = f"the input is [{shape}]"
        help = f"write dim = {size // stream.window}"
        if stream.window > 1:
            help += f": the reader multiplies it by the {stream.window} frames of contextWindow"
        else:
            help += f", or declare the input with {stream.dim}: one of them must fit the data"
        return [Diagnostic("BS0605", title, span, label, _declared(spec), help)]
    if spec.sparse and not stream.sparse:
        title = f"stream '{stream.name}' is dense, the network's input is sparse"
        help = "write the data as index:value pairs with format = sparse, or declare Input{...}"
        return [Diagnostic("BS0606", title, span, notes=_declared(spec), help=help)]
    return []


def check_pieces(corpus: Corpus, reader: Span) -> None:
    """Sequences that are cut into pieces have the same length in all streams."""
    first, *others = corpus.streams
    for number, stream in enumerate(others, 1):
        found = corpus.first_difference(0, number)
        if found is not None:
            key, one, other = corpus.name_of(found[0]), *found[1:]
            title = (
                f"sequences cannot be cut into pieces: sequence {key} has {one} samples of"
                f" '{first.name}' and {other} of '{stream.name}'"
            )
            help = "remove 'truncated' to train on whole sequences"
            raise BrainScriptError(Diagnostic("BS0619", title, reader, help=help))


def check_lengths(
    corpus: Corpus, inputs: Sequence[InputSpec], binding: Binding, reader: Span
) -> None:
    """Inputs on one dynamic axis must agree on the length of every sequence."""
    leaders: dict[str, InputSpec] = {}
    for spec in inputs:
        leader = leaders.setdefault(spec.axis, spec)
        found = corpus.first_difference(binding[leader.name], binding[spec.name])
        if found is None:
            continue
        key, first, second = corpus.name_of(found[0]), *found[1:]
        title = (
            f"inputs '{leader.name}' and '{spec.name}' share a dynamic axis, but sequence {key}"
            f" has {first} and {second} samples"
        )
        help = "give one of them its own axis: Input {n, dynamicAxis = DynamicAxis()}"
        raise BrainScriptError(
            Diagnostic("BS0616", title, reader, notes=_declared(spec), help=help)
        )
