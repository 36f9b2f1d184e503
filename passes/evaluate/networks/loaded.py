"""The loaded networks beside a program, and their nodes by name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import PurePath

from xdsl.dialects.builtin import ModuleOp, StringAttr
from xdsl.ir import SSAValue

from brainscript.dialects.net.network import NetworkOp, network_of, node_name_of
from brainscript.passes.edit.names import written_so

Loader = Callable[[str], ModuleOp]
"""Gives the level-2 module of a model file; its parameters name the file they come from."""


class Networks:
    """Modules with a name beside the program; each holds one network."""

    def __init__(self, module: ModuleOp | None, loader: Loader | None = None):
        self._module = module
        self._loader = loader
        self._tables: dict[str, dict[str, SSAValue]] = {}
        self._owners: dict[NetworkOp, str] = {}
        for op in module.ops if module is not None else ():
            if isinstance(op, ModuleOp) and op.sym_name is not None:
                self._enter(op.sym_name.data, op)

    @property
    def can_load(self) -> bool:
        """Whether this program may read model files."""
        return self._loader is not None and self._module is not None

    def load(self, path: str) -> str:
        """Put the network of a model file beside the program; gives its name."""
        assert self._loader is not None
        assert self._module is not None
        found = self._loader(path)
        base = PurePath(path.replace("\\", "/")).name.replace("::", "_") or "network"
        name, number = base, 1
        while name in self._tables:
            number += 1
            name = f"{base}#{number}"
        found.properties["sym_name"] = StringAttr(name)
        first = self._module.body.block.first_op
        assert first is not None
        self._module.body.block.insert_op_before(found, first)
        self._enter(name, found)
        return name

    def nodes(self, name: str) -> dict[str, SSAValue]:
        """The nodes of a network by name, in the order of the network."""
        return self._tables[name]

    def network(self, name: str) -> NetworkOp:
        """A network by its name."""
        return next(network for network, known in self._owners.items() if known == name)

    def owner(self, value: SSAValue) -> str:
        """The name of the network that a value of level 2 belongs to."""
        block = value.owner.parent if not hasattr(value.owner, "args") else None
        parent = block.parent_op() if block is not None else None
        assert isinstance(parent, NetworkOp)
        return self._owners[parent]

    def find(self, name: str, member: str) -> list[str]:
        """The nodes that `member` may mean: one, none, or several that are all written so."""
        return written_so(member, self._tables[name])

    def _enter(self, name: str, module: ModuleOp) -> None:
        network = network_of(module)
        assert network is not None
        self._owners[network] = name
        table: dict[str, SSAValue] = {}
        for op in network.block.ops:
            for result in op.results:
                node = node_name_of(result)
                if node:
                    table[node] = result
        self._tables[name] = table
