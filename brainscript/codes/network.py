"""Diagnostic codes of the area 'network'."""

CODES: dict[str, tuple[str, str]] = {}
