"""Networks that files of other programs hold."""
