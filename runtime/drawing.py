"""A network as a picture: nodes in layers from the inputs up, drawn as SVG without other tools."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html import escape

from brainscript.runtime.network import Facts, NodeSpec

DELAYS = ("PastValue", "FutureValue")
LETTER, LINE, PAD, GAP, RISE = 6.2, 14, 8, 18, 46
LONGEST = 34
SWEEPS = 4
FILLS = {"InputValue": "#fff3bf", "LearnableParameter": "#e9ecef"}
ROOT_FILL = "#d0ebff"
STYLE = "font-family:monospace;font-size:10px"


@dataclass
class Box:
    """A node where it is drawn: the middle of its box, and half its width."""

    node: NodeSpec
    layer: int
    half: float
    x: float = 0.0
    y: float = 0.0


def svg_text(facts: Facts, *, parameters: bool = True) -> str:
    """The picture; without `parameters` only inputs and what is computed is drawn."""
    nodes = {
        name: node
        for name, node in facts.nodes.items()
        if parameters or node.operation != "LearnableParameter"
    }
    boxes = _placed(nodes)
    width = max((b.x + b.half for b in boxes.values()), default=0.0) + PAD
    height = max((b.y for b in boxes.values()), default=0.0) + RISE
    head = f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height:.0f}"'
    lines = [f'{head} viewBox="0 0 {width:.0f} {height:.0f}" style="{STYLE}">']
    lines += _edges(boxes)
    roots = {n.name for n in (*facts.criteria, *facts.metrics, *facts.outputs)}
    for box in boxes.values():
        lines += _box(box, FILLS.get(box.node.operation, ""), box.node.name in roots)
    return "\n".join([*lines, "</svg>"]) + "\n"


def _inputs(node: NodeSpec) -> tuple[str, ...]:
    """The inputs that a node stands above: that of a delay may close a ring."""
    return node.inputs[1:] if node.operation in DELAYS else node.inputs


def _placed(nodes: Mapping[str, NodeSpec]) -> dict[str, Box]:
    users: dict[str, list[str]] = {name: [] for name in nodes}
    for node in nodes.values():
        for name in node.inputs:
            users.get(name, []).append(node.name)
    layers = _layers(nodes, users)
    top = max(layers.values(), default=0)
    boxes = {
        name: Box(node, layers[name], max(map(len, _words(node))) * LETTER / 2 + PAD)
        for name, node in nodes.items()
    }
    rows: list[list[Box]] = [[] for _ in range(top + 1)]
    for box in boxes.values():
        rows[box.layer].append(box)
        box.y = (top - box.layer) * RISE + RISE / 2
    for row in rows:
        _spread(row)
    for sweep in range(SWEEPS):
        for row in rows if sweep % 2 == 0 else rows[::-1]:
            middle = {id(b): _middle(b, boxes, users, up=sweep % 2 == 1) for b in row}
            row.sort(key=lambda b: middle[id(b)])
            _spread(row)
    return boxes


def _layers(nodes: Mapping[str, NodeSpec], users: Mapping[str, list[str]]) -> dict[str, int]:
    """The longest way up to each node; parameters stand just below their first use."""
    layers: dict[str, int] = {}
    for start in nodes:
        stack = [start]
        while stack:
            name = stack[-1]
            below = [i for i in _inputs(nodes[name]) if i in nodes]
            missing = [i for i in below if i not in layers and i not in stack]
            if missing and name not in layers:
                stack += missing
                continue
            layers.setdefault(stack.pop(), max((layers.get(i, 0) for i in below), default=-1) + 1)
    for name, node in nodes.items():
        if not node.inputs:
            layers[name] = max(0, min((layers[u] for u in users[name]), default=1) - 1)
    return layers


def _middle(
    box: Box, boxes: Mapping[str, Box], users: Mapping[str, list[str]], *, up: bool
) -> float:
    """The mean place of the neighbours below, or of those above."""
    names = users[box.node.name] if up else box.node.inputs
    near = [boxes[name].x for name in names if name in boxes]
    return sum(near) / len(near) if near else box.x


def _spread(row: list[Box]) -> None:
    at = float(PAD)
    for box in row:
        box.x = at + box.half
        at += 2 * box.half + GAP


def _words(node: NodeSpec) -> tuple[str, str]:
    dims = " x ".join(str(d) for d in node.dims)
    axis = f" x {node.axis}" if node.axis else ""
    name = node.name if len(node.name) <= LONGEST else f"...{node.name[3 - LONGEST :]}"
    return name, f"{node.operation} [{dims}{axis}]"


def _edges(boxes: Mapping[str, Box]) -> Iterator[str]:
    for box in boxes.values():
        for name in box.node.inputs:
            if name not in boxes:
                continue
            below = boxes[name]
            late = box.node.operation in DELAYS and name == box.node.inputs[0]
            dash = ' stroke-dasharray="3 2"' if late else ""
            y1, y2 = below.y - LINE, box.y + LINE
            bend = (y1 + y2) / 2
            path = f"M{below.x:.0f} {y1:.0f} C{below.x:.0f} {bend:.0f} {box.x:.0f} {bend:.0f}"
            yield f'<path d="{path} {box.x:.0f} {y2:.0f}" fill="none" stroke="#868e96"{dash}/>'


def _box(box: Box, fill: str, root: bool) -> Iterator[str]:
    left, top = box.x - box.half, box.y - LINE
    colour = ROOT_FILL if root else fill or "#ffffff"
    size = f'width="{2 * box.half:.0f}" height="{2 * LINE}"'
    yield f"<g><title>{escape(box.node.name)}</title>"
    yield f'<rect x="{left:.0f}" y="{top:.0f}" {size} rx="4" fill="{colour}" stroke="#495057"/>'
    for number, text in enumerate(_words(box.node)):
        place = f'x="{box.x:.0f}" y="{box.y - 3 + number * (LINE - 2):.0f}"'
        yield f'<text {place} text-anchor="middle">{escape(text)}</text>'
    yield "</g>"
