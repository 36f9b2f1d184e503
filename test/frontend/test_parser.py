"""Members, records and functions; the places of nodes."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from brainscript.diagnostic import Diagnostic
from brainscript.frontend import syntax
from brainscript.frontend.parser import parse_expression, parse_members
from brainscript.frontend.source import SourceText

Shape = Callable[[str], str]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{}", "{}"),
        ("{a=1 b=2}", "{a=1 b=2}"),
        ("{a=1;b=2;}", "{a=1 b=2}"),
        ("[a=1\nb=2]", "{a=1 b=2}"),
        ("{array1=1}", "{array1=1}"),
        ("{f(x,y=2)=x}", "{f=(=> [x y=2] x)}"),
        ("{f{x}=x}", "{f=(=> [x] x)}"),
        ("{f()=1}", "{f=(=> [] 1)}"),
        ("{f(a=1,b)=a}", "{f=(=> [a=1 b] a)}"),
        ("{a[i:0..3]=i*i}", "{a=(array 0 3 (=> [i] (* i i)))}"),
        ("{v[i:lo..n-1](x)=i*x}", "{v=(array lo (- n 1) (=> [i] (=> [x] (* i x))))}"),
        ("{f = ((x) => x+1); r = f(1)}", "{f=(=> [x] (+ x 1)) r=(f 1)}"),
        ("{a = b\n c = d}", "{a=b c=d}"),
    ],
)
def test_members(shape: Shape, text: str, expected: str) -> None:
    assert shape(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{a=1;;b=2}.a", "BS0120 1:6 '}' expected, found ';'"),
        ("{;a=1}.a", "BS0120 1:2 '}' expected, found ';'"),
        ("{a=1,b=2}.a", "BS0120 1:5 '}' expected, found ','"),
        ("{a=1;b=2].b", "BS0120 1:9 '}' expected, found ']'"),
        ("{a.b=1}", "BS0120 1:3 '=' expected, found '.'"),
        ("{if=1}.if", "BS0120 1:2 '}' expected, found 'if'"),
        ("{a=1;a=2}.a", "BS0124 1:6 member 'a' is given twice"),
        ("{f(x+1)=x}.f", "BS0120 1:5 ')' expected, found '+'"),
        ("{f(1)=x}.f", "BS0122 1:4 a parameter name expected, found '1'"),
        ("{f(x,)=x}", "BS0122 1:6 a parameter name expected, found ')'"),
        ("{f(x,a=1,a=2)=x}.f", "BS0125 1:10 parameter 'a' is given twice"),
        ("{f(x,x)=x; r=f(1,2)}.r", "BS0125 1:6 parameter 'x' is given twice"),
        ("{f = (x,y) => x}.f", "BS0120 1:8 ')' expected, found ','"),
        ("{a[i]=1}", "BS0120 1:5 ':' expected, found ']'"),
        ("{a[1:0..3]=1}", "BS0122 1:4 an index name expected, found '1'"),
        ("{ a = 1", "BS0120 1:8 '}' expected, found the end of the text"),
        ("{a}", "BS0120 1:3 '=' expected, found '}'"),
    ],
)
def test_records_that_are_refused(refusal: Shape, text: str, expected: str) -> None:
    assert refusal(text) == expected


def test_a_source_is_the_members_of_a_record() -> None:
    tree = parse_members(SourceText("t.bs", "# nothing\n a = 1 ;\n b = a"))
    assert [(m.name, m.span.line, m.span.column) for m in tree.members] == [
        ("a", 2, 2),
        ("b", 3, 2),
    ]


@pytest.mark.parametrize("text", ["", "\n\n", "# only a comment", "/* c */ // d"])
def test_a_source_may_be_empty(text: str) -> None:
    assert parse_members(SourceText("t.bs", text)).members == ()


def test_text_behind_the_members_of_a_source(
    failing: Callable[[Callable[[], object]], Diagnostic],
) -> None:
    found = failing(lambda: parse_members(SourceText("t.bs", "a = 1\nb = 2 }")))
    assert (found.code, str(found.span)) == ("BS0123", "t.bs:2:7")


def test_an_unclosed_record_shows_where_it_was_opened(
    failing: Callable[[Callable[[], object]], Diagnostic],
) -> None:
    found = failing(lambda: parse_expression(SourceText("t.bs", "{\n a = {\n  b = 1\n}")))
    assert str(found.span) == "t.bs:4:2"
    assert [(n.text, str(n.span)) for n in found.notes] == [("opened here", "t.bs:1:1")]


def test_nodes_stand_at_their_sign_or_name() -> None:
    tree = parse_expression(SourceText("t.bs", "aa +\n  bb.cc * f (1)"))
    assert isinstance(tree, syntax.Binary)
    right = tree.right
    assert isinstance(right, syntax.Binary)
    assert isinstance(right.right, syntax.Call)
    places = [tree.span, tree.left.span, right.span, right.left.span, right.right.span]
    assert [f"{s.line}:{s.column}+{s.length}" for s in places] == [
        "1:4+1",
        "1:1+2",
        "2:9+1",
        "2:6+2",
        "2:13+1",
    ]


def test_crlf_and_lf_give_the_same_tree() -> None:
    text = "a = {\n x = 1 # c\n}\n\nb = a.x"
    assert parse_members(SourceText("t", text)) == parse_members(
        SourceText("t", text.replace("\n", "\r\n"))
    )
