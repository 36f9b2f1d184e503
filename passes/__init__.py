"""Passes on the IR; `pipeline.py` lists the named pipelines."""
