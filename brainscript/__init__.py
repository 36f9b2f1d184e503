"""A compiler for BrainScript, the network language of CNTK."""

__version__ = "0.1.0"
