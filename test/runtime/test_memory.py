"""Memory for tensors: zero, aligned, large blocks on pages of their own."""

import pytest

from brainscript.diagnostic import BrainScriptError
from brainscript.linear import ALIGNMENT
from brainscript.runtime.memory import HUGE_PAGE, LEAST_HUGE, aligned_bytes, room_for


@pytest.mark.parametrize("size", [0, 1, 1000, LEAST_HUGE - 1, LEAST_HUGE, HUGE_PAGE + 1])
def test_blocks_are_zero_aligned_and_writable(size: int) -> None:
    block = aligned_bytes(size)
    assert block.shape == (size,)
    assert not block.any()
    assert size == 0 or block.ctypes.data % ALIGNMENT == 0
    block[...] = 1
    assert int(block.sum()) == size


def test_large_blocks_start_on_a_huge_page() -> None:
    for size in (LEAST_HUGE, 5 * HUGE_PAGE):
        assert aligned_bytes(size).ctypes.data % HUGE_PAGE == 0


@pytest.mark.parametrize("size", [1 << 60, (1 << 63) - 1])
def test_more_than_there_is_raises_memory_error(size: int) -> None:
    with pytest.raises(MemoryError):
        aligned_bytes(size)


def test_what_the_machine_has_not_is_refused() -> None:
    assert room_for(100, "a step", "").size == 100
    with pytest.raises(BrainScriptError, match=r"a step needs 1073741824\.0 GiB") as error:
        room_for(1 << 60, "a step", "use less")
    found = error.value.diagnostics[0]
    assert (found.code, found.help) == ("BS0812", "use less")
