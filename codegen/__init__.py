"""Kernels to LLVM text to object code to callables."""
