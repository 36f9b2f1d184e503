"""What stock passes may do to programs: drop what nobody uses, never merge what has an identity."""

from __future__ import annotations

import pytest
from xdsl.dialects.builtin import ModuleOp
from xdsl.parser import Parser
from xdsl.transforms.common_subexpression_elimination import cse
from xdsl.transforms.dead_code_elimination import region_dce, would_be_trivially_dead

from brainscript.dialects.bs import ApplyOp, BuiltinOp, LambdaOp, ParameterOp, join_path
from brainscript.dialects.registry import make_context

TWO_CALLS = """
bs.network "members" {
  %n = bs.number 3.0
  %p = bs.lambda [] () {
    %w = bs.parameter ["dims"] (%n)
    bs.yield %w
  }
  %a = bs.apply %p ()
  %b = bs.apply %p ()
  %dead = bs.parameter ["dims"] (%n)
  %z = bs.infix "+" %a, %b
  bs.roots ["z"] (%z)
}
"""


def parsed(text: str) -> ModuleOp:
    module = Parser(make_context(), text).parse_module()
    module.verify()
    return module


def test_two_calls_are_never_one() -> None:
    module = parsed(TWO_CALLS)
    cse(module)
    assert sum(isinstance(op, ApplyOp) for op in module.walk()) == 2


def test_an_unused_parameter_goes() -> None:
    module = parsed(TWO_CALLS)
    region_dce(module.body)
    kept = [op for op in module.walk() if isinstance(op, ParameterOp)]
    assert [isinstance(op.parent_op(), LambdaOp) for op in kept] == [True]


def test_printing_has_an_effect() -> None:
    text = 'bs.network "value" {%s = bs.string "x" %p = bs.builtin "NAME" (%s) bs.roots [] ()}'
    for name, free in (("Print", False), ("Fail", False), ("Length", True)):
        builtin = [
            op for op in parsed(text.replace("NAME", name)).walk() if isinstance(op, BuiltinOp)
        ]
        assert [would_be_trivially_dead(op) for op in builtin] == [free]


@pytest.mark.parametrize(
    ("front", "rest", "joined"),
    [
        ("", "h", "h"),
        ("h", "", "h"),
        ("h", "W", "h.W"),
        ("h", "[0].W", "h[0].W"),
        ("h", "/inputs", "/inputs"),
        ("/", "inputs", "/inputs"),
        ("/inputs", "arr[0]", "/inputs.arr[0]"),
    ],
)
def test_paths_join(front: str, rest: str, joined: str) -> None:
    assert join_path(front, rest) == joined
