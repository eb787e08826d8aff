"""Small changes to a function's rules, each of which makes another decision somewhere.

Three kinds: two neighbours of an ordered list of facts change places, one of them or a condition is
dropped, the outcome of a condition is forced. Pure; `run` tries them.
"""

from __future__ import annotations

import ast
import copy
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from types import CodeType
from typing import Any, TypeGuard

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef
Change = Callable[[ast.AST], None]
LEAVING = (ast.Return, ast.Raise, ast.Continue)


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
    """Every mutant of the functions of one file below the source root; no two have one name."""
    parts = path.relative_to(root).with_suffix("").parts
    module = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
    tree = ast.parse(path.read_text())
    for scope, function in _functions(tree):
        qualified, known = ".".join([*scope, function.name]), Counter[str]()
        for line, words, body in _changes(function):
            known[words] += 1
            change = words if known[words] == 1 else f"{words} ({known[words]})"
            code = _compiled(tree, [*scope, function.name], body, str(path))
            if code is not None:
                yield Mutant(module, qualified, line, change, code)


def unchanged(root: Path, path: Path, function: str) -> Mutant:
    """One that changes nothing: no test may notice it."""
    return _whole(root, path, function, "nothing changed", lambda _: None)


def broken(root: Path, path: Path, function: str) -> Mutant:
    """One that always fails: where no test notices it, none comes by."""

    def change(node: ast.AST) -> None:
        assert isinstance(node, FunctionNode)
        node.body = [ast.parse("raise AssertionError").body[0]]

    return _whole(root, path, function, "always fails", change)


def _whole(root: Path, path: Path, name: str, words: str, change: Change) -> Mutant:
    tree = ast.parse(path.read_text())
    module = ".".join(path.relative_to(root).with_suffix("").parts)
    found = next(item for _, item in _functions(tree) if item.name == name)
    code = _compiled(tree, [name], _changed(found, 0, change), str(path))
    assert code is not None
    return Mutant(module, name, found.lineno, words, code)


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
        for words, change in _changes_of(node):
            line = getattr(node, "lineno", function.lineno)
            yield line, words, _changed(function, index, change)


def _changes_of(node: ast.AST) -> Iterator[tuple[str, Change]]:
    if isinstance(node, ast.For) and isinstance(node.iter, ast.Tuple):
        if any(isinstance(item, ast.Return) for item in ast.walk(node)):  # else none is the first
            yield from _swaps(node.iter.elts, lambda each: each.iter.elts)
        for place, item in enumerate(node.iter.elts):
            yield f"drop {_words(item)}", _removal(place)
    elif isinstance(node, ast.Assign) and isinstance(node.value, ast.Tuple):
        if isinstance(node.targets[0], ast.Name):
            yield from _swaps(node.value.elts, lambda each: each.value.elts)
    elif isinstance(node, ast.If | ast.IfExp):
        start = "if" if isinstance(node, ast.If) else "… if"
        for value in (True, False):
            yield f"{start} {_words(node.test)}: always {value}", _forced("test", value)
    elif isinstance(node, ast.match_case) and node.guard is not None:
        for value in (True, False):
            words = f"case {ast.unparse(node.pattern)} if {_words(node.guard)}: always {value}"
            yield words, _forced("guard", value)
    elif isinstance(node, ast.BoolOp):
        for place, operand in enumerate(node.values):
            yield f"drop {_words(operand)} of {_words(node)}", _neutral(place)
        if all(isinstance(value, ast.Call) for value in node.values):
            yield from _swaps(node.values, lambda each: each.values)
    elif isinstance(node, ast.comprehension):
        for place, condition in enumerate(node.ifs):
            yield f"drop if {_words(condition)}", _unfiltered(place)
    body = getattr(node, "body", None)
    for place, pair in enumerate(pairwise(body)) if _is_list(body) else ():
        if all(_leaves(item) for item in pair) and not _exclude_each_other(*pair):
            first, second = (_words(item.test) for item in pair)
            yield f"swap if {first} with if {second}", _swap(place, lambda each: each.body)


def _is_list(body: object) -> TypeGuard[list[Any]]:
    return isinstance(body, list)


def _leaves(node: ast.stmt) -> bool:
    return isinstance(node, ast.If) and not node.orelse and isinstance(node.body[-1], LEAVING)


def _exclude_each_other(one: ast.If, other: ast.If) -> bool:
    """Whether one thing is compared with two names: then their order decides nothing."""
    tests = (one.test, other.test)
    compared = [(ast.unparse(test.left), test) for test in tests if isinstance(test, ast.Compare)]
    if len(compared) < 2 or compared[0][0] != compared[1][0]:
        return False
    return all(
        isinstance(test.ops[0], ast.Eq | ast.Is) and isinstance(test.comparators[0], ast.Attribute)
        for _, test in compared
    )


def _changed(function: FunctionNode, index: int, change: Change) -> FunctionNode:
    copied = copy.deepcopy(function)
    for position, node in enumerate(ast.walk(copied)):
        if position == index:
            change(node)
            break
    return ast.fix_missing_locations(copied)


def _swaps(
    items: list[ast.expr], where: Callable[[Any], list[Any]]
) -> Iterator[tuple[str, Change]]:
    for place, (one, other) in enumerate(pairwise(items)):
        yield f"swap {_words(one)} with {_words(other)}", _swap(place, where)


def _swap(place: int, where: Callable[[Any], list[Any]]) -> Change:
    def change(node: ast.AST) -> None:
        items = where(node)
        items[place], items[place + 1] = items[place + 1], items[place]

    return change


def _removal(place: int) -> Change:
    def change(node: ast.AST) -> None:
        assert isinstance(node, ast.For)
        assert isinstance(node.iter, ast.Tuple)
        del node.iter.elts[place]

    return change


def _neutral(place: int) -> Change:
    def change(node: ast.AST) -> None:
        assert isinstance(node, ast.BoolOp)
        node.values[place] = ast.Constant(isinstance(node.op, ast.And))

    return change


def _unfiltered(place: int) -> Change:
    def change(node: ast.AST) -> None:
        assert isinstance(node, ast.comprehension)
        del node.ifs[place]

    return change


def _forced(part: str, value: bool) -> Change:
    def change(node: ast.AST) -> None:
        setattr(node, part, ast.Constant(value))

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
