"""Networks that compute a convolution or pooling and all its adjoints, for tests of kernels."""

from __future__ import annotations

from xdsl.dialects.builtin import ModuleOp, StringAttr
from xdsl.ir import SSAValue

from brainscript.dialects.net import convolution as cv
from brainscript.dialects.net import pooling as pl
from brainscript.dialects.net.base import NetOp
from brainscript.dialects.net.network import RootsOp
from brainscript.dialects.net.parameters import InputOp
from brainscript.dialects.tensors import type_of
from test.numeric.checks import Operand
from test.numeric.networks import network, parse_network, run_passes


def with_adjoints(
    op: str, operands: tuple[Operand, ...], options: str, precision: str = "float"
) -> ModuleOp:
    """The operation on inputs and parameters `x0`, `x1`, .. and its adjoints applied to `g`."""
    lines: list[str] = []
    symbols: list[str] = []
    for i, operand in enumerate(operands):
        kind = f"T[{operand.shape}]"
        if operand.sampled:
            lines.append(f'%x{i} = net.input "x{i}" : S[{operand.shape}]')
            continue
        symbols.append(f'net.parameter @x{i} : {kind} {{init = "constant", value = 0.0}}')
        lines.append(f"%x{i} = net.read @x{i} : {kind}")
    inputs = ", ".join(f"%x{i}" for i in range(len(operands)))
    element = "f64" if precision == "double" else "f32"
    lines.append(f'%o = net.{op} {inputs} {{node = "o", {options}}} : !net.t<*, {element}>')
    lines.append("net.roots output(%o)")
    module = parse_network("\n".join(lines), "\n".join(symbols), precision)
    run_passes(module, "net-infer-shapes")
    _append(module)
    module.verify()
    return module


def _append(module: ModuleOp) -> None:
    net = network(module)
    roots = net.roots
    result = roots.values[0]
    made = result.owner
    assert isinstance(made, NetOp)
    g = InputOp(result_type=type_of(result), node="g") if type_of(result).axis else None
    if g is None:
        return
    net.block.insert_op_before(g, roots)
    adjoints = adjoints_of(made, g.result)
    for number, adjoint in enumerate(adjoints):
        adjoint.properties["node"] = StringAttr(f"d{number}")
        net.block.insert_op_before(adjoint, roots)
    values = [("output", result), *(("output", a.result) for a in adjoints)]
    net.block.insert_op_before(RootsOp(values), roots)
    roots.detach()
    roots.erase()


def adjoints_of(op: NetOp, g: SSAValue) -> list[NetOp]:
    """The gradients of the operands."""
    kinds = [type_of(v) for v in op.operands]
    if isinstance(op, cv.ConvolutionOp):
        options = op.window_options()
        back = cv.CorrelateOp if op.is_transposed else cv.CorrelateBackOp
        pair = (g, op.x) if op.is_transposed else (op.x, g)
        return [
            back(op.weights, g, result_type=kinds[1], options=options),
            cv.CorrelateWeightsOp(*pair, result_type=kinds[0], options=options),
        ]
    if isinstance(op, pl.PoolingNode):
        options = op.window_options()
        inputs = (g, op.operands[0]) if options["kind"] == pl.MAX else (g,)
        return [pl.PoolBackOp(*inputs, result_type=kinds[0], options=options)]
    if isinstance(op, pl.MaxUnpoolingOp):
        return [pl.UnpoolBackOp(g, op.x, result_type=kinds[0], options=op.window_options())]
    assert isinstance(op, pl.RoiPoolingOp)
    options = {name: op.option_values()[name] for name in ("bins", "scale")}
    return [pl.RoiPoolingBackOp(op.x, op.boxes, g, result_type=kinds[0], options=options)]
