"""Convolution and pooling: what they decompose into, and the kernels of their families."""
