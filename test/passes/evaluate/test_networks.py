"""Programs with nodes: how many there are, what they are called, which seeds they get."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from xdsl.dialects.builtin import ModuleOp

from brainscript.dialects.bs import NodeOp, ReadOp, RootsOp
from brainscript.dialects.net.network import RootsOp as NetRootsOp
from brainscript.dialects.net.network import network_of, node_name_of
from brainscript.dialects.net.parameters import ParameterOp
from brainscript.passes.evaluate import plain
from brainscript.passes.evaluate.names import assemble

Network = Callable[..., ModuleOp]
BEFORE_NET = ("bs-evaluate", "bs-prune", "bs-instantiate-parameters")

ASSEMBLED = [
    (
        "{x=Input{2}; W=ParameterTensor{3:2}; z=W*x+ParameterTensor{3}}",
        "W:P x:InputValue z:Plus z.PlusArgs[0]:Times z.PlusArgs[1]:P",
    ),
    (
        "{x=Input{2}; p=ParameterTensor{2}; z=p+p+x}",
        "p:P x:InputValue z:Plus z.PlusArgs[0]:Plus",
    ),
    (
        "{x=Input{2}; p()=ParameterTensor{2}; z=p()+p()+x}",
        "x:InputValue z:Plus z.PlusArgs[0]:Plus z.PlusArgs[0].PlusArgs[0]:P"
        " z.PlusArgs[0].PlusArgs[1]:P",
    ),
    (
        "{x=Input{2}; sqr(t)=t*t; z=sqr(ParameterTensor{2:2})}",
        "x:InputValue z:Times z.t:P",
    ),
    (
        "{x=Input{2}; f(u)={W=ParameterTensor{2:2}; r=W*u}.r; a=f(x); b=f(x); c=a+b}",
        "a:Times b:Times c:Plus x:InputValue a.W:P b.W:P",
    ),
    (
        "{x=Input{2}; f={W=ParameterTensor{2:2}; apply(u)=W*u}.apply; a=f(x); b=f(x); c=a+b}",
        "a:Times b:Times c:Plus x:InputValue f.W:P",
    ),
    (
        "{x=Input{2}; f(u,W=ParameterTensor{2:2})=W*u; a=f(x); b=f(x)}",
        "a:Times b:Times x:InputValue f.W:P",
    ),
    (
        "{x=Input{2}; g(v)={f(u,W=ParameterTensor{2:2})=W*u; r=f(v)}.r; a=g(x); b=g(x)}",
        "a:Times b:Times x:InputValue a.f.W:P b.f.W:P",
    ),
    (
        "{x=Input{2}; m=LinearLayer{3}; z=m(x)}",
        "x:InputValue z:Plus z.PlusArgs[0]:Times m.b:P m.W:P",
    ),
    (
        "{x=Input{2}; z=LinearLayer{3}(x)}",
        "x:InputValue z:Plus z.PlusArgs[0]:Times z.b:P z.W:P",
    ),
    (
        "{x=Input{2}; h1=DenseLayer{3}(x)}",
        "h1:Plus x:InputValue h1.x.PlusArgs[0]:Times h1.arrayOfFunctions[0].b:P"
        " h1.arrayOfFunctions[0].W:P",
    ),
    (
        "{x=Input{2}; m=DenseLayer{3,activation=Sigmoid}; z=m(x); z2=m(z)}",
        "x:InputValue z:Sigmoid z2:Sigmoid z._:Plus z2._:Plus z._.PlusArgs[0]:Times"
        " m.arrayOfFunctions[0].b:P z2._.PlusArgs[0]:Times m.arrayOfFunctions[0].W:P",
    ),
    (
        "{x=Input{2}; m(u)={h1=DenseLayer{3,activation=Sigmoid}(u); z=LinearLayer{4}(h1)}.z;"
        " z=m(x)}",
        "x:InputValue z:Plus z.z.PlusArgs[0]:Times z.z.b:P z.z.W:P z.h1:Sigmoid z.h1._:Plus"
        " z.h1._.PlusArgs[0]:Times z.h1.arrayOfFunctions[0].b:P z.h1.arrayOfFunctions[0].W:P",
    ),
    (
        "{x=Input{2}; L[i:0..1]=LinearLayer{3}; z=L[1](L[0](x))}",
        "x:InputValue z:Plus z.PlusArgs[0]:Times L[1].b:P L[1].W:P z.x:Plus z.x.PlusArgs[0]:Times"
        " L[0].b:P L[0].W:P",
    ),
    (
        "{x=Input{2}; h[i:0..2]=if i==0 then x else Sigmoid(h[i-1]); z=h[2]}",
        "x:InputValue z:Sigmoid h[1]:Sigmoid",
    ),
    ("{x=Input{2}; a=Sigmoid(x); b=a; c=b}", "c:Sigmoid x:InputValue"),
    ("{e=Input{2}; a=Sigmoid(e); inputNodes=(e)}", "a:Sigmoid e:InputValue"),
    ("{inputNodes=Input{2}; a=Sigmoid(inputNodes)}", "a:Sigmoid inputNodes:InputValue"),
    (
        "{x=Input{2}; unused=ParameterTensor{5}; z=Sigmoid(x)}",
        "unused:P x:InputValue z:Sigmoid",
    ),
    (
        "{x=Input{2}; rec={unused=ParameterTensor{5}; y=Tanh(x)}; z=Sigmoid(rec.y)}",
        "x:InputValue z:Sigmoid rec.y:Tanh",
    ),
    (
        "{x=Input{2}; h=Sigmoid(x); criterionNodes=(Tanh(h):Exp(h))}",
        "criterionNodes[0]:Tanh criterionNodes[1]:Exp h:Sigmoid x:InputValue",
    ),
    (
        "{x=Input{2}; h=Sigmoid(ParameterTensor{2:2}*PastValue(0,h)+x)}",
        "h:Sigmoid x:InputValue h._:Plus h._.PlusArgs[0]:Times h._.PlusArgs[0].TimesArgs[0]:P"
        " h._.PlusArgs[0].TimesArgs[1]:PastValue",
    ),
    ("{x=Input{2}; y=2*x}", "x:InputValue y:ElementTimes _y:P"),
    ("{x=Input{2}; y={z=2*x}.z}", "x:InputValue y:ElementTimes y.z:P"),
    (
        "{x=Input{2}; r={y=2*x}; z=Sigmoid(r.y)}",
        "x:InputValue z:Sigmoid r.y:ElementTimes _r.y:P",
    ),
    (
        "{x=Input{2}; y=Sigmoid(2*x+1)}",
        "x:InputValue y:Sigmoid y._:Plus y._.PlusArgs[0]:ElementTimes _y._:P _y._.PlusArgs[0]:P",
    ),
    ("{x=Input{2}; z=Plus(x,1)}", "x:InputValue z:Plus inputs.arr[1].res:P"),
    ("{x=Input{2}; z={y=1/x}.y}", "x:InputValue z:Reciprocal"),
    ("{x=Input{2}; z={y=x/4}.y}", "x:InputValue z:ElementTimes z.y:P"),
    ("{x=Input{2}; z={y=x && true}.y}", "z:InputValue"),
    ("{x=Input{2}; z={y=!x}.y}", "x:InputValue z:Minus z.y:P"),
    ("{x=Input{2}; z=-x}", "x:InputValue z:Negate"),
    ("{x=Input{2}; z={y=if x then 1 else x}.y}", "x:InputValue z:If z.y:P"),
    (
        "{x=Input{2}; z={a=x+BS.Constants.One; b=a+BS.Constants.One}.b}",
        "x:InputValue z:Plus z.a:Plus BS.Constants.One:P",
    ),
    (
        "{x=Input{2}; L1=LinearLayer{3}; L2=LinearLayer{3}; f=(L1>>L2); z=f(x); z2=f(z)}",
        "x:InputValue z:Plus z2:Plus z.PlusArgs[0]:Times L2.b:P z2.PlusArgs[0]:Times L2.W:P"
        " z.arg:Plus z2.arg:Plus z.arg.PlusArgs[0]:Times L1.b:P z2.arg.PlusArgs[0]:Times L1.W:P",
    ),
    (
        "{x=Input{2}; steep=4; soft(u,s=1)=if s==1 then Log(Constant(1)+Exp(u)) else"
        " {c=Constant(s); y=Reciprocal(c).*soft(c.*u)}.y; z=soft(x,s=steep)}",
        "x:InputValue z:ElementTimes z.y.ElementTimesArgs[0]:Reciprocal"
        " z.y.ElementTimesArgs[1]:Log z.c:P z.y.ElementTimesArgs[1]._:Plus"
        " z.y.ElementTimesArgs[1]._.PlusArgs[0]:P z.y.ElementTimesArgs[1]._.PlusArgs[1]:Exp"
        " z.y.ElementTimesArgs[1].u:ElementTimes",
    ),
    (
        "{x=Input{2}; Lib={Aff(v,m,n)=ParameterTensor{m:n}*v+ParameterTensor{m};"
        " NL(v,m,n,f)=f(Aff(v,m,n)); Sig(v,m,n)=NL(v,m,n,Sigmoid)}; h=Lib.Sig(x,3,2);"
        " z=Lib.Aff(h,4,3)}",
        "h:Sigmoid x:InputValue z:Plus h._:Plus z.PlusArgs[0]:Times z.PlusArgs[1]:P"
        " h._.PlusArgs[0]:Times h._.PlusArgs[1]:P z.PlusArgs[0].TimesArgs[0]:P"
        " h._.PlusArgs[0].TimesArgs[0]:P",
    ),
]


def kind(op: object) -> str:
    return op.kind.data if isinstance(op, NodeOp) else "P" if isinstance(op, ReadOp) else "?"


def assembled(module: ModuleOp) -> str:
    program = plain.network_of(module)
    assert program is not None
    roots = program.body.block.last_op
    assert isinstance(roots, RootsOp)
    found = assemble(roots)
    return " ".join(f"{found.names[v]}:{kind(v.owner)}" for v in found.nodes)


@pytest.mark.parametrize(("program", "expected"), ASSEMBLED)
def test_nodes_in_the_order_of_assembly(network: Network, program: str, expected: str) -> None:
    assert assembled(network(program, *BEFORE_NET)) == expected


SEEDS = [
    (
        "{x=Input{2}; W=ParameterTensor{3:2}; z=W*x+ParameterTensor{3}}",
        {"W": 1, "z.PlusArgs[1]": 2},
    ),
    (
        "{x=Input{2}; m(u)=Sequential(DenseLayer{3,activation=Sigmoid}:LinearLayer{4})(u);"
        " z=m(x); q=m(x)}",
        {
            "q.arrayOfFunctions[1].W": 1,
            "q.arrayOfFunctions[0].arrayOfFunctions[0].W": 2,
            "z.arrayOfFunctions[1].W": 3,
            "z.arrayOfFunctions[0].arrayOfFunctions[0].W": 4,
        },
    ),
    ("{x=Input{2}; L[i:0..1]=LinearLayer{3}; z=L[1](L[0](x))}", {"L[1].W": 1, "L[0].W": 2}),
    (
        "{x=Input{2}; m=LinearLayer{3} >> LinearLayer{4} >> LinearLayer{5}; z=m(x)}",
        {"m.BeforeArgs[0].BeforeArgs[0].W": 1, "m.BeforeArgs[0].BeforeArgs[1].W": 2}
        | {"m.BeforeArgs[1].W": 3},
    ),
    (
        "{x=Input{2}; Lib={Aff(v,m,n)=ParameterTensor{m:n}*v+ParameterTensor{m};"
        " NL(v,m,n,f)=f(Aff(v,m,n)); Sig(v,m,n)=NL(v,m,n,Sigmoid)}; h=Lib.Sig(x,3,2);"
        " z=Lib.Aff(h,4,3)}",
        {
            "h._.PlusArgs[0].TimesArgs[0]": 1,
            "h._.PlusArgs[1]": 2,
            "z.PlusArgs[0].TimesArgs[0]": 3,
            "z.PlusArgs[1]": 4,
        },
    ),
    (
        "{x=Input{2}; q={a=ParameterTensor{3:2}; n=a.dim}.n; b=ParameterTensor{2:2, randomSeed=7};"
        " z=ParameterTensor{2:2}*(b*x)}",
        {"b": 7, "z.TimesArgs[0]": 2},
    ),
]


@pytest.mark.parametrize(("program", "expected"), SEEDS)
def test_seeds_follow_the_creation_order(
    network: Network, program: str, expected: dict[str, int]
) -> None:
    symbols = [op for op in network(program).ops if isinstance(op, ParameterOp)]
    seeds = {op.sym_name.data: op.seed.value.data for op in symbols if op.seed is not None}
    assert seeds == expected


def test_delays_do_not_disturb_the_order(network: Network) -> None:
    program = "{x=Input{2}; h=ParameterTensor{2:2}*PastValue(2, ParameterTensor{2:2}*h)+x;"
    program += " z=ParameterTensor{2:2}*x}"
    module = network(program, *BEFORE_NET)
    seeds = {
        op.sym_name.data: op.seed.value.data
        for op in module.ops
        if isinstance(op, ParameterOp) and op.seed is not None
    }
    assert seeds == {
        "h.PlusArgs[0].TimesArgs[0]": 1,
        "z.TimesArgs[0]": 2,
        "h.PlusArgs[0].TimesArgs[1].input.TimesArgs[0]": 3,
    }


FIELDS = [
    ("x.dim", 6.0),
    ("W.dim", 12.0),
    ("h.dim", 4.0),
    ("(x + 1).dim", 6.0),
    ("h.operation", "Times"),
    ("h.TimesArgs[0].name", "W"),
    ("h.inputs[1].operation", "InputValue"),
    ("Length(h.inputs)", 2.0),
    ("W.operation", "LearnableParameter"),
    ("PastValue(3, x).dim", 3.0),
]


@pytest.mark.parametrize(("field", "expected"), FIELDS)
def test_fields_of_nodes(value: Callable[[str], object], field: str, expected: object) -> None:
    names = "x=Input{2:3}; W=ParameterTensor{4:3}; h=W*Input{3}"
    found = value(f"{{{names}; r={field}}}.r")
    assert found == ("value.W" if expected == "W" else expected)


GROUPS = [
    ("{f=Input{2}; l=Input{3}; labelNodes=(l); z=Sigmoid(f)}", "feature: l f; label: l"),
    (
        "{f=Input{2}; l=Input{2, tag='label'}; ce=SquareError(l, f, tag='criteria');"
        " e=SquareError(f, l, tag='eval'); W=ParameterTensor{1, tag='output'}; o=Sigmoid(f);"
        " outputNodes=(o:[|W|])}",
        "feature: f; label: l; criterion: ce; evaluation: e; output: o W",
    ),
]


@pytest.mark.parametrize(("program", "expected"), GROUPS)
def test_groups(network: Network, program: str, expected: str) -> None:
    made = network_of(network(program))
    assert made is not None
    roots: NetRootsOp = made.roots
    groups: dict[str, list[str]] = {}
    for group, value in roots.entries:
        groups.setdefault(group, []).append(node_name_of(value))
    assert "; ".join(f"{g}: {' '.join(n)}" for g, n in groups.items()) == expected
