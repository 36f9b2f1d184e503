"""Diagnostic codes of the area 'config'."""

CODES: dict[str, tuple[str, str]] = {}
