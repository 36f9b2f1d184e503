"""The native library: found, of the right version; the thread pool runs steps together."""

from __future__ import annotations

import ctypes
import multiprocessing
import threading
from pathlib import Path

import pytest

from brainscript.diagnostic import BrainScriptError
from brainscript.runtime import native_library, threads
from brainscript.runtime.native_library import function_address, library
from brainscript.runtime.threads import ThreadPool, thread_count


def run_check(pool: ThreadPool, wanted: int = 0) -> list[int]:
    """Run the library's own check step; the words its threads left behind."""
    frame = (ctypes.c_int64 * (5 + 64))()
    frame[4] = pool.barrier
    step = library().bs_pool_test_step()
    pool.run(step, ctypes.addressof(frame), wanted)
    return [value for value in frame[5:] if value]


def test_all_threads_run_and_meet_at_barriers():
    for size in (1, 2, 5):
        pool = ThreadPool(size)
        for _ in range(200):
            assert run_check(pool) == [size * size] * size
        pool.close()


def test_a_step_may_use_fewer_threads_than_the_pool():
    pool = ThreadPool(4)
    for wanted in (1, 3, 2, 4, 9, 0):
        active = wanted if 1 <= wanted <= 4 else 4
        assert run_check(pool, wanted) == [active * active] * active
    pool.close()


def test_pool_serves_several_callers_in_turn():
    pool = ThreadPool(3)
    results: list[list[int]] = []

    def work() -> None:
        results.extend(run_check(pool) for _ in range(50))

    callers = [threading.Thread(target=work) for _ in range(4)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert results == [[9, 9, 9]] * 200
    pool.close()


def forked(pool: ThreadPool) -> None:
    raise SystemExit(0 if run_check(pool) == [1] else 1)


def test_after_a_fork_the_child_runs_alone():
    pool = ThreadPool(2)
    child = multiprocessing.get_context("fork").Process(target=forked, args=(pool,))
    child.start()
    child.join(10)
    assert child.exitcode == 0
    assert run_check(pool) == [4, 4]
    pool.close()


def test_fork_and_join_are_quick():
    pool = ThreadPool(2)
    limit = 20e-6  # 0.2 us on two free cores; loose, for busy machines
    quick = any(pool.latency(20) < limit for _ in range(2000))
    pool.close()
    assert quick


def test_thread_count_follows_settings_and_environment(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(threads, "available_cores", lambda: 8)
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    assert [thread_count(n) for n in (0, 3, 99, -2, -20)] == [8, 3, 8, 6, 1]
    for value, expected in {"4": 4, "2,1": 2, "0": 8, "x": 8, "100": 8}.items():
        monkeypatch.setenv("OMP_NUM_THREADS", value)
        assert thread_count() == expected
    assert thread_count(3) == 3


def test_barrier_address_is_exported():
    assert function_address("bs_barrier") > 0


def test_missing_library_is_a_diagnostic(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    absent = iter([tmp_path / "_native.so"])
    monkeypatch.setattr(native_library, "_places", lambda: absent)
    with pytest.raises(BrainScriptError) as error:
        native_library.library.__wrapped__()
    assert error.value.diagnostics[0].code == "BS0601"


def test_broken_library_is_a_diagnostic(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    (tmp_path / "_native.so").write_bytes(b"not a library")
    broken = iter([tmp_path / "_native.so"])
    monkeypatch.setattr(native_library, "_places", lambda: broken)
    with pytest.raises(BrainScriptError) as error:
        native_library.library.__wrapped__()
    assert "does not load" in error.value.diagnostics[0].title
