"""Diagnostic codes of the area 'codegen'."""

CODES: dict[str, tuple[str, str]] = {}
