"""Programs without nodes, and the values they must give."""

import math
from collections.abc import Callable

import pytest

OPERATORS: list[tuple[str, object]] = [
    ("2*3**2", 36),
    ("-2**2", 4),
    ("1-2-3", -4),
    ("1 < 2 == true", True),
    ("!true == false", True),
    ("true || false && false", True),
    ("-{a=1}.a", -1),
    ("0x10", 16),
    (".5+1.", 1.5),
    ("{a=2; b = 2.*a}.b", 4),
    ("if true then 1 else 2 + 10", 1),
    ("2 * if true then 3 else 4 + 5", 6),
    ("7 % 3", 1),
    ("-7 % 3", -1),
    ("Mod(-7,3)", -1),
    ("IntDiv(-7,2)", -3),
    ("1/0", math.inf),
    ("-1/0", -math.inf),
    ("true < false", False),
    ('false && Fail("no")', False),
    ('true || Fail("no")', True),
    ('false && Fail("no") && Fail("no")', False),
    ("Min(1,2)", 1),
    ("Max(1,2)", 2),
    ("Sign(-3)", -1),
    ("Fac(5)", 120),
    ("Fac(1e9)", math.inf),
    ("Length(Repeat(2.5, 7))", 2),
    ("Length(Repeat(-1/0, 7))", 0),
    ("Floor(-1.5)", -2),
    ("Ceil(1.2)", 2),
    ("Round(2.5)", 3),
    ('new NumericFunction { what="Floor"; arg=-1.5 }', -2),
    ("2 ** 2 ** 3", 64),
    ('{v = 17:5; r = new NumericFunction { what="Mod"; args=v }}.r', 2),
    ("(-8) ** 2", 64),
    ("0 ** -1", math.inf),
    ("10 ** 400", math.inf),
    ("(-10) ** 401", -math.inf),
    ("(-10) ** 400", math.inf),
    ("10 - 2 + 3 - 4", 7),
]
STRINGS: list[tuple[str, object]] = [
    ('"a"+"b"+Chr(67)', "abC"),
    ('"a" < "b"', True),
    ('"a"=="A"', False),
    ("'it\"s'", 'it"s'),
    ('Format(3,"") + Format(2.5,".0")', "32"),
    ('Format(3,".2")', "03"),
    ('Format(3.14159,".2")', "3.14"),
    ('Format(0.1,"")', "0.100000"),
    ('Format(0/0,"10.2") + Format(-1/0,"-+06")', "       nan-inf  "),
    ('Format(1e10,"")', "10000000000.000000"),
    ('Format(2.5,"8.3")', "   2.500"),
    ('Format("abc","")', "abc"),
    ('Format(true,"")', "true"),
    ('Format(1:2:(3:4):5,"")', "( 1\n  2\n  ( 3\n    4 )\n  5 )"),
    ('Format([||],"")', "(  )"),
    ('Format({b=2;a=1},"")', "[\n  a = 1\n  b = 2\n]"),
    ('Substr("abcdef",-2,5)', "ef"),
    ('Substr("abcdef",1,-1)', "bcdef"),
    ('Substr("abcdef",10,2)', ""),
    ('Substr("abcdef",-10,2)', "ab"),
    ('Replace("banana","an","A")', "bAAa"),
    ('Length("abc")', 3),
]
ARRAYS: list[tuple[str, object]] = [
    ("(1:2):3", [1, 2, 3]),
    ("1:(2:3)", [1, [2, 3]]),
    ("(1:2):(3:4)", [1, 2, [3, 4]]),
    ("{a=1:2; b=a:3; q=Length(b)}.q", 2),
    ("Length([|1;2|]:3)", 3),
    ("Length([|(1:2);3|])", 2),
    ("Length([||])", 0),
    ("{a[i:0..3]=i*i}.a[3]", 9),
    ("array[1..3](i=>i)[3]", 3),
    ("{m[i:0..2]={r[j:0..2]=i*3+j}.r; q=m[2][1]}.q", 7),
    ("{v[i:0..9]=if i<2 then i else v[i-1]+v[i-2]}.v[9]", 34),
    ("{a[i:0..3](x)=i*x; r=a[2](10)}.r", 20),
    ("(10:20:30)<<1", [20, 30]),
    ("(10:20:30)<<5", []),
    ("Length(Repeat(3,7))", 2),
    ("Repeat(2,7)", [[[], 7], 7]),
    ("Repeat(0,7)", []),
    ("_ConcatArrays(1:2,3)", [1, 2, 3]),
    ("_ForceResizeArray(1,1:2)", [1]),
    ("_ForceResizeArray(4,1:2)", [1, 2, 2, 2]),
    ("{f = x => x + 1 : 5; r = Length(f(1))}.r", 2),
    ("{a=1:{b=2}}.a", [1, {"b": 2}]),
]
SCOPES: list[tuple[str, object]] = [
    ("{a=1 b=2}.b", 2),
    ("[a=1;b=2].b", 2),
    ("{array1=1}.array1", 1),
    ("{a=1; b={a=2; c=a}}.b.c", 2),
    ("{a=1; b={c=a}}.b.a", 1),
    ("{a=1; f()={c=a}; r=f().a}.r", 1),
    ("{f()={c=1}; r=f().Length(2:3)}.r", 2),
    ('{a=Fail("x"); b=2}.b', 2),
    ('{f(x)=5; r=f(Fail("lazy"))}.r', 5),
    ("{x=5; g()=x; h(x)=g(); r=h(9)}.r", 5),
    ("{k=1; mk(n)=(u=>u+n+k); f=mk(10); r=f(100)}.r", 111),
    ("{x=9; f(x,y=x)=y; r=f(1)}.r", 9),
    ("{f(x,a=1)=a; r=f(a=5,1)}.r", 5),
    ("{f(a=1,b=2)=a*10+b; r=f(b=5)}.r", 15),
    ("{f(x)=x; r=f{3}}.r", 3),
    ("{s=4; f(u,s=1)=u*s; r=f(2,s=s)}.r", 8),
    ("{x=1; y={x1=x}}.y.x1", 1),
    ("{r={a=1;b=r1}; r1={c=r}; q=r.b.c.a}.q", 1),
]
FUNCTIONS: list[tuple[str, object]] = [
    ("{f = ((x) => x+1); r = f(1)}.r", 2),
    ("{f = (x => y => x*10+y); r = f(1)(2)}.r", 12),
    (
        "{even(n)=if n==0 then true else odd(n-1); odd(n)=if n==0 then false else even(n-1);"
        " r=even(10)}.r",
        True,
    ),
    ("{fib(n)=if n<2 then n else fib(n-1)+fib(n-2); r=fib(15)}.r", 610),
    ("((x=>x+1) >> (x=>x*10))(4)", 50),
    ("((x=>x+1) >> (x=>x*10) >> (x=>x-3))(4)", 47),
    ("{f(x,k=2)=x*k; g = f >> (x=>x+1); r=g(5,k=3)}.r", 16),
    ("Sequential(((x=>x+1):(x=>x*10)))(4)", 50),
    ("Sequential([||])(4)", 4),
    ("Sequential((x=>x+1))(4)", 5),
    ("{add(a,b)=a+b; r=MergeBinary(((x=>x+1):(x=>x*10)), add)(1,2)}.r", 22),
    ("Parallel(((x=>x+1):(x=>x*10)), (arr=>arr[0]+arr[1]))(4)", 45),
    ("LayerStack{3, (i => (x => x*10+i))}(0)", 12),
    ("{ops={add(a,b)=a+b; mul(a,b)=a*b}; f(op)=op(3,4); r=f(ops.add):f(ops.mul)}.r", [7, 12]),
    ("{mk(n)={add(x)=x+n; mul(x)=x*n} a=mk(3) b=mk(4) r=a.add(1):b.mul(5):a.mul(2)}.r", [4, 20, 6]),
    ("{t(f)=f(f(2)); r=t(x=>x*x)}.r", 16),
    ("{count(n)=if n==0 then 0 else count(n-1); r=count(3000)}.r", 0),
]
IDENTITY: list[tuple[str, object]] = [
    ("IsSameObject(1,1)", False),
    ("{a=1; r=IsSameObject(a,a)}.r", True),
    ("BS.Constants.IsNone(None)", True),
    ("BS.Constants.IsNone([||])", False),
    ("IsArray(1:2)", True),
    ("IsDouble(1)", True),
    ("IsDouble(true)", False),
    ("IsBool(1==1)", True),
    ('{f(x)={a=x;b=x}; r=f("arg"+""); q=IsSameObject(r.a,r.b)}.q', True),
]


@pytest.mark.parametrize(
    ("program", "expected"), OPERATORS + STRINGS + ARRAYS + SCOPES + FUNCTIONS + IDENTITY
)
def test_value(value: Callable[[str], object], program: str, expected: object) -> None:
    found = value(program)
    assert found == expected
    assert type(found) is not int
    assert isinstance(found, bool) == isinstance(expected, bool)


def test_remainder_by_zero_is_no_number(value: Callable[[str], object]) -> None:
    found = value("10 % 0")
    assert isinstance(found, float)
    assert math.isnan(found)


def test_string_over_two_lines(value: Callable[[str], object]) -> None:
    assert value("'a\nb'") == "a\nb"


def test_print_runs_once_for_each_evaluation(
    value: Callable[[str], object], capsys: pytest.CaptureFixture[str]
) -> None:
    shared = '{f(x)={a=x;b=x}; r=f(Print("arg")); q=IsSameObject(r.a,r.b)}.q'
    assert value(shared) is True
    assert capsys.readouterr().err == "arg\n"
    twice = '{f(x)=Print("call"); a=f(1); b=f(1); r=IsSameObject(a,b)}.r'
    assert value(twice) is False
    assert capsys.readouterr().err == "call\ncall\n"


def test_print_of_an_array(
    value: Callable[[str], object], capsys: pytest.CaptureFixture[str]
) -> None:
    value('Print(1:"a":2.5)')
    assert capsys.readouterr().err == "( 1\n  a\n  2.500000 )\n"


def test_debug_prints_and_gives_its_value(
    value: Callable[[str], object], capsys: pytest.CaptureFixture[str]
) -> None:
    assert value('new Debug [ value = 2*3 ; say = "six" ; enabled = true ]') == 6
    assert value('new Debug [ value = 7 ; say = "" ; enabled = false ]') == 7
    assert capsys.readouterr().err == "six\n6\n"
