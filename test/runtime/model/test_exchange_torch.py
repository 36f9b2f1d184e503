"""What torch itself exports: attention, recurrent layers, images made smaller and larger."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import pytest

import brainscript as bs
from test.runtime.model.test_exchange import compare

torch: Any = pytest.importorskip("torch", reason="torch is not installed")
pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")


def vision() -> Any:
    """Patches of an image, a layer with attention, an image again."""
    nn = torch.nn
    module = nn.Module()
    module.patches = nn.Conv2d(3, 8, 4, 4)
    module.token = nn.Parameter(torch.randn(1, 1, 8))
    module.layer = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True, activation="gelu")

    def forward(x: Any) -> Any:
        flat = module.patches(x).flatten(2).transpose(1, 2)
        all = module.layer(torch.cat([module.token.expand(x.shape[0], -1, -1), flat], 1))
        image = all[:, 1:].transpose(1, 2).reshape(-1, 8, 2, 2)
        return all[:, 0], nn.functional.interpolate(image, size=(5, 3), mode="bilinear")

    module.forward = forward
    return module.eval()


def words() -> Any:
    """Two layers both ways over words, the first and the last states, parts set to others."""
    nn = torch.nn
    module = nn.Module()
    module.words = nn.Embedding(11, 6)
    module.layers = nn.LSTM(6, 5, 2, batch_first=True, bidirectional=True)
    module.gate = nn.GRU(10, 3, batch_first=True)

    def forward(x: Any) -> Any:
        places = (x * 3).abs().long() % 11
        steps, (last, _) = module.layers(module.words(places))
        steps = steps.clone()
        steps[:, 1:3, ::2] = 0.5
        steps[:, 0] = 2 * steps[:, -1]
        marks = nn.functional.one_hot(places, 11).float().mean(1)
        return module.gate(steps)[0], torch.cat([last[-2], last[-1], marks], 1)

    module.forward = forward
    return module.eval()


def layers() -> Any:
    """Down and up again, with what was there before beside it."""
    nn = torch.nn
    module = nn.Module()
    module.down = nn.Sequential(nn.Conv2d(1, 4, 3, padding=1), nn.GroupNorm(2, 4), nn.SiLU())
    module.wide = nn.Conv2d(4, 4, 3, padding=1, groups=4, padding_mode="replicate")
    module.mean = nn.AvgPool2d(3, 2, 1, ceil_mode=True)
    module.up = nn.ConvTranspose2d(4, 4, 2, 2)
    module.back = nn.Upsample(scale_factor=2, mode="bilinear")

    def forward(x: Any) -> Any:
        first = module.down(x)
        low = nn.functional.hardswish(module.wide(nn.functional.max_pool2d(first, 2)))
        return torch.cat([module.up(low), first, module.back(low)], 1), module.mean(first)

    module.forward = forward
    return module.eval()


MODULES = {vision: (3, 8, 8), words: (7,), layers: (1, 8, 10)}


@pytest.mark.parametrize("module", MODULES, ids=lambda m: m.__name__)
def test_a_network_of_torch_computes_the_same(module: Any, tmp_path: Path) -> None:
    path = tmp_path / "net.onnx"
    torch.manual_seed(0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        example = (torch.randn(3, *MODULES[module]),)
        options = {"dynamo": False, "input_names": ["x"], "opset_version": 17}
        axes = {"x": {0: "n"}}
        torch.onnx.export(module(), example, str(path), dynamic_axes=axes, **options)
    compare(bs.load(path), path)
