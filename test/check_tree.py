"""The rules of the tree, as data: folder order of imports, sizes, docstrings, plain words.

Run as a script it prints every breach and exits 1; `test_tree.py` runs it under pytest.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PARTS = ("frontend", "dialects", "passes", "codegen", "runtime", "tools")
MAY_IMPORT: dict[str, tuple[str, ...]] = {
    "": (),
    "dialects": ("", "dialects"),
    "frontend": ("", "dialects", "frontend"),
    "passes": ("", "dialects", "passes"),
    "codegen": ("", "dialects", "codegen"),
    "runtime": ("", "dialects", "passes", "codegen", "runtime"),
    "tools": ("", *PARTS),
}
MAX_LINES = 400
MAX_FUNCTION = 40
MAX_FILES = 14
WIDE_FOLDERS = ("brainscript", "dialects/net", "passes/gradient", "test", "tools")
"""Folders that may hold more files: roots, and those with one file for each family."""
XDSL_FREE = (
    "brainscript",
    "runtime",
    "codegen/jit.py",
    "codegen/cache.py",
    "tools/bs_opt.py",
    "tools/bs_jit.py",
    "tools/driver.py",
)
FORBIDDEN = re.compile(
    r"(?<![\w*.])/work/|(?<!\w)/root/|NotImplementedError|\bTODO\b|\bFIXME\b|\b[Ss]ubagent"
)
SELF = ("test/check_tree.py",)


def python_files() -> list[Path]:
    """Every Python source that git knows, links left out, relative to the root."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.py"]
    out = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [Path(p) for p in out.splitlines() if (ROOT / p).is_file()]


def part_of(path: Path) -> str:
    """The folder a file belongs to in the order of imports; '' for the root modules."""
    return "" if path.parts[0] == "brainscript" else path.parts[0]


def imports_of(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Line and dotted name of everything of ours that a module imports, also lazily."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            if node.module == "brainscript" or node.module.startswith("brainscript."):
                for alias in node.names:
                    yield node.lineno, f"{node.module}.{alias.name}"
        elif isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.startswith("brainscript"):
                    yield node.lineno, alias.name


def module_of(path: Path) -> str:
    """The dotted name under which a source is imported."""
    parts = path.with_suffix("").parts
    parts = parts if parts[0] == "brainscript" else ("brainscript", *parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def check_imports(trees: dict[Path, ast.Module]) -> Iterator[str]:
    """Imports against the folder order."""
    for path, tree in trees.items():
        part = part_of(path)
        if part not in MAY_IMPORT or path == Path("brainscript/__init__.py"):
            continue
        for line, name in imports_of(tree):
            words = name.split(".")
            target = words[1] if len(words) > 1 and words[1] in PARTS else ""
            if part == "" or target not in MAY_IMPORT[part]:
                if not (part == "" and target == ""):
                    yield f"{path}:{line}: {part or 'root'} must not import {name}"


def check_cycles(trees: dict[Path, ast.Module]) -> Iterator[str]:
    """Cycles between modules, lazy and type-only imports included."""
    known = {module_of(p): p for p in trees if part_of(p) in MAY_IMPORT}
    graph: dict[str, set[str]] = {}
    for name, path in known.items():
        if path == Path("brainscript/__init__.py"):
            continue
        targets = {t if t in known else t.rpartition(".")[0] for _, t in imports_of(trees[path])}
        graph[name] = {t for t in targets if t in known and t != name}
    done: set[str] = set()
    for start in graph:
        yield from _walk(graph, start, done)


def _walk(graph: dict[str, set[str]], start: str, done: set[str]) -> Iterator[str]:
    stack: list[tuple[str, Iterator[str]]] = []
    path: list[str] = []
    if start in done:
        return
    stack.append((start, iter(sorted(graph.get(start, ())))))
    path.append(start)
    while stack:
        name, following = stack[-1]
        target = next(following, None)
        if target is None:
            stack.pop()
            path.pop()
            done.add(name)
        elif target in path:
            yield "import cycle: " + " -> ".join([*path[path.index(target) :], target])
        elif target not in done:
            stack.append((target, iter(sorted(graph.get(target, ())))))
            path.append(target)


def check_sizes(trees: dict[Path, ast.Module]) -> Iterator[str]:
    """Lengths of files and functions, files in a folder, and that every file says what it is."""
    folders: dict[Path, int] = {}
    for path, tree in trees.items():
        lines = (ROOT / path).read_text().count("\n")
        if lines > MAX_LINES:
            yield f"{path}: {lines} lines, at most {MAX_LINES}"
        if part_of(path) not in MAY_IMPORT:
            continue
        folders[path.parent] = folders.get(path.parent, 0) + (path.name != "__init__.py")
        if ast.get_docstring(tree) is None:
            yield f"{path}: no docstring"
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                length = (node.end_lineno or node.lineno) - node.lineno + 1
                if length > MAX_FUNCTION:
                    yield f"{path}:{node.lineno}: {node.name} has {length} lines"
    for folder, count in folders.items():
        if count > MAX_FILES and not any(folder.is_relative_to(wide) for wide in WIDE_FOLDERS):
            yield f"{folder}: {count} files, at most {MAX_FILES}"


def check_warm_start(trees: dict[Path, ast.Module]) -> Iterator[str]:
    """Modules of a warm start import no xDSL at their top level."""
    for path, tree in trees.items():
        if not any(str(path).startswith(prefix) for prefix in XDSL_FREE):
            continue
        for node in tree.body:
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            if any(name.split(".")[0] == "xdsl" for name in names):
                yield f"{path}:{node.lineno}: imports xdsl at the start"


def check_words() -> Iterator[str]:
    """No unfinished work and no paths of a particular machine in what we ship."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    out = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in out.splitlines():
        path = ROOT / name
        if name in SELF or path.is_symlink() or not path.is_file():
            continue
        try:
            text = path.read_text()
        except UnicodeDecodeError:
            continue
        for number, line in enumerate(text.splitlines(), 1):
            if hit := FORBIDDEN.search(line):
                yield f"{name}:{number}: '{hit[0]}'"


def breaches() -> list[str]:
    """Everything that breaks a rule."""
    trees = {path: ast.parse((ROOT / path).read_text(), str(path)) for path in python_files()}
    checks = (check_imports, check_cycles, check_sizes, check_warm_start)
    return [message for check in checks for message in check(trees)] + list(check_words())


if __name__ == "__main__":
    found = breaches()
    print("\n".join(found) or "the tree keeps its rules")
    sys.exit(bool(found))
