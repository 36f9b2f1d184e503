"""The model editing language MEL: scripts that change stored networks."""
