"""Some words of a table for each sample: their scores, and what the gradients of those move.

The compiler alone makes them, of criteria that compare a word with a few others. `words` has the
numbers of K columns of the table for each sample; a number that is no column counts as none.
Kernels: `passes/lower/sparse/words.py`.
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


WORD_KERNELS = frozenset({"net.word_scores", "net.word_sums", "net.word_gradient"})
"""The operations of this module; each is a kernel of the family `sparse`."""
