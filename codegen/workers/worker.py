"""A process of its own that turns LLVM text into object code; it imports llvmlite only.

LLVM may end the process on text that verifies, so this is never the caller's process. Requests
and replies are a line of JSON followed by as many bytes as its `size` says, on standard input and
output, until the input ends.
"""

from __future__ import annotations

import json
import sys
from importlib import import_module
from typing import Any, BinaryIO

llvm: Any = import_module("llvmlite.binding")


def main() -> None:
    """Serve requests until the input ends."""
    llvm.initialize_all_targets()
    llvm.initialize_all_asmprinters()
    llvm.initialize_native_asmparser()
    machines: dict[str, Any] = {}
    source, sink = sys.stdin.buffer, sys.stdout.buffer
    while line := source.readline():
        request = json.loads(line)
        text = source.read(request["size"]).decode("utf-8")
        try:
            answer(sink, True, compile_text(machines, request, text))
        except RuntimeError as error:
            answer(sink, False, str(error).encode("utf-8"))


def answer(sink: BinaryIO, good: bool, data: bytes) -> None:
    """Send one reply."""
    sink.write(json.dumps({"good": good, "size": len(data)}).encode() + b"\n" + data)
    sink.flush()


def compile_text(machines: dict[str, Any], request: dict[str, Any], text: str) -> bytes:
    """Object code of a module: no pass pipeline, only the code generator."""
    parts = ("triple", "cpu", "features", "level")
    key = " ".join(str(request[part]) for part in parts)
    machine = machines.get(key)
    if machine is None:
        triple = request["triple"] or llvm.get_process_triple()
        machine = llvm.Target.from_triple(triple).create_target_machine(
            cpu=request["cpu"],
            features=request["features"],
            opt=request["level"],
            reloc="pic",
            codemodel="default",
        )
        machines[key] = machine
    context = llvm.create_context()
    module = llvm.parse_assembly(text, context)
    module.triple = machine.triple
    module.data_layout = str(machine.target_data)
    module.verify()
    if request["assembly"]:
        assembly: str = machine.emit_assembly(module)
        return assembly.encode("utf-8")
    emitted: bytes = machine.emit_object(module)
    return emitted


if __name__ == "__main__":
    main()
