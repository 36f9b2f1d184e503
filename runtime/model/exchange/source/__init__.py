"""ONNX files before their nodes are read: what is refused, folded and named."""
