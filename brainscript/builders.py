"""The keys of a command section that describe a network."""

from __future__ import annotations

from brainscript.settings import Settings

BUILDERS = (
    "createNetwork",
    "SimpleNetworkBuilder",
    "NDLNetworkBuilder",
    "BrainScriptNetworkBuilder",
    "ExperimentalNetworkBuilder",
)
"""All of them in the order in which they are tried; `createNetwork` is not read."""

SIMPLE, NDL = BUILDERS[1:3]
BRAINSCRIPT = BUILDERS[3:]

LISTS = ("criterionNodes", "evaluationNodes", "featureNodes", "labelNodes", "outputNodes")
"""Members of a network record that list nodes; they are visited before all others."""

PLAIN_LIST = "inputNodes"
"""A list that programs write though it fills no group of nodes: CNTK's manual did."""


def find_builder(settings: Settings) -> str | None:
    """The key that describes the network of this section, also one of an enclosing section.

    The first one given counts, the others lie dormant.
    """
    return next((key for key in BUILDERS if settings.has(key)), None)
