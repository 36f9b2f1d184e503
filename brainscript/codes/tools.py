"""Diagnostic codes of the commands: BS09xx."""

CODES: dict[str, tuple[str, str]] = {
    "BS0901": (
        "unknown pass",
        "A pass or named pipeline given with -p is not registered. `bs-opt --list-passes` shows "
        "all passes, `bs-opt --show-pipeline NAME` what a named pipeline consists of.",
    ),
    "BS0902": (
        "bad pipeline or pass option",
        "A pipeline is `pass,pass{option=value other=1,2}`: names separated by commas, options in "
        "braces separated by blanks. The message names what could not be read.",
    ),
    "BS0903": (
        "the IR cannot be read",
        "A file of IR text does not parse, or it parses and breaks a rule that its dialect checks. "
        "The place is where the text stops making sense.",
    ),
    "BS0904": (
        "a file cannot be read",
        "The file named on the command line is missing, is a folder, or may not be read.",
    ),
    "BS0905": (
        "the kind of the input is not known",
        "Inputs are told apart by their extension (.cntk, .config, .bs, .mlir, ...); for others "
        "give --language.",
    ),
    "BS0906": (
        "no such command in the config",
        "`--command NAME` names a section that the config does not have, or none of its commands "
        "has a network builder.",
    ),
    "BS0907": (
        "the output cannot be written",
        "The file given with -o, or standard output, refuses the text. A file that was there "
        "before keeps its old bytes.",
    ),
    "BS0908": (
        "unexpected or missing diagnostics",
        "With --verify-diagnostics every diagnostic must be announced by a comment "
        "`expected-error@+N {{text}}` N lines above its place, and every announcement must "
        "come true. Warnings and remarks are `expected-warning` and `expected-remark`; without "
        "`@` this line is meant, with `@above` or `@below` the nearest that announces nothing, "
        "with `@unknown` no place. `expected-note` is a further place; notes may go unannounced.",
    ),
    "BS0909": (
        "a pass cannot work on this module",
        "The pass was given IR of a level or form that it does not handle.",
    ),
    "BS0910": (
        "the level cannot be made from this input",
        "`--emit LEVEL` only goes down the levels: ast, bs, net, gradient, sched, kern, llvm, asm.",
    ),
    "BS0911": (
        "not part of this version",
        "A documented feature that this version refuses instead of doing it halfway.",
    ),
    "BS0912": (
        "unknown limit",
        "`--limit NAME=VALUE` takes the names that `bs-opt --list-limits` shows.",
    ),
    "BS0913": (
        "no config given",
        "`bs-jit` needs `configFile=FILE` or the name of a config as its first word.",
    ),
    "BS0914": (
        "unknown code",
        "`--explain` takes a code as diagnostics print it, such as BS0301.",
    ),
    "BS0915": (
        "the input nests too deeply",
        "Expressions, functions or values nest deeper than can be followed.",
    ),
    "BS0917": (
        "outside of the sandbox",
        "With `--sandbox DIR` a config reads and writes files below that folder only. The config"
        " files of the command line, the package itself and the folder of compiled code are free.",
    ),
    "BS0916": (
        "the arrays do not fit the network",
        "`Model.eval` takes one array for each input that the outputs need, [samples, ...reversed "
        "dims], all with the same number of samples.",
    ),
    "BS0918": (
        "unknown precision of matrix products",
        "`matmul_precision` of `load`, `compile` and `train` is float32 or bf16, as the option "
        "`--matmul-precision` of `bs-jit`.",
    ),
}
