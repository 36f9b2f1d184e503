"""Adaptation: labels are drawn towards what the network said before it was adapted.

    label <- w * reference + (1 - w) * label

With cross entropy this adds `w` times the divergence from the old network to the criterion.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

from brainscript.diagnostic import BrainScriptError, Diagnostic
from brainscript.runtime.network import InputSpec, Minibatch, Network, NodeSpec, Reader, Step
from brainscript.runtime.train.feed import SingleLoop, feed


@dataclass(frozen=True)
class Reference:
    """The frozen network, its node that is compared with labels, and the weight `w`."""

    network: Network
    node: NodeSpec
    weight: float

    @property
    def inputs(self) -> Sequence[InputSpec]:
        """What the node depends on."""
        return self.network.inputs_of("write", [self.node.name])

    def label(self, network: Network, criterion: NodeSpec) -> InputSpec:
        """The input of a trained network that is replaced: its first label."""
        facts = network.facts
        known = {spec.name: spec for spec in facts.inputs}
        others = (name for name in criterion.inputs if name not in facts.features)
        names = (*facts.roots.get("label", ()), *others)
        found = next((known[name] for name in names if name in known), None)
        problem = "the network has no input that is a label" if found is None else ""
        if found is not None and found.sparse:
            problem = f"the label '{found.name}' is sparse: declare it with Input instead"
        elif found is not None and (prod(found.dims), found.axis) != self._form:
            problem = f"the label '{found.name}' and '{self.node.name}' differ in size or axis"
        if found is None or problem:
            title = f"labels cannot be drawn towards '{self.node.name}': {problem}"
            raise BrainScriptError(Diagnostic("BS0742", title))
        return found

    @property
    def _form(self) -> tuple[int, str]:
        return prod(self.node.dims), self.node.axis


class AdaptedLoop(SingleLoop):
    """Runs the frozen network on each minibatch before it is trained on."""

    def __init__(
        self,
        network: Network,
        step: Step,
        reader: Reader,
        criterion: NodeSpec,
        reference: Reference,
    ):
        super().__init__(network, step, reader, criterion)
        self._reference = reference
        self._label = reference.label(network, criterion).name
        self._frozen = reference.network.compile("write", [reference.node.name])

    def fill(self, minibatch: Minibatch) -> None:
        """Fill the inputs, the label with its mixture."""
        super().fill(minibatch)
        frozen, weight = self._frozen, self._reference.weight
        feed(frozen, self._reference.inputs, minibatch)
        frozen.run()
        target = self.step.input(self._label)
        found = frozen.output(self._reference.node.name).reshape(target.shape)
        target[...] = weight * found + (1 - weight) * target
