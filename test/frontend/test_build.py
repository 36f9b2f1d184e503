"""The builder: which operations a program becomes, how names are found, how deep it may go."""

from __future__ import annotations

from io import StringIO

import pytest
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Operation
from xdsl.printer import Printer

from brainscript.diagnostic import LimitError
from brainscript.dialects.bs import (
    FieldOp,
    InfixOp,
    LambdaOp,
    NetworkOp,
    NumberOp,
    PoisonOp,
    RecordOp,
    RootsOp,
    path_of,
)
from brainscript.frontend.build import build_network, build_value
from brainscript.frontend.building.library import library_members
from brainscript.frontend.building.unsupported import REFUSED
from brainscript.frontend.parser import parse_expression
from brainscript.frontend.source import SourceText


def value(text: str) -> ModuleOp:
    return build_value(parse_expression(SourceText("t.bs", text)))


def network(text: str) -> ModuleOp:
    return build_network(parse_expression(SourceText("t.bs", text)))


def text_of(module: ModuleOp) -> str:
    stream = StringIO()
    Printer(stream).print_op(module)
    return stream.getvalue()


def count(module: ModuleOp, kind: type[Operation]) -> int:
    return sum(isinstance(op, kind) for op in module.walk())


def roots(module: ModuleOp) -> list[str]:
    network = module.body.block.first_op
    assert isinstance(network, NetworkOp)
    last = network.body.block.last_op
    assert isinstance(last, RootsOp)
    return [name.data for name in last.names.data]


def test_members_are_visited_lists_first_then_by_code_point() -> None:
    text = "{b=1 _c=1 Z=1 a=1 outputNodes=[||] criterionNodes=[||] featureNodes=[||]}"
    order = ["criterionNodes", "featureNodes", "outputNodes", "Z", "_c", "a", "b"]
    assert roots(network(text)) == order


def test_a_chain_of_one_operator_is_one_operation() -> None:
    module = value("1 + 2 + 3 * 4 * 5 - 6")
    terms = [(op.sign.data, len(op.terms)) for op in module.walk() if isinstance(op, InfixOp)]
    assert sorted(terms) == [("*", 3), ("+", 3), ("-", 2)]


def test_paths_of_operands() -> None:
    module = network("{x=Input{2} z=x+Sin(x)*Cosine(x)}")
    paths = {path_of(op) for op in module.walk()}
    assert {"z", "z.PlusArgs[1]", "z.PlusArgs[1].TimesArgs[0]"} <= paths


def test_order_of_members_does_not_matter() -> None:
    forth = network("{a=Input{2} b=Sigmoid(a) c=Tanh(b)}")
    back = network("{c=Tanh(b) b=Sigmoid(a) a=Input{2}}")
    assert text_of(forth) == text_of(back)


def test_only_named_members_of_the_library_are_built() -> None:
    assert count(network("{x=Input{2}}"), LambdaOp) == 1
    assert count(value("1+1"), LambdaOp) == 0


def test_literals_are_pooled_but_arguments_have_an_identity() -> None:
    assert count(value("2 + 3 + 2 + 3"), NumberOp) == 2
    assert count(value("{f(a,b)=a; r=f(2,2)}.r"), NumberOp) == 2


def test_a_member_of_a_record_in_place_needs_no_record() -> None:
    module = value("{a=1; b={c=2; d=unknown}}.b.c")
    assert [count(module, kind) for kind in (RecordOp, FieldOp, PoisonOp)] == [0, 0, 0]


def test_records_carry_the_outer_names_that_are_asked_for() -> None:
    module = value("{f()={a=1}; k=2; q=f().k; r=f()}.q")
    records = [op for op in module.walk() if isinstance(op, RecordOp)]
    assert [[n.data for n in op.outer.data] if op.outer else [] for op in records] == [["k", "q"]]


def test_unknown_names_wait_to_be_demanded() -> None:
    module = value("{a=nowhere; b=1; f()={a=a; b=b}; g()=f()}.g")
    assert count(module, PoisonOp) == 2


def test_a_thousand_terms_and_members_need_no_recursion() -> None:
    assert count(value("+".join(["1"] * 3000)), InfixOp) == 1
    mixed = "".join(f"{i}{'+-'[i % 2]}" for i in range(3000)) + "1"
    assert count(value(mixed), InfixOp) == 3000
    assert count(value("{a={a=1}}" + ".a" * 3000), FieldOp) == 2998
    members = " ".join(f"x{i}=Sigmoid(x{i - 1})" for i in range(1, 2000))
    assert len(roots(network(f"{{x0=Input{{2}} {members}}}"))) == 2000


@pytest.mark.parametrize(
    "text",
    [
        "".join(f"(a{i} => " for i in range(70)) + "a0" + ")" * 70,
        "{f(x)=f; r=f" + "(1)" * 9000 + "}.r",
    ],
    ids=["functions", "calls"],
)
def test_nesting_is_limited(text: str) -> None:
    with pytest.raises(LimitError) as caught:
        value(text)
    assert caught.value.diagnostics[0].code in ("BS0320", "BS0321")


def test_every_library_file_parses_and_names_are_unique() -> None:
    names = [member.name for member in library_members()]
    assert len(names) == len(set(names))
    assert not REFUSED.keys() & set(names)
