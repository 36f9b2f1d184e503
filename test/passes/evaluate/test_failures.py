"""Programs that are wrong, and what they are told."""

from collections.abc import Callable

import pytest

from brainscript.codes import all_codes
from brainscript.diagnostic import Diagnostic, Span, render

VALUES = [
    ("undefinedName", "BS0301", "unknown name 'undefinedName'"),
    ("Debug(42)", "BS0301", "unknown name 'Debug'"),
    ("{a=1}.b", "BS0301", "unknown name 'b'"),
    ("{f(x,y=x)=y; r=f(1)}.r", "BS0301", "unknown name 'x'"),
    ("{f()={a=1}; r=f().bee}.r", "BS0306", "the record has no member 'bee'"),
    ("{x=y; y=x}.x", "BS0302", "'y' is defined by itself alone"),
    ("{x=1; y={x=x}}.y.x", "BS0302", "'x' is defined by itself alone"),
    ("{x=5; f(x)={x=x}.x; r=f(3)}.r", "BS0302", "'x' is defined by itself alone"),
    ("{f(x)=x; r=f(r)}.r", "BS0302", "'r' is defined by itself alone"),
    ("{x=x+1}.x", "BS0303", "'x' needs its own value"),
    ("{f(x)=x+1; a=f(b); b=f(a)}.a", "BS0303", "needs its own value"),
    ("{v[i:0..3]=v[3-i]+1}.v[1]", "BS0303", "needs its own value"),
    ("{f(x)=x; r=f(1,2)}.r", "BS0304", "1 positional argument expected, 2 given"),
    ("{f()=1; r=f(2)}.r", "BS0304", "0 positional arguments expected, 1 given"),
    ("{f(x,a=1)=a; r=f(1,b=2)}.r", "BS0304", "no optional parameter 'b'"),
    ("{f(x,a=1)=a; r=f(x=1)}.r", "BS0304", "'x' is given by position, not by name"),
    ("{f(x,a=1)=a; r=f(1,x=1)}.r", "BS0304", "'x' is given by position, not by name"),
    ("5(3)", "BS0305", "a function is expected here, not a number"),
    ("{x=1}.x.y", "BS0305", "a record is expected here, not a number"),
    ("(5)[0]", "BS0305", "an array is expected here, not a number"),
    ("{a[i:0..3]=i*i}.a[1.5]", "BS0305", "an integer is expected here, not 1.5"),
    ("array[0..1.5](i=>i)", "BS0305", "an integer is expected here, not 1.5"),
    ("IntDiv(7.5,2)", "BS0305", "an integer is expected, not 7.5"),
    ("Repeat(0/0,1)", "BS0305", "the number of repetitions must be finite, not nan"),
    ("Repeat(1/0,1)", "BS0305", "the number of repetitions must be finite, not inf"),
    ("Repeat(true,1)", "BS0305", "the number of repetitions must be a number, not a boolean"),
    ("Length(5)", "BS0305", "an array is expected, not a number"),
    ("if 1 then 2 else 3", "BS0305", "a boolean is expected as condition, not a number"),
    ("{a[i:0..3]=i*i}.a[4]", "BS0307", "index 4 is out of range"),
    ("{a[i:1..0]=i}.a[0]", "BS0307", "index 0 is out of range"),
    ("Length(array[1..3](i=>i))", "BS0307", "begin with index 0"),
    ("Length(array[1e300..2](i=>i))", "BS0307", "an array cannot begin with index 1e+300"),
    ("_ForceResizeArray(1,[||])", "BS0307", "an empty array cannot be made longer"),
    ("2 .* 3", "BS0308", "operator '.*' cannot be applied to a number and a number"),
    ('"a"+1', "BS0308", "operator '+' cannot be applied to a string and a number"),
    ("1 == true", "BS0308", "operator '==' cannot be applied to a number and a boolean"),
    ("(1:2)==(1:2)", "BS0308", "operator '==' cannot be applied to an array and an array"),
    ("true && 1", "BS0308", "operator '&&' cannot be applied to a boolean and a number"),
    ("!5", "BS0308", "operator '!' cannot be applied to a number"),
    ('-"a"', "BS0308", "operator '-' cannot be applied to a string"),
    ("{a=1} with {b=2}", "BS0308", "operator 'with' cannot be applied to a record and a record"),
    ("1 >> 2", "BS0308", "operator '>>' cannot be applied to a number and a number"),
    ("IntDiv(5,0)", "BS0310", "division by zero"),
    ('Format(2,"%")', "BS0310", "'%' is not the middle of a format"),
    ('{f(x)=x+1; r=f(Fail("boom"))}.r', "BS0311", "boom"),
    ("new Foo [a=1]", "BS0315", "unknown class 'Foo'"),
    ('{r = {what="Floor"}; q = new NumericFunction r}.q', "BS0316", "record written in place"),
    ('new NumericFunction [what="Flor"; arg=1]', "BS0316", "no function 'Flor'"),
    ('new NumericFunction [what="Mod"; args=3]', "BS0304", "2 arguments expected"),
    ('new StringFunction [what="Chr"]', "BS0318", "needs a field 'arg'"),
    ('new ComputationNode [operation="Sigmoit"; inputs=1]', "BS0319", "no operation 'Sigmoit'"),
    ('BS.Network.Load("a.dnn")', "BS0378", "the model file 'a.dnn' cannot be loaded here"),
]
NETWORKS = [
    ("{x=Input{2}; h=Sigmoid(x+h)}", "BS0303", "'h' needs its own value"),
    ("{x=Input{2}; z=PastValue(n,z2); n=z2.dim; z2=Sigmoid(x+z)}", "BS0303", "own value"),
    ("{x=Input{2}; z={y=x/x}.y}", "BS0308", "operator '/' cannot be applied to a node and a node"),
    ("{x=Input{2}; z={y=2/x}.y}", "BS0308", "operator '/' cannot be applied to a number and a"),
    ("{x=Input{2}; z={y=x**2}.y}", "BS0308", "operator '**' cannot be applied"),
    ("{x=Input{2}; z={y=x%2}.y}", "BS0308", "operator '%' cannot be applied"),
    ("{x=Input{2}; z={y=x+true}.y}", "BS0308", "operator '+' cannot be applied to a node and a b"),
    ('{x=Input{2}; z={y=x+"a"}.y}', "BS0308", "operator '+' cannot be applied to a node and a st"),
    ("{x=Input{2}; z={y=x||x}.y}", "BS0308", "operator '||' cannot be applied"),
    ("{x=Input{2}; z=Sigmoid((a=>a))}", "BS0305", "input 1 of 'Sigmoid' must be a node, not a f"),
    ("{x=Input{2}; z=LinearLayer{3,inputRank=1,mapRank=1}(x)}", "BS0311", "not both"),
    ("{x=Input{2}; n=Sigmoid(x).dimension}", "BS0306", "a node has no field 'dimension'"),
    ("{x=Input{2}; w=ParameterTensor{3:0}; n=(w*x).dim; p=w.dim}", "BS0309", "not known here"),
    ("{x=Input{2}; outputNodes={a=Sigmoid(x)}}", "BS0312", "'outputNodes' must list nodes"),
    ("{f=Identity; z=Sigmoid(PastValue(0,f))}", "BS0312", "a node is expected here, not a func"),
    ('{x=Input{2}; z=Sigmoid(x, tag="Features")}', "BS0312", "'Features' is not a group"),
    ("{w=Input{2}; W=ParameterTensor{2}; z=w+W}", "BS0313", "two nodes are named"),
    ("(1+2)", "BS0314", "must give a network"),
]


@pytest.mark.parametrize(
    ("program", "code", "title"),
    VALUES + [(f"network {program}", code, title) for program, code, title in NETWORKS],
)
def test_failure(failure: Callable[[str], Diagnostic], program: str, code: str, title: str) -> None:
    found = failure(program)
    assert (found.code, title in found.title) == (code, True), found.title
    assert code in all_codes()
    assert found.span is not None
    assert found.span.file == "t.bs"


def test_misspelt_name_gets_the_nearest_one(failure: Callable[[str], Diagnostic]) -> None:
    text = "{labelDim = 10\n z = labelDm + 1\n}.z"
    found = failure(text)
    assert found.span == Span("t.bs", 2, 6)
    assert found.help == "did you mean 'labelDim'?"
    assert failure("sigmoid(1)").help == "did you mean 'Sigmoid'?"


@pytest.mark.parametrize(
    ("arguments", "remedy"),
    [
        ("W, x, 5, 5, 16, 1, 1, zeroPadding=false", "Convolution (W, x, (WIDTH:HEIGHT), mapDims"),
        ("W, x, (5:5), mapDims=16, zeroPadding=false", "it is called autoPadding"),
    ],
)
def test_convolution_of_cntk_1_is_told_the_new_form(
    failure: Callable[[str], Diagnostic], arguments: str, remedy: str
) -> None:
    network = f"x=ImageInput(9,9,1); W=Parameter{{16,25}}; c=Convolution({arguments})"
    found = failure(f"network {{{network}}}")
    assert (found.code, remedy in found.help) == ("BS0304", True), found.help


def test_ring_names_its_members(failure: Callable[[str], Diagnostic]) -> None:
    found = failure("network {x=Input{2}; k=Tanh(g); g=Sigmoid(x+k)}")
    assert "g" in found.label
    assert "k" in found.label
    assert "PastValue" in found.help


def test_error_in_the_library_shows_the_users_calls(
    failure: Callable[[str], Diagnostic],
) -> None:
    text = "{outer(v) = Sequential((inner : inner))(v)\n inner(v) = Length(v)\n r = outer(5)}.r"
    found = failure(text)
    places = [found.span, *found.calls]
    assert [p.line for p in places if p is not None] == [2, 1, 3]
    assert "library:values.bs" in found.notes[0].text
    shown = render(found, lambda _, line: text.split("\n")[line - 1])
    assert "called from t.bs:3:11" in shown
