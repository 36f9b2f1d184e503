"""Write what is generated: pages from docstrings, the grammar for editors from the library.

`python docs/generate.py` writes them, `--check` exits 1 when a page in the tree is stale.
"""

from __future__ import annotations

import dataclasses
import inspect
import re
import sys
from pathlib import Path

from gradient_rows import gradient_rows

from brainscript.codes import AREAS, all_codes
from brainscript.dialects.net.kinds import KINDS, Kind
from brainscript.frontend.highlight import textmate
from brainscript.passes.pipeline import PIPELINES
from brainscript.passes.registry import PASSES, load_pass

DOCS = Path(__file__).resolve().parent
BRAINSCRIPT = re.compile(r"\s*BrainScript: (.+?)\.(?=\s|$)", re.DOTALL)
AFTER = re.compile(r"\n(?=After\b)")


def operations() -> str:
    """Every kind of node by family: its spelling, what it computes, options, gradient."""
    rows = gradient_rows()
    lines = ["# Operations", ""]
    lines += [
        "Generated from the definitions in `dialects/net/` and the tables in `passes/gradient/`.",
        "In a gradient g is the gradient of the result and o the result; x, or a, b and c, are the",
        "operands in their order; `choose(condition, a, b)` is a where the condition holds, or b.",
        "What was broadcast is summed afterwards. `none`: nothing flows to that operand.",
    ]
    families: dict[str, dict[str, Kind]] = {}
    for kind in KINDS.values():
        family = families.setdefault(kind.op.__module__.rpartition(".")[2], {})
        family[kind.op.OPERATION] = kind
    lines += [
        "",
        *(f"* [{f}](#{f}): {', '.join(sorted(kinds))}" for f, kinds in sorted(families.items())),
    ]
    for family, kinds in sorted(families.items()):
        lines += ["", f"## {family}"]
        for _, kind in sorted(kinds.items()):
            lines += operation(kind, rows)
    return "\n".join(lines) + "\n"


def older_names(kind: Kind) -> list[str]:
    """Other names of CNTK for the same operation, found in old models."""
    return sorted(n for n, k in KINDS.items() if k.op is kind.op and n != kind.op.OPERATION)


def operation(kind: Kind, rows: dict[str, tuple[str, ...]]) -> list[str]:
    """The section of one kind of node."""
    text = inspect.getdoc(kind.op) or ""
    spelling = BRAINSCRIPT.search(text)
    lines = ["", f"### {kind.op.OPERATION}", "", BRAINSCRIPT.sub("", text, count=1).strip(), ""]
    if spelling:
        lines.append(f"* BrainScript: {' '.join(spelling[1].split())}")
    if older := older_names(kind):
        lines.append(f"* also called {', '.join(older)}")
    lines.append(f"* IR: `{kind.op.name}`, {operand_text(kind)}")
    lines += [f"* option `{o.name}` = `{o.default!r}`, {o.read}" for o in kind.options]
    found = {name: row for name, row in rows.items() if (name + ".").startswith(kind.op.name + ".")}
    for name, row in found.items():
        case = name.removeprefix(kind.op.name).removeprefix(".")
        lines.append(f"* gradient{f' ({case})' if case else ''}: {', '.join(row)}")
    return lines


def operand_text(kind: Kind) -> str:
    """The operands by name."""
    found = [f"`{name}`" for name, _ in kind.op.get_irdl_definition().operands]
    count = "" if kind.inputs is not None else f", {kind.least} to {kind.most} of them"
    return f"operands {', '.join(found)}{count}" if found else "no operands"


def passes() -> str:
    """The named pipelines, then every pass with its IR before and after."""
    lines = ["# Passes", "", "Generated from the docstrings in `passes/`.", "", "## Pipelines", ""]
    for name, parts in PIPELINES.items():
        listed = ", ".join(f"`{part}`" for part in parts)
        lines.append(f"* `{name}`: {listed}")
    for name in PASSES:
        made = load_pass(name)
        lines += ["", f"## {name}", "", AFTER.sub("\n\n", inspect.getdoc(made) or "")]
        options = [f for f in dataclasses.fields(made) if f.name != "name"]
        if options:
            lines += ["", *(f"* option `{f.name}` = `{default(f)}`" for f in options)]
    return "\n".join(lines) + "\n"


def default(field: dataclasses.Field[object]) -> str:
    """The default of an option of a pass, as it is written in a pipeline."""
    if field.default is dataclasses.MISSING:
        made = field.default_factory
        return "required" if made is dataclasses.MISSING else repr(made())
    return repr(field.default)


def diagnostics() -> str:
    """Every code with its title and its explanation, by area."""
    lines = ["# Diagnostics", "", "`bs-opt --explain CODE` prints the same.", ""]
    lines.append(f"Areas: {', '.join(AREAS)}; see `brainscript/codes/`.")
    for code, (title, text) in sorted(all_codes().items()):
        lines += ["", f"## {code}: {title}", "", text]
    return "\n".join(lines) + "\n"


PAGES = {
    "operations/index.md": operations,
    "passes/index.md": passes,
    "diagnostics.md": diagnostics,
    "../editors/brainscript.tmLanguage.json": textmate.text,
}


def main() -> int:
    """Write the pages, or tell which are stale."""
    stale: list[str] = []
    for name, make in PAGES.items():
        path, text = DOCS / name, make()
        if "--check" not in sys.argv:
            path.parent.mkdir(exist_ok=True)
            path.write_text(text)
        elif not path.exists() or path.read_text() != text:
            stale.append(name)
    if stale:
        print(f"stale pages: {', '.join(stale)}; run python docs/generate.py")
    return int(bool(stale))


if __name__ == "__main__":
    sys.exit(main())
