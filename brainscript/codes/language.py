"""Diagnostic codes of the area 'language'."""

_READING: dict[str, tuple[str, str]] = {
    "BS0101": (
        "file cannot be read",
        "A file named by `configFile=`, `include` or the command line is not there, is a folder, or"
        " may not be read. `include` looks for the name as given, then in the folders of the files"
        " that include it, then in the folders of all config files.",
    ),
    "BS0102": (
        "not UTF-8",
        "Sources are UTF-8 text, with or without a byte-order mark. Comments may be in others.",
    ),
    "BS0103": ("NUL byte", "The file holds a zero byte, so it is no text file."),
    "BS0104": (
        "source too large",
        "One file, or a file with all that it includes, passes the limit `source-bytes`.",
    ),
    "BS0110": (
        "unexpected character",
        "The character starts no token. Operators are `+ - * / .* ** % == != < <= > >= && || >> <<"
        " : =>`; there is no `^`, `&`, `|`, `@`, `\\` or `$`.",
    ),
    "BS0111": (
        "string without end",
        "A string starts and ends with the same quote, double or single. There are no escapes; a"
        " string may run over several lines.",
    ),
    "BS0112": ("comment without end", "`/*` needs a `*/` behind it. Comments do not nest."),
    "BS0113": (
        "include without file name",
        'The word `include` is followed by a quoted file name: `include "layers.bs"`.',
    ),
    "BS0114": (
        "file includes itself",
        "The named file is one of those that are being included right now; the notes list them.",
    ),
    "BS0115": ("includes nested too deep", "The limit `include-depth` stopped the reading."),
    "BS0120": (
        "sign or keyword expected",
        "Something that the construct needs is missing: a closing bracket, `=`, `then`, `else`,"
        " `..`. The note shows where the construct was opened. A line end does not end an"
        " expression: a line that starts with a bracket or an operator continues the one before.",
    ),
    "BS0121": ("operand expected", "A value is missing: a number, string, name or bracket."),
    "BS0122": (
        "name expected",
        "A name is missing. Names are letters, digits and `_`, and none of the keywords `include"
        " new with true false if then else array`.",
    ),
    "BS0123": (
        "text after the end",
        "The expression or the list of members is complete, but more text follows. An operator or"
        " a `;` may be missing before it.",
    ),
    "BS0124": ("member given twice", "A record defines each name once."),
    "BS0125": ("parameter given twice", "A list of parameters or arguments holds a name once."),
    "BS0126": (
        "lambda without a single parameter",
        "`x => E` takes exactly one parameter. Functions of several parameters have a name:"
        " `f (a, b) = E`.",
    ),
    "BS0127": (
        "expression nested too deep",
        "Brackets, prefixes, branches and lambdas nest up to the limit `expression-nesting`."
        " Chains such as `a + b + c` may have any length.",
    ),
    "BS0128": (
        "printed tree too large",
        "Each level of the tree is indented further, so deep chains print as large text.",
    ),
}

CODES: dict[str, tuple[str, str]] = {
    **_READING,
}
