"""Readers and the order of samples."""
