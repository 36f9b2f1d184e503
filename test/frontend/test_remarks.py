"""Names that are nearly those of the lists of nodes."""

import pytest

from brainscript.frontend.remarks import meant_list


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("evaluationNode", "evaluationNodes"),
        ("evalNodes", "evaluationNodes"),
        ("criteriaNodes", "criterionNodes"),
        ("CriterionNodes", "criterionNodes"),
        ("outputnodes", "outputNodes"),
        ("labelsNodes", "labelNodes"),
        ("featureNode", "featureNodes"),
        ("featureNodes", ""),
        ("inputNodes", ""),
        ("hiddenNodes", ""),
        ("numNodes", ""),
        ("output", ""),
        ("labels", ""),
    ],
)
def test_which_list_is_meant(name: str, meant: str) -> None:
    assert meant_list(name) == meant
