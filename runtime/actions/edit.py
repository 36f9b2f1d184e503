"""The action `edit`: a network described in BrainScript, or the result of a script, to a file."""

from __future__ import annotations

from pathlib import Path

from brainscript.builders import find_builder
from brainscript.diagnostic import BrainScriptError, Diagnostic
from brainscript.runtime.actions.session import Session, fresh_network
from brainscript.runtime.model.store import save_network
from brainscript.settings import Settings


def edit(section: Settings, session: Session) -> None:
    """Build the network of the section and save it; with `editPath` alone, run that script."""
    if _is_script(section):
        _run_script(section, session)
        return
    environment, log = session.environment, session.log
    path = section.text("outputModelPath")
    if section.boolean("makeMode", True) and Path(path).exists() and not environment.dry_run:
        log.line("edit exists", path=path)
        section.accept_all()
        return
    if find_builder(section) is None:
        title = "there is nothing to edit: the section has neither a network nor a script"
        help = "add BrainScriptNetworkBuilder = ( ... ), or editPath with a script"
        raise BrainScriptError(Diagnostic("BS0380", title, section.span, help=help))
    network = fresh_network(section, session)
    if environment.dry_run:
        environment.planned[path] = network
        return
    save_network(path, network)
    log.line("edited", nodes=len(network.facts.nodes), path=path)


def _is_script(section: Settings) -> bool:
    """Whether a script edits: one given here goes before a network given for all commands."""
    builder = find_builder(section)
    if builder is None or not section.has("editPath"):
        return section.has("editPath")
    return section.has("editPath", inherited=False) and not section.has(builder, inherited=False)


def _run_script(section: Settings, session: Session) -> None:
    run = session.environment.run_script
    if run is None:
        title = "scripts of the model editing language cannot be run here"
        raise BrainScriptError(Diagnostic("BS0380", title, section.span_of("editPath")))
    saved = run(section)
    for path, nodes in saved if not session.environment.dry_run else ():
        session.log.line("edited", nodes=nodes, path=path)
