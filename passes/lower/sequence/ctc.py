"""Connectionist temporal classification: all ways to spread the labels of a sequence over it.

`a[t, s]` is the logarithm of the sum over all paths that are in state s at step t; `b[t, s]` of all
that go on from there, step t itself included; each of the products of the network's probabilities.
The states are those of `ctc_paths.py`. Threads share the sequences.
"""

from __future__ import annotations

from collections.abc import Callable

from xdsl.dialects import arith
from xdsl.ir import SSAValue

from brainscript.dialects.kern import FuncOp
from brainscript.dialects.sched import KernelOp
from brainscript.passes.lower.sequence.ctc_paths import Paths
from brainscript.passes.lower.sequence.samples import parts
from brainscript.passes.lower.sequence.scratch import SCRATCH_BYTES, Numbers
from brainscript.target import Target


def lower_loss(kernel: KernelOp, target: Target) -> FuncOp:
    """For each sequence minus the logarithm of the probability of its labels."""
    paths = Paths(kernel, target)
    writer = paths.writer
    one = writer.index(1)
    with paths.sequences(rows=3):
        emitted = paths.row(2)
        paths.begin(paths.row(0))
        with writer.loop(writer.index(0), paths.length, 1) as step:
            odd = writer.insert(arith.AndIOp(step.index, one))
            paths.emit(step.index, emitted)
            rows = paths.row(odd), paths.row(writer.sub(one, odd))
            paths.forward(step.index, rows[0], emitted, rows[1])
        end = paths.row(writer.insert(arith.AndIOp(paths.length, one)))
        loss = paths.doubles.sub(paths.doubles.constant(0.0), paths.total(end))
        writer.store(paths.doubles.back(loss), paths.out, paths.rank)
    return writer.finish(kernel.sym_name.data, SCRATCH_BYTES)


def lower_gradient(kernel: KernelOp, target: Target) -> FuncOp:
    """For each step the probabilities of the classes minus how often the paths are in them.

    The rows are `a` before the first step and after each one, two of `b`, one of shares, and what
    each step emits.
    """
    paths = Paths(kernel, target)
    writer = paths.writer
    with paths.sequences(rows=None):
        paths.begin(paths.row(0))
        first = writer.add(paths.length, 4)
        with writer.loop(writer.index(0), paths.length, 1) as step:
            emitted = paths.row(writer.add(first, step.index))
            paths.emit(step.index, emitted)
            after = paths.row(writer.add(step.index, 1))
            paths.forward(step.index, paths.row(step.index), emitted, after)
        total = paths.total(paths.row(paths.length))
        _walk_back(paths, first, total)
    return writer.finish(kernel.sym_name.data, SCRATCH_BYTES)


def _walk_back(paths: Paths, first: SSAValue, total: SSAValue) -> None:
    """Steps from the last to the first; what step 0 emits is row `first`."""
    writer, one = paths.writer, paths.writer.index(1)
    low = writer.add(paths.length, 1)
    paths.end(paths.row(low))
    with writer.loop(writer.index(0), paths.length, 1) as loop:
        step = writer.sub(writer.sub(paths.length, one), loop.index)
        odd = writer.insert(arith.AndIOp(loop.index, one))
        mine = paths.row(writer.add(low, writer.sub(one, odd)))
        emitted = paths.row(writer.add(first, step))
        paths.backward(step, paths.row(writer.add(low, odd)), emitted, mine)
        shares = paths.row(writer.add(low, 2))
        _share(paths, (paths.row(writer.add(step, 1)), mine, emitted), total, shares)
        _write_step(paths, step, shares)


def _share(
    paths: Paths, rows: tuple[Numbers, Numbers, Numbers], total: SSAValue, into: Numbers
) -> None:
    """The share of the paths that are in each state at a step: `e^(a + b - emitted - total)`."""
    whole = paths.spread(total)
    with paths.parts() as state:
        v = paths.vectors
        a, b, emitted = (paths.get(row, state) for row in rows)
        share = v.sub(v.sub(v.add(a, b), emitted), whole)
        zero = v.constant(0.0)
        share = v.unary("exp", v.choose("olt", share, zero, share, zero))
        paths.put(into, state, share)


def _write_step(paths: Paths, step: SSAValue, shares: Numbers) -> None:
    """The probabilities of the classes, then the shares of their states off."""
    writer, d = paths.writer, paths.doubles
    at = writer.mul(paths.layout.column(paths.rank, step), paths.classes)
    with parts(writer, paths.classes) as (place, count):
        place = writer.add(at, place)
        value = writer.vectors().unary("exp", writer.load(paths.log_p, place, None, count))
        writer.store(value, paths.out, place, count)

    def lower(label: SSAValue, share: SSAValue) -> None:
        place = writer.add(at, label)
        old = d.of(writer.load(paths.out, place, writer.element))
        writer.store(d.back(d.sub(old, share)), paths.out, place)

    blank = shares.get(writer.index(2))
    with writer.loop(writer.index(0), paths.labels, 1, [blank]) as label:
        state = writer.add(writer.mul(label.index, 2), 1)
        lower(paths.list.integer(label.index), shares.get(writer.add(state, 2)))
        next_blank = shares.get(writer.add(state, 3))
        label.following = [d.add(label.carried[0], next_blank)]
    lower(writer.index(paths.blank), label.results[0])


LOWERINGS: dict[str, Callable[[KernelOp, Target], FuncOp]] = {
    "net.ctc_loss": lower_loss,
    "net.ctc_gradient": lower_gradient,
}
