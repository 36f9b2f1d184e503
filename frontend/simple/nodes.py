"""The nodes of a simple network while it is put together, with the names that CNTK gave them."""

from __future__ import annotations

from collections.abc import Mapping

from brainscript.diagnostic import Span
from brainscript.frontend import flat, syntax
from brainscript.frontend.simple.options import Options
from brainscript.frontend.syntax import Expression


class Nodes:
    """Nodes by name; nodes without one are `AutoNameN`. A node is used by its name."""

    def __init__(self, span: Span, options: Options):
        self.span = span
        self.options = options
        self._members: list[tuple[Span, str, Expression]] = []
        self._groups: dict[str, list[str]] = {}
        self._seed = 0
        self._unnamed = 0

    def add(self, operation: str, *inputs: str, name: str = "") -> str:
        """A node; gives its name."""
        given = [flat.reference(self.span, one) for one in inputs]
        return self._add(flat.new_node(self.span, operation, given), name)

    def input(self, name: str, size: int, group: str, sparse: bool = False) -> str:
        """An input that belongs to a group of nodes."""
        options = {"dims": float(size), "sparse": sparse}
        self.group(group, name)
        return self._add(flat.new_node(self.span, "InputValue", (), options), name)

    def weights(self, name: str, rows: int, columns: int) -> str:
        """A matrix of random values; seeds count from 1 in each network."""
        self._seed += 1
        options: dict[str, float | str] = {
            "init": "uniform" if self.options.uniform else "gaussian",
            "initValueScale": self.options.scale,
            "randomSeed": 1.0 if self.options.constant_seed else float(self._seed),
        }
        return self._parameter(name, rows, columns, options)

    def constant(self, name: str, rows: int, value: float) -> str:
        """A column that begins with one value."""
        return self._parameter(name, rows, 1, {"init": "fixedValue", "value": value})

    def past(self, size: int, name: str, steps: int = 1, own: str = "") -> str:
        """The value that the node `name`, which may come later, had some steps before."""
        dims = flat.literal(self.span, float(size))
        options = {"defaultHiddenActivation": self.options.hidden_activity}
        if steps > 1:
            options["timeStep"] = float(steps)
        inputs = [dims, flat.reference(self.span, name)]
        return self._add(flat.call(self.span, "PastValue", inputs, options), own)

    def rename(self, name: str) -> str:
        """Give the last node, which nothing refers to yet, another name."""
        _, _, value = self._members.pop()
        return self._add(value, name)

    def reserve(self) -> str:
        """A name for a node that comes later."""
        self._unnamed += 1
        return f"AutoName{self._unnamed}"

    def group(self, group: str, name: str) -> None:
        """Put a node into a group of nodes."""
        self._groups.setdefault(group, []).append(name)

    def tree(self) -> syntax.New:
        """The whole network."""
        lists = [
            (
                self.span,
                group + "Nodes",
                flat.array(self.span, [flat.reference(self.span, name) for name in names]),
            )
            for group, names in self._groups.items()
        ]
        return flat.node_list(self.span, [*self._members, *lists])

    def _parameter(
        self, name: str, rows: int, columns: int, options: Mapping[str, float | str]
    ) -> str:
        dims = flat.shape(self.span, (rows, columns))
        made = flat.new_node(self.span, "LearnableParameter", (), {"dims": dims, **options})
        return self._add(made, name)

    def _add(self, value: Expression, name: str) -> str:
        name = name or self.reserve()
        self._members.append((self.span, name, value))
        return name
