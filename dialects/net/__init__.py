"""The `net` dialect, one file per family of operations."""
