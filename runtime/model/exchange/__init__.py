"""Networks as ONNX files and back; needs the package `onnx` (the extra of that name)."""
