"""A finished build is found again exactly as long as nothing that made it has changed."""

from dataclasses import replace
from pathlib import Path

import pytest
from dandelion_local import tools
from dandelion_local.commands import SetupError

ETCD = tools.named("etcd")
GO = "go1.26.8 linux amd64"


@pytest.fixture
def modules(tmp_path: Path) -> Path:
    folder = tmp_path / "etcd"
    folder.mkdir()
    (folder / "go.mod").write_text("module x\n")
    (folder / "go.sum").write_text("a h1:b\n")
    return tmp_path


def test_the_same_module_gives_the_same_folder(modules: Path) -> None:
    assert tools.key(ETCD, GO, modules) == tools.key(ETCD, GO, modules)
    assert len(tools.key(ETCD, GO, modules)) == 16


def test_whatever_changes_the_binary_changes_the_folder(modules: Path) -> None:
    before = tools.key(ETCD, GO, modules)
    changed = {
        "a newer Go": tools.key(ETCD, "go1.27.0 linux amd64", modules),
        "another build tag": tools.key(replace(ETCD, tags=("netgo",)), GO, modules),
        "another version stamp": tools.key(replace(ETCD, variables=("a.b=c",)), GO, modules),
    }
    (modules / "etcd" / "go.sum").write_text("a h1:c\n")
    changed["another go.sum"] = tools.key(ETCD, GO, modules)
    (modules / "etcd" / "main.go").write_text("package main\n")
    changed["a program of our own"] = tools.key(ETCD, GO, modules)
    assert before not in changed.values()
    assert len(set(changed.values())) == len(changed)


def test_a_line_that_moves_from_go_sum_to_go_mod_is_a_change(modules: Path) -> None:
    before = tools.key(ETCD, GO, modules)
    (modules / "etcd" / "go.mod").write_text("module x\na h1:b\n")
    (modules / "etcd" / "go.sum").write_text("")
    assert tools.key(ETCD, GO, modules) != before


def test_a_binary_is_found_under_its_own_name_and_its_tools() -> None:
    assert tools.named("kubectl") is tools.named("kubernetes")


def test_an_unknown_name_is_answered_with_those_there_are() -> None:
    with pytest.raises(SetupError, match=r"no tool called kubctl; there are: .*kubernetes"):
        tools.named("kubctl")


@pytest.mark.parametrize("tool", tools.TOOLS, ids=lambda tool: tool.name)
def test_every_tool_has_a_module_that_names_its_packages(tool: tools.Tool) -> None:
    text = (tools.MODULES / tool.name / "go.mod").read_text()
    for package in tool.binaries.values():
        assert package in text or (tools.MODULES / tool.name / "main.go").exists()
    assert (tools.MODULES / tool.name / "go.sum").exists()
