"""Training on several processes of `mpiexec`: what they exchange, and when."""
