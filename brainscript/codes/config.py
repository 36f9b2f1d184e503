"""Diagnostic codes of the area 'config'."""

CODES: dict[str, tuple[str, str]] = {
    "BS0201": (
        "no config file named",
        "`configFile=` is followed directly by one file name or several joined by `+`.",
    ),
    "BS0202": (
        "bracket never closed",
        "Brackets nest in the whole file, also inside comments and single-quoted strings of"
        " embedded BrainScript, because the configuration layer knows neither.",
    ),
    "BS0203": (
        "wrong closing bracket",
        "The closing bracket is not of the kind that was opened last.",
    ),
    "BS0204": (
        "one closing bracket too many",
        "A closing bracket closes nothing. It is ignored with a warning.",
    ),
    "BS0205": ("no value", "`key =` needs a value. `key` alone stands for `key = true`."),
    "BS0206": (
        "required parameter missing",
        "The key is looked for in the section and in those around it. An empty value and the word"
        " `default` count as missing.",
    ),
    "BS0207": (
        "value of the wrong kind",
        "The value is not what its reader expects: a number, a whole number (no fraction, no"
        " exponent), `true` or `false`, or an array of such values `a:b*3:c`.",
    ),
    "BS0208": (
        "no such variable",
        "`$name$` is looked up from the section that holds the value outwards. The text of a"
        " section is resolved from outside, so a key inside the same section is not visible.",
    ),
    "BS0209": (
        "variable contains itself",
        "Replacing `$name$` leads back to the same value. The notes show the way.",
    ),
    "BS0210": (
        "replaced values too large",
        "The limits `substitution-bytes` and `substitution-depth` bound what `$name$` can grow to.",
    ),
    "BS0211": ("config file given twice", "A file can be named once on the command line."),
    "BS0212": (
        "include line",
        "`include=file` at the start of a line is replaced by the file. It cannot hold `$name$`; a"
        " file that was read before is skipped with a warning.",
    ),
    "BS0213": (
        "double quote without end",
        "Double quotes count in the whole file, also in `//` comments of embedded BrainScript. A"
        " `#` with a blank before it starts a comment, also inside quotes.",
    ),
    "BS0214": ("section expected", "The value must be a block in brackets."),
    "BS0215": (
        "network description expected",
        "`BrainScriptNetworkBuilder` is a record of members `{ ... }` or `[ ... ]`, or an"
        " expression `( ... )` whose value is a network.",
    ),
    "BS0217": (
        "unknown key",
        "Nothing that ran asked for this key; it may be misspelt. Keys are not case-sensitive.",
    ),
    "BS0218": (
        "replacement of several lines",
        "The value that replaces `$name$` must stand on one line.",
    ),
    "BS0219": ("key expected", "An entry is `key = value`, `key [ ... ]` or a key alone."),
    "BS0220": ("brackets nested too deep", "The limit is `expression-nesting`."),
    "BS0221": ("array too long", "`value*count` may repeat up to the limit `array-length`."),
    "BS0222": ("no such directory", "`currentDirectory=` names a folder that can be entered."),
    "BS0223": (
        "variable with one dollar sign",
        "`$name$` is replaced by the value of `name`. `$name` alone is text as any other, as in"
        " CNTK; variables of the shell are never read.",
    ),
}
