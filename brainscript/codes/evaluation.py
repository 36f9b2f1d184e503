"""Diagnostic codes of the area 'evaluation': what a BrainScript program means."""

CODES: dict[str, tuple[str, str]] = {
    "BS0301": (
        "unknown name",
        "A name is looked up in the record or function where it is written, then outwards, then in"
        " the library. Names are case-sensitive. Only a name that is needed is an error.",
    ),
    "BS0302": (
        "defined by itself",
        "A name stands for itself and nothing else, as in `x = y ; y = x` or `{ x = x }`. Inside a"
        " record the outer variable of the same name is hidden: give one of them another name.",
    ),
    "BS0303": (
        "ring of values",
        "A value is needed while it is being computed. The label names the members on the way. A"
        " loop over time goes through PastValue or FutureValue; rings through function bodies,"
        " members of records and other elements of an array are fine.",
    ),
    "BS0304": (
        "wrong arguments",
        "Positional parameters are given by position, all of them; optional ones by name.",
    ),
    "BS0305": (
        "wrong type of value",
        "There are no conversions between numbers, booleans and strings. A number or boolean that"
        " is an input of a node becomes a constant.",
    ),
    "BS0306": (
        "no such member",
        "The record, or the node, has no member of this name, nor has any scope around it.",
    ),
    "BS0307": (
        "index out of range",
        "Indices begin with 0, or with the first index of `array[a..b]`; there are no negative"
        " indices. `Length` and `<<` want an array that begins with 0.",
    ),
    "BS0308": (
        "operator not applicable",
        "The operator is not defined for values of these types. On nodes, `/` takes a number on the"
        " right or 1 on the left, and there are no `**`, `%` and `||`.",
    ),
    "BS0309": (
        "dimension not known",
        "`x.dim` can be asked for while the network is built only where the dimension follows from"
        " what is written; dimensions that are inferred from data come later.",
    ),
    "BS0310": (
        "value out of range",
        "A function of the library was given a value that it is not defined for.",
    ),
    "BS0311": ("Fail", "The program itself asked to stop, with this message."),
    "BS0312": (
        "node expected",
        "`featureNodes`, `labelNodes`, `criterionNodes`, `evaluationNodes` and `outputNodes` list"
        " nodes. A `tag` is feature, label, criterion, evaluation or output.",
    ),
    "BS0313": (
        "two nodes of one name",
        "Two members of the network give nodes whose names differ only in case, or a member has the"
        " name of another node.",
    ),
    "BS0314": (
        "network expected",
        "The builder takes a record of members, or an expression in parentheses that gives a"
        " network, such as `(new ComputationNetwork { ... })`.",
    ),
    "BS0315": ("unknown class", "`new` is not known with this class."),
    "BS0316": (
        "class used in an unknown way",
        "The record of `new` must be written in place, and its field `operation` or `what` must be"
        " a string that names one of the functions of the class.",
    ),
    "BS0317": (
        "not supported",
        "This part of the language is known, but not supported by this version.",
    ),
    "BS0318": (
        "missing field",
        "A class reads its fields from the record behind `new` and the scopes around it.",
    ),
    "BS0319": (
        "unknown operation",
        "There is no operation of this name, or it is not supported by this version.",
    ),
    "BS0320": (
        "functions nested too deeply",
        "Functions written inside functions are limited by `function-nesting`.",
    ),
    "BS0321": (
        "evaluation stopped by a limit",
        "The program makes more calls, longer names or larger arrays than the limits allow. An"
        " endless recursion ends here.",
    ),
    "BS0322": (
        "operation not supported",
        "The program is right, but this version cannot compile the operation.",
    ),
}
