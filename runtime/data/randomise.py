"""The order of sequences: CNTK's BlockRandomizer, computed by the native library.

Sweep k is seeded with `seed + k`. Chunks are shuffled; then each position swaps with one of the
window of chunks around its own. With one chunk, or a window over everything, that is: for
t = 0..n-1 swap t with next() mod n.
"""

from __future__ import annotations

from dataclasses import dataclass

from brainscript.literals import read_integer
from brainscript.runtime import native_library
from brainscript.runtime.data.text import at_least
from brainscript.settings import Settings

EVERYTHING = 2**62
BYTES_OF_WINDOW = 4 << 30


@dataclass(frozen=True)
class Order:
    """How sequences are ordered; the window counts chunks, or samples if `in_samples`."""

    randomize: bool = True
    window: int = 128
    in_samples: bool = False
    seed: int = 0

    def native(self) -> native_library.OrderOptions:
        """The same for the native library."""
        return native_library.OrderOptions(
            self.randomize, self.window, self.in_samples, self.seed & (2**63 - 1)
        )


def reads_in_order(settings: Settings, default: bool) -> bool:
    """Whether `randomize` asks for the order of the file; `auto` and `none` are legal too."""
    if not settings.has("randomize"):
        return not default
    word = settings.text("randomize").strip().lower()
    if word in ("auto", "none") or _samples(settings):
        return word == "none"
    return not settings.boolean("randomize")


def _samples(settings: Settings) -> int:
    """The window in samples that older readers give as `randomize`; 0 for anything else."""
    number = read_integer(settings.text("randomize", ""))
    return number if number is not None and number > 1 else 0


def order_of(settings: Settings, chunk_bytes: int, default: bool, *, composite: bool) -> Order:
    """The order that a reader section asks for.

    Without `randomizationWindow` it is 4 GiB of chunks. A window in a composite block counts
    samples unless `sampleBasedRandomizationWindow = false`; elsewhere chunks unless true. A number
    as `randomize` is a window of samples.
    """
    in_samples = settings.boolean("sampleBasedRandomizationWindow", composite)
    if samples := _samples(settings):
        window, in_samples = samples, True
    elif settings.has("randomizationWindow") and settings.text("randomizationWindow") != "auto":
        window = at_least(settings, "randomizationWindow", 0, 0)
    elif in_samples and not composite:
        window = EVERYTHING
    else:
        window, in_samples = max(1, BYTES_OF_WINDOW // chunk_bytes), False
    seed = settings.integer("randomizationSeed", 0)
    return Order(not reads_in_order(settings, default), window, in_samples, seed)
