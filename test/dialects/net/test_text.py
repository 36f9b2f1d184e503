"""What is printed reads back as it was, whatever the names and numbers."""

from __future__ import annotations

import pytest
from xdsl.dialects.builtin import ModuleOp

from brainscript.dialects.net.base import number_text
from brainscript.dialects.net.network import NetworkOp, RootsOp
from brainscript.dialects.net.parameters import InputOp, ParameterOp, ReadOp, SplatOp
from brainscript.dialects.tensors import TensorType
from test.numeric.networks import parse_module

NAMES = ["h.W[0]", 'quo"te', "back\\slash", "new\nline", "\u00e9\u4e2d", "", "a b", "\t", "@x"]


@pytest.mark.parametrize("name", NAMES)
def test_names(name: str):
    kind = TensorType.of((2,))
    parameter = ParameterOp(name, kind, {"init": "fromLiteral", "literal": name})
    read = ReadOp(name, kind)
    sampled = InputOp(result_type=kind.with_axis(name), node=name)
    roots = RootsOp([("output", read.result), ("label", sampled.result)])
    module = ModuleOp([parameter, NetworkOp([read, sampled, roots])])
    module.verify()
    again = parse_module(str(module))
    assert again.is_structurally_equivalent(module)
    assert str(again) == str(module)


@pytest.mark.parametrize("value", [0.0, -0.0, 1.0, 1e300, 5e-324, 1e-5, 0.1, -85.1, 2.0**53, 1e22])
def test_numbers(value: float):
    splat = SplatOp(value, TensorType.of((1,)))
    module = ModuleOp([NetworkOp([splat, RootsOp([("output", splat.result)])])])
    assert parse_module(str(module)).is_structurally_equivalent(module)
    assert float(number_text(value)) == value
