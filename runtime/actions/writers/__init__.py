"""What the action `write` writes besides text; `sinks.py` has the kinds of the section `writer`."""
