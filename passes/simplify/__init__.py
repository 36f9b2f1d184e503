"""Rewrites that keep the level, run on the compiled copy only."""
