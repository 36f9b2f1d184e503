"""The actions `convertdbn` and `exportdbn`: a legacy DBN file as a model, and back."""

from __future__ import annotations

from pathlib import Path

from brainscript.runtime.actions.session import Session
from brainscript.runtime.model.loading import load_model
from brainscript.runtime.model.store import load_network, save_network
from brainscript.runtime.model.writing import write_graph
from brainscript.settings import Settings


def convert_dbn(section: Settings, session: Session) -> None:
    """Read `dbnModelPath` and write the network that it holds to `modelPath`."""
    network = load_network(section.text("dbnModelPath"), session.environment)
    target = Path(section.text("modelPath"))
    if not session.environment.dry_run:
        save_network(target, network)


def export_dbn(section: Settings, session: Session) -> None:
    """Read `modelPath` and write the stack of layers that it is to `dbnModelPath`."""
    from brainscript.passes.stored.describe import describe_module

    source, target = section.text("modelPath"), section.text("dbnModelPath")
    model = load_model(source)
    graph = describe_module(model.module(), source)
    if not session.environment.dry_run:
        for remark in write_graph(target, "dbn", graph, model.values):
            session.environment.warn(remark)
