"""Worker processes: objects come back, a worker that dies is a diagnostic, nothing else stops."""

from __future__ import annotations

import ctypes
import os
import signal
from collections.abc import Generator
from pathlib import Path

import pytest
from xdsl.parser import Parser

from brainscript import limits
from brainscript.codegen.cache import open_cache
from brainscript.codegen.compile import (
    assembly,
    check_intrinsics,
    compile_kernels,
    compile_text,
    kernel_key,
    kernel_symbol,
)
from brainscript.codegen.jit import Linked
from brainscript.codegen.workers.pool import WorkerPool
from brainscript.diagnostic import BrainScriptError
from brainscript.dialects.kern import FuncOp
from brainscript.dialects.registry import make_context
from brainscript.target import forced_target, host_target

KERNEL = """
kern.func @NAME(%x : !kern.ptr, %n : index, %ws : !kern.ptr, %tid : index, %nt : index) {
  %zero = arith.constant 0 : index
  %v = kern.load %x[%n] : f32
  kern.store %v, %x[%zero] : f32
  kern.return
}"""
ANSWER = "define i32 @answer() {\n  ret i32 NUMBER\n}\n"
UNSELECTABLE = """
declare i32 @llvm.nvvm.read.ptx.sreg.tid.x()
define i32 @thread() {
  %r = call i32 @llvm.nvvm.read.ptx.sreg.tid.x()
  ret i32 %r
}
"""


def kernel(name: str) -> FuncOp:
    module = Parser(make_context(), KERNEL.replace("NAME", name)).parse_module()
    (found,) = module.ops
    assert isinstance(found, FuncOp)
    return found


def test_kernels_with_the_same_content_are_compiled_once() -> None:
    target = host_target()
    objects = compile_kernels([kernel("a"), kernel("b")], target)
    assert list(objects) == [kernel_key(kernel("c"), target)]
    symbol = kernel_symbol(next(iter(objects)))
    linked = Linked(objects.values(), [symbol])
    data = (ctypes.c_float * 3)(1, 2, 3)
    kinds = [ctypes.c_void_p, ctypes.c_int64, ctypes.c_void_p, ctypes.c_int64, ctypes.c_int64]
    linked.function(symbol, *kinds)(ctypes.addressof(data), 2, None, 0, 1)
    assert list(data) == [3, 2, 3]


def test_keys_depend_on_the_target() -> None:
    assert kernel_key(kernel("a"), host_target()) != kernel_key(
        kernel("a"), forced_target("baseline")
    )


def test_the_cache_is_asked_first(tmp_path: Path) -> None:
    cache = open_cache(tmp_path)
    assert cache is not None
    key, data = compile_text(ANSWER.replace("NUMBER", "42"), host_target(), cache)
    assert cache.get(key) == data
    cache.put(key, b"from the cache")
    assert (
        compile_text(ANSWER.replace("NUMBER", "42"), host_target(), cache)[1] == b"from the cache"
    )


def test_a_dead_worker_is_a_diagnostic(tmp_path: Path) -> None:
    pool = WorkerPool(tmp_path / "crash")
    target = host_target()
    with pytest.raises(BrainScriptError) as raised:
        pool.compile({"deadbeef": lambda: UNSELECTABLE}, target)
    (diagnostic,) = raised.value.diagnostics
    assert diagnostic.code == "BS0803"
    assert "Cannot select" in diagnostic.label
    assert (tmp_path / "crash" / "deadbeef.ll").read_text() == UNSELECTABLE
    sources = {str(i): lambda i=i: ANSWER.replace("NUMBER", str(i)) for i in range(5)}
    assert sorted(pool.compile(sources, target)) == sorted(sources)
    pool.close()


def test_a_worker_ended_from_outside_is_replaced_once(tmp_path: Path) -> None:
    """As a system without memory ends it: the next one compiles, or it is told."""
    pool = WorkerPool(tmp_path / "crash")
    text = ANSWER.replace("NUMBER", "3")
    pool.compile({"warm": lambda: text}, host_target())
    workers = [pool.take() for _ in range(3)]
    for worker in workers:
        pool.give(worker)
    os.kill(workers[2].number, signal.SIGKILL)
    assert pool.compile({"again": lambda: text}, host_target())
    os.kill(workers[0].number, signal.SIGKILL)
    os.kill(workers[1].number, signal.SIGKILL)
    with pytest.raises(BrainScriptError) as raised:
        pool.compile({"never": lambda: text}, host_target())
    (diagnostic,) = raised.value.diagnostics
    assert (diagnostic.code, raised.value.exit_code) == ("BS0807", 1)
    assert "exit status -9" in diagnostic.label
    assert pool.compile({"next": lambda: text}, host_target())
    pool.close()


@pytest.fixture
def default_limits() -> Generator[None]:
    """The limits are as they were when a test ends."""
    yield
    limits.set_limits(limits.DEFAULTS)


def test_a_worker_that_hangs_is_ended(tmp_path: Path, default_limits: None) -> None:
    pool = WorkerPool(tmp_path / "crash")
    worker = pool.take()
    pool.give(worker)
    text = ANSWER.replace("NUMBER", "3")
    pool.compile({"warm": lambda: text}, host_target())
    os.kill(worker.number, signal.SIGSTOP)
    limits.set_limits({"compile-seconds": 1})
    with pytest.raises(BrainScriptError) as raised:
        pool.compile({"stuck": lambda: text}, host_target())
    (diagnostic,) = raised.value.diagnostics
    assert (diagnostic.code, raised.value.exit_code) == ("BS0806", 4)
    assert (tmp_path / "crash" / "stuck.ll").read_text() == text
    assert str(tmp_path / "crash" / "stuck.ll") in diagnostic.label
    limits.set_limits(limits.DEFAULTS)
    assert pool.compile({"next": lambda: text}, host_target())
    pool.close()


def test_text_that_does_not_parse_is_a_diagnostic(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BS_CRASH", "0")
    with pytest.raises(BrainScriptError) as raised:
        compile_text("define nonsense", host_target())
    assert raised.value.diagnostics[0].code == "BS0803"
    assert not list(tmp_path.iterdir())


def test_only_listed_intrinsics_pass() -> None:
    check_intrinsics("declare float @llvm.fma.f32(float, float, float)")
    with pytest.raises(BrainScriptError) as raised:
        check_intrinsics(UNSELECTABLE)
    assert raised.value.diagnostics[0].code == "BS0802"


def test_assembly_of_a_forced_target() -> None:
    text = assembly(ANSWER.replace("NUMBER", "7"), forced_target("avx2"))
    assert "answer:" in text
    assert "$7" in text


def test_a_missing_symbol_is_a_diagnostic() -> None:
    text = "declare void @nobody()\ndefine void @f() {\n  call void @nobody()\n  ret void\n}\n"
    _, data = compile_text(text, host_target())
    with pytest.raises(BrainScriptError) as raised:
        Linked([data], ["f"])
    assert raised.value.diagnostics[0].code == "BS0804"
