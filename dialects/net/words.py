"""Some words of a table for each sample: their scores, and what the gradients of those move.

The compiler alone makes them, of criteria that compare a word with a few others. `words` has the
numbers of K columns of the table for each sample; a number that is no column counts as none.
Of a class the label tells its first word and the one behind its last.
Kernels: `passes/lower/sparse/words.py`, `classes.py`.
"""

from __future__ import annotations

from xdsl.irdl import irdl_op_definition, operand_def
from xdsl.utils.exceptions import VerifyException

from brainscript.dialects.net.base import NetOp
from brainscript.dialects.net.shapes import as_written
from brainscript.dialects.tensors import TensorType, type_of


@irdl_op_definition
class WordScoresOp(NetOp):
    """`W[:, word]' x` for each of the words of a sample: as many numbers as words."""

    name = "net.word_scores"
    rule = staticmethod(as_written)

    w = operand_def(TensorType)
    x = operand_def(TensorType)
    words = operand_def(TensorType)

    def verify_(self) -> None:
        """A score for each word."""
        super().verify_()
        if type_of(self.result).elements != type_of(self.words).elements:
            raise VerifyException("there is one score for each word")


@irdl_op_definition
class WordSumsOp(NetOp):
    """The sum of `slope * W[:, word]` over the words of a sample: the gradient of x."""

    name = "net.word_sums"
    rule = staticmethod(as_written)

    w = operand_def(TensorType)
    slope = operand_def(TensorType)
    words = operand_def(TensorType)


@irdl_op_definition
class WordGradientOp(NetOp):
    """`slope * x` added to column `word` for the words of all samples: the gradient of W."""

    name = "net.word_gradient"
    rule = staticmethod(as_written)

    x = operand_def(TensorType)
    slope = operand_def(TensorType)
    words = operand_def(TensorType)


IMPOSSIBLE = -1e30
"""The logarithm of the probability of what cannot be."""


@irdl_op_definition
class ClassScoresOp(NetOp):
    """`W[:, k]' x` for the words k of the class that the label of a sample names.

    The label is `(word, class, first word of the class, first word of the next class)`. The result
    has a number for every word of the vocabulary; those of other classes are anything.
    """

    name = "net.class_scores"
    rule = staticmethod(as_written)

    w = operand_def(TensorType)
    x = operand_def(TensorType)
    label = operand_def(TensorType)


@irdl_op_definition
class ClassLogOp(NetOp):
    """`LogSoftmax` over the words of the class, for the word of the label.

    It is `IMPOSSIBLE` where the word is not of its class.
    """

    name = "net.class_log"
    rule = staticmethod(as_written)

    scores = operand_def(TensorType)
    label = operand_def(TensorType)


@irdl_op_definition
class ClassSlopeOp(NetOp):
    """The gradient of minus `net.class_log`: `Softmax` over the class, less 1 for the word.

    Numbers of words of other classes are anything.
    """

    name = "net.class_slope"
    rule = staticmethod(as_written)

    scores = operand_def(TensorType)
    label = operand_def(TensorType)


@irdl_op_definition
class ClassSumsOp(NetOp):
    """The sum of `slope[k] W[:, k]` over the words k of the class: the gradient of x."""

    name = "net.class_sums"
    rule = staticmethod(as_written)

    w = operand_def(TensorType)
    slope = operand_def(TensorType)
    label = operand_def(TensorType)


@irdl_op_definition
class ClassGradientOp(NetOp):
    """`slope[k] x` added to column k for the words of the classes of all samples: that of W."""

    name = "net.class_gradient"
    rule = staticmethod(as_written)

    x = operand_def(TensorType)
    slope = operand_def(TensorType)
    label = operand_def(TensorType)


WORD_KERNELS = frozenset(
    {"net.word_scores", "net.word_sums", "net.word_gradient", "net.class_scores", "net.class_log"}
    | {"net.class_slope", "net.class_sums", "net.class_gradient"}
)
"""The operations of this module; each is a kernel of the family `sparse`."""
