"""Places of elements in ONNX: parts, elements that indices name, joined and repeated values."""

from __future__ import annotations

from collections.abc import Callable
from math import prod

import numpy as np
from numpy.typing import NDArray

from brainscript.runtime.model.cntk_v2.dictionary import Axis
from brainscript.runtime.model.exchange.reading.importer import Attributes, Importer, Reader
from brainscript.runtime.model.exchange.reading.nodes import (
    along,
    bounded,
    cut,
    finish,
    foreign,
    make,
    pad,
    picked,
    pieces,
    reshaped,
    settled,
    text,
)
from brainscript.runtime.model.exchange.reading.resizing import resize_matrix
from brainscript.runtime.model.spelling.selected import INDICES

MOST_COPIES = 4096
AROUND: dict[str, Callable[[NDArray[np.int64], int], NDArray[np.int64]]] = {
    "edge": lambda places, size: np.clip(places, 0, size - 1),
    "wrap": lambda places, size: places % size,
}
"""Which elements stand outside of an axis of this size."""
FIRST_WITH_MODES = 11


def _concat(i: Importer, output: str, inputs: list[str], a: Attributes) -> None:
    """Values one behind the other; a constant is repeated for every sample."""
    place = i.axis(output, a["axis"])
    axis = i.form(output).axis(a["axis"])
    filled = [n for n in inputs if n not in i.arrays or i.arrays[n].size]
    first = next((n for n in filled if n not in i.arrays), None)
    if first is None:
        raise i.refuse(output, "it has constants alone")
    parts: list[str] = []
    for number, name in enumerate(filled):
        if name in i.arrays:
            parts.append(_for_all(i, f"{output}/part{number}", (name, first, output), place, axis))
        else:
            parts.append(_part_of(i, f"{output}/part{number}", name, output))
    if len(parts) == 1:
        make(i, output, "Pass", parts)
    else:
        make(i, output, "RowStack", parts, axis=place)


def _part_of(i: Importer, name: str, x: str, output: str) -> str:
    """A value with as many axes as that which it is a part of."""
    form, whole = i.form(x), i.form(output)
    if form.place == whole.place:
        return i.name(x)
    if i.batch != 1:
        raise i.refuse(output, "it mixes samples")
    kept = [n for axis, n in enumerate(form.shape) if axis != whole.place]
    return reshaped(i, name, i.name(x), kept[::-1])


def _for_all(i: Importer, name: str, values: tuple[str, str, str], place: int, axis: int) -> str:
    """A constant as a value that every sample has, of the other sizes of `like`."""
    constant, like, output = values
    array, form = i.constant(constant), i.form(output)
    if form.factor > 1:
        raise i.refuse(output, "it joins a constant and merged samples")
    p = pieces(i, name, [like])
    edge = p.add("Slice", p.node.inputs[0], options=dict(axis=place, beginIndex=0, endIndex=1))
    shape = tuple(n for a, n in enumerate(array.shape) if a != form.place)
    if array.ndim != len(form.shape) or axis >= array.ndim:
        raise i.refuse(output, "it joins values of several ranks")
    numbers = i.parameter(f"{name}/value", i.aligned(array, form, constant).reshape(shape))
    p.end("Plus", p.add("Greater", edge, edge), numbers)
    finish(i, p)
    return name


def _slice(i: Importer, output: str, inputs: list[str], a: Attributes) -> None:
    """Parts along some axes, forwards or backwards."""
    if "starts" in a:
        lists = [list(a["starts"]), list(a["ends"])] + ([list(a["axes"])] if "axes" in a else [])
    else:
        lists = [
            [int(n) for n in i.constant(name).reshape(-1)] if name else [] for name in inputs[1:]
        ]
    begins, ends = lists[:2]
    axes = lists[2] if len(lists) > 2 and lists[2] else list(range(len(begins)))
    steps = lists[3] if len(lists) > 3 and lists[3] else [1] * len(begins)
    form, found = i.form(inputs[0]), i.name(inputs[0])
    for begin, end, axis, step in zip(begins, ends, axes, steps, strict=True):
        size = form.shape[form.axis(axis)]
        chosen = range(size)[_part(begin, end, step, size)]
        if len(chosen) == size and step > 0:
            continue
        place = i.axis(inputs[0], axis)
        name = f"{output}/axis{place}"
        if step > 0 and chosen:
            found = cut(i, name, found, place, chosen)
        else:
            bounded(i, output, len(chosen) * size)
            found = picked(i, name, found, place, size, np.array(chosen, np.int64))
    settled(i, output, found)


def _part(begin: int, end: int, step: int, size: int) -> slice:
    stop = None if step < 0 and end < -size else end
    return slice(begin, stop, step)


def _size(i: Importer, name: str, axis: int) -> int:
    form = i.form(name)
    return form.shape[form.axis(axis)]


def _gathered(i: Importer, output: str, inputs: list[str], a: Attributes) -> None:
    """Rows of a constant that indices name, or places on an axis that a constant names."""
    if inputs[0] in i.arrays:
        if a.get("axis", 0) % i.arrays[inputs[0]].ndim:
            raise i.refuse(output, "it takes from another axis than the first")
        foreign(i, output, "Gather", [inputs[1], inputs[0]], {})
        return
    index, axis = i.constant(inputs[1]), a.get("axis", 0)
    size, form = _size(i, inputs[0], axis), i.form(inputs[0])
    flat = index.reshape(-1).astype(np.int64)
    if form.axis(axis) == form.place and size == 1 and np.all((flat == 0) | (flat == -1)):
        reshaped(i, output, i.name(inputs[0]), i.dims(output))
        return
    place, found = i.axis(inputs[0], axis), i.name(inputs[0])
    picked(i, f"{output}/picked", found, place, size, flat)
    reshaped(i, output, f"{output}/picked", i.dims(output))


def _gathered_nd(i: Importer, output: str, inputs: list[str], a: Attributes) -> None:
    """Places on several axes at once, that a constant names."""
    index, form = i.constant(inputs[1]), i.form(inputs[0])
    count = index.shape[-1]
    if a.get("batch_dims", 0) or (form.place is not None and form.place < count):
        raise i.refuse(output, "it takes whole samples")
    found, sizes = i.name(inputs[0]), form.shape[:count]
    rest = list(form.sample[count:])
    lists = _grid(index.astype(np.int64), sizes)
    if lists is None:
        flat = np.ravel_multi_index(tuple(np.moveaxis(index, -1, 0).reshape(count, -1)), sizes)
        reshaped(i, f"{output}/flat", found, [*rest[::-1], prod(sizes)])
        found = picked(
            i, f"{output}/picked", f"{output}/flat", len(rest) + 1, prod(sizes), np.asarray(flat)
        )
    else:
        for n, places in enumerate(lists):
            place = len(rest) + count - n
            found = picked(i, f"{output}/axis{n}", found, place, sizes[n], places)
    reshaped(i, output, found, i.dims(output))


def _grid(index: NDArray[np.int64], sizes: tuple[int, ...]) -> list[NDArray[np.int64]] | None:
    """The places on each axis where the index names all their combinations."""
    count = index.shape[-1]
    if index.ndim != count + 1:
        return None
    found: list[NDArray[np.int64]] = []
    for n in range(count):
        corner = tuple(slice(None) if m == n else slice(0, 1) for m in range(count))
        line = index[(*corner, n)]
        if not np.array_equal(np.broadcast_to(line, index.shape[:-1]), index[..., n]):
            return None
        places = line.reshape(-1)
        found.append(np.where(places < 0, places + sizes[n], places))
    return found


def _split(i: Importer, output: str, inputs: list[str], a: Attributes) -> None:
    if inputs[0] in i.arrays:
        _split_constant(i, inputs[0], int(a.get("axis", 0)))
        return
    place = i.axis(inputs[0], a.get("axis", 0))
    begin = 0
    for name in i.outputs:
        size = _size(i, name, a.get("axis", 0))
        options = {"axis": place, "beginIndex": begin, "endIndex": begin + size}
        make(i, f"{name}/part", "Slice", [i.name(inputs[0])], **options)
        settled(i, name, f"{name}/part")
        begin += size


def _split_constant(i: Importer, value: str, axis: int) -> None:
    begin = 0
    for name in i.outputs:
        size = i.shapes[name][axis]
        places = np.arange(begin, begin + size)
        i.keep(name, i.arrays[value].take(places, axis), [value])
        begin += size


def _tiled(i: Importer, output: str, inputs: list[str], a: Attributes) -> None:
    """Copies of a value one behind the other."""
    found = i.name(inputs[0])
    for axis, count in enumerate(i.constant(inputs[1]).reshape(-1).tolist()):
        if count == 1:
            continue
        place = i.axis(inputs[0], axis)
        if not 0 < count <= MOST_COPIES:
            raise i.refuse(output, f"it makes {count} copies")
        make(i, f"{output}/axis{place}", "RowStack", [found] * count, axis=place)
        found = f"{output}/axis{place}"
    make(i, output, "Pass", [found])


def _padded(i: Importer, output: str, inputs: list[str], a: Attributes) -> None:
    pads = list(a["pads"]) if "pads" in a else i.constant(inputs[1]).reshape(-1).tolist()
    mode, form = text(a.get("mode", "constant")), i.form(output)
    axes = [form.axis(n) for n in i.constant(inputs[3]).tolist()] if len(inputs) > 3 else []
    axes = axes or list(range(len(form.shape)))
    both = dict(zip(axes, zip(pads[: len(axes)], pads[len(axes) :], strict=True), strict=True))
    samples = (0, 0) if form.place is None else both.get(form.place, (0, 0))
    counts = {axis: both.get(axis, (0, 0)) for axis in form.kept}
    less = min(min(pair) for pair in counts.values()) < 0
    if any(samples) or mode not in ("constant", "reflect", *AROUND) or (less and mode == "reflect"):
        raise i.refuse(output, f"it pads samples, or in the way '{mode}'")
    if mode in AROUND:
        _padded_with_own(i, output, inputs[0], counts, mode)
        return
    value = float(a.get("value", 0.0))
    if len(inputs) > 2 and inputs[2]:
        value = float(i.constant(inputs[2]).reshape(-1)[0])
    options: dict[str, object] = {
        "paddingHead": [max(0, counts[axis][0]) for axis in form.kept[::-1]],
        "paddingFoot": [max(0, counts[axis][1]) for axis in form.kept[::-1]],
        "paddingMode": 1 if mode == "reflect" else 0,
        "paddingConstantValue": value,
    }
    found = _shortened(i, output, inputs[0], counts) if less else i.name(inputs[0])
    pad(i, output, found, options)


def _padded_with_own(
    i: Importer, output: str, x: str, counts: dict[int, tuple[int, int]], mode: str
) -> None:
    """Elements of the value itself in front of it and behind it."""
    found = i.name(x)
    for axis, (head, foot) in counts.items():
        size, place = i.form(x).shape[axis], i.axis(x, axis)
        bounded(i, output, (size + max(0, head) + max(0, foot)) * size)
        places = AROUND[mode](np.arange(-head, size + foot), size)
        found = picked(i, f"{output}/axis{place}", found, place, size, places)
    make(i, output, "Pass", [found])


def _shortened(i: Importer, output: str, x: str, counts: dict[int, tuple[int, int]]) -> str:
    """The value without what negative padding takes away; the name of that."""
    found = i.name(x)
    for axis, (head, foot) in counts.items():
        size, place = i.form(x).shape[axis], i.axis(x, axis)
        chosen = range(max(0, -head), size - max(0, -foot))
        if not chosen:
            raise i.refuse(output, f"it leaves nothing of an axis of {size}")
        if len(chosen) < size:
            found = cut(i, f"{output}/axis{place}", found, place, chosen)
    return found


def _resized(i: Importer, output: str, inputs: list[str], a: Attributes) -> None:
    """A product with a matrix along every axis; where it just repeats elements, a repetition."""
    before, after = i.form(inputs[0]), i.form(output)
    scales = _scales(i, inputs, a)
    if i.opset < FIRST_WITH_MODES:
        old = {"coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}
        a = {"mode": a.get("mode", "nearest"), **old}
    axes = [before.axis(n) for n in a.get("axes", range(len(before.shape)))]
    found = i.name(inputs[0])
    dims = list(before.sample[::-1])
    for n, axis in enumerate(axes):
        size, target = before.shape[axis], after.shape[axis]
        scale = target / size if scales is None else scales[n]
        if size == target and scale == 1.0:
            continue
        place = i.axis(inputs[0], axis)
        try:
            matrix = resize_matrix(size, target, scale, a)
        except ValueError as error:
            raise i.refuse(output, str(error)) from None
        name = f"{output}/axis{place}"
        found = _scaled(i, name, found, (place, dims), matrix)
        dims[place - 1] = target
    make(i, output, "Pass", [found])


def _scales(i: Importer, inputs: list[str], a: Attributes) -> list[float] | None:
    """The factors for the axes; None where the sizes say it."""
    if "scales" in a:
        return list(a["scales"])
    place = 1 if i.opset < FIRST_WITH_MODES else 2
    if len(inputs) > place and inputs[place]:
        return i.constant(inputs[place]).reshape(-1).tolist() or None
    return None


def _scaled(
    i: Importer, name: str, x: str, at: tuple[int, list[int]], matrix: NDArray[np.float64]
) -> str:
    place, dims = at
    target, size = matrix.shape
    if target % size or not np.array_equal(matrix, np.eye(size).repeat(target // size, 0)):
        return along(i, name, x, place, matrix)
    apart = reshaped(i, f"{name}/apart", x, [*dims[: place - 1], 1, *dims[place - 1 :]])
    ones = i.ones(f"{name}/ones", (target // size, *[1] * (place - 1)))
    make(i, f"{name}/all", "ElementTimes", [apart, ones])
    return reshaped(i, name, f"{name}/all", [*dims[: place - 1], target, *dims[place:]])


def _top(i: Importer, output: str, inputs: list[str], a: Attributes) -> None:
    """The largest elements along an axis, or the smallest, and their places."""
    place = i.axis(inputs[0], a.get("axis", -1))
    count = int(i.constant(inputs[1]).reshape(-1)[0])
    x = inputs[0]
    if not a.get("largest", 1):
        x = f"{output}/negated"
        make(i, x, "Negate", [i.name(inputs[0])])
        i.shapes[x] = i.shapes[inputs[0]]
        i.outers[x] = i.outers.get(inputs[0], 1)
    found = output if x == inputs[0] else f"{output}/smallest"
    places = [name for name in i.outputs[1:] if name] or [f"{output}/places"]
    options: dict[str, object] = {"axis": Axis(place - 1), "numItems": count, INDICES: places[0]}
    foreign(i, found, "TopK", [x], options)
    if found != output:
        make(i, output, "Negate", [found])


def _running_sum(i: Importer, output: str, inputs: list[str], a: Attributes) -> None:
    """The sum of all elements up to each one, along an axis."""
    axis = int(i.constant(inputs[1]).reshape(-1)[0])
    place, size = i.axis(inputs[0], axis), _size(i, inputs[0], axis)
    bounded(i, output, size * size)
    lower = np.tri(size, k=-1 if a.get("exclusive", 0) else 0)
    along(i, output, i.name(inputs[0]), place, lower.T if a.get("reverse", 0) else lower)


def _triangle(i: Importer, output: str, inputs: list[str], a: Attributes) -> None:
    """The elements on one side of a diagonal; the others are zero."""
    shift = int(i.constant(inputs[1]).reshape(-1)[0]) if len(inputs) > 1 and inputs[1] else 0
    work = np.triu if a.get("upper", 1) else np.tril
    shape = i.shapes[inputs[0]]
    bounded(i, output, prod(shape[-2:]))
    for axis in (-1, -2):
        i.axis(inputs[0], axis)
    kept = i.parameter(f"{output}/kept", work(np.ones(shape[-2:]), shift), learns=False)
    zero = i.parameter(f"{output}/zero", np.zeros(1), learns=False)
    make(i, output, "If", [kept, i.name(inputs[0]), zero])


PLACES: dict[str, Reader] = {
    "Concat": _concat,
    "CumSum": _running_sum,
    "Gather": _gathered,
    "GatherND": _gathered_nd,
    "Pad": _padded,
    "Resize": _resized,
    "Slice": _slice,
    "Split": _split,
    "Tile": _tiled,
    "TopK": _top,
    "Trilu": _triangle,
    "Upsample": _resized,
}
"""What reads each operation."""
