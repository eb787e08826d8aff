"""The accounts that the demo lets log in to the console."""

from __future__ import annotations

from pathlib import Path

from dandelion_demo.kube import Cluster
from dandelion_demo.people import accounts, how_to_log_in


def test_each_account_is_bound_to_one_of_the_clusters_own_roles() -> None:
    bindings = [item for item in accounts("team") if item["kind"] == "RoleBinding"]
    assert [
        (item["roleRef"]["name"], [each["name"] for each in item["subjects"]]) for item in bindings
    ] == [("view", ["console-user"]), ("edit", ["console-admin"])]


def test_the_way_in_is_a_token_for_the_api_server_itself() -> None:
    cluster = Cluster(Path("kubectl"), Path("helm"), None, None, routable=False)
    first, second = how_to_log_in(cluster)
    assert "kubectl create token console-user --duration=8h" in first
    assert "kubectl create token console-admin --duration=8h" in second
