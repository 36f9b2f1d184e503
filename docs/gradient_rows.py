"""The rows of the gradient tables as text, read from the source of `passes/gradient/`."""

from __future__ import annotations

import ast
import copy
import inspect
from importlib import import_module
from types import ModuleType

FAMILIES = ("criteria", "elementwise", "linear", "normalise", "reduce")
NONE = "none"


def gradient_rows() -> dict[str, tuple[str, ...]]:
    """Operation -> for each operand the formula of its gradient, as Markdown."""
    rows: dict[str, tuple[str, ...]] = {}
    for family in FAMILIES:
        rows |= table_rows(import_module(f"brainscript.passes.gradient.{family}"))
    return rows


def table_rows(module: ModuleType) -> dict[str, tuple[str, ...]]:
    """The rows of the dictionary `TABLE` of a module."""
    tree = ast.parse(inspect.getsource(module))
    functions = {n.name: n for n in tree.body if isinstance(n, ast.FunctionDef)}
    tables = [n.value for n in tree.body if isinstance(n, ast.AnnAssign) and named(n, "TABLE")]
    rows: dict[str, tuple[str, ...]] = {}
    for table in tables:
        assert isinstance(table, ast.Dict)
        for key, row in zip(table.keys, table.values, strict=True):
            assert isinstance(key, ast.Constant)
            assert isinstance(row, ast.Tuple)
            rows[str(key.value)] = tuple(formula(part, functions) for part in row.elts)
    return rows


def named(node: ast.AnnAssign, name: str) -> bool:
    """Whether this assigns to a name."""
    return isinstance(node.target, ast.Name) and node.target.id == name


def formula(part: ast.expr, functions: dict[str, ast.FunctionDef]) -> str:
    """One entry of a row: a lambda's body, or what the function it names says or returns."""
    if isinstance(part, ast.Lambda):
        return code(Inline(functions, {}).visit(part.body))
    if not isinstance(part, ast.Name):
        return NONE
    made = functions[part.id]
    if text := ast.get_docstring(made):
        return text.strip().rstrip(".")
    return code(Inline(functions, {}).visit(returned(made)))


def returned(made: ast.FunctionDef) -> ast.expr:
    """A copy of what a function returns."""
    last = made.body[-1]
    assert isinstance(last, ast.Return)
    assert last.value is not None
    return copy.deepcopy(last.value)


class Inline(ast.NodeTransformer):
    """Calls of functions of the table are replaced by what those return."""

    def __init__(self, functions: dict[str, ast.FunctionDef], values: dict[str, ast.expr]):
        self.functions, self.values = functions, values

    def visit_Name(self, node: ast.Name) -> ast.AST:
        """A parameter is its argument."""
        return self.values.get(node.id, node)

    def visit_Call(self, node: ast.Call) -> ast.AST:
        """The expression that the function returns, with its arguments."""
        self.generic_visit(node)
        if not (isinstance(node.func, ast.Name) and node.func.id in self.functions):
            return node
        made = self.functions[node.func.id]
        parameters = [a.arg for a in made.args.args]
        inner = Inline(self.functions, dict(zip(parameters, node.args, strict=True)))
        return inner.visit(returned(made))


class Shorten(ast.NodeTransformer):
    """`c.g` is written `g`, `x.apply(ew.SignOp)` is written `Sign(x)`, `a.over(b)` is `a / b`."""

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        """Drop the case and the modules."""
        if isinstance(node.value, ast.Name) and node.value.id in ("c", "ew", "linear", "normalise"):
            return ast.Name(node.attr)
        return self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> ast.AST:
        """Methods of terms become functions."""
        self.generic_visit(node)
        arguments = node.args
        if not isinstance(node.func, ast.Attribute):
            return node
        subject, name = node.func.value, node.func.attr
        if name == "over":
            return ast.BinOp(subject, ast.Div(), arguments[0])
        if name == "reciprocal":
            return ast.BinOp(ast.Constant(1), ast.Div(), subject)
        if name == "same":
            return ast.Compare(subject, [ast.Eq()], arguments)
        if name == "apply":
            operation, *arguments = arguments
            assert isinstance(operation, ast.Name)
            name = operation.id.removesuffix("Op")
        return ast.Call(ast.Name(name), [subject, *arguments], [])


def code(expression: ast.expr) -> str:
    """An expression as Markdown code, in short form."""
    return f"`{ast.unparse(Shorten().visit(expression))}`"
