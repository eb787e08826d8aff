"""Jobs and Deployments to the last field, so that a change of one is seen by whoever reviews it."""

from __future__ import annotations

import golden
import pytest
import yaml


@pytest.mark.parametrize("name", golden.objects())
def test_an_object_is_the_one_in_the_folder(name: str) -> None:
    expected = yaml.safe_load(golden.path(name).read_text())
    assert golden.objects()[name] == expected


def test_the_folder_holds_nothing_else() -> None:
    kept = {file.stem for file in golden.FOLDER.glob("*.yaml")}
    assert kept == set(golden.objects())
