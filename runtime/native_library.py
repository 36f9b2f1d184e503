"""The native library through ctypes: where it is found, what it offers, typed once for all users.

The structures are those of `native/api.h`; sizes and version are compared when it is loaded.
"""

from __future__ import annotations

import ctypes
import os
import sysconfig
from collections.abc import Iterator
from ctypes import POINTER, Structure, c_char_p, c_double, c_int64, c_uint32, c_uint64, c_void_p
from functools import cache
from pathlib import Path

import brainscript
from brainscript.diagnostic import BrainScriptError, Diagnostic

ABI_VERSION = 5
MAX_AXES = 16

DONE, REFUSED, NO_MEMORY, NEEDS_CAPACITY, END_OF_EPOCH, OUT_OF_TIME = range(6)
EMPTY_SEQUENCE, COMPLAINT = 6, 7
"""What the functions that read data and run steps return."""


class StreamSpec(Structure):
    """One stream of a text file."""

    _fields_ = [
        ("alias", c_char_p),
        ("alias_bytes", c_int64),
        ("dim", c_int64),
        ("sparse", c_int64),
        ("defines_size", c_int64),
    ]


class ArrayStream(Structure):
    """One stream of a corpus made of arrays."""

    _fields_ = [
        ("dim", c_int64),
        ("sparse", c_int64),
        ("lengths", c_void_p),
        ("values", c_void_p),
        ("counts", c_void_p),
        ("rows", c_void_p),
    ]


class TextOptions(Structure):
    """How a text file is read."""

    _fields_ = [
        ("chunk_bytes", c_int64),
        ("max_errors", c_int64),
        ("skip_ids", c_int64),
        ("symbolic", c_int64),
        ("element_bytes", c_int64),
        ("max_remarks", c_int64),
    ]


class Remark(Structure):
    """What is wrong at one place of a data file."""

    _fields_ = [
        ("kind", c_int64),
        ("line", c_int64),
        ("column", c_int64),
        ("sequence", c_int64),
        ("text", c_char_p),
        ("excerpt", c_char_p),
    ]


class OrderOptions(Structure):
    """How sequences are put in order."""

    _fields_ = [
        ("randomize", c_int64),
        ("window", c_int64),
        ("window_in_samples", c_int64),
        ("seed", c_int64),
    ]


class Piece(Structure):
    """A piece of a sequence: `length` steps from `begin` on, in row `slot`."""

    _fields_ = [("begin", c_uint64), ("length", c_uint64), ("slot", c_uint64)]


class MinibatchInfo(Structure):
    """The sequences of one minibatch; `pieces` is null for whole ones."""

    _fields_ = [
        ("sequences", POINTER(c_uint32)),
        ("count", c_int64),
        ("samples", c_int64),
        ("sweep", c_int64),
        ("pieces", POINTER(Piece)),
        ("rows", c_int64),
        ("width", c_int64),
    ]


class Input(Structure):
    """Where the samples of a stream go: arena + base + sum of coefficients x padded columns; if
    `sparse` a record for each."""

    _fields_ = [
        ("stream", c_int64),
        ("axis", c_int64),
        ("base", c_int64),
        ("coefficients", POINTER(c_int64)),
        ("sparse", c_int64),
    ]


class Axis(Structure):
    """How an axis gets its layout: `kind` as in `brainscript.axes`."""

    _fields_ = [("kind", c_int64), ("source", c_int64), ("begin", c_int64), ("end", c_int64)]


class Loop(Structure):
    """All that `bs_run_minibatches` needs besides the reader."""

    _fields_ = [
        ("pool", c_void_p),
        ("step", c_void_p),
        ("frame", c_void_p),
        ("threads", c_int64),
        ("axes", c_int64),
        ("capacity", POINTER(c_int64)),
        ("axis", POINTER(Axis)),
        ("order", POINTER(c_int64)),
        ("inputs", POINTER(Input)),
        ("input_count", c_int64),
        ("element_bytes", c_int64),
        ("counted_axis", c_int64),
        ("counted_streams", POINTER(c_int64)),
        ("counted_stream_count", c_int64),
        ("learning_rate", c_double),
        ("momentum_per_sample", c_double),
        ("learning_rate_at", c_void_p),
        ("momentum_at", c_void_p),
        ("samples_at", c_void_p),
        ("watched_at", c_void_p),
    ]


class Progress(Structure):
    """What `bs_run_minibatches` did."""

    _fields_ = [
        ("status", c_int64),
        ("minibatches", c_int64),
        ("samples", c_int64),
        ("counted", c_int64),
        ("columns", c_int64 * MAX_AXES),
        ("last_columns", c_int64 * MAX_AXES),
    ]


STRUCTURES = (
    StreamSpec,
    TextOptions,
    Remark,
    OrderOptions,
    MinibatchInfo,
    Input,
    Loop,
    Progress,
    Piece,
    Axis,
)

_SIGNATURES: dict[str, tuple[object, ...]] = {
    # name: result, then arguments
    "bs_abi_version": (c_int64,),
    "bs_abi_sizes": (None, POINTER(c_int64)),
    "bs_pool_create": (c_void_p, c_int64),
    "bs_pool_destroy": (None, c_void_p),
    "bs_pool_size": (c_int64, c_void_p),
    "bs_pool_barrier": (c_void_p, c_void_p),
    "bs_run_step": (None, c_void_p, c_void_p, c_void_p),
    "bs_run_step_on": (None, c_void_p, c_void_p, c_void_p, c_int64),
    "bs_pool_latency": (c_double, c_void_p, c_int64, c_int64),
    "bs_idle_step": (c_void_p,),
    "bs_allow_tiles": (c_int64,),
    "bs_pool_test_step": (c_void_p,),
    "bs_twister_seed": (None, c_void_p, c_uint64),
    "bs_twister_words": (None, c_void_p, c_void_p, c_int64),
    "bs_uniform": (None, c_void_p, c_double, c_double, c_void_p, c_int64, c_int64),
    "bs_normal": (
        None,
        c_void_p,
        c_void_p,
        c_void_p,
        c_double,
        c_double,
        c_void_p,
        c_int64,
        c_int64,
    ),
    "bs_truncated_normal": (
        None,
        c_void_p,
        c_void_p,
        c_void_p,
        c_double,
        c_double,
        c_void_p,
        c_int64,
        c_int64,
    ),
    "bs_text_read": (c_void_p, c_char_p, POINTER(StreamSpec), c_int64, POINTER(TextOptions)),
    "bs_binary_read": (
        c_void_p,
        c_char_p,
        POINTER(StreamSpec),
        c_int64,
        POINTER(c_int64),
        POINTER(c_int64),
        c_int64,
        c_int64,
    ),
    "bs_corpus_from_arrays": (
        c_void_p,
        POINTER(ArrayStream),
        c_int64,
        c_void_p,
        c_int64,
        c_void_p,
        c_int64,
        c_int64,
    ),
    "bs_corpus_free": (None, c_void_p),
    "bs_corpus_save": (c_int64, c_void_p, c_char_p),
    "bs_corpus_load": (c_void_p, c_char_p),
    "bs_corpus_join": (c_void_p, POINTER(c_void_p), c_int64),
    "bs_corpus_failure": (c_int64, c_void_p, POINTER(Remark)),
    "bs_corpus_remarks": (c_int64, c_void_p),
    "bs_corpus_remark": (None, c_void_p, c_int64, POINTER(Remark)),
    "bs_corpus_totals": (None, c_void_p, POINTER(c_int64)),
    "bs_corpus_keys": (POINTER(c_uint64), c_void_p),
    "bs_corpus_names": (c_int64, c_void_p),
    "bs_corpus_name": (c_char_p, c_void_p, c_int64),
    "bs_corpus_set_keys": (None, c_void_p, c_void_p),
    "bs_corpus_lengths": (POINTER(c_uint32), c_void_p),
    "bs_corpus_chunks": (POINTER(c_uint32), c_void_p),
    "bs_corpus_compare": (c_int64, c_void_p, c_int64, c_int64, POINTER(c_int64)),
    "bs_corpus_single": (c_int64, c_void_p, c_int64),
    "bs_sweep_order": (c_int64, c_void_p, POINTER(OrderOptions), c_int64, c_void_p),
    "bs_reader_create": (c_void_p, c_void_p, POINTER(OrderOptions)),
    "bs_reader_free": (None, c_void_p),
    "bs_reader_start_epoch": (c_int64, c_void_p, c_int64, c_int64, c_int64),
    "bs_reader_next": (c_int64, c_void_p, POINTER(MinibatchInfo)),
    "bs_reader_columns": (c_int64, c_void_p, c_int64, POINTER(MinibatchInfo), POINTER(c_int64)),
    "bs_reader_lengths": (None, c_void_p, c_int64, POINTER(MinibatchInfo), c_void_p),
    "bs_reader_truncate": (None, c_void_p, c_int64),
    "bs_reader_group": (None, c_void_p, c_int64),
    "bs_reader_gather": (c_int64, c_void_p, c_int64, POINTER(MinibatchInfo), c_void_p),
    "bs_reader_refer": (c_int64, c_void_p, c_int64, POINTER(MinibatchInfo), c_void_p),
    "bs_reader_elements": (c_int64, c_void_p, c_int64, POINTER(MinibatchInfo)),
    "bs_find_rows": (None, c_void_p, c_void_p, c_int64, c_int64, c_void_p, c_int64, c_int64),
    "bs_scratch": (None, c_void_p, c_int64),
    "bs_find_steps": (None, c_void_p, c_void_p, c_void_p, c_void_p, c_int64),
    "bs_run_minibatches": (None, c_void_p, POINTER(Loop), c_int64, c_double, POINTER(Progress)),
}


def _places() -> Iterator[Path]:
    """Where the library may lie: in $BS_NATIVE, beside the package, in a development build."""
    name = "_native.so"
    given = os.environ.get("BS_NATIVE")
    if given:
        yield Path(given)
        yield Path(given) / name
    for folder in brainscript.__path__:
        yield Path(folder) / name
    yield Path(sysconfig.get_path("platlib")) / "brainscript" / name
    for folder in brainscript.__path__:
        yield Path(folder).parent / "build" / "native" / name


def _unusable(title: str, why: str) -> BrainScriptError:
    remedy = (
        "install the package with pip, or build the library with"
        " 'cmake -S . -B build/native && cmake --build build/native'"
    )
    return BrainScriptError(Diagnostic("BS0601", title, label=why, help=remedy))


@cache
def library() -> ctypes.CDLL:
    """The loaded library with the types of its functions set."""
    tried = list(dict.fromkeys(_places()))
    path = next((place for place in tried if place.is_file()), None)
    if path is None:
        raise _unusable("the native library is not there", f"looked for {tried[0]} and elsewhere")
    try:
        native = ctypes.CDLL(str(path))
    except OSError as error:
        raise _unusable(f"the native library '{path}' does not load", str(error)) from None
    _declare(native, path)
    return native


def _declare(native: ctypes.CDLL, path: Path) -> None:
    """Set the signatures; refuse a library of another version."""
    for name, (result, *arguments) in _SIGNATURES.items():
        function = getattr(native, name, None)
        if function is None:
            raise _unusable(f"the native library '{path}' is of another version", f"no {name}")
        function.restype = result
        function.argtypes = arguments
    sizes = (c_int64 * len(STRUCTURES))()
    native.bs_abi_sizes(sizes)
    same = list(sizes) == [ctypes.sizeof(structure) for structure in STRUCTURES]
    if native.bs_abi_version() != ABI_VERSION or not same:
        why = f"version {native.bs_abi_version()}, {ABI_VERSION} is needed"
        raise _unusable(f"the native library '{path}' is of another version", why)


def function_address(name: str) -> int:
    """The address of an exported function, for code compiled at run time (`bs_barrier`)."""
    address = ctypes.cast(getattr(library(), name), c_void_p).value
    assert address is not None
    return address
