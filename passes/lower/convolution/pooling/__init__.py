"""Kernels of pooling and unpooling and their adjoints, plane by plane."""
