"""Choices about the node's programs that a reader of the command lines relies on."""

import json
from pathlib import Path

from dandelion_local.node import lifecycle, network
from dandelion_local.node.components import Layout, components, setting_files

LAYOUT = Layout(
    Path("/state"), Path("/cache"), {name: Path(f"/tools/{name}") for name in lifecycle.PROGRAMS}
)


def test_secrets_are_given_as_files_below_the_state_folder() -> None:
    arguments = [part for component in components(LAYOUT) for part in component.command]
    secrets = [part.partition("=")[2] for part in arguments if ".key" in part]
    assert secrets
    assert all(path.startswith("/state/certificates/") for path in secrets)


def test_nothing_of_the_control_plane_listens_on_all_addresses() -> None:
    files = setting_files(LAYOUT)
    assert json.loads(files["kubelet.yml"])["address"] == network.NODE
    assert json.loads(files["registry.yml"])["http"]["addr"] == network.REGISTRY
    assert "0.0.0.0" not in " ".join(" ".join(part.command) for part in components(LAYOUT))


def test_public_names_are_looked_up_in_the_local_registry_under_the_same_name() -> None:
    files = setting_files(LAYOUT)
    hosts = files["registries/ghcr.io/hosts.toml"]
    assert f'[host."http://{network.REGISTRY}/v2/ghcr.io"]' in hosts
    assert 'config_path = "/state/settings/registries"' in files["containerd.toml"]


def test_only_what_the_charts_accounts_do_is_audited_and_no_content() -> None:
    (apiserver,) = [part for part in components(LAYOUT) if part.name == "kube-apiserver"]
    assert "--audit-policy-file=/state/settings/audit.yml" in apiserver.command
    assert "--audit-log-path=/state/logs/audit.log" in apiserver.command
    rules = json.loads(setting_files(LAYOUT)["audit.yml"])["rules"]
    assert [rule["level"] for rule in rules] == ["Metadata", "None"]
    assert rules[0]["userGroups"] == ["system:serviceaccounts:dandelion-system"]


def test_the_state_of_a_cluster_and_what_is_kept_are_apart() -> None:
    files = setting_files(LAYOUT)
    assert 'root = "/cache/containerd"' in files["containerd.toml"]
    etcd = next(part for part in components(LAYOUT) if part.name == "etcd")
    assert "--data-dir=/state/etcd" in etcd.command
