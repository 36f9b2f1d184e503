"""Options that nobody means: a type or a diagnostic, in no time."""

from __future__ import annotations

import warnings

import pytest

import brainscript as bs
from brainscript.diagnostic import BrainScriptError
from brainscript.dialects.net.rnn_stack import weights_of


def test_a_stack_of_many_layers() -> None:
    """The weights are counted, not the layers."""
    assert weights_of(4, 3, 2, 2, 4) == 2 * 4 * 3 * ((4 + 3 + 2) + (2 * 3 + 3 + 2))
    text = "x = Input {4}; z = OptimizedRNNStack (ParameterTensor {100}, x, 3, numLayers=%s)"
    with pytest.raises(BrainScriptError, match="the weights of a recurrent stack do not fit"):
        bs.compile(text % "9007199254740992")


def test_a_reshape_without_dimensions() -> None:
    """Nothing is put in the place of no axes."""
    node = 'new ComputationNode { operation = "NewReshape" ; inputs = (x) ; endAxis = 1 }'
    assert bs.compile(f"x = Input {{4}}; z = {node}; outputNodes = (z)").outputs == {"z": (4,)}


@pytest.mark.parametrize("scale", ["1e300", "1/0", "0/0"])
def test_first_values_beyond_all_numbers(scale: str) -> None:
    """No random number lies within such a range."""
    text = f"x = Input {{4}}; z = ParameterTensor {{4, initValueScale={scale}}} .* x"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(BrainScriptError, match=r"the first values of 'z.*' would be infinite"):
            bs.compile(text)


@pytest.mark.parametrize(
    ("kind", "numbers"),
    [
        ("uniform", "-1/0, 1/0"),
        ("uniform", "-9e37, 9e37"),
        ("normal", "0, -1"),
        ("gumbel", "1/0, 1"),
    ],
)
def test_distributions_without_random_numbers(kind: str, numbers: str) -> None:
    """Bounds beyond all numbers, and deviations below zero."""
    text = (
        f'x = Input {{4}}; z = RandomDistribution (x, distribution="{kind}", first=%s, second=%s)'
    )
    with pytest.raises(BrainScriptError, match=f"do not make a {kind} distribution") as caught:
        bs.compile(text % tuple(numbers.split(", ")))
    help = "not negative" if kind == "normal" else "are at most 1e+38"
    assert help in caught.value.diagnostics[0].help
