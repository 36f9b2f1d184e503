"""Write the generated pages: operations, passes, diagnostics, each from docstrings in the source.

`python docs/generate.py` writes them, `--check` exits 1 when a page in the tree is stale.
"""

from __future__ import annotations

import inspect
import sys
from pathlib import Path

from brainscript.codes import all_codes
from brainscript.dialects.net.kinds import KINDS
from brainscript.passes.pipeline import PIPELINES
from brainscript.passes.registry import PASSES, load_pass

DOCS = Path(__file__).resolve().parent


def operations() -> str:
    """Every kind of node: how BrainScript names it, its options, what it computes."""
    lines = ["# Operations", "", "Generated from the definitions in `dialects/net/`."]
    for name in sorted(KINDS):
        kind = KINDS[name]
        options = ", ".join(f"{o.name}={o.default!r}" for o in kind.options)
        lines += [
            "",
            f"## {name}",
            "",
            f"`{kind.op.name}`" + (f", options: {options}" if options else ""),
        ]
        lines += ["", inspect.getdoc(kind.op) or ""]
    return "\n".join(lines) + "\n"


def passes() -> str:
    """The named pipelines, then every pass with its IR before and after."""
    lines = ["# Passes", "", "Generated from the docstrings in `passes/`.", "", "## Pipelines", ""]
    lines += [
        f"* `{name}`: {', '.join(f'`{p}`' for p in parts)}" for name, parts in PIPELINES.items()
    ]
    for name in PASSES:
        lines += ["", f"## {name}", "", inspect.getdoc(load_pass(name)) or ""]
    return "\n".join(lines) + "\n"


def diagnostics() -> str:
    """Every code with its title and its explanation."""
    lines = ["# Diagnostics", "", "`bs-opt --explain CODE` prints the same."]
    for code, (title, text) in sorted(all_codes().items()):
        lines += ["", f"## {code}: {title}", "", text]
    return "\n".join(lines) + "\n"


PAGES = {
    "operations/index.md": operations,
    "passes/index.md": passes,
    "diagnostics.md": diagnostics,
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
