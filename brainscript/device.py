"""The key `deviceId`: the CPU does all work, whatever device an old config asks for."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from brainscript.diagnostic import BrainScriptError, Diagnostic, did_you_mean
from brainscript.literals import read_integer
from brainscript.settings import Settings

KEY = "deviceId"
WORDS = ("auto", "cpu")
CPU = -1


def check_device(sections: Iterable[Settings], tell: Callable[[Diagnostic], None]) -> None:
    """Refuse what names no device (BS0734); tell once of a GPU that is not used (BS0735)."""
    told = False
    for section in sections:
        text = section.text(KEY, "") if section.has(KEY) else ""
        if not text or text.lower() in WORDS:
            continue
        number, span = read_integer(text), section.span_of(KEY)
        if number is None or number < CPU:
            title, why = f"there is no device '{text}'", "'auto', 'cpu' or a number is expected"
            help = did_you_mean(text, WORDS, 0.5)
            raise BrainScriptError(Diagnostic("BS0734", title, span, why, help=help))
        if number > CPU and not told:
            told, title = True, f"GPU {number} is not used: the CPU does all work"
            help = f"the results are the same; {KEY} = cpu says so"
            tell(Diagnostic("BS0735", title, span, help=help, severity="remark"))
