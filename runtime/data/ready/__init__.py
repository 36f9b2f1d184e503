"""Data that is there before it is asked for: read ahead, or kept parsed between runs."""
