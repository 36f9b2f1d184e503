"""Which operations of a network become one kernel: rewriting, grouping, bookkeeping."""
