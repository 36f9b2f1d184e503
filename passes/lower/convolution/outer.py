"""Loops over the steps of a kernel along the outer axes, without those in the padding."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from xdsl.ir import SSAValue

from brainscript.dialects.net.windows import Axis
from brainscript.passes.lower.convolution.frame import carried, kept_unless
from brainscript.passes.lower.gemm.code import Code, Index

Inner = Callable[[Index, Index, SSAValue], SSAValue]
"""What is done: (the step, the element that it meets, the value carried) gives the next value."""


@dataclass(frozen=True, slots=True)
class Steps:
    """The steps of one axis; `back` finds windows of an element, not elements of a window."""

    axis: Axis
    back: bool

    @property
    def always(self) -> bool:
        """Whether no step of any position meets the padding."""
        a = self.axis
        if self.back:
            return False
        ends = a.element(0, 0), a.element(a.out - 1, a.kernel - 1)
        return None not in ends

    def walk(self, code: Code, position: Index, value: SSAValue, inner: Inner) -> SSAValue:
        """`inner(step, element, value)` for every step that meets an element, in order."""
        return (
            self._back(code, position, value, inner)
            if self.back
            else self._forward(code, position, value, inner)
        )

    def _forward(self, code: Code, o: Index, value: SSAValue, inner: Inner) -> SSAValue:
        a = self.axis
        start = code.subtract(code.multiply(o, a.stride), a.low)
        low, high = self.window_steps(code, start)

        def body(k: Index, held: SSAValue) -> SSAValue:
            return inner(k, code.add(start, code.multiply(k, a.dilation)), held)

        if a.kernel == 1 and self.always:
            return body(0, value)
        return carried(code, (low, high, 1), value, body)

    def window_steps(self, code: Code, start: Index) -> tuple[Index, Index]:
        """The steps of a window that begins at element `start` which meet elements."""
        a = self.axis
        if self.always:
            return 0, a.kernel
        before = code.greatest(code.subtract(0, start), 0)
        inside = code.greatest(code.add(code.subtract(a.size - 1, start), a.dilation), 0)
        low = code.ceil_divide(before, a.dilation)
        return low, code.least(code.divide(inside, a.dilation), a.kernel)

    def _back(self, code: Code, i: Index, value: SSAValue, inner: Inner) -> SSAValue:
        a = self.axis
        reached = code.add(i, a.low)
        high = code.divide(code.greatest(code.add(reached, a.dilation), 0), a.dilation)
        beyond = code.greatest(code.subtract(reached, (a.out - 1) * a.stride), 0)
        low, step = code.ceil_divide(beyond, a.dilation), 1
        if a.dilation == 1 and a.stride > 1:
            low = code.add(low, code.remainder(code.subtract(reached, low), a.stride))
            step = a.stride

        room = code.greatest(code.subtract(code.least(high, a.kernel), low), 0)
        count = code.ceil_divide(room, step)
        last = code.add(low, code.multiply(code.subtract(count, 1), step))

        def body(j: SSAValue, held: SSAValue) -> SSAValue:
            k = code.subtract(last, code.multiply(j, step))
            distance = code.subtract(reached, code.multiply(k, a.dilation))
            window = code.divide(distance, a.stride)
            if a.dilation == 1 or a.stride == 1:
                return inner(k, window, held)
            fits = code.compare("eq", code.remainder(distance, a.stride), 0)
            return kept_unless(code, fits, held, lambda: inner(k, window, held))

        return carried(code, (0, count, 1), value, body)


def windows_at(code: Code, axis: Axis, step: Index) -> tuple[Index, Index]:
    """The windows that have an element at a step."""
    first = code.subtract(code.multiply(step, axis.dilation), axis.low)
    before = code.greatest(code.subtract(0, first), 0)
    inside = code.greatest(code.add(code.subtract(axis.size - 1, first), axis.stride), 0)
    high = code.least(code.divide(inside, axis.stride), axis.out)
    return code.ceil_divide(before, axis.stride), high
