"""Where a part is cut out when no offsets are given: the two images must lie on one grid."""

from __future__ import annotations

import pytest

from brainscript.diagnostic import BrainScriptError
from brainscript.dialects.net.crop import CropOp
from brainscript.dialects.net.crop_offsets import offsets_of, settle
from test.numeric.networks import network, parse_network, run_passes

WEIGHTS = 'net.parameter @W : T[4 x 4 x 1 x 1] {init = "bilinear"}'
START = """
%x = net.input "x" : S[9 x 9 x 1]
%y = net.input "y" : S[9 x 9 x 1]
%w = net.read @W : T[4 x 4 x 1 x 1]
"""
UP = "kernel = [4, 4, 1], stride = [2, 2, 1], padding = [0], maps = [1], transpose = true"


def crop_of(*lines: str) -> CropOp:
    """The crop of a network of these lines; its result is `%z`."""
    body = "\n".join([START, *lines, "net.roots output(%z)"])
    module = parse_network(body, WEIGHTS)
    run_passes(module, "net-infer-shapes")
    return next(op for op in network(module).block.ops if isinstance(op, CropOp))


def smaller(stride: int) -> tuple[str, str]:
    """An image pooled and made larger again."""
    options = f"kernel = [2, 2], stride = [{stride}, {stride}], padding = [0]"
    return (
        f"%p = net.pooling %x {{{options}}} : !net.t<*, f32>",
        f"%u = net.convolution %w, %p {{{UP}}} : !net.t<*, f32>",
    )


def test_offsets_as_written():
    crop = crop_of("%z = net.crop %x, %y {x_offset = 0, y_offset = 0} : !net.t<*, f32>")
    assert offsets_of(crop) == (0, 0)


def test_offsets_from_the_image_in_common():
    crop = crop_of(
        *smaller(2), "%e = net.exp %x : S[9 x 9 x 1]", "%z = net.crop %u, %e : !net.t<*, f32>"
    )
    assert offsets_of(crop) == (1, 1)


def test_the_middle_of_an_even_window_is_rounded_down():
    half = "%s = net.pooling %x {kernel = [1, 1], stride = [2, 2], padding = [0]} : !net.t<*, f32>"
    larger = f"%u = net.convolution %w, %s {{{UP}}} : !net.t<*, f32>"
    crop = crop_of(half, larger, "%z = net.crop %u, %x : !net.t<*, f32>")
    assert offsets_of(crop) == (1, 1)


def test_settled_offsets_need_no_image_in_common():
    crop = crop_of(*smaller(2), "%z = net.crop %u, %x : !net.t<*, f32>")
    settle(crop)
    crop.operands[1] = crop.operands[0]
    assert offsets_of(crop) == (1, 1)


def test_offsets_from_two_images_that_stand_for_one():
    crop = crop_of(*smaller(2), "%z = net.crop %u, %y, %x, %y : !net.t<*, f32>")
    assert offsets_of(crop) == (1, 1)


@pytest.mark.parametrize(
    ("lines", "text"),
    [
        ((*smaller(2), "%z = net.crop %u, %y : !net.t<*, f32>"), "cannot be found"),
        ((*smaller(1), "%z = net.crop %u, %x : !net.t<*, f32>"), "do not lie on one grid"),
    ],
)
def test_offsets_that_are_not_to_be_found(lines: tuple[str, ...], text: str):
    with pytest.raises(BrainScriptError) as found:
        offsets_of(crop_of(*lines))
    (remark,) = found.value.diagnostics
    assert (remark.code, text in remark.title) == ("BS0440", True)
