"""The peer of `vision_ours.py`: `python vision_torch.py NETWORK BATCH THREADS STEPS CLOCK [WAYS]`.

Prints one JSON line for each way: the seconds of the best step, eager, eager with `channels_last`,
and through torch.compile, and the memory in MB that each took beyond what the process had before.
"""

# pyright: basic, reportMissingImports=false
# (the peer lives in an environment of its own and publishes no complete types)

from __future__ import annotations

import json
import resource
import sys
from collections.abc import Callable
from typing import Any

import torch
from sequences import best_of
from torch import nn

WAYS = ("eager", "channels_last", "compile")


def cb(inner: int, maps: int, kernel: int, stride: int) -> nn.Sequential:
    """Convolution and batch normalisation."""
    padding = (kernel - 1) // 2
    convolution = nn.Conv2d(inner, maps, kernel, stride, padding, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(maps))


class Residual(nn.Module):
    """Some layers and the way around them."""

    def __init__(self, body: nn.Module, around: nn.Module | None):
        super().__init__()
        self.body, self.around = body, around

    def forward(self, x: Any) -> Any:
        """Both added."""
        return torch.relu(self.body(x) + (x if self.around is None else self.around(x)))


def basic(inner: int, maps: int, stride: int) -> Residual:
    """A block of ResNet-20."""
    body = nn.Sequential(cb(inner, maps, 3, stride), nn.ReLU(), cb(maps, maps, 3, 1))
    return Residual(body, cb(inner, maps, 1, stride) if stride != 1 else None)


def bottleneck(inner: int, maps: int, stride: int) -> Residual:
    """A block of ResNet-50."""
    first, middle = cb(inner, maps, 1, stride), cb(maps, maps, 3, 1)
    body = nn.Sequential(first, nn.ReLU(), middle, nn.ReLU(), cb(maps, 4 * maps, 1, 1))
    return Residual(body, cb(inner, 4 * maps, 1, stride) if inner != 4 * maps else None)


def resnet20() -> nn.Module:
    """Images of 32 x 32, 10 classes."""
    layers: list[nn.Module] = [cb(3, 16, 3, 1), nn.ReLU()]
    inner = 16
    for maps, stride in ((16, 1),) * 3 + ((32, 2), (32, 1), (32, 1), (64, 2), (64, 1), (64, 1)):
        layers.append(basic(inner, maps, stride))
        inner = maps
    return nn.Sequential(*layers, nn.AvgPool2d(8), nn.Flatten(), nn.Linear(64, 10))


def resnet50() -> nn.Module:
    """Images of 224 x 224, 1000 classes."""
    layers: list[nn.Module] = [cb(3, 64, 7, 2), nn.ReLU(), nn.MaxPool2d(3, 2, 1)]
    inner = 64
    for maps, count, stride in ((64, 3, 1), (128, 4, 2), (256, 6, 2), (512, 3, 2)):
        for number in range(count):
            layers.append(bottleneck(inner, maps, stride if number == 0 else 1))
            inner = 4 * maps
    return nn.Sequential(*layers, nn.AvgPool2d(7), nn.Flatten(), nn.Linear(2048, 1000))


def lenet() -> nn.Module:
    """Images of 28 x 28, 10 classes."""
    first = [nn.Conv2d(1, 16, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2)]
    second = [nn.Conv2d(16, 32, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten()]
    return nn.Sequential(*first, *second, nn.Linear(1568, 128), nn.ReLU(), nn.Linear(128, 10))


CHANNELS_LAST = torch.channels_last
NETWORKS: dict[str, tuple[Callable[[], nn.Module], tuple[int, ...]]] = {
    "lenet": (lenet, (1, 28, 28)),
    "resnet20": (resnet20, (3, 32, 32)),
    "resnet50": (resnet50, (3, 224, 224)),
}


def step_of(name: str, batch: int, way: str) -> Callable[[], object]:
    """One training step of a network, or of `resnet50` its value."""
    torch.manual_seed(0)
    make, shape = NETWORKS[name]
    net: Any = make()
    x = torch.randn(batch, *shape)
    y = torch.randint(0, 10, (batch,))
    if way == "channels_last":
        net, x = net.to(memory_format=CHANNELS_LAST), x.to(memory_format=CHANNELS_LAST)
    if name == "resnet50":
        run: Any = torch.compile(net.eval()) if way == "compile" else net.eval()

        def value() -> object:
            with torch.inference_mode():
                return run(x)

        return value
    optimizer = torch.optim.SGD(net.parameters(), lr=0.01, momentum=0.9)

    def loss_of(x: Any) -> Any:
        return nn.functional.cross_entropy(net(x), y)

    loss: Any = torch.compile(loss_of) if way == "compile" else loss_of

    def step() -> None:
        optimizer.zero_grad(set_to_none=True)
        loss(x).backward()
        optimizer.step()

    return step


def peak() -> float:
    """The most memory that the process has held, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    """Time the ways asked for."""
    name, batch, threads, steps, clock, *rest = sys.argv[1:]
    torch.set_num_threads(int(threads))
    for way in rest or WAYS:
        before = peak()
        best = best_of(step_of(name, int(batch), way), int(steps), clock)
        print(json.dumps({way: best, "MB": round(peak() - before)}), flush=True)


if __name__ == "__main__":
    main()
