"""Diagnostic codes of the area 'builders': NDL scripts and SimpleNetworkBuilder."""

CODES: dict[str, tuple[str, str]] = {
    "BS0350": (
        "no such section of NDL",
        "`run` and `load` name sections: those of the file that `networkDescription` names, or"
        " without it those of the config. `run` is the script, `load` has macros.",
    ),
    "BS0351": (
        "statement of NDL not understood",
        "A statement is `name = Function(argument, ..., option=value)`, `name = number`, a list"
        " `name = (a:b)`, or a macro `name(a, b) [ statements ]`. There are no operators.",
    ),
    "BS0352": (
        "unknown function of NDL",
        "Functions are known by their names and other spellings in any case. A macro is known from"
        " its definition on.",
    ),
    "BS0353": (
        "unknown name in NDL",
        "A name is looked up in the macro, then in the script, in any case. `L1.W` is the node `W`"
        " that the macro called for `L1` makes. A node may be used before it is defined.",
    ),
    "BS0354": (
        "name of NDL is taken",
        "A name is assigned once, a macro defined once, and names of functions cannot be used for"
        " anything else, in any case: `times` and `se` are functions.",
    ),
    "BS0355": (
        "wrong arguments in NDL",
        "The function or macro takes other arguments. Arguments are given by position, options as"
        " `option=value`.",
    ),
    "BS0356": (
        "unknown group of nodes in NDL",
        "A `tag` is feature, label, criterion, evaluation or output; `criteria` and `eval` are"
        " other spellings.",
    ),
    "BS0361": (
        "misspelt list of nodes",
        "A network is trained and tested by the lists `featureNodes`, `labelNodes`,"
        " `criterionNodes`, `evaluationNodes` and `outputNodes`. A member with nearly such a name"
        " is just a node or an array, which CNTK takes without a word.",
    ),
    "BS0362": (
        "value of a parameter that is not used",
        "`value` counts only with `init='fixedValue'`. A parameter with `value` alone starts with"
        " random numbers, as in CNTK; a constant is `initValue`, which `init='fixedValue'` in turn"
        " does not look at; `initFromLiteral` wants `init='fromLiteral'`.",
    ),
    "BS0360": (
        "SimpleNetworkBuilder not understood",
        "The section names the sizes of all layers, input and output included, one kind of layer"
        " for all or for each hidden layer, a training criterion and an evaluation criterion.",
    ),
}
