"""Diagnostic codes of the area 'tools'."""

CODES: dict[str, tuple[str, str]] = {}
