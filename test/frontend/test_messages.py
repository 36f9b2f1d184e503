"""Every diagnostic of the front end as the user sees it, compared with `messages.txt`.

Run as a script this file writes `messages.txt` anew; read the difference before keeping it.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from contextlib import chdir
from pathlib import Path

from brainscript import limits
from brainscript.codes.builders import CODES as BUILDERS
from brainscript.codes.config import CODES as CONFIG
from brainscript.codes.language import CODES as LANGUAGE
from brainscript.diagnostic import BrainScriptError, render
from brainscript.frontend.config import load_config
from brainscript.frontend.ndl.network import ndl_file
from brainscript.frontend.network_section import network_expression
from brainscript.frontend.parser import parse_expression
from brainscript.frontend.print_tree import tree_text
from brainscript.frontend.source import Sources, SourceText, decode

MESSAGES = Path(__file__).parent / "messages.txt"
Action = Callable[[Sources], object]


def bs(text: str) -> Action:
    return lambda sources: tree_text(
        parse_expression(sources.add(SourceText("net.bs", text)), sources)
    )


def config(text: str, *arguments: str, key: str = "") -> Action:
    def act(sources: Sources) -> None:
        Path("f.cntk").write_text(text)
        settings = load_config(["configFile=f.cntk", *arguments], sources)
        if key:
            settings.schedule(key)
        sources.warnings += settings.unknown_keys()

    return act


def network(text: str) -> Action:
    def act(sources: Sources) -> None:
        Path("f.cntk").write_text(text)
        network_expression(load_config(["configFile=f.cntk"], sources), sources)

    return act


def ndl(text: str) -> Action:
    return lambda sources: ndl_file(SourceText("net.ndl", text), sources)


def unread(sources: Sources) -> None:
    Path("f.cntk").write_text("SGD = [ minibatchSise = 3 ]")
    section = load_config(["configFile=f.cntk"], sources).section("SGD")
    section.integer("minibatchSize", 1)
    sources.warnings += section.unknown_keys()


def shell_variable(sources: Sources) -> None:
    Path("f.cntk").write_text('DataDir = .\nfile = "$DataDir/$DataDir$"')
    load_config(["configFile=f.cntk"], sources).text("file")


def large_file(sources: Sources) -> None:
    limits.set_limits({"source-bytes": 10})
    Path("large.bs").write_text("a = 1 + 2 + 3")
    sources.read("large.bs")


def deep_includes(sources: Sources) -> None:
    limits.set_limits({"include-depth": 2})
    for i in range(4):
        Path(f"f{i}.bs").write_text(f'include "f{i + 1}.bs"')
    bs('include "f0.bs"')(sources)


def self_include(sources: Sources) -> None:
    Path("self.bs").write_text('{ a = 1\ninclude "self.bs" }')
    bs('{ include "self.bs" }')(sources)


def small(name: str, value: int, action: Action) -> Action:
    def act(sources: Sources) -> None:
        limits.set_limits({name: value})
        action(sources)

    return act


CASES: dict[str, Action] = {
    "BS0101": bs('{ include "missing.bs" }'),
    "BS0102": lambda s: decode("net.bs", b"a = 1\nb = \xe4"),
    "BS0103": lambda s: decode("net.bs", b"a = 1\nb\0"),
    "BS0104": large_file,
    "BS0110": bs("a ^ b"),
    "BS0111": bs("f (x, 'tag)"),
    "BS0112": bs("f (x) /* and"),
    "BS0113": bs("{ include net.bs }"),
    "BS0114": self_include,
    "BS0115": deep_includes,
    "BS0120": bs("{ a = 1, b = 2 }"),
    "BS0121": bs("[| 1 ; 2 ; |]"),
    "BS0122": bs("x.if"),
    "BS0123": bs("a b"),
    "BS0124": bs("{ h = 1\n  h = 2 }"),
    "BS0125": bs("{ f (x, x) = x }"),
    "BS0126": bs("f (x) => x"),
    "BS0127": small("expression-nesting", 3, bs("((((1))))")),
    "BS0128": small("source-bytes", 20, bs("1 + 2 + 3 + 4")),
    "BS0201": lambda s: load_config(["configFile="], s),
    "BS0202": config("a = [\n b = 1"),
    "BS0203": config("a = [\n b = (1 ]"),
    "BS0204": config("a = [ b = 1 ] ]"),
    "BS0205": config("a = 1", "maxEpochs="),
    "BS0206": config("train = []", key="modelPath"),
    "BS0207": config("rates = 0.1:fast", key="rates"),
    "BS0208": config("DataDir = .\nfile = $DataDri$/x", key="file"),
    "BS0209": config("a = 1$b$\nb = 2$a$", key="a"),
    "BS0210": small("substitution-bytes", 20, config("a = 0123456789\nb = $a$$a$$a$", key="b")),
    "BS0211": lambda s: config("a = 1", "configFile=./f.cntk")(s),
    "BS0212": config("include=$a$.cntk"),
    "BS0213": config('a = [\n // a lone "\n b = "c"\n]'),
    "BS0214": lambda s: load_config(["SGD=3"], s).section("SGD"),
    "BS0215": network("BrainScriptNetworkBuilder = x + 1"),
    "BS0217": unread,
    "BS0218": config("a = [\n]\nb = $a$", key="b"),
    "BS0219": config("a = 1 ; = 2"),
    "BS0220": small("expression-nesting", 2, config("a = [[[1]]]")),
    "BS0221": config("rates = 0.1*1000000000", key="rates"),
    "BS0222": lambda s: load_config(["currentDirectory=nowhere"], s),
    "BS0223": shell_variable,
    "BS0350": ndl("run = nte\nnet = [ x = Input(2) ]"),
    "BS0351": ndl("x = Input(2)\nh = x + 1"),
    "BS0352": ndl("h = Sigmund(x)"),
    "BS0353": ndl("features = Input(2)\nh = Tanh(feature)"),
    "BS0354": ndl("times = Input(2)"),
    "BS0355": ndl("F(a, w) = Times(w, a)\nx = Input(2)\nh = F(x)"),
    "BS0356": ndl("x = Input(2, tag=features)"),
    "BS0361": network("BrainScriptNetworkBuilder = {\n  evaluationNode = 3\n}"),
    "BS0362": network("BrainScriptNetworkBuilder = {\n  f (n) = ParameterTensor {n, value=3}\n}"),
    "BS0360": network("SimpleNetworkBuilder = [ layerSizes = 3:2 ; layerTypes = Sigmod ]"),
}

MORE: dict[str, Action] = {
    "a literal alone": network(
        "BrainScriptNetworkBuilder = {\n  p = ParameterTensor {2, initFromLiteral='1 2'}\n}"
    ),
    "a first value beside fixedValue": network(
        "BrainScriptNetworkBuilder = {\n"
        "  f (n) = ParameterTensor {n, init='fixedValue', initValue=3}\n}"
    ),
    "a list in brackets": bs("{ z = [ a.b (x) : x ] }"),
    "a list behind array": bs("array [ a.b (x) ]"),
    "a macro of a config": config("F (a, b) = [ c = Times (a, b) ]"),
    "a node of a call": ndl(
        "F(a) [ s1 = Tanh(a) ; t = Exp(s1) ]\nx = Input(2)\nL1 = F(x)\ny = Abs(L1.s2)"
    ),
    "a name that circles": ndl("x = Input(2)\nb = b.c\ny = Plus(x, b)"),
    "a macro that is not read": ndl("F(a) = [ c = Tanh(a) ]\nrun = R\nR = [ z = F(1) ]"),
}
"""Other causes of the same codes, with remedies of their own."""


def message(action: Action) -> str:
    """What the action says: its error, else its warnings."""
    sources = Sources()
    try:
        action(sources)
        found = sources.warnings
    except BrainScriptError as error:
        found = list(error.diagnostics)
    finally:
        limits.set_limits(limits.DEFAULTS)
    return "\n".join(render(diagnostic, sources.line_of) for diagnostic in found)


def all_messages() -> str:
    """The messages of all cases, in an empty folder."""
    parts: list[str] = []
    with tempfile.TemporaryDirectory() as folder, chdir(folder):
        for code, action in CASES.items():
            text = message(action)
            assert f"[{code}]" in text, (code, text)
            parts.append(text)
            for path in os.listdir():
                os.remove(path)
        parts += [message(action) for action in MORE.values()]
    return "\n\n".join(parts) + "\n"


def test_messages_read_as_recorded() -> None:
    assert all_messages() == MESSAGES.read_text()


def test_every_code_of_the_front_end_has_a_message() -> None:
    codes = {code for code in (*LANGUAGE, *CONFIG, *BUILDERS) if code[:4] < "BS04"}
    assert codes == CASES.keys()


if __name__ == "__main__":
    MESSAGES.write_text(all_messages())
