"""Loops over time: from `net.recurrence` to `sched.loop`."""
