"""Views and splices in kernels of every kind, compiled, for several numbers of samples."""

from __future__ import annotations

import pytest

from test.numeric.networks import parse_network
from test.numeric.programs import Compiled

MANY = [f"%x{i}" for i in range(40)]
INPUTS = "\n".join(f'{name} = net.input "{name[1:]}" : S[1 x 2]' for name in MANY)
CASES = {
    "slices side by side": """
        %x = net.input "x" : S[64]
        %a = net.slice %x {begin = 0, end = 32} : S[32]
        %b = net.slice %x {begin = 32, end = 64} : S[32]
        %s = net.sigmoid %a : S[32]
        %z = net.element_times %s, %b {node = "z"} : S[32]""",
    "slices of short samples": """
        %x = net.input "x" : S[6]
        %a = net.slice %x {begin = 1, end = 3} : S[2]
        %p = net.softmax %a : S[2]
        %z = net.splice %p, %a, %p {node = "z"} : S[6]""",
    "a slice of a slice of a matrix, turned": """
        %x = net.input "x" : S[5 x 7 x 3]
        %a = net.slice %x {begin = 1, end = 6, axis = 2} : S[5 x 5 x 3]
        %b = net.slice %a {begin = -2, axis = 3} : S[5 x 5 x 2]
        %t = net.transpose_dimensions %b {axis1 = 1, axis2 = 3} : S[2 x 5 x 5]
        %z = net.exp %t {node = "z"} : S[2 x 5 x 5]""",
    "reductions of what is turned": """
        %x = net.input "x" : S[3 x 20]
        %t = net.transpose_dimensions %x : S[20 x 3]
        %r = net.reduce %t {op = "LogSum", axis = 1} : S[1 x 3]
        %z = net.minus %t, %r {node = "z"} : S[20 x 3]""",
    "long samples in passes": """
        %x = net.input "x" : S[700]
        %a = net.slice %x {begin = 50, end = 650} : S[600]
        %z = net.log_softmax %a {node = "z"} : S[600]""",
    "an uneven splice of what is made in it": """
        %x = net.input "x" : S[4 x 3]
        %y = net.input "y" : S[4 x 2]
        %a = net.tanh %x : S[4 x 3]
        %b = net.abs %y : S[4 x 2]
        %z = net.splice %b, %a, %b {node = "z", axis = 2} : S[4 x 7]""",
    "a splice along the first axis that broadcasts": """
        %x = net.input "x" : S[2 x 3]
        %y = net.input "y" : S[1]
        %z = net.splice %y, %x, %y {node = "z"} : S[4 x 3]""",
    "numbers spliced to a row": """
        %x = net.input "x" : S[1]
        %y = net.exp %x : S[1]
        %z = net.splice %x, %y, %x {node = "z", axis = 2} : S[1 x 3]""",
    "reshapes between": """
        %x = net.input "x" : S[4 x 6]
        %v = net.reshape %x {dims = [24]} : S[24]
        %e = net.exp %v : S[24]
        %w = net.reshape %e {dims = [8, 3]} : S[8 x 3]
        %t = net.transpose_dimensions %w : S[3 x 8]
        %z = net.reshape %t {node = "z", dims = [2, 12]} : S[2 x 12]""",
    "repetition": """
        %x = net.input "x" : S[3 x 2]
        %r = net.row_repeat %x {count = 3} : S[3 x 6]
        %z = net.negate %r {node = "z"} : S[3 x 6]""",
    "a product of parts": """
        %x = net.input "x" : S[6]
        %w = net.read @W : T[4 x 3]
        %a = net.slice %x {begin = 3, end = 6} : S[3]
        %t = net.times %w, %a : S[4]
        %z = net.splice %t, %a {node = "z"} : S[7]""",
    "more parts than a kernel reads": f"""{INPUTS}
        %z = net.splice {", ".join(MANY)} {{node = "z"}} : S[40 x 2]""",
    "as many along a new axis": f"""{INPUTS}
        %z = net.splice {", ".join(MANY)} {{node = "z", axis = 3}} : S[1 x 2 x 40]""",
}


@pytest.mark.parametrize("name", CASES)
def test_moved_values(name: str):
    symbol = 'net.parameter @W : T[4 x 3] {init = "constant", value = 0.0}'
    body = CASES[name] + "\nnet.roots output(%z)"
    compiled = Compiled(parse_network(body, symbol if "@W" in body else ""))
    for columns in (1, 17, 40):
        compiled.check(columns, tolerance=1e-5)
