"""Nodes wherever they are: of the program, of loaded networks, inside clones."""
