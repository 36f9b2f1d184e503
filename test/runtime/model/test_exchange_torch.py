"""What torch itself exports: attention, a smooth activation and an image made larger."""

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
    torch.manual_seed(0)
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


def test_a_network_of_torch_computes_the_same(tmp_path: Path) -> None:
    path = tmp_path / "net.onnx"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        example = (torch.randn(3, 3, 8, 8),)
        options = {"dynamo": False, "input_names": ["image"], "opset_version": 17}
        axes = {"image": {0: "n"}}
        torch.onnx.export(vision(), example, str(path), dynamic_axes=axes, **options)
    compare(bs.load(path), path)
