"""Commands, fields, settings and files that the texts of the repository name are there."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from dandelion_inference.intake.reviews import AUDIENCE

REPOSITORY = Path(__file__).resolve().parents[2]
README, DESIGN, CONTRIBUTING = (
    REPOSITORY / name for name in ("README.md", "DESIGN.md", "CONTRIBUTING.md")
)
PAGES = sorted((REPOSITORY / "docs").glob("*.md"))
# What users read: the README and its pages, as if they were one text.
GUIDE = "".join(path.read_text() + "\n" for path in [README, *PAGES])
CHART = REPOSITORY / "charts" / "dandelion"

text = pytest.mark.parametrize(
    "path", [README, DESIGN, CONTRIBUTING, *PAGES], ids=lambda path: str(path.name)
)


def blocks(language: str, text: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


def first_model_deployment() -> dict[str, Any]:
    found = [yaml.safe_load(block) for block in blocks("yaml", README.read_text())]
    (example,) = [item for item in found if item.get("kind") == "ModelDeployment"]
    return dict(example)


def schema() -> dict[str, Any]:
    crd = yaml.safe_load((CHART / "files" / "modeldeployment-crd.yaml").read_text())
    (version,) = crd["spec"]["versions"]
    return dict(version["schema"]["openAPIV3Schema"])


def leaves(value: Any, *path: str) -> Iterator[tuple[tuple[str, ...], Any]]:
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from leaves(inner, *path, name)
    else:
        yield path, value


@text
def test_every_make_command_is_in_the_makefile(path: Path) -> None:
    makefile = (REPOSITORY / "Makefile").read_text()
    targets = set(re.findall(r"^([a-z][a-z0-9-]*):(?!=)", makefile, re.MULTILINE))
    called = set(re.findall(r"(?:`|^)make ([a-z0-9-]+)", path.read_text(), re.MULTILINE))
    assert called <= targets


def test_ci_runs_the_test_command_of_the_readme_and_nothing_else() -> None:
    (commands,) = [block for block in blocks("console", README.read_text()) if "make test" in block]
    shown = [line.split("#")[0].strip() for line in commands.splitlines()]
    assert shown == ["make demo", "make test"]
    script = (REPOSITORY / ".ci" / "run").read_text().splitlines()
    run = [line for line in script if line and not line.startswith(("#", "set ", "cd "))]
    assert run == [f"exec {shown[1]}"]


def test_every_concept_is_where_the_design_notes_say() -> None:
    packages = (
        "operator/src/dandelion_operator",
        "training-job/src/dandelion_training",
        "inference/src/dandelion_inference",
    )
    (table,) = re.findall(r"(?ms)^\| Concept \|.*?^$", DESIGN.read_text())
    named = [
        f"{package}/{path}"
        for row in table.splitlines()[2:]
        for package, cell in zip(packages, row.strip("|").split("|")[1:], strict=True)
        for path in re.findall(r"`([^`]+)`", cell)
    ]
    assert len(named) > 30
    assert [path for path in named if not (REPOSITORY / path).exists()] == []


def test_every_test_folder_that_is_explained_exists() -> None:
    named = re.findall(r"`((?:tests|k8s)/[\w/]+)`", CONTRIBUTING.read_text())
    assert named
    assert [name for name in named if not (REPOSITORY / name).exists()] == []


def test_the_first_model_deployment_uses_fields_that_exist_and_shows_their_defaults() -> None:
    differing = {}
    whole = schema()
    for path, value in leaves(first_model_deployment()["spec"], "spec"):
        field = whole
        for name in path:
            assert name in field["properties"], ".".join(path)
            field = field["properties"][name]
        if value != field.get("default"):
            differing[".".join(path)] = field.get("default")
    assert differing == {"spec.dataset.storageUri": None, "spec.serving.replicas": 1}


def test_the_figures_of_the_readme_are_those_of_the_page() -> None:
    (table,) = re.findall(r"(?s)## In figures.*?\|---\|---\|\n(.*?)\n\n", README.read_text())
    told = [figure for row in table.splitlines() for figure in row.split("|")[2].split(";")]
    assert len(told) > 5
    page = (REPOSITORY / "docs" / "figures.md").read_text()
    assert [it for it in told if not re.search(rf"(?<![\d.]){re.escape(it.strip())}\b", page)] == []


def test_every_setting_that_is_shown_is_one_of_the_charts() -> None:
    values = yaml.safe_load((CHART / "values.yaml").read_text())
    shown = [
        path
        for block in blocks("yaml", GUIDE)
        for path, _ in leaves(yaml.safe_load(block))
        if path[0] not in ("apiVersion", "kind", "metadata", "spec")
    ]
    shown += [tuple(name.split(".")) for name in re.findall(r"`(\w+\.image\.repository)`", GUIDE)]
    assert len(shown) > 10
    for path in shown:
        found = values
        for name in path:
            if found == {} or found.keys() <= {"cpu", "memory"}:
                break  # a map whose names are the user's own, for example labels or quantities
            assert name in found, ".".join(path)
            found = found[name]


def test_every_metric_that_is_named_is_one_that_a_component_has() -> None:
    named = set(re.findall(r"`(dandelion_[a-z_]+[a-z])\b", GUIDE))
    sources = (
        path.read_text()
        for component in ("operator", "inference", "training-job", "console")
        for path in (REPOSITORY / component / "src").rglob("*.py")
    )
    # The client library appends `_total` to a counter by itself.
    had = {
        name.removesuffix("_total")
        for source in sources
        for name in re.findall(r'"(dandelion_[a-z_]+)"', source)
    }
    assert len(named) > 30
    assert {name for name in named if name.removesuffix("_total") not in had} == set()


def test_every_alert_has_a_line_in_the_runbook() -> None:
    rules = yaml.safe_load((CHART / "files" / "rules.yaml").read_text())
    alerts = {rule["alert"] for group in rules["groups"] for rule in group["rules"]}
    (table,) = re.findall(r"\| Alert \|.*?\n\n", GUIDE, re.DOTALL)
    assert set(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)) == alerts


def test_every_cause_that_a_training_can_fail_with_has_advice() -> None:
    source = REPOSITORY / "training-job" / "src" / "dandelion_training" / "ports" / "failures.py"
    causes = set(re.findall(r'^    [A-Z_]+ = "(\w+)"', source.read_text(), re.MULTILINE))
    (table,) = re.findall(r"\| Cause \|.*?\n\n", GUIDE, re.DOTALL)
    rows = re.findall(r"^\| ([\w, ]+) \|", table, re.MULTILINE)
    explained = {cause for row in rows for cause in row.split(", ")}
    assert causes
    assert causes <= explained


# What MLflow is asked with is for MLflow alone.
FOR_MLFLOW = r"create token ACCOUNT --audience=(mlflow[\w.]+)"
IN_NOTES = 'create token ACCOUNT --audience={{ include "dandelion.mlflowAudience" . }}'


def test_a_command_that_makes_a_token_for_mlflow_names_the_audience_that_it_accepts() -> None:
    helpers = (CHART / "templates" / "_helpers.tpl").read_text()
    (audience,) = re.findall(r'define "dandelion.mlflowAudience" -\}\}\n(\S+)\n', helpers)
    assert set(re.findall(FOR_MLFLOW, GUIDE)) == {audience}


TOKENS_ARE_NAMED_IN = {
    "README.md and docs": GUIDE,
    **{
        path.name: path.read_text()
        for path in (
            CHART / "README.md",
            CHART / "templates" / "NOTES.txt",
            CHART / "files" / "modeldeployment-crd.yaml",
            REPOSITORY / "inference/src/dandelion_inference/front/page/index.html",
        )
    },
}


@pytest.mark.parametrize("where", TOKENS_ARE_NAMED_IN)
def test_a_command_that_makes_a_token_names_the_audience_that_is_accepted(where: str) -> None:
    words = re.sub(r"</?var>", "", " ".join(TOKENS_ARE_NAMED_IN[where].split()))
    # One to log in to the console with is for the API server, which needs no naming.
    words = re.sub(r"create token gardener --duration=\w+", "", words)
    words = re.sub(FOR_MLFLOW, "", words.replace(IN_NOTES, ""))
    commands = re.findall(r"create token (?:\S+) (--audience=[\w.]+)?", words)
    assert set(commands) == {f"--audience={AUDIENCE}"}
    assert words.count("create token") == len(commands)
