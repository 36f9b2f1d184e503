"""Where the time goes: `trace.py` records a run, `clock.py` is the clock within a step."""
