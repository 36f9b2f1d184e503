"""How values are written: every field of the format section."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from brainscript.diagnostic import BrainScriptError
from brainscript.runtime.actions.writers.format import Format, Formatter, read_format, unescape
from test.runtime.conftest import settings_of

VALUES = np.array([[0.627749, 2.944962, -0.0], [0.845445, 1.0, 1.0]], dtype=np.float32)


def text(form: Format, values: object = VALUES, lengths: tuple[int, ...] = (1, 1)) -> str:
    array = np.asarray(values, dtype=np.float32)
    return "".join(Formatter(form, "z", (array.shape[1],)).minibatch(array, lengths, 3))


def test_plain_numbers_have_six_decimals_and_no_negative_zero():
    assert text(Format()) == "0.627749 2.944962 0.000000\n0.845445 1.000000 1.000000\n"


def test_keys_of_sequences_stand_where_they_are_asked_for():
    form = Format(sequence_prologue="%k[%d] ", sample_separator=" %k\n")
    formatter = Formatter(form, "z", (1,))
    values = np.array([[1], [2], [3]], np.float32)
    found = "".join(formatter.minibatch(values, [2, 1], 0, ["a7", "b"]))
    assert found == "a7[0] 1.000000 a7\n2.000000\nb[1] 3.000000\n"
    assert "%k[1]" in "".join(formatter.minibatch(values, [2, 1], 0))


def test_categories_take_the_last_of_equal_maxima():
    assert text(Format(type="category")) == "1\n2\n"
    assert text(Format(type="category", labels=("a", "b", "c"))) == "b\nc\n"
    assert text(Format(type="category", labels=("a", "b"))) == "1\n2\n"


def test_labels_of_the_first_axis_name_the_elements_of_all_others():
    values = np.array([[0, 0, 0, 9, 0, 0]], np.float32)
    formatter = Formatter(Format(type="category", labels=("a", "b")), "z", (2, 3))
    assert "".join(formatter.minibatch(values, [1], 0)) == "b\n"


@pytest.mark.parametrize(
    ("data", "labels"),
    [
        (b"a\r\nb c\r\n\r\nd\n", ("a", "b c", "d")),
        (b"a b\tc\n", ("a", "b", "c")),
        (b"\xef\xbb\xbfgr\xc3\xbcn\nrot", ("gr\u00fcn", "rot")),
        (b"gr\xfcn\nrot\n", ("gr\u00fcn", "rot")),
    ],
)
def test_labels_of_a_file(data: bytes, labels: tuple[str, ...], tmp_path: Path):
    (tmp_path / "names.txt").write_bytes(data)
    section = f'format = [ type = category ; labelMappingFile = "{tmp_path}/names.txt" ]'
    assert read_format(settings_of(section)).labels == labels


def test_columns_instead_of_rows():
    form = Format(transpose=False, precision=".1")
    assert text(form, lengths=(2,)) == "0.6 0.8\n2.9 1.0\n0.0 1.0\n"


def test_tensors_of_higher_rank_carry_their_index_in_columns():
    formatter = Formatter(Format(transpose=False, precision=".0"), "z", (2, 2))
    values = np.arange(4, dtype=np.float32)[None]
    found = "".join(formatter.minibatch(values, [1], 0))
    assert found == "[0,0]\t0\n[1,0]\t1\n[0,1]\t2\n[1,1]\t3\n"


def test_decorations_and_their_variables():
    form = Format(
        sequence_prologue="%s %n/%d (%x): <",
        sequence_epilogue=">\n",
        element_separator=",",
        sample_separator=";",
        sequence_separator="--\n",
        precision="8.2",
    )
    assert text(form) == (
        "z 3/0 (3 1): <    0.63,    2.94,    0.00>\n--\nz 3/1 (3 1): <    0.85,    1.00,    1.00>\n"
    )


def test_sparse_elements_in_the_order_of_their_index():
    values = [[0, 1, 0], [2.5, 0, 0], [0, 1, 0]]
    form = Format(type="sparse", sample_separator="|")
    assert text(form, values, (2, 1)) == "2.500000[0;1]|[1;0]\n[1]\n"


def test_escapes():
    assert unescape(r",\s\t\n\x") == ", \t\n\\x"


def test_the_section_is_read():
    form = read_format(
        settings_of(r'format = { type = "category" ; elementSeparator = ",\s" ; prologue = "\n" }')
    )
    assert form == Format(type="category", element_separator=", ", prologue=r"\n")


@pytest.mark.parametrize(
    ("keys", "code"),
    [
        ('type = "reals"', "BS0721"),
        ('precisionFormat = "x"', "BS0721"),
        ('labelMappingFile = "none.txt"', "BS0723"),
    ],
)
def test_refusals(keys: str, code: str):
    with pytest.raises(BrainScriptError) as caught:
        read_format(settings_of(f"format = {{ {keys} }}"))
    assert caught.value.diagnostics[0].code == code
