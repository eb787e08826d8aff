"""`python -m dandelion_demo.loop`: the story, chapter by chapter, and its receipts."""

from __future__ import annotations

import secrets
import sys
import time
from typing import Any

from dandelion_local.commands import SetupError
from dandelion_local.progress import say, seconds

from dandelion_demo.install import install, look_after, object_store
from dandelion_demo.loop.chapters import Story
from dandelion_demo.loop.receipts import receipts, together
from dandelion_demo.loop.resource import NAME, Resource
from dandelion_demo.target import image_settings, target


def main() -> int:
    """0 once the last chapter has ended as it should, 1 with the cause otherwise."""
    try:
        cluster = target()
        install(cluster, *image_settings())
        began = time.monotonic()
        # A namespace of its own, so that the story can be told again.
        namespace = f"loop-{secrets.token_hex(2)}"
        cluster.run("create", "namespace", namespace)
        look_after(cluster, namespace)
        with object_store(cluster) as store:
            resource = Resource(cluster, store, namespace)
            told: list[dict[str, Any]] = []
            for number, (title, happens) in enumerate(Story(resource).chapters(), start=1):
                say(f"\n{number}. {title}")
                say(f"   -> {happens()}")
                told = together(told, resource.status["history"])
    except SetupError as problem:
        say(f"\n{problem}")
        return 1
    except KeyboardInterrupt:
        say("\nstopped; `make down` takes everything away")
        return 130
    print(f"\nThe receipts of {namespace}/{NAME}, as status.history had them after each chapter")
    print(receipts(told))
    print(f"\nThe story took {seconds(time.monotonic() - began)}.", end=" ")
    print(f"`{cluster.command('delete', 'namespace', namespace)}` ends it.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
