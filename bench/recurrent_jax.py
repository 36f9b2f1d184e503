"""Another peer: `python recurrent_jax.py tagger BATCH THREADS STEPS CLOCK`.

Prints one JSON line with the seconds of the best step of a padded tagger: `lax.scan` over time in
one jitted function, with its buffers donated.
"""

# pyright: basic, reportMissingImports=false
# (the peer lives in an environment of its own and publishes no complete types)

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import sequences

CELLS, SIZE, WORDS, CLASSES = 300, 150, 943, 129


def parameters() -> dict[str, Any]:
    """The weights."""
    random = np.random.default_rng(sequences.SEED)
    shapes = {
        "embedding": (WORDS, SIZE),
        "w": (SIZE, 4 * CELLS),
        "h": (CELLS, 4 * CELLS),
        "b": (4 * CELLS,),
        "out": (CELLS, CLASSES),
        "bias": (CLASSES,),
    }
    return {k: (random.standard_normal(s) * 0.05).astype(np.float32) for k, s in shapes.items()}


def step_of(batch: str) -> Callable[[], None]:
    """One training step."""
    import jax
    from jax import lax
    from jax import numpy as jnp

    lengths = sequences.lengths("tagger", batch)
    steps, count = int(lengths.max()), len(lengths)
    random = np.random.default_rng(sequences.SEED)
    x, y = (random.integers(0, n, (steps, count)) for n in (WORDS, CLASSES))
    mask = (np.arange(steps)[:, None] < lengths[None]).astype(np.float32)

    def loss_of(p: Any) -> Any:
        z = p["embedding"][x] @ p["w"] + p["b"]

        def cell(state: Any, gates: Any) -> Any:
            h, c = state
            i, f, g, o = jnp.split(gates + h @ p["h"], 4, axis=1)
            c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
            h = jax.nn.sigmoid(o) * jnp.tanh(c)
            return (h, c), h

        zero = jnp.zeros((count, CELLS), jnp.float32)
        _, h = lax.scan(cell, (zero, zero), z)
        logs = jax.nn.log_softmax(h @ p["out"] + p["bias"])
        return -(jnp.take_along_axis(logs, y[:, :, None], 2)[:, :, 0] * mask).sum()

    def update(p: Any, velocity: Any) -> Any:
        loss, grads = jax.value_and_grad(loss_of)(p)
        velocity = jax.tree.map(lambda v, g: 0.9 * v + g, velocity, grads)
        return jax.tree.map(lambda a, v: a - 1e-6 * v, p, velocity), velocity, loss

    jitted: Any = jax.jit(update, donate_argnums=(0, 1))
    state: Any = jax.tree.map(jnp.asarray, parameters())
    velocity: Any = jax.tree.map(jnp.zeros_like, state)

    def step() -> None:
        nonlocal state, velocity
        state, velocity, loss = jitted(state, velocity)
        loss.block_until_ready()

    return step


def main() -> None:
    """Time it."""
    _, batch, threads, steps, clock = sys.argv[1:]
    if threads == "1":
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    os.environ.setdefault("JAX_PLATFORMS", "cpu")
    print(json.dumps({"jax": sequences.best_of(step_of(batch), int(steps), clock)}))


if __name__ == "__main__":
    main()
