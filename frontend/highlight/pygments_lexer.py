"""A lexer for Pygments, so that pages and terminals show BrainScript in colours."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from pygments.lexer import RegexLexer
from pygments.token import (
    Comment,
    Keyword,
    Name,
    Number,
    Operator,
    Punctuation,
    String,
    Text,
)

from brainscript.frontend.highlight.words import (
    CONSTANTS,
    CONTROL,
    any_of,
    layer_words,
    library_words,
    list_words,
)
from brainscript.literals import DECIMAL, HEXADECIMAL


class BrainScriptLexer(RegexLexer):
    """Tokens of BrainScript, and of the configs around it."""

    name = "BrainScript"
    aliases: ClassVar[Sequence[str]] = ["brainscript", "bs", "cntk"]
    filenames: ClassVar[Sequence[str]] = ["*.bs", "*.cntk", "*.ndl", "*.mel"]
    tokens: ClassVar[dict[str, Any]] = {
        "root": [
            (r"\s+", Text),
            (r"/\*(?:.|\n)*?\*/", Comment.Multiline),
            (r"//[^\n]*|(?<![^\s;{}\[\]()])#[^\n]*", Comment.Single),
            (r'"[^"]*"|\'[^\']*\'', String),
            (r"\$[A-Za-z_][\w.]*\$", Name.Variable),
            (any_of(CONTROL), Keyword),
            (any_of(CONSTANTS), Keyword.Constant),
            (any_of(list_words()), Name.Builtin.Pseudo),
            (any_of(layer_words()), Name.Class),
            (any_of(library_words()), Name.Builtin),
            (rf"(?:{HEXADECIMAL}|{DECIMAL})", Number),
            (r"=>|\*\*|\.\*|\|\||&&|<<|>>|[=!<>]=|[-+*/%!<>:=]|\bwith\b", Operator),
            (r"[A-Za-z_]\w*", Name),
            (r"\[\||\|\]|\.\.|[\[\](){};,.]", Punctuation),
            (r".", Text),
        ]
    }
