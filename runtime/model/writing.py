"""Model files of other programs: the network as a graph and its values, written atomically."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from brainscript.atomic import replacing
from brainscript.diagnostic import Diagnostic
from brainscript.runtime.model import dbn_export
from brainscript.runtime.model.cntk_v1 import export as cntk_v1
from brainscript.runtime.model.cntk_v2 import export as cntk_v2
from brainscript.runtime.model.container import write_error
from brainscript.runtime.model.spelling.uncomputed import uncomputed
from brainscript.stored_graph import StoredGraph

Arrays = Mapping[str, NDArray[np.floating[Any]]]
Parts = list[bytes | memoryview]


FORMATS: dict[str, Callable[[StoredGraph, Arrays], Parts]] = {
    "cntk1": cntk_v1.file_parts,
    "cntk2": cntk_v2.file_parts,
    "dbn": dbn_export.file_parts,
}
"""What writes the bytes of a format."""


def write_graph(
    path: str | Path, form: str, graph: StoredGraph, arrays: Arrays
) -> list[Diagnostic]:
    """Write a model in one of `FORMATS`; BrainScriptError (BS0508, BS0519) when that cannot be.

    Returns a warning (BS0518) for each statistic that no data have given a value.
    """
    parts = FORMATS[form](graph, arrays)
    try:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as stream:
            for part in parts:
                stream.write(part)
    except OSError as error:
        raise write_error(path, error) from None
    return uncomputed(graph, arrays)
