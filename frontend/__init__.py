"""Text to syntax tree to the `bs` dialect."""
