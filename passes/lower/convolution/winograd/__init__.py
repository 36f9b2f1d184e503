"""3 x 3 convolutions and their gradients by patches of two by two windows."""

from brainscript.passes.lower.convolution.winograd.grid import Grid, grid_of
from brainscript.passes.lower.convolution.winograd.product import lower_patches
from brainscript.passes.lower.convolution.winograd.weights import lower_patch_weights

__all__ = ["Grid", "grid_of", "lower_patch_weights", "lower_patches"]
