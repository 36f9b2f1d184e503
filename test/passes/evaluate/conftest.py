"""Evaluating expressions and networks written as text."""

from collections.abc import Callable

import pytest
from xdsl.dialects.builtin import ModuleOp

from brainscript.diagnostic import BrainScriptError, Diagnostic
from brainscript.dialects.registry import make_context
from brainscript.frontend.build import build_network, build_value
from brainscript.frontend.parser import parse_expression
from brainscript.frontend.source import SourceText
from brainscript.passes.evaluate.plain import value_of
from brainscript.passes.registry import load_pass

EVALUATE = ("bs-evaluate", "bs-prune", "bs-instantiate-parameters", "bs-to-net")

Value = Callable[[str], object]
Network = Callable[..., ModuleOp]
Failure = Callable[[str], Diagnostic]


def run(module: ModuleOp, *passes: str) -> ModuleOp:
    """Run passes by name and verify the module after them."""
    context = make_context()
    for name in passes:
        load_pass(name)().apply(context, module)
    module.verify()
    return module


@pytest.fixture
def value() -> Value:
    """The value of an expression, deeply evaluated."""

    def of(text: str) -> object:
        module = build_value(parse_expression(SourceText("t.bs", text)))
        module.verify()
        return value_of(run(module, "bs-evaluate"))

    return of


@pytest.fixture
def network() -> Network:
    """The network of a builder text after some passes, by default at level 2."""

    def of(text: str, *passes: str) -> ModuleOp:
        module = build_network(parse_expression(SourceText("t.bs", text)))
        module.verify()
        return run(module, *(passes or EVALUATE))

    return of


@pytest.fixture
def failure(value: Value, network: Network) -> Failure:
    """The diagnostic of a program that is wrong; one that begins with `network` is a network."""

    def of(text: str) -> Diagnostic:
        run_text = network if text.startswith("network ") else value
        with pytest.raises(BrainScriptError) as caught:
            run_text(text.removeprefix("network "))
        return caught.value.diagnostics[0]

    return of
