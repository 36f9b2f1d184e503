"""The text of CNTK's log lines."""

from __future__ import annotations

import io
import re
import time

import pytest

from brainscript.runtime.train.log import Log, Value, epoch_bar, percentage, shown, shown_final


@pytest.mark.parametrize(
    ("name", "total", "count", "text"),
    [
        ("ce", 3383.9492, 10000, "ce = 0.33839492 * 10000"),
        ("errs", 1382.0, 10000, "errs = 13.820% * 10000"),
        ("loss", 0.0000001, 10, "loss = 1.000e-06% * 10"),
        ("loss", 2433.51, 100, "loss = 2.434e+03% * 100"),
        ("sq", 1e-6, 10, "sq = 1.00000000e-07 * 10"),
        ("sq", 0.0, 0, "sq = 0.00000000 * 0"),
        ("sq", float("nan"), 2, "sq = nan * 2"),
    ],
)
def test_a_value_is_shown_as_percent_when_its_name_ends_in_s(
    name: str, total: float, count: int, text: str
):
    assert shown(Value(name, total, count)) == text


def test_perplexity_follows_cross_entropy_in_the_final_line():
    values = [
        Value("err", 31.0, 603, "ClassificationError"),
        Value("ce", 0.10953035 * 603, 603, "CrossEntropyWithSoftmax"),
    ]
    assert shown_final(values) == (
        "err = 0.05140962 * 603; ce = 0.10953035 * 603; perplexity = 1.11575393"
    )


def test_percentages():
    assert percentage(11, 400, 2) == ", 2.75%"
    assert percentage(1, 0, 2) == ""


def test_lines_are_stamped_when_asked():
    stream = io.StringIO()
    Log(stream, stamps=True).line("completed stamped")
    stamp, text = stream.getvalue()[:21], stream.getvalue()[21:]
    assert stamp[2] + stamp[5] + stamp[13] + stamp[16] + stamp[19] == "//:::"
    assert text == "__COMPLETED__\n"


def test_the_epoch_line():
    stream = io.StringIO()
    Log(stream).line(
        "epoch",
        epoch=2,
        epochs=3,
        values="ce = 0.33839492 * 10000; errs = 13.820% * 10000; ",
        seen=20000,
        rate=0.0080000003799796104,
        seconds=0.404153,
    )
    assert stream.getvalue() == (
        "Finished Epoch[ 2 of 3]: [Training] ce = 0.33839492 * 10000; errs = 13.820% * 10000; "
        "totalSamplesSeen = 20000; learningRatePerSample = 0.0080000004; epochTime=0.404153s\n"
    )


class Terminal(io.StringIO):
    """A stream that says that it is a terminal."""

    def isatty(self) -> bool:
        return True


def test_a_terminal_shows_how_far_an_epoch_is_and_the_time_left(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("TERM", "xterm")
    stream = Terminal()
    with epoch_bar(Log(stream), 2, 5) as advance:
        for done in range(1, 9):
            advance(done, done / 10)
            time.sleep(0.05)
    text = stream.getvalue()
    assert "epoch 2 of 5, minibatch 8" in text
    assert "━" in text
    assert re.search(r"left.*0:00:0\d", text)
    plain = io.StringIO()
    with epoch_bar(Log(plain), 2, 5) as advance:
        advance(1, 0.0)
    assert plain.getvalue() == ""
