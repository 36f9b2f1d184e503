"""Dropout, samples drawn at random, and what the mode of use decides.

The numbers come from the native library: `net.uniform` and its kin read the state of a generator,
one for each node, and move it on. `net-set-mode` makes them of the nodes of a network.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from xdsl.dialects.builtin import BoolAttr, FloatAttr, IntegerAttr, StringAttr
from xdsl.irdl import irdl_op_definition, operand_def, prop_def, traits_def
from xdsl.traits import MemoryWriteEffect
from xdsl.utils.exceptions import VerifyException

from brainscript.diagnostic import did_you_mean
from brainscript.dialects.net.base import NetOp, Option, attribute
from brainscript.dialects.net.elementwise import UnaryOp
from brainscript.dialects.net.shapes import Inferred, Options, ShapeError, as_written, is_known
from brainscript.dialects.tensors import TensorType, f32, shape_text

GENERATOR_BYTES = 313 * 8
"""The state of a generator: 312 words and a position."""
ENVIRONMENT = ("isTraining",)


@irdl_op_definition
class DropoutOp(UnaryOp):
    """In training each element is 0 with the probability of the rate, else x / (1 - rate).

    Elsewhere it is x. The rate belongs to the training run. BrainScript: `Dropout (x)`.
    """

    name = "net.dropout"
    OPERATION: ClassVar[str] = "Dropout"


@irdl_op_definition
class EnvironmentInputOp(NetOp):
    """1 in training, else 0. BrainScript: `EnvironmentInput ('isTraining')`."""

    name = "net.environment"
    OPERATION: ClassVar[str] = "EnvironmentInput"
    OPTIONS: ClassVar[tuple[Option, ...]] = (Option("propertyName", "isTraining", "text", "of"),)
    rule = staticmethod(as_written)

    of = prop_def(StringAttr, default_value=StringAttr("isTraining"))

    @classmethod
    def result_type_for(
        cls, inputs: Sequence[TensorType], options: Mapping[str, object]
    ) -> TensorType:
        """One number, in single precision unless told otherwise."""
        asked = str(options.get("of", "isTraining"))
        if asked not in ENVIRONMENT:
            title = f"'{asked}' is not a property of the environment"
            help = did_you_mean(asked, ENVIRONMENT) or f"known: {', '.join(ENVIRONMENT)}"
            raise ShapeError("BS0402", title, "", help)
        return TensorType.of((1,), f32)


def sample_rule(inputs: Sequence[TensorType], options: Options) -> Inferred:
    """`[classes x samples]`: columns with a 1 each."""
    count = options["count"]
    assert isinstance(count, int)
    classes = _classes(inputs, count, replacement=bool(options["replacement"]))
    return Inferred(None if classes is None else (classes, count), None)


def frequency_rule(inputs: Sequence[TensorType], options: Options) -> Inferred:
    """`[classes x 1]`: a number for each class."""
    count = options["count"]
    assert isinstance(count, int)
    classes = _classes(inputs, count, replacement=bool(options["replacement"]))
    return Inferred(None if classes is None else (classes, 1), None)


def _classes(inputs: Sequence[TensorType], count: int, *, replacement: bool) -> int | None:
    weights = inputs[0]
    if weights.axis is not None:
        raise ShapeError("BS0401", "the weights of a random sample differ by sample", "")
    if not is_known(weights.shape):
        return None
    if count < 1 or (not replacement and count >= weights.elements):
        title = f"{count} samples cannot be drawn without replacement"
        label = f"the weights are {shape_text(weights.shape)}"
        if count < 1 or replacement:
            title = "the number of samples must be 1 or more"
        raise ShapeError("BS0402", title, label, "ask for fewer samples than there are classes")
    return weights.elements


@irdl_op_definition
class RandomSampleOp(NetOp):
    """`count` classes drawn with probabilities like the weights: `[classes x count]`, one 1 each.

    Without replacement no class is drawn twice.
    BrainScript: `CNTK2.GetRandomSample (weights, count, withReplacement)`.
    """

    name = "net.random_sample"
    OPERATION: ClassVar[str] = "RandomSample"
    OPTIONS: ClassVar[tuple[Option, ...]] = (
        Option("sizeOfSampledSet", 1, "integer", "count"),
        Option("allowDuplicates", False, "boolean", "replacement"),
    )
    rule = staticmethod(sample_rule)

    weights = operand_def(TensorType)
    count = prop_def(IntegerAttr, default_value=attribute(1))
    replacement = prop_def(BoolAttr, default_value=BoolAttr.from_bool(False))


@irdl_op_definition
class RandomSampleFrequencyOp(NetOp):
    """How often each class is expected in what `RandomSample` draws: `[classes x 1]`.

    With replacement `p count`; without `1 - (1 - p)^T`, T the mean number of draws over ten
    simulated samples. BrainScript: `CNTK2.GetInclusionFrequency (weights, count, withReplacement)`.
    """

    name = "net.random_sample_frequency"
    OPERATION: ClassVar[str] = "RandomSampleInclusionFrequency"
    OPTIONS: ClassVar[tuple[Option, ...]] = RandomSampleOp.OPTIONS
    rule = staticmethod(frequency_rule)

    weights = operand_def(TensorType)
    count = prop_def(IntegerAttr, default_value=attribute(1))
    replacement = prop_def(BoolAttr, default_value=BoolAttr.from_bool(False))


def distribution_rule(inputs: Sequence[TensorType], options: Options) -> Inferred:
    """The shape of the first input, whose values do not matter."""
    wanted, first, second = (options[name] for name in ("distribution", "first", "second"))
    assert isinstance(wanted, str)
    assert isinstance(first, float)
    assert isinstance(second, float)
    if wanted not in DISTRIBUTIONS:
        help = did_you_mean(wanted, DISTRIBUTIONS) or f"known: {', '.join(DISTRIBUTIONS)}"
        raise ShapeError("BS0402", f"'{wanted}' is not a distribution", "", help)
    legal = {"uniform": first < second, "bernoulli": 0 <= first <= 1}.get(wanted, second >= 0)
    finite = all(abs(number) <= LARGEST for number in (first, second, second - first))
    if not (legal and finite):
        title = f"{first:g} and {second:g} do not make a {wanted} distribution"
        bound = f"its numbers, and what lies between them, are at most {LARGEST:g}"
        help = bound if legal else DISTRIBUTIONS[wanted]
        raise ShapeError("BS0402", title, "", help)
    like = inputs[0]
    return Inferred(like.shape, like.axis)


LARGEST = 1e38
"""What numbers of a distribution and their difference are at most: finite in single precision."""
DISTRIBUTIONS = {
    "uniform": "`first` is the lower bound, `second` the upper one, which is larger",
    "normal": "`first` is the mean, `second` the standard deviation, which is not negative",
    "gumbel": "`first` is the location, `second` the scale, which is not negative",
    "bernoulli": "`first` is the probability of a 1, between 0 and 1",
}


@irdl_op_definition
class RandomDistributionOp(NetOp):
    """A number drawn for every element of x, afresh in every minibatch, in training and elsewhere.

    `uniform`: between `first` and `second`; `normal`: with mean `first` and deviation `second`;
    `gumbel`: `first - second ln (-ln (1 - u))`; `bernoulli`: 1 with the probability `first`, else
    0. `seed` starts the draws, 0 leaves the choice; training sets its own.
    BrainScript: `RandomDistribution (x)`.
    """

    name = "net.random_distribution"
    OPERATION: ClassVar[str] = "RandomDistribution"
    OPTIONS: ClassVar[tuple[Option, ...]] = (
        Option("distribution", "uniform", "text", "distribution"),
        Option("first", 0.0, "number", "first"),
        Option("second", 1.0, "number", "second"),
        Option("rngSeed", 0, "integer", "seed"),
    )
    rule = staticmethod(distribution_rule)

    x = operand_def(TensorType)
    distribution = prop_def(StringAttr, default_value=StringAttr("uniform"))
    first = prop_def(FloatAttr, default_value=attribute(0.0))
    second = prop_def(FloatAttr, default_value=attribute(1.0))
    seed = prop_def(IntegerAttr, default_value=attribute(0))


@irdl_op_definition
class UniformOp(NetOp):
    """Numbers in [0, 1) for every element, drawn from a generator in the order of memory.

    `generator` is read from the state that holds it; drawing moves it on there. `seed` starts one
    that nobody has seeded. The compiler makes it.
    """

    name = "net.uniform"
    rule = staticmethod(as_written)
    traits = traits_def(MemoryWriteEffect())

    generator = operand_def(TensorType)
    seed = prop_def(IntegerAttr, default_value=attribute(1))

    def verify_(self) -> None:
        """The state of the generator has its size."""
        super().verify_()
        check_generator(self.generator.type)


@irdl_op_definition
class DrawClassesOp(NetOp):
    """What `net.random_sample` draws, from a generator as in `net.uniform`.

    `seed` starts a generator that nobody has seeded.
    """

    name = "net.draw_classes"
    rule = staticmethod(as_written)
    traits = traits_def(MemoryWriteEffect())

    generator = operand_def(TensorType)
    weights = operand_def(TensorType)
    replacement = prop_def(BoolAttr, default_value=BoolAttr.from_bool(False))
    seed = prop_def(IntegerAttr, default_value=attribute(0))

    def verify_(self) -> None:
        """The state of the generator has its size."""
        super().verify_()
        check_generator(self.generator.type)


@irdl_op_definition
class DrawCountOp(NetOp):
    """`[1]`: how many draws a sample of `count` different classes takes, the mean of ten samples.

    The generator stays where it is, so that equal weights give equal numbers.
    """

    name = "net.draw_count"
    rule = staticmethod(as_written)
    traits = traits_def(MemoryWriteEffect())

    generator = operand_def(TensorType)
    weights = operand_def(TensorType)
    count = prop_def(IntegerAttr, default_value=attribute(1))
    seed = prop_def(IntegerAttr, default_value=attribute(0))

    def verify_(self) -> None:
        """The state of the generator has its size."""
        super().verify_()
        check_generator(self.generator.type)


DRAWS = ("net.uniform", "net.draw_classes", "net.draw_count")
"""The operations that call the native library."""


def generator_type(element: TensorType) -> TensorType:
    """The type of the state of a generator: its bytes, taken for numbers of the network."""
    size = 4 if element.element == f32 else 8
    return TensorType.of((GENERATOR_BYTES // size,), element.element)


def check_generator(kind: object) -> None:
    """Raise unless the type is that of the state of a generator."""
    if not isinstance(kind, TensorType) or kind != generator_type(kind):
        raise VerifyException(f"{kind} does not hold a generator")
