"""How a training pod gets its dataset's table of addresses: where it lies, or as a mounted file."""

from __future__ import annotations

from typing import Any

from dandelion_operator.api.spec.dataset import Urls

FOLDER, VOLUME = "/etc/dandelion/urls", "urls"


def urls_settings(urls: Urls | None) -> dict[str, object]:
    """None where there is no table, so that Jobs of before are what they were."""
    if urls is None:
        return {}
    told: dict[str, object] = {"URLS_ALLOWED_HOSTS": ",".join(urls.allowed_hosts)}
    if urls.config_map_ref is not None:
        return told | {"URLS_FILE": f"{FOLDER}/{urls.config_map_ref.key}"}
    return told | {"URLS_URI": urls.storage_uri}


def urls_volume(urls: Urls | None) -> list[dict[str, Any]]:
    """Optional: training says what is missing, where a pod that cannot be mounted says nothing."""
    if urls is None or urls.config_map_ref is None:
        return []
    name, key = urls.config_map_ref.name, urls.config_map_ref.key
    items = [{"key": key, "path": key}]
    return [{"name": VOLUME, "configMap": {"name": name, "items": items, "optional": True}}]


def urls_mount(urls: Urls | None) -> list[dict[str, Any]]:
    if urls is None or urls.config_map_ref is None:
        return []
    return [{"name": VOLUME, "mountPath": FOLDER, "readOnly": True}]
