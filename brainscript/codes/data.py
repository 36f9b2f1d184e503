"""Diagnostic codes of the area 'data'."""

CODES: dict[str, tuple[str, str]] = {}
