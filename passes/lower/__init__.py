"""`net` to `sched` to `kern`."""
