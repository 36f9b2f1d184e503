"""Readers made from config text, for the tests of this folder."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from brainscript.diagnostic import Diagnostic
from brainscript.frontend.config import parse_config
from brainscript.frontend.source import Sources, SourceText
from brainscript.runtime.data.minibatch import Minibatch, Reader
from brainscript.runtime.data.readers import open_reader
from brainscript.runtime.layouts import Layout
from brainscript.runtime.network import Array, InputSpec
from brainscript.settings import Settings


def settings_of(text: str) -> Settings:
    """The section that a config text describes."""
    return parse_config(SourceText("test.cntk", text), Sources())


def in_order(batch: Minibatch, values: Array, axis: str = "*") -> Array:
    """Samples as they lie in a step, in the order of the minibatch."""
    layout = Layout()
    layout.set_sequences(batch.layouts[axis])
    return values[layout.columns_in_order()]


def reader_of(
    section: str, inputs: Iterable[InputSpec], warnings: list[Diagnostic] | None = None
) -> Reader:
    """A reader for the keys of a reader section."""
    found: list[Diagnostic] = [] if warnings is None else warnings
    return open_reader(settings_of(section), list(inputs), True, found.append)


def text_reader(
    folder: Path,
    data: str | bytes,
    streams: str = "a = [dim=1;format=dense]",
    more: str = "",
    inputs: Iterable[InputSpec] = (InputSpec("a", (1,)),),
    warnings: list[Diagnostic] | None = None,
) -> Reader:
    """A reader of `data` written to a file in `folder`."""
    path = folder / "data.ctf"
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    section = f'file = "{path}" ; {more}\ninput = [ {streams} ]\n'
    return reader_of(section, inputs, warnings)
