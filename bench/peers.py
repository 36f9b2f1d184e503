"""Peers of the training timings: one process trains one network for some seconds and says how fast.

    python peers.py torch|torch-compile|jax NETWORK SECONDS [THREADS]

prints one JSON line with the seconds of a training step (with backward and update): `seconds` from
the wall time of as many steps as an epoch has minibatches, `step` of one alone, both medians.
"""

# pyright: basic, reportMissingImports=false
# (the peers live in environments of their own and publish no complete types)

from __future__ import annotations

import itertools
import json
import os
import sys
import time
from collections.abc import Callable
from typing import Any

import data
import numpy as np


def measure(step: Callable[[int], None], seconds: float, epoch: int) -> dict[str, float]:
    """Medians over epochs and over steps, after a warm-up of at least three steps."""
    for number in range(3):
        step(number)
    epochs: list[float] = []
    steps: list[float] = []
    end = time.perf_counter() + seconds
    while time.perf_counter() < end or len(epochs) < 3:
        marks = [time.perf_counter()]
        for number in range(epoch):
            step(number)
            marks.append(time.perf_counter())
        epochs.append((marks[-1] - marks[0]) / epoch)
        steps += np.diff(marks).tolist()
    return {"seconds": float(np.median(epochs)), "step": float(np.median(steps))}


def torch_step(name: str, threads: int, compiled: bool) -> Callable[[int], None]:
    """PyTorch: cross entropy and SGD with momentum, eager or through torch.compile."""
    import torch
    from torch import nn

    torch.set_num_threads(threads)
    torch.manual_seed(data.SEED)
    shape = data.SHAPES[name]
    layers: list[Any] = []
    size = shape.features
    for hidden in shape.hidden:
        activation = nn.ReLU() if shape.activation == "relu" else nn.Sigmoid()
        layers += [nn.Linear(size, hidden), activation]
        size = hidden
    net = nn.Sequential(*layers, nn.Linear(size, shape.classes))
    optimizer = torch.optim.SGD(net.parameters(), lr=0.01, momentum=0.9)
    feeds = [(torch.from_numpy(x), torch.from_numpy(y)) for x, y in data.batches(name)]

    def loss_of(x: Any, y: Any) -> Any:
        return nn.functional.cross_entropy(net(x), y)

    loss: Any = torch.compile(loss_of) if compiled else loss_of

    def step(number: int) -> None:
        x, y = feeds[number % len(feeds)]
        optimizer.zero_grad(set_to_none=True)
        loss(x, y).backward()
        optimizer.step()

    return step


def jax_step(name: str, threads: int) -> Callable[[int], None]:
    """JAX: one jitted function, buffers donated."""
    if threads == 1:
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    os.environ.setdefault("JAX_PLATFORMS", "cpu")
    import jax
    from jax import numpy as jnp

    shape = data.SHAPES[name]
    sizes = (shape.features, *shape.hidden, shape.classes)
    numbers = np.random.default_rng(data.SEED)
    params: Any = []
    for inner, outer in itertools.pairwise(sizes):
        limit = (6 / (inner + outer)) ** 0.5
        weights = numbers.uniform(-limit, limit, (inner, outer)).astype(np.float32)
        params.append((jnp.asarray(weights), jnp.zeros(outer, jnp.float32)))
    velocity: Any = jax.tree.map(jnp.zeros_like, params)
    activation: Any = jax.nn.relu if shape.activation == "relu" else jax.nn.sigmoid

    def loss_of(params: Any, x: Any, y: Any) -> Any:
        for weights, bias in params[:-1]:
            x = activation(x @ weights + bias)
        z = x @ params[-1][0] + params[-1][1]
        return -jnp.take_along_axis(jax.nn.log_softmax(z), y[:, None], 1).mean()

    def update(params: Any, velocity: Any, x: Any, y: Any) -> Any:
        loss, grads = jax.value_and_grad(loss_of)(params, x, y)
        velocity = jax.tree.map(lambda v, g: 0.9 * v + g, velocity, grads)
        return jax.tree.map(lambda p, v: p - 0.01 * v, params, velocity), velocity, loss

    jitted: Any = jax.jit(update, donate_argnums=(0, 1))
    feeds = data.batches(name)

    def step(number: int) -> None:
        nonlocal params, velocity
        params, velocity, loss = jitted(params, velocity, *feeds[number % len(feeds)])
        loss.block_until_ready()

    return step


def main() -> None:
    """Time one peer."""
    peer, name, seconds, *rest = sys.argv[1:]
    threads = int(rest[0]) if rest else 2
    if peer == "jax":
        step = jax_step(name, threads)
    else:
        step = torch_step(name, threads, peer == "torch-compile")
    shape = data.SHAPES[name]
    times = measure(step, float(seconds), -(-shape.rows // shape.batch))
    print(json.dumps({"peer": peer, "network": name, **times}))


if __name__ == "__main__":
    main()
