"""The tree keeps its rules (see `check_tree.py`)."""

import importlib.util
from pathlib import Path


def test_tree() -> None:
    spec = importlib.util.spec_from_file_location(
        "check_tree", Path(__file__).with_name("check_tree.py")
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert module.breaches() == []
