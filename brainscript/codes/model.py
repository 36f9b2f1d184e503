"""Diagnostic codes of the area 'model'."""

CODES: dict[str, tuple[str, str]] = {}
