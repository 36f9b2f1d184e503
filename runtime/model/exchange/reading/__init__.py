"""ONNX graphs as networks: one file for each family of operations."""
