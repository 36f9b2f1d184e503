"""LLVM text that times the calls of a step: a table with a pair of words for each call.

The first thread adds the nanoseconds of each call to the first word and 1 to the second.
"""

from __future__ import annotations

import time

TIMES = "bs_times"
"""The symbol of the table."""

_TEXT = """\
@{table} = global [{words} x i64] zeroinitializer
declare i32 @clock_gettime(i32, ptr)
define internal i64 @bs_now() {{
  %time = alloca [2 x i64]
  %status = call i32 @clock_gettime(i32 {clock}, ptr %time)
  %seconds = load i64, ptr %time
  %at = getelementptr i64, ptr %time, i64 1
  %rest = load i64, ptr %at
  %whole = mul i64 %seconds, 1000000000
  %now = add i64 %whole, %rest
  ret i64 %now
}}
define internal void @bs_spend(i64 %since, i64 %call, i64 %tid) {{
  %first = icmp eq i64 %tid, 0
  br i1 %first, label %count, label %done
count:
  %now = call i64 @bs_now()
  %spent = sub i64 %now, %since
  %word = mul i64 %call, 2
  %time.at = getelementptr i64, ptr @{table}, i64 %word
  %time.old = load i64, ptr %time.at
  %time.new = add i64 %time.old, %spent
  store i64 %time.new, ptr %time.at
  %calls.at = getelementptr i64, ptr %time.at, i64 1
  %calls.old = load i64, ptr %calls.at
  %calls.new = add i64 %calls.old, 1
  store i64 %calls.new, ptr %calls.at
  br label %done
done:
  ret void
}}
"""


def clock_text(calls: int) -> str:
    """The table for this many calls, and the functions `bs_now` and `bs_spend`."""
    return _TEXT.format(table=TIMES, words=max(1, 2 * calls), clock=time.CLOCK_MONOTONIC)
