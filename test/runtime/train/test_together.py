"""What processes that train together keep and even out, with the others played by numbers."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from brainscript.program_image import StateSlot
from brainscript.runtime.network import NodeSpec
from brainscript.runtime.state_arena import Array
from brainscript.runtime.train.parallel.options import ParallelOptions
from brainscript.runtime.train.parallel.together import Together
from brainscript.runtime.train.parallel.world import World
from brainscript.runtime.train.saving.checkpoint import Checkpoints, Progress
from brainscript.runtime.train.saving.files import ModelFiles
from test.runtime.fake_network import FakeNetwork

BLOCKS = ParallelOptions("BlockMomentumSGD", per_worker=10)
MEAN = NodeSpec("m", "EpochAccumulator")


class Second(World):
    """The second of two processes; the first one has 10 wherever something is summed."""

    rank = 1
    size = 2

    def sum(self, *arrays: Array) -> None:
        for array in arrays:
            array += 10


def test_a_run_of_one_process_goes_on_with_momentum_of_blocks(tmp_path: Path) -> None:
    alone, several = FakeNetwork(), FakeNetwork()
    checkpoints = Checkpoints(ModelFiles(tmp_path / "m", 3))
    checkpoints.commit(alone, Progress(epoch=1))
    Together(several, BLOCKS, Second())
    assert checkpoints.restore(several, 1, lambda path: None).epoch == 1
    assert not several.state.view("block.z.W").any()


def test_what_a_run_goes_on_from_is_that_of_all_processes() -> None:
    network = FakeNetwork()
    kinds = {"carried.h": (1, 4), "accumulated.m": (1,), "accumulated.count.m": (1,)}
    network.state.extend(
        StateSlot(name, dims, "f32", name.partition(".")[0]) for name, dims in kinds.items()
    )
    values = [network.state.view(name) for name in kinds]
    values[0][:, 0], values[1][:], values[2][:] = (1, 2, 3, 4), 0.5, 30
    Together(network, ParallelOptions("DataParallelSGD"), Second()).gather([MEAN])
    assert values[0][:, 0].tolist() == [10, 12, 10, 14]
    assert np.array(values[1:]).ravel().tolist() == [(0.5 * 30 + 10) / 40, 40]
