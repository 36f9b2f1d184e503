"""Shapes, axes and element types of the network."""
