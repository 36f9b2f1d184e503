"""The frame of a version 1 network file: nodes, their links, the groups of roots."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from brainscript.diagnostic import BrainScriptError, Diagnostic
from brainscript.limits import exceeded, limit
from brainscript.runtime.model.cntk_v1.fields import FieldReader, Fields, FieldWriter
from brainscript.runtime.model.cntk_v1.layouts import LAST_VERSION, LAYOUTS
from brainscript.runtime.model.model_file import Cursor, ModelFile

MAGIC = "BCN\0".encode("utf-16-le")
PRECISIONS = ("float", "double", "half")
GROUPS = (
    ("feature", ("FeatureNodes",)),
    ("label", ("LabelNodes",)),
    ("criterion", ("CriterionNodes", "CriteriaNodes")),
    ("", ("NodesReqMultiSeqHandling",)),
    ("evaluation", ("EvalNodes",)),
    ("output", ("OutputNodes",)),
)


@dataclass
class FileNode:
    """One node as it stands in the file: its own fields by name, its inputs, where it begins."""

    name: str
    operation: str
    precision: str = "float"
    values: dict[str, Any] = field(default_factory=dict[str, Any])
    inputs: tuple[str, ...] = ()
    at: int = 0


@dataclass
class FileNetwork:
    """The nodes by name in the file's order, and the groups."""

    version: int
    nodes: dict[str, FileNode] = field(default_factory=dict[str, FileNode])
    groups: dict[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])


def read_network(file: ModelFile) -> FileNetwork:
    """The network of a file; BrainScriptError (BS0503) with the place where it makes no sense."""
    try:
        return _Reader(file).network()
    except BrainScriptError as error:
        reader = _Reader(file)
        if reader.version != 16 or error.exit_code != 1:
            raise
        reader.fields.narrow_seeds = True
        return reader.network()


class _Reader:
    def __init__(self, file: ModelFile):
        cursor = Cursor(file)
        self.fields = FieldReader(cursor, 1)
        self.cursor = cursor
        self.fields.marker("BCN")
        if self.fields.has_marker("BVersion"):
            self.fields.version = cursor.number("Q", "the version")
            self.fields.marker("EVersion")
        self.version = self.fields.version
        self.folded: dict[str, str] = {}
        self.default = ""

    def network(self) -> FileNetwork:
        """The whole file."""
        if not 1 <= self.version <= LAST_VERSION:
            title = f"'{self.cursor.file.path}' is a CNTK 1 model of version {self.version}"
            help = f"versions 1 to {LAST_VERSION} are known"
            raise BrainScriptError(Diagnostic("BS0505", title, help=help))
        network = FileNetwork(self.version)
        count = self._count("nodes", 6)
        if count > limit("model-nodes"):
            title = f"'{self.cursor.file.path}' claims to have {count} nodes"
            raise exceeded("model-nodes", "BS0517", title)
        self.fields.marker("BNodeList")
        for _ in range(count):
            self._node(network)
        self.fields.marker("ENodeList")
        self._relations(network, count)
        self._groups(network)
        return network

    def _node(self, network: FileNetwork) -> None:
        at = self.cursor.at
        precision = self.cursor.wide_text("a precision") if self.version >= 7 else self._default()
        if precision not in PRECISIONS:
            raise self.cursor.error(f"'{precision[:40]}' is no precision", at)
        operation = self.cursor.wide_text("the operation of a node")
        name = self.cursor.wide_text("the name of a node")
        if name.lower() in self.folded:
            raise self.cursor.error(f"the node '{name}' occurs twice", at)
        self.folded[name.lower()] = name
        node = FileNode(name, operation, precision, at=at)
        self.fields.element, self.fields.values = precision, node.values
        layout = LAYOUTS.get(operation)
        try:
            if layout is not None:
                layout(self.fields)
        except ValueError as error:
            raise self.cursor.error(f"node '{name}' ({operation}): {error}") from None
        network.nodes[name] = node

    def _default(self) -> str:
        """The precision of files that do not say: the element size of their first matrix."""
        if not self.default:
            file, mark = self.cursor.file, "BMAT\0".encode("utf-16-le")
            start, size = self.cursor.at, b""
            while start < file.size and not size:
                data = file.read(start, min(1 << 20, file.size - start))
                found = data.find(mark)
                if found >= 0 and start + found + len(mark) + 8 <= file.size:
                    size = file.read(start + found + len(mark), 8)
                start += max(1, len(data) - len(mark))
            self.default = "double" if size[:1] == b"\x08" else "float"
        return self.default

    def _relations(self, network: FileNetwork, count: int) -> None:
        self.fields.marker("BRelation")
        for _ in range(count):
            node = network.nodes[self._known("a node with inputs")]
            node.inputs = tuple(
                self._known(f"an input of '{node.name}'")
                for _ in range(self._count(f"inputs of '{node.name}'", 2))
            )
        self.fields.marker("ERelation")

    def _groups(self, network: FileNetwork) -> None:
        self.fields.marker("BRootNodes")
        for group, marks in GROUPS:
            mark = next((m for m in marks if self.fields.has_marker(f"B{m}")), None)
            if mark is not None:
                names = [self._group_name(group) for _ in range(self._count(f"'{mark}'", 2))]
                if group:
                    network.groups[group] = tuple(dict.fromkeys(names))
            if mark is not None or group != "label":
                if mark is not None:
                    self.fields.marker(f"E{mark}")
            else:
                self.fields.has_marker("ELabelNodes")
        if self.fields.has_marker("BPairNodes"):
            if self._count("pairs", 2):
                raise self.cursor.error("pairs of nodes are not supported")
            self.fields.marker("EPairNodes")
        self.fields.marker("ERootNodes")
        self.fields.marker("ECN")

    def _group_name(self, group: str) -> str:
        if not group:
            return self.cursor.wide_text("a node that is not used any more")
        return self._known(f"a node of the group '{group}'")

    def _known(self, what: str) -> str:
        at = self.cursor.at
        name = self.cursor.wide_text(what)
        if name.lower() not in self.folded:
            raise self.cursor.error(f"{what} is '{name[:80]}', which is not in the file", at)
        return self.folded[name.lower()]

    def _count(self, what: str, width: int) -> int:
        count = self.cursor.number("Q", f"the number of {what}")
        if count > self.cursor.left // width:
            raise self.cursor.error(f"{count} {what} in {self.cursor.left} bytes")
        return count


def network_parts(network: FileNetwork) -> list[bytes | memoryview]:
    """The bytes of a file, in pieces; nodes are sorted by name whatever their case.

    OverflowError for a number that its field cannot hold.
    """
    out = FieldWriter(network.version)
    out.wide("BCN")
    if network.version > 1:
        out.wide("BVersion")
        out.pack("Q", network.version)
        out.wide("EVersion")
    nodes = sorted(network.nodes.values(), key=lambda node: (node.name.lower(), node.name))
    out.pack("Q", len(nodes))
    out.wide("BNodeList")
    for node in nodes:
        precision = (node.precision,) if network.version >= 7 else ()
        for text in (*precision, node.operation, node.name):
            out.wide(text)
        out.element, out.values = node.precision, node.values
        try:
            LAYOUTS.get(node.operation, _nothing)(out)
        except struct.error as error:
            raise OverflowError(f"a number of '{node.name}' is too large ({error})") from None
    out.wide("ENodeList")
    out.wide("BRelation")
    for node in nodes:
        _names(out, node.inputs, node.name)
    out.wide("ERelation")
    _write_groups(out, network.groups)
    out.wide("ECN")
    return out.parts


def _nothing(fields: Fields) -> None:
    """The layout of a node without fields."""


def _write_groups(out: FieldWriter, groups: Mapping[str, tuple[str, ...]]) -> None:
    out.wide("BRootNodes")
    for group, marks in GROUPS:
        if group:
            out.wide(f"B{marks[0]}")
            _names(out, groups.get(group, ()))
            out.wide(f"E{marks[0]}")
    out.wide("ERootNodes")


def _names(out: FieldWriter, names: tuple[str, ...], before: str | None = None) -> None:
    if before is not None:
        out.wide(before)
    out.pack("Q", len(names))
    for name in names:
        out.wide(name)
