"""Saving what a run has learnt: its files, its state, and patience with a full disk."""
