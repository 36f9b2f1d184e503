"""Editing of networks: clones of sections, replaced nodes, properties, names."""
