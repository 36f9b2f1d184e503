"""One step of a network for images: `python vision_ours.py NETWORK BATCH THREADS STEPS CLOCK`.

Prints one JSON line: the seconds of the best step, and the memory in MB that it takes beyond what
the process had before. `--kernels` prints where the time goes instead.
"""

from __future__ import annotations

import json
import resource
import sys
from pathlib import Path

import numpy as np
from networks import network_of, network_of_text
from sequences import best_of
from xdsl.dialects.builtin import ModuleOp

from brainscript.codegen.cache import open_cache
from brainscript.codegen.timing import trace
from brainscript.runtime.network import Mode, UpdateRule
from brainscript.runtime.program import Program, StateArena
from brainscript.target import choose_target
from brainscript.tools.compile_step import compile_step
from brainscript.tools.crash import CrashRecord
from brainscript.tools.steps import step_module

TRAINED = """
        ce = CrossEntropyWithSoftmax (labels, z) ; errs = ClassificationError (labels, z)
        criterionNodes = (ce) ; evaluationNodes = (errs)
"""
LAYER = """
        cb (f, k, s) = Sequential (
            ConvolutionalLayer {f, (k:k), stride=(s:s), pad=true, bias=false} :
            BatchNormalizationLayer {spatialRank=2, normalizationTimeConstant=4096})
"""
NETWORKS = {
    "lenet": """
        model = Sequential (
            ConvolutionalLayer {16, (5:5), pad=true, activation=ReLU} :
            MaxPoolingLayer {(2:2), stride=(2:2)} :
            ConvolutionalLayer {32, (5:5), pad=true, activation=ReLU} :
            MaxPoolingLayer {(2:2), stride=(2:2)} :
            DenseLayer {128, activation=ReLU} : LinearLayer {10})
        features = Input {(28:28:1)} ; labels = Input {10}
        z = model (features)
    """
    + TRAINED,
    "resnet50": LAYER
    + """
        body (f, s) = {
            a = cb (f, 1, s) ; b = cb (f, 3, 1) ; c = cb (4 * f, 1, 1)
            apply (x) = c (ReLU (b (ReLU (a (x)))))
        }.apply
        same (f) = {
            a = body (f, 1)
            apply (x) = ReLU (a (x) + x)
        }.apply
        down (f, s) = {
            a = body (f, s) ; b = cb (4 * f, 1, s)
            apply (x) = ReLU (a (x) + b (x))
        }.apply
        model = Sequential (
            cb (64, 7, 2) : ReLU : MaxPoolingLayer {(3:3), stride=(2:2), pad=true} :
            down (64, 1) : same (64) : same (64) :
            down (128, 2) : same (128) : same (128) : same (128) :
            down (256, 2) : same (256) : same (256) : same (256) : same (256) : same (256) :
            down (512, 2) : same (512) : same (512) :
            AveragePoolingLayer {(7:7)} : LinearLayer {1000})
        features = Input {(224:224:3)}
        z = model (features)
        outputNodes = (z)
    """,
}
MODES: dict[str, Mode] = {"lenet": "train", "resnet20": "train", "resnet50": "write"}


def network(name: str) -> ModuleOp:
    """The network with its shapes; the small residual network is that of `models.cntk`."""
    if name in NETWORKS:
        return network_of_text(NETWORKS[name])
    return network_of(str(Path(__file__).with_name("models.cntk")), "--command", name)


def held() -> float:
    """The memory that the process holds, in MB: once the step is there, it takes no more."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 2**20


def fill(program: Program, batch: int) -> None:
    """Small random parameters, statistics of one, a random minibatch."""
    random = np.random.default_rng(0)
    for name in program.state.names():
        view = program.state.view(name)
        if program.state.role(name) == "hyper":
            view[...] = 1e-6
        elif "var" in name.lower():
            view[...] = 1
        elif "mean" in name.lower() or "count" in name.lower():
            view[...] = 0
        else:
            view[...] = random.standard_normal(view.shape) * 0.05
    program.set_columns(batch)
    for slot in program.image.inputs:
        view = program.input(slot.name)
        view[...] = random.standard_normal(view.shape)
        if slot.name == "labels":
            view[...] = np.eye(10, dtype=view.dtype)[random.integers(0, 10, batch)]


def main() -> None:
    """Compile, fill, time."""
    arguments = [word for word in sys.argv[1:] if word != "--kernels"]
    name, batch, threads, steps, clock = arguments
    kernels = len(arguments) < len(sys.argv) - 1
    if kernels:
        trace.start()
    outputs = ("z",) if MODES[name] == "write" else ()
    step = step_module(network(name), MODES[name], outputs, UpdateRule(), CrashRecord("", []))
    image, objects = compile_step(step, choose_target(), open_cache())
    del step
    before = held()
    program = Program(image, objects, StateArena(), threads=int(threads))
    fill(program, int(batch))
    program.prepare()
    best = best_of(program.run, int(steps), clock)
    result = {"brainscript": best, "MB": round(held() - before)}
    if kernels:
        for kernel, taken, calls in sorted(program.spent(), key=lambda entry: -entry[1]):
            print(f"{kernel:20} {calls:6} calls {taken * 1e-6:10.2f} ms")
    print(json.dumps(result))


if __name__ == "__main__":
    main()
