"""Reverse sweep and update: one table of rules per family."""
