"""BrainScript, compiled: `load`, `compile` and `train`, imported on demand so that `import brainscript` is cheap."""

from typing import Any

__version__ = "0.1.0"
__all__ = ["__version__", "compile", "load", "train"]


def __getattr__(name: str) -> Any:
    """Fetch a function of the Python API from `tools/wiring.py` at first use."""
    if name in ("compile", "load", "train"):
        from brainscript.tools import wiring

        return getattr(wiring, name)
    raise AttributeError(f"module 'brainscript' has no attribute '{name}'")
