"""The commands `bs-opt` and `bs-jit`."""
