"""The garbage collector in commands: off at first, and the first large heap is let lie."""

from __future__ import annotations

import gc
import subprocess
import sys

from brainscript.tools.collector import start_collector, without_collector

COMMAND = """
import gc
from brainscript.tools import collector
collector.own_process("test")
print(gc.isenabled(), gc.get_freeze_count())
collector.start_collector()
before = gc.get_freeze_count()
print(gc.isenabled(), before > 0)
with collector.without_collector():
    ring = []
    ring.append(ring)
    print(gc.isenabled())
print(gc.isenabled(), gc.get_freeze_count() > before)
collector.MOST_SPARED = 0
before = gc.get_freeze_count()
with collector.without_collector():
    more = [[] for _ in range(100)]
print(gc.isenabled(), gc.get_freeze_count() <= before)
"""


def test_a_command_spares_what_it_imported_and_its_first_heap() -> None:
    """Nothing more is spared once there are many objects."""
    done = subprocess.run(
        [sys.executable, "-c", COMMAND], capture_output=True, text=True, check=True
    )
    expected = ["False 0", "True True", "False", "True True", "True True"]
    assert done.stdout.splitlines() == expected


def test_a_library_keeps_the_collector_as_it_is() -> None:
    """Without a command nothing is frozen, and the collector comes back as it was."""
    frozen, was_on = gc.get_freeze_count(), gc.isenabled()
    start_collector()
    with without_collector():
        assert not gc.isenabled()
    assert gc.isenabled() == was_on
    assert gc.get_freeze_count() == frozen
