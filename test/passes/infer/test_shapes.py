"""Shape rules, fans and texts on their own."""

from __future__ import annotations

from pathlib import Path

import pytest

from brainscript.diagnostic import BrainScriptError, LimitError, MissingFileError
from brainscript.dialects.net.network import symbols_of
from brainscript.dialects.net.shapes import broadcast, infer_from
from brainscript.dialects.tensors import Shape
from brainscript.limits import DEFAULTS, set_limits
from brainscript.passes.infer.initial import completed, fans
from test.numeric.networks import network, parse_network, run_passes


@pytest.mark.parametrize(
    ("one", "other", "result"),
    [
        (None, (4, 3), (4, 3)),
        ((-1, -1), (4,), (4,)),
        ((-1,), (4, 3), (4, 3)),
        ((5, -1), (4, 3), (5, 3)),
        ((5,), (4, 3), (5,)),
        ((5, -1), (5,), (5, -1)),
        ((5, -1), (5, -1), (5, -1)),
        ((1, 1, -1), (4, 3, 2), (1, 1, 2)),
    ],
)
def test_dimensions_taken_from_a_partner(one: Shape | None, other: Shape, result: Shape):
    assert infer_from(one, other) == result


@pytest.mark.parametrize(
    ("shapes", "result"),
    [
        ([(3,), (3, 2)], (3, 2)),
        ([(1,), (3,), (1, 4)], (3, 4)),
        ([(1, 1), (3,)], (3, 1)),
        ([(-1,), (3,)], (3,)),
        ([(-1,), (1,)], (-1,)),
        ([None, (3,)], (3,)),
        ([(), (2,)], (2,)),
    ],
)
def test_broadcasting_aligns_first_axes(shapes: list[Shape | None], result: Shape):
    assert broadcast(shapes) == result


@pytest.mark.parametrize(
    ("shape", "filter_rank", "output_rank", "result"),
    [
        ((10, 30), 0, 1, (30, 10)),
        ((7,), 0, 1, (1, 7)),
        ((3, 3, 4, 8), 2, -1, (36, 72)),
        ((5, 4, 3), 0, 2, (3, 20)),
    ],
)
def test_fans(shape: Shape, filter_rank: int, output_rank: int, result: tuple[int, int]):
    assert fans(shape, filter_rank, output_rank) == result


@pytest.mark.parametrize(
    ("shape", "rows", "columns", "result"),
    [
        ((), 3, 4, (3, 4)),
        ((-1,), 3, 4, (3, 4)),
        ((-1,), 3, 1, (3,)),
        ((3, -1), 3, 4, (3, 4)),
        ((3, 2, -1), 3, 4, (3, 2, 2)),
        ((2, -1), 3, 4, None),
        ((3, 3, -1), 3, 4, None),
        ((3, -1, -1), 3, 4, None),
    ],
)
def test_shape_of_a_text(shape: Shape, rows: int, columns: int, result: Shape | None):
    assert completed(shape, rows, columns) == result


def file_network(path: str):
    body = "%w = net.read @W : !net.t<*, f32>\nnet.roots output(%w)"
    return parse_network(
        body, f'net.parameter @W : !net.t<*, f32> {{init = "fromFile", file = "{path}"}}'
    )


def test_parameter_from_a_file_has_its_shape(tmp_path: Path):
    path = tmp_path / "w.txt"
    path.write_text("1 2 3\n\n4 5 6\n")
    module = run_passes(file_network(str(path)), "net-infer-shapes")
    assert symbols_of(network(module))["W"].type.shape == (2, 3)
    path.write_text("1 2 3\n4 5\n")
    with pytest.raises(BrainScriptError, match="not a matrix"):
        run_passes(file_network(str(path)), "net-infer-shapes")
    with pytest.raises(MissingFileError, match="cannot read"):
        run_passes(file_network(str(tmp_path / "none.txt")), "net-infer-shapes")


@pytest.mark.parametrize(
    ("body", "symbols", "code"),
    [
        ("net.roots", 'net.parameter @W : T[?] {init = "uniform", seed = 1}', "BS0405"),
        (
            "net.roots",
            'net.parameter @W : T[3] {init = "heNormal", seed = 1, output_rank = 2}',
            "BS0409",
        ),
        ("net.roots", 'net.parameter @W : T[3] {init = "bilinear"}', "BS0409"),
        (
            '%w = net.read @W : T[3]\n%m = net.mean %w {node = "m"} : T[3]\nnet.roots output(%m)',
            'net.parameter @W : T[3] {init = "uniform", seed = 1}',
            "BS0412",
        ),
    ],
)
def test_what_is_refused(body: str, symbols: str, code: str):
    with pytest.raises(BrainScriptError) as caught:
        run_passes(parse_network(body, symbols), "net-infer-shapes")
    assert caught.value.diagnostics[0].code == code


def test_a_tensor_may_not_pass_the_limit():
    module = parse_network(
        "net.roots", 'net.parameter @W : T[9 x 9] {init = "constant", value = 0.0}'
    )
    set_limits({"tensor-elements": 80})
    try:
        with pytest.raises(LimitError, match="'W' is too large"):
            run_passes(module, "net-infer-shapes")
    finally:
        set_limits(DEFAULTS)
