"""Diagnostic codes of the area 'training'."""

CODES: dict[str, tuple[str, str]] = {}
