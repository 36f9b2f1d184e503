"""Other xDSL tools find our dialects and passes through the entry point."""

from brainscript.tools.universe import BRAINSCRIPT


def test_everything_offered_can_be_loaded() -> None:
    assert [load().name for load in BRAINSCRIPT.all_dialects.values()] == list(
        BRAINSCRIPT.all_dialects
    )
    assert all(load().name == name for name, load in BRAINSCRIPT.all_passes.items())
