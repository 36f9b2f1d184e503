"""Checks of numbers: the reference interpreter, and gradients against finite differences."""
