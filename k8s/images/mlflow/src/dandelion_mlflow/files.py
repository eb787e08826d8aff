"""Copies the files of runs to where MLflow looks for them once their experiment is a namespace's.

Of every workspace but `default`, MLflow keeps files below `workspaces/NAMESPACE/`, and looks there
for those of before as well, whose addresses say nothing of it. Called by `moves` before it moves
an experiment, so that a copy which was cut off goes on at the next start.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit

AT_ONCE = 16


def copy(destination: str, experiments: Mapping[str, Iterable[str]]) -> int:
    """Of the IDs of experiments by namespace, below `--artifacts-destination`; how many files.

    What lies in another place than S3 stays where it is. Raises RuntimeError if S3 cannot be asked.
    """
    place = urlsplit(destination)
    if place.scheme != "s3":
        return 0
    exceptions: Any = importlib.import_module("botocore.exceptions")
    try:
        return _copied(_client(), place.netloc, place.path.strip("/"), experiments)
    except (exceptions.BotoCoreError, exceptions.ClientError) as error:
        raise RuntimeError(
            f"the files of runs cannot be copied to their namespaces ({error}): "
            f"it goes on once {destination} can be read and written"
        ) from error


def _copied(client: Any, bucket: str, folder: str, experiments: Mapping[str, Iterable[str]]) -> int:
    root = f"{folder}/" if folder else ""

    def missing() -> Iterator[tuple[str, str]]:
        for namespace, ids in experiments.items():
            for found in ids:
                target = f"{root}workspaces/{namespace}/"
                there = set(_names(client, bucket, f"{target}{found}/"))
                for name in _names(client, bucket, f"{root}{found}/"):
                    wanted = target + name.removeprefix(root)
                    if wanted not in there:
                        yield name, wanted

    def one(names: tuple[str, str]) -> None:
        source, target = names
        client.copy_object(Bucket=bucket, Key=target, CopySource={"Bucket": bucket, "Key": source})

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return sum(1 for _ in pool.map(one, missing()))


def _names(client: Any, bucket: str, prefix: str) -> Iterator[str]:
    pages = client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    for page in pages:
        for item in page.get("Contents", ()):
            yield item["Key"]


def _client() -> Any:
    boto3: Any = importlib.import_module("boto3")
    config: Any = importlib.import_module("botocore.config")
    style = os.environ.get("MLFLOW_BOTO_CLIENT_ADDRESSING_STYLE", "auto")
    return boto3.client(
        "s3",
        endpoint_url=os.environ.get("MLFLOW_S3_ENDPOINT_URL") or None,
        config=config.Config(s3={"addressing_style": style}, max_pool_connections=AT_ONCE),
    )
