"""The accounts that the demo lets log in to the console."""

from __future__ import annotations

from pathlib import Path

from dandelion_demo.kube import Cluster
from dandelion_demo.people import accounts, how_to_log_in


def test_each_account_is_bound_to_one_of_the_charts_roles() -> None:
    bindings = [item for item in accounts("team") if item["kind"] == "RoleBinding"]
    assert [
        (item["roleRef"]["name"], [each["name"] for each in item["subjects"]]) for item in bindings
    ] == [
        ("dandelion-user", ["console-user"]),
        ("dandelion-reviewer", ["console-reviewer"]),
        ("dandelion-administrator", ["console-admin"]),
    ]


def test_the_way_in_is_a_token_for_the_api_server_itself() -> None:
    cluster = Cluster(Path("kubectl"), Path("helm"), None, None, routable=False)
    ways = dict(zip(("user", "reviewer", "admin"), how_to_log_in(cluster), strict=True))
    for who, words in ways.items():
        assert f"kubectl create token console-{who} --duration=8h" in words
