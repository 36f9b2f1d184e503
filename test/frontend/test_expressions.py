"""Operators, operands and postfixes: what binds to what."""

from __future__ import annotations

from collections.abc import Callable

import pytest

Shape = Callable[[str], str]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2*3**2", "(** (* 2 3) 2)"),
        ("-2**2", "(** (- 2) 2)"),
        ("1-2-3", "(- (- 1 2) 3)"),
        ("1+2*3", "(+ 1 (* 2 3))"),
        ("a .* b % c / d", "(/ (% (.* a b) c) d)"),
        ("1 < 2 == true", "(== (< 1 2) true)"),
        ("a != b >= c <= d > e", "(> (<= (>= (!= a b) c) d) e)"),
        ("!true == false", "(== (! true) false)"),
        ("true || false && false", "(|| true (&& false false))"),
        ("a == b && c", "(&& (== a b) c)"),
        ("f >> g << 1", "(<< (>> f g) 1)"),
        ("a || b >> c", "(>> (|| a b) c)"),
        ("r with s + 1", "(+ (with r s) 1)"),
        ("-a.b", "(- (. a b))"),
        ("-{a=1}.a", "(- (. {a=1} a))"),
        ("- + !x", "(- (+ (! x)))"),
        ("a - -b", "(- a (- b))"),
    ],
)
def test_operators_bind_as_in_the_table(shape: Shape, text: str, expected: str) -> None:
    assert shape(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1:2:3", "(: 1 2 3)"),
        ("(1:2):3", "(: 1 2 3)"),
        ("1:(2:3)", "(: 1 (: 2 3))"),
        ("(1:2):(3:4)", "(: 1 2 (: 3 4))"),
        ("[|1;2|]:3", "([|] 1 2 3)"),
        ("[|(1:2);3|]", "([|] (: 1 2) 3)"),
        ("[||]", "([|])"),
        ("[|7|]", "([|] 7)"),
        ("a:3", "(: a 3)"),
        ("x + 1 : 5", "(: (+ x 1) 5)"),
        ("a >> b : c", "(: (>> a b) c)"),
    ],
)
def test_colon_is_flattened_on_the_left_only(shape: Shape, text: str, expected: str) -> None:
    assert shape(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("if c then 1 else 2 : 3", "(if c 1 (: 2 3))"),
        ("if true then 1 else 2 + 10", "(if true 1 (+ 2 10))"),
        ("2 * if t then 3 else 4 + 5", "(* 2 (if t 3 (+ 4 5)))"),
        ("if a then if b then 1 else 2 else 3", "(if a (if b 1 2) 3)"),
        ("x => x + 1", "(=> [x] (+ x 1))"),
        ("x => y => x*10+y", "(=> [x] (=> [y] (+ (* x 10) y)))"),
        ("(x) => x", "(=> [x] x)"),
        ("f (a, x => x : 1)", "(f a (=> [x] (: x 1)))"),
        ("new Foo [a=1]", "(new Foo {a=1})"),
        ("new Foo {a=1}.b", "(. (new Foo {a=1}) b)"),
        ("new Foo r (x)", "((new Foo r) x)"),
        ("array[1..3](i=>i)[3]", "(at (array 1 3 (=> [i] i)) 3)"),
        ("array [ 0 .. n-1 ] ( f )", "(array 0 (- n 1) f)"),
    ],
)
def test_prefix_like_operands_take_all_to_their_right(
    shape: Shape, text: str, expected: str
) -> None:
    assert shape(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("f(1)(2)", "((f 1) 2)"),
        ("f{3}", "(f 3)"),
        ("f()", "(f)"),
        ("f{a=5, 1}", "(f a=5 1)"),
        ("f(a == b)", "(f (== a b))"),
        ("m[2][1]", "(at (at m 2) 1)"),
        ("{a=1 b=2}.b", "(. {a=1 b=2} b)"),
        ("[a=1;b=2].b", "(. {a=1 b=2} b)"),
        ("5(3)", "(5 3)"),
        ("((x=>x+1) >> (x=>x*10))(4)", "((>> (=> [x] (+ x 1)) (=> [x] (* x 10))) 4)"),
        ("a\n(b)", "(a b)"),
        ("a\n- b", "(- a b)"),
        ("a\n.b\n[c]", "(at (. a b) c)"),
    ],
)
def test_postfixes_and_line_ends(shape: Shape, text: str, expected: str) -> None:
    assert shape(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("if true then 1", "BS0120 1:15 'else' expected, found the end of the text"),
        ("if c 1", "BS0120 1:6 'then' expected, found '1'"),
        ("(1", "BS0120 1:3 ')' expected, found the end of the text"),
        ("f(1 2)", "BS0120 1:5 ')' expected, found '2'"),
        ("f(1,)", "BS0121 1:5 an operand is expected, found ')'"),
        ("f(a=1, a=2)", "BS0125 1:8 argument 'a' is given twice"),
        ("a[1", "BS0120 1:4 ']' expected, found the end of the text"),
        ("a.1", "BS0123 1:2 '.1' does not continue the expression before it"),
        ("a. 1", "BS0122 1:4 a field name expected, found '1'"),
        ("a.if", "BS0122 1:3 a field name expected, found 'if'"),
        ("[|1;2;|]", "BS0121 1:7 an operand is expected, found '|]'"),
        ("x y", "BS0123 1:3 'y' does not continue the expression before it"),
        ("1 +", "BS0121 1:4 an operand is expected, found the end of the text"),
        ("* 2", "BS0121 1:1 an operand is expected, found '*'"),
        ("(x, y) => x", "BS0120 1:3 ')' expected, found ','"),
        ("x + 1 => x", "BS0126 1:7 the left side of '=>' must be one parameter name"),
        ("new [a=1]", "BS0122 1:5 the name of a class expected, found '['"),
        ("array(1)", "BS0120 1:6 '[' expected, found '('"),
        ("array[1:2](f)", "BS0120 1:10 '..' expected, found ']'"),
    ],
)
def test_what_is_missing_is_named_at_its_place(refusal: Shape, text: str, expected: str) -> None:
    assert refusal(text) == expected
