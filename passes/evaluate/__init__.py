"""`bs` to `net`: inlining, folding, parameters, names."""
