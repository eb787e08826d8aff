"""A whole run in a process of its own, watched by Python itself: `watched.py WORK`.

Leaves in WORK/result.json the digest of every object of the artifact, and what a pod must not do:
call anybody, load what reports to a vendor, or write anywhere but under WORK.
"""

import hashlib
import json
import os
import sys
from pathlib import Path
from typing import Any

WORK = Path(sys.argv[1])
CALLS = ("socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto")
REPORTERS = ("openvino_telemetry", "openvino.tools.ovc")
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND

noted: list[str] = []


def watch(event: str, arguments: tuple[Any, ...]) -> None:
    writes = event == "os.mkdir" or (event == "open" and arguments[2] & WRITING)
    abroad = writes and not str(arguments[0]).startswith((f"{WORK}/", "/dev/null"))
    if event in CALLS or abroad:
        noted.append(f"{event} {arguments!r}")


sys.addaudithook(watch)

import torchvision.models  # noqa: E402
from dandelion_training.run.pipeline import run  # noqa: E402
from fakes.images import with_dataset  # noqa: E402
from fakes.mlflow import FakeMlflow  # noqa: E402
from fakes.s3 import MemoryStore  # noqa: E402
from given.runs import ARTIFACT, DATASET, short_resnet, task  # noqa: E402

torchvision.models.resnet18 = short_resnet
store = MemoryStore()
with_dataset(store, DATASET)
store.objects[f"{DATASET}/blue/notes.jpg"] = b"not an image"
run(task(WORK, store, FakeMlflow()))
noted += [f"{name} is loaded" for name in REPORTERS if sys.modules.get(name)]
digests = {
    uri: hashlib.sha256(content).hexdigest()
    for uri, content in store.objects.items()
    if uri.startswith(ARTIFACT)
}
Path(WORK, "result.json").write_text(json.dumps({"digests": digests, "noted": noted}))
