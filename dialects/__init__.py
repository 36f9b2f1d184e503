"""The languages the data speaks, level by level: `bs`, `net`, `sched`, `kern`."""
