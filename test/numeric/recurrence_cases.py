"""Networks with every kind of loop, as text for `parse_network`."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Loop:
    """A network with the criterion `c` and the output `h`; `parameters` are names and dims."""

    name: str
    parameters: str
    body: str
    inputs: str = "3"

    def text(self) -> tuple[str, str]:
        """Network and symbols."""
        pairs = [entry.split(":") for entry in self.parameters.split()]
        symbols = "\n".join(
            f'net.parameter @{name} : T[{dims.replace("x", " x ")}] {{init = "uniform", seed = 1}}'
            for name, dims in pairs
        )
        reads = "\n".join(
            f"%{name} = net.read @{name} : T[{dims.replace('x', ' x ')}]" for name, dims in pairs
        )
        x = f'%x = net.input "x" : S[{self.inputs}]'
        end = "net.roots criterion(%c), output(%h)"
        return f"{x}\n{reads}\n{self.body}\n{end}", symbols


def square(dims: object) -> str:
    """The criterion: the squares of all elements of h, added up."""
    return f"""
    %q = net.element_times %h, %h : S[{dims}]
    %c = net.sum_elements %q {{node = "c"}} : T[1]"""


def ring(name: str, direction: str, step: int = 1, outside: float = 0.1, size: object = 4) -> str:
    """`name = tanh (W x + R p)` with p another step of it."""
    return f"""
    %wx = net.times %W, %x : S[{size}]
    %p = net.{direction}_value %{name} {{time_step = {step}, outside = {outside}}} : S[{size}]
    %rp = net.times %R, %p : S[{size}]
    %s = net.plus %wx, %rp : S[{size}]
    %{name} = net.tanh %s {{node = "{name}"}} : S[{size}]"""


GATES = """
    %i1 = net.times %Wi, %x : S[4]
    %i2 = net.times %Ri, %p : S[4]
    %i3 = net.plus %i1, %i2 : S[4]
    %i = net.sigmoid %i3 : S[4]
    %f1 = net.times %Wf, %x : S[4]
    %f2 = net.times %Rf, %p : S[4]
    %f3 = net.plus %f1, %f2 : S[4]
    %f = net.sigmoid %f3 : S[4]
    %g1 = net.times %Wg, %x : S[4]"""

LSTM = (
    GATES
    + """
    %g2 = net.times %Rg, %p : S[4]
    %g3 = net.plus %g1, %g2 : S[4]
    %g = net.tanh %g3 : S[4]
    %k1 = net.element_times %f, %pk : S[4]
    %k2 = net.element_times %i, %g : S[4]
    %k = net.plus %k1, %k2 : S[4]
    %t = net.tanh %k : S[4]
    %h = net.element_times %i, %t {node = "h"} : S[4]"""
    + square(4)
)

GRU = (
    GATES
    + """
    %pr = net.element_times %p, %f : S[4]
    %g2 = net.times %Rg, %pr : S[4]
    %g3 = net.plus %g1, %g2 : S[4]
    %g = net.tanh %g3 : S[4]
    %d = net.minus %p, %g : S[4]
    %e = net.element_times %i, %d : S[4]
    %h = net.plus %g, %e {node = "h"} : S[4]"""
    + square(4)
)

GATED = "Wi:4x3 Wf:4x3 Wg:4x3 Ri:4x4 Rf:4x4 Rg:4x4"
P = "    %p = net.past_value %h : S[4]\n"

LOOPS = (
    Loop("elman", "W:4x3 R:4x4", ring("h", "past", 1, 0.1) + square(4)),
    Loop("backwards", "W:4x3 R:4x4", ring("h", "future", 1, 0.1) + square(4)),
    Loop("three steps back", "W:4x3 R:4x4", ring("h", "past", 3, -0.5) + square(4)),
    Loop("two steps ahead", "W:4x3 R:4x4", ring("h", "future", 2, 0.3) + square(4)),
    Loop("lstm", GATED, P + "    %pk = net.past_value %k : S[4]\n" + LSTM),
    Loop("gru", GATED, P + GRU),
    Loop(
        "one step and two on one ring",
        "W:4x3 R:4x4 Q:4x4",
        """
    %wx = net.times %W, %x : S[4]
    %p = net.past_value %h : S[4]
    %pp = net.past_value %h {time_step = 2, outside = 0.4} : S[4]
    %rp = net.times %R, %p : S[4]
    %qp = net.times %Q, %pp : S[4]
    %s = net.plus %wx, %rp : S[4]
    %s2 = net.plus %s, %qp : S[4]
    %h = net.tanh %s2 {node = "h"} : S[4]"""
        + square(4),
    ),
    Loop(
        "one step and three ahead",
        "W:4x3 R:4x4 Q:4x4",
        """
    %wx = net.times %W, %x : S[4]
    %p = net.future_value %h : S[4]
    %pp = net.future_value %h {time_step = 3, outside = 0.4} : S[4]
    %e = net.element_times %p, %pp : S[4]
    %rp = net.times %R, %p : S[4]
    %qp = net.times %Q, %e : S[4]
    %s = net.plus %wx, %rp : S[4]
    %s2 = net.plus %s, %qp : S[4]
    %h = net.tanh %s2 {node = "h"} : S[4]"""
        + square(4),
    ),
    Loop(
        "coupled",
        "W:2x3 R:2x5 Q:5x2",
        """
    %wx = net.times %W, %x : S[2]
    %pb = net.past_value %b : S[5]
    %rb = net.times %R, %pb : S[2]
    %s = net.plus %wx, %rb : S[2]
    %a = net.tanh %s : S[2]
    %pa = net.past_value %a {time_step = 2, outside = 0.7} : S[2]
    %qa = net.times %Q, %pa : S[5]
    %b = net.sigmoid %qa : S[5]
    %h = net.element_times %b, %b {node = "h"} : S[5]"""
        + square(5),
    ),
    Loop(
        "stacked, both ways",
        "W:4x3 R:4x4 V:2x4 Q:2x2 U:2x4",
        ring("l", "past")
        + """
    %vx = net.times %V, %l : S[2]
    %f = net.future_value %k : S[2]
    %qf = net.times %Q, %f : S[2]
    %r = net.plus %vx, %qf : S[2]
    %k = net.sigmoid %r : S[2]
    %u = net.times %U, %l : S[2]
    %h = net.element_times %k, %u {node = "h"} : S[2]"""
        + square(2),
    ),
    Loop(
        "matrix state, learnable initial state that is broadcast",
        "A:2x2 s:2x1",
        """
    %p = net.past_value %h, %s : S[2 x 3]
    %ap = net.times %A, %p : S[2 x 3]
    %r = net.plus %ap, %x : S[2 x 3]
    %h = net.tanh %r {node = "h"} : S[2 x 3]"""
        + square("2 x 3"),
        "2 x 3",
    ),
    Loop(
        "learnable initial states of loops both ways",
        "W:4x3 R:4x4 s:4 t:1",
        """
    %wx = net.times %W, %x : S[4]
    %p = net.past_value %l, %s {time_step = 2} : S[4]
    %rp = net.times %R, %p : S[4]
    %a = net.plus %wx, %rp : S[4]
    %l = net.tanh %a : S[4]
    %f = net.future_value %h, %t : S[4]
    %b = net.element_times %f, %l : S[4]
    %h = net.plus %b, %wx {node = "h"} : S[4]"""
        + square(4),
    ),
    Loop(
        "delays on no ring",
        "W:4x3 s:4",
        """
    %wx = net.times %W, %x : S[4]
    %p = net.past_value %wx, %s {time_step = 2} : S[4]
    %f = net.future_value %wx {outside = 0.5} : S[4]
    %pp = net.past_value %f : S[4]
    %a = net.element_times %p, %f : S[4]
    %h = net.plus %a, %pp {node = "h"} : S[4]"""
        + square(4),
    ),
    Loop(
        "a delay of a delay on a ring",
        "W:4x3 R:4x4",
        """
    %wx = net.times %W, %x : S[4]
    %p = net.past_value %h : S[4]
    %pp = net.past_value %p {outside = 0.2} : S[4]
    %rp = net.times %R, %pp : S[4]
    %a = net.plus %wx, %rp : S[4]
    %b = net.plus %a, %p : S[4]
    %h = net.tanh %b {node = "h"} : S[4]"""
        + square(4),
    ),
    Loop(
        "a delay read outside of its ring",
        "W:4x3 R:4x4 V:4x4",
        ring("l", "past")
        + """
    %h = net.times %V, %p {node = "g"} : S[4]"""
        + square(4),
    ),
    Loop(
        "a product with a splice of state, input and state",
        "R:4x11",
        """
    %p = net.past_value %h : S[4]
    %f = net.past_value %h {time_step = 2} : S[4]
    %pxf = net.splice %p, %x, %f : S[11]
    %a = net.times %R, %pxf : S[4]
    %h = net.tanh %a {node = "h"} : S[4]"""
        + square(4),
    ),
    Loop(
        "a state smaller than its initial state",
        "W:1x3 s:4",
        """
    %wx = net.times %W, %x : S[1]
    %p = net.past_value %wx, %s : S[1] -> S[4]
    %h = net.tanh %p {node = "h"} : S[4]"""
        + square(4),
    ),
)

LARGE = (
    Loop("packed weights", "W:70x3 R:70x70", ring("h", "past", size=70) + square(70)),
    Loop(
        "packed weights, a state of two axes",
        "W:37x3 R:37x37",
        ring("h", "future", 2, 0.3, "37 x 2") + square("37 x 2"),
        "3 x 2",
    ),
)
"""Networks whose weights are large enough to be packed before their loop."""
