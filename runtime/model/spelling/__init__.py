"""Nodes that one format has and another has not, in terms of nodes that it has."""
