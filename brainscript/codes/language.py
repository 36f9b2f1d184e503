"""Diagnostic codes of the area 'language'."""

CODES: dict[str, tuple[str, str]] = {}
