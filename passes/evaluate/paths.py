"""Paths that wait for a name: `h.@7#0.W` becomes `h.x.W` when call 7 is known to call `f (x)`."""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.ir import Block, Operation, SSAValue

from brainscript.dialects.attributes import text
from brainscript.dialects.bs import join_path, path_of


def waiting(path: str, site: int) -> str:
    """The front of paths at `path` that wait for site number `site`."""
    return join_path(path, f"@{site}#")


def name_arguments(
    path: str, site: int, arguments: Sequence[SSAValue], names: Sequence[str]
) -> None:
    """Give the expressions of positional arguments the names of the parameters they are for."""
    front = waiting(path, site)
    for index, (argument, name) in enumerate(zip(arguments, names, strict=False)):
        move(argument, f"{front}{index}", join_path(path, name))


def move(value: SSAValue, old: str, new: str) -> None:
    """Put `new` for the front `old` of the path of every operation that makes up `value`."""
    todo = [value.owner]
    seen: set[Operation] = set()
    while todo:
        op = todo.pop()
        if isinstance(op, Block) or op in seen or not op.attributes:
            continue
        path = path_of(op)
        if not path.startswith(old) or path[len(old) : len(old) + 1].isdigit():
            continue
        seen.add(op)
        rest = path[len(old) :].removeprefix(".")
        op.attributes = {**op.attributes, "path": text(join_path(new, rest))}
        todo.extend(operand.owner for operand in op.operands)
        for region in op.regions:
            todo.extend(v.owner for inner in region.walk() for v in inner.operands)
