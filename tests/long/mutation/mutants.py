"""Small changes to a function's rules, each of which makes another decision somewhere.

Three kinds: two neighbours of an ordered list of facts change places, one of them or a guarding
`if` is dropped, the condition of an `if` is forced. Pure; `run` tries them.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import CodeType

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Mutant:
    """One changed function: where it stands, what was done to it, and its compiled body."""

    module: str
    function: str
    line: int
    change: str
    code: CodeType

    @property
    def name(self) -> str:
        return f"{self.module}:{self.function}: {self.change}"


def mutants(root: Path, path: Path) -> Iterator[Mutant]:
    """Every mutant of the functions of one file below the source root."""
    parts = path.relative_to(root).with_suffix("").parts
    module = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
    source = path.read_text()
    tree = ast.parse(source)
    for scope, function in _functions(tree):
        qualified = ".".join([*scope, function.name])
        for line, change, body in _changes(function):
            code = _compiled(tree, [*scope, function.name], body, str(path))
            if code is not None:
                yield Mutant(module, qualified, line, change, code)


def _functions(tree: ast.Module) -> Iterator[tuple[list[str], FunctionNode]]:
    for node in tree.body:
        if isinstance(node, FunctionNode):
            yield [], node
        elif isinstance(node, ast.ClassDef):
            for item in node.body:
                if isinstance(item, FunctionNode):
                    yield [node.name], item


def _changes(function: FunctionNode) -> Iterator[tuple[int, str, FunctionNode]]:
    for index, node in enumerate(ast.walk(function)):
        if isinstance(node, ast.For) and isinstance(node.iter, ast.Tuple):
            items = node.iter.elts
            for place in range(len(items) - 1):
                words = f"swap {_words(items[place])} with {_words(items[place + 1])}"
                yield node.lineno, words, _changed(function, index, _swap(place))
            for place, item in enumerate(items):
                yield node.lineno, f"drop {_words(item)}", _changed(function, index, _drop(place))
        elif isinstance(node, ast.If):
            words = _words(node.test)
            for forced in (True, False):
                change = f"if {words}: always {forced}"
                yield node.lineno, change, _changed(function, index, _force(forced))
        elif isinstance(node, ast.IfExp):
            words = _words(node.test)
            for forced in (True, False):
                change = f"… if {words}: always {forced}"
                yield node.lineno, change, _changed(function, index, _force(forced))
        elif isinstance(node, ast.BoolOp):
            for place, value in enumerate(node.values):
                change = f"drop {_words(value)} of {_words(node)}"
                yield node.lineno, change, _changed(function, index, _drop_operand(place))


def _changed(function: FunctionNode, index: int, change: object) -> FunctionNode:
    copied = copy.deepcopy(function)
    for position, node in enumerate(ast.walk(copied)):
        if position == index:
            assert callable(change)
            change(node)
            break
    return ast.fix_missing_locations(copied)


def _swap(place: int) -> object:
    def change(node: ast.For) -> None:
        assert isinstance(node.iter, ast.Tuple)
        items = node.iter.elts
        items[place], items[place + 1] = items[place + 1], items[place]

    return change


def _drop(place: int) -> object:
    def change(node: ast.For) -> None:
        assert isinstance(node.iter, ast.Tuple)
        del node.iter.elts[place]

    return change


def _drop_operand(place: int) -> object:
    def change(node: ast.BoolOp) -> None:
        node.values[place] = ast.Constant(isinstance(node.op, ast.And))

    return change


def _force(value: bool) -> object:
    def change(node: ast.If | ast.IfExp) -> None:
        node.test = ast.Constant(value)

    return change


def _words(node: ast.expr) -> str:
    words = " ".join(ast.unparse(node).split())
    return words if len(words) <= 90 else f"{words[:89]}…"


def _compiled(
    tree: ast.Module, names: list[str], body: FunctionNode, filename: str
) -> CodeType | None:
    """The code object of the changed function, compiled within its module."""
    changed = copy.copy(tree)
    changed.body = [_with(node, names, body) for node in tree.body]
    found: CodeType | None = compile(changed, filename, "exec")
    for name in names:
        assert found is not None
        inner = (item for item in found.co_consts if isinstance(item, CodeType))
        found = next((item for item in inner if item.co_name == name), None)
    return found


def _with(node: ast.stmt, names: list[str], body: FunctionNode) -> ast.stmt:
    if len(names) == 1 and isinstance(node, FunctionNode) and node.name == names[0]:
        return body
    if len(names) == 2 and isinstance(node, ast.ClassDef) and node.name == names[0]:
        changed = copy.copy(node)
        changed.body = [_with(item, names[1:], body) for item in node.body]
        return changed
    return node
