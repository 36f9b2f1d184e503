"""The action `convertdbn`: a legacy DBN file as a model."""

from __future__ import annotations

from pathlib import Path

from brainscript.runtime.actions.session import Session
from brainscript.runtime.model.store import load_network, save_network
from brainscript.settings import Settings


def convert_dbn(section: Settings, session: Session) -> None:
    """Read `dbnModelPath` and write the network that it holds to `modelPath`."""
    network = load_network(section.text("dbnModelPath"), session.environment)
    target = Path(section.text("modelPath"))
    if not session.environment.dry_run:
        save_network(target, network)
