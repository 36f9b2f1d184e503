"""Files to text: encodings, line ends, what is refused, and the search for includes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from brainscript import limits
from brainscript.diagnostic import Diagnostic, LimitError, MissingFileError, Span
from brainscript.frontend.parser import parse_expression, parse_members
from brainscript.frontend.source import Sources, SourceText, decode
from brainscript.placed import PlacedText

Failing = Callable[[Callable[[], object]], Diagnostic]


@pytest.mark.parametrize(
    "data", [b"a = 1\nb = 2\n", b"\xef\xbb\xbfa = 1\r\nb = 2", b"a = 1\rb = 2\r"]
)
def test_mark_and_line_ends_do_not_matter(data: bytes) -> None:
    tree = parse_members(decode("t.bs", data))
    assert [(m.name, m.span.line, m.span.column) for m in tree.members] == [
        ("a", 1, 1),
        ("b", 2, 1),
    ]


def test_comments_in_another_encoding() -> None:
    data = b'# gr\xfcn\r\na = 1 // Gr\xf6\xdfe\nb = "x # y" # \xe4\n'
    tree = parse_members(decode("t.bs", data))
    assert [(m.name, m.span.line) for m in tree.members] == [("a", 2), ("b", 3)]


@pytest.mark.parametrize(
    ("data", "code", "title", "place"),
    [
        (b"a = 1 # \xe4\nb = ' # \xe4'", "BS0102", "byte 0xe4 at offset 18 is not UTF-8", "t:2:9"),
        (b"a = 1\nb\xe4 = 2", "BS0102", "byte 0xe4 at offset 7 is not UTF-8", "t:2:2"),
        (b"\xef\xbb\xbfb\xff", "BS0102", "byte 0xff at offset 4 is not UTF-8", "t:1:2"),
        (b"\xff\xfea\x00", "BS0102", "byte 0xff at offset 0 is not UTF-8", "t:1:1"),
        (b"ab\x00\xff", "BS0103", "NUL byte at offset 2: 't' is not a text file", "t:1:3"),
        (b"\xc3", "BS0102", "byte 0xc3 at offset 0 is not UTF-8", "t:1:1"),
    ],
)
def test_bytes_that_are_no_text(
    failing: Failing, data: bytes, code: str, title: str, place: str
) -> None:
    found = failing(lambda: decode("t", data))
    assert (found.code, found.title, str(found.span)) == (code, title, place)


def test_files_that_cannot_be_read(failing: Failing, tmp_path: Path) -> None:
    with pytest.raises(MissingFileError, match="No such file"):
        Sources().read(str(tmp_path / "none"))
    found = failing(lambda: Sources().read(str(tmp_path), Span("f", 1, 1)))
    assert found.code == "BS0101"
    assert "directory" in found.title.lower()


def test_a_file_beyond_the_limit(tmp_path: Path) -> None:
    limits.set_limits({"source-bytes": 10})
    (tmp_path / "big").write_text("x" * 11)
    try:
        with pytest.raises(LimitError):
            Sources().read(str(tmp_path / "big"))
    finally:
        limits.set_limits(limits.DEFAULTS)


def test_lines_for_diagnostics() -> None:
    sources = Sources()
    sources.add(SourceText("t", "one\r\ntwo\n"))
    assert [sources.line_of("t", n) for n in range(5)] == ["", "one", "two", "", ""]
    assert sources.line_of("other", 1) == ""


def test_a_file_supplies_members_or_an_expression(tmp_path: Path) -> None:
    (tmp_path / "y.bs").write_text("b = 7")
    (tmp_path / "x.bs").write_text('a = 5 include "y.bs"')
    (tmp_path / "e.bs").write_text("{v=3}")
    sources = Sources([str(tmp_path)])
    record = parse_expression(SourceText("t", '{ include "x.bs" c = a+b }'), sources)
    assert record == parse_expression(SourceText("t", '{ include "x.bs" c = a+b }'), sources)
    names = [
        m.name for m in parse_members(SourceText("t", 'include "x.bs" c = 1'), sources).members
    ]
    assert names == ["a", "b", "c"]
    field = parse_expression(SourceText("t", '(include "e.bs").v'), sources)
    assert field.span == Span("t", 1, 18)


def test_places_in_an_included_file_are_its_own(failing: Failing, tmp_path: Path) -> None:
    (tmp_path / "x.bs").write_text("a = 5\nb = * 2")
    source = SourceText("t", 'include "x.bs"')
    found = failing(lambda: parse_members(source, Sources([str(tmp_path)])))
    assert str(found.span) == f"{tmp_path}/x.bs:2:5"


def test_includes_are_looked_for_beside_the_including_file(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "deep.bs").write_text("d = 1")
    (tmp_path / "sub" / "mid.bs").write_text('include "deep.bs"')
    (tmp_path / "top.bs").write_text('include "sub/mid.bs" include "elsewhere\\deep2.bs"')
    (tmp_path / "deep2.bs").write_text("e = 1")
    sources = Sources()
    tree = parse_members(sources.read(str(tmp_path / "top.bs")), sources)
    assert [m.name for m in tree.members] == ["d", "e"]


def test_a_missing_include_is_named_at_its_place() -> None:
    with pytest.raises(MissingFileError) as caught:
        parse_expression(SourceText("t", '{ include "missing.bs" }'))
    assert str(caught.value.diagnostics[0].span) == "t:1:11"


def test_a_file_that_includes_itself(failing: Failing, tmp_path: Path) -> None:
    (tmp_path / "a.bs").write_text('include "b.bs"')
    (tmp_path / "b.bs").write_text('\ninclude "a.bs"')
    sources = Sources()
    found = failing(lambda: parse_members(sources.read(str(tmp_path / "a.bs")), sources))
    assert found.code == "BS0114"
    assert str(found.span) == f"{tmp_path}/b.bs:2:9"
    assert [str(n.span) for n in found.notes] == [f"{tmp_path}/a.bs:1:9"]


def test_includes_nested_65_deep(tmp_path: Path) -> None:
    for i in range(65):
        (tmp_path / f"f{i}.bs").write_text(f'include "f{i + 1}.bs"')
    (tmp_path / "f65.bs").write_text("a = 1")
    sources = Sources()
    assert parse_members(sources.read(str(tmp_path / "f1.bs")), sources).members
    with pytest.raises(LimitError) as caught:
        parse_members(sources.read(str(tmp_path / "f0.bs")), sources)
    assert caught.value.diagnostics[0].code == "BS0115"
    assert len(caught.value.diagnostics[0].notes) == 8


def test_slices_and_joins_keep_the_places() -> None:
    text = SourceText("t", "ab\ncdef\ng").placed()
    assert text.slice(4, 8).span(1) == Span("t", 2, 3)
    joined = PlacedText.join([text.slice(8, 9), PlacedText.fixed("xyz", Span("u", 5, 6, 3)), text])
    assert joined.text == "gxyzab\ncdef\ng"
    assert joined.span(3) == Span("u", 5, 6, 3)
    assert joined.span(joined.text.index("ef"), 2) == Span("t", 2, 3, 2)
    assert text.slice(2, 7).strip().span(0) == Span("t", 2, 1)
