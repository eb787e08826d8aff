"""A load test by people's own images: `make load URL=http://127.0.0.1:8080 DATA=FOLDER`.

`FOLDER` has one folder for each class, as for training. Every user uploads one image after another
to `/predict` and checks the answer. A service that asks who is there gets the bearer token of the
environment variable DANDELION_TOKEN. Run by locust, headless or with its page.
"""

from __future__ import annotations

import itertools
import math
import os
import random
import sys
import time
from argparse import ArgumentParser
from collections import Counter
from pathlib import Path
from typing import Any

from locust import FastHttpUser, events, task
from locust.env import Environment
from target import refusal

SUFFIXES = frozenset(
    {".jpg", ".jpeg", ".png", ".webp", ".avif", ".heic", ".heif", ".bmp", ".gif", ".tif", ".tiff"}
)
MAX_IMAGES = 1000
WRONG_CONFIGURATION = 2
# With a service that is away; locust makes it a wait of this user alone.
PATIENCE_SECONDS = 0.5

# Class and bytes; locust's annotations do not know that a body may be bytes.
images: list[tuple[str, Any]] = []
answers: Counter[bool] = Counter()


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--data", default="", help="folder with one folder of images a class")


def read_images(environment: Environment, **_: Any) -> None:
    options: Any = environment.parsed_options
    problem = refusal(environment.host, _allowed()) if environment.host else None
    if problem is None:
        folder = Path(options.data)
        files = (path for path in sorted(folder.glob("*/*")) if path.suffix.lower() in SUFFIXES)
        found = list(itertools.islice(files, MAX_IMAGES)) if options.data else []
        images.extend((path.parent.name, path.read_bytes()) for path in found)
        if not images:
            problem = f"{options.data!r} holds no images in folders of their classes; set DATA"
    if problem:
        print(f"no load test: {problem}", file=sys.stderr)
        sys.exit(WRONG_CONFIGURATION)


def check_host(environment: Environment, **_: Any) -> None:
    """Once more, because the page lets its user type another host."""
    problem = refusal(environment.host, _allowed())
    if problem and environment.runner:
        print(f"no load test: {problem}", file=sys.stderr)
        environment.process_exit_code = WRONG_CONFIGURATION
        environment.runner.quit()


def tell_agreement(**_: Any) -> None:
    if total := answers.total():
        print(f"{answers[True]} of {total} answers are the class of the folder.", file=sys.stderr)


def _allowed() -> bool:
    return os.environ.get("ALLOW_HOST") == "1"


class Uploader(FastHttpUser):
    def on_start(self) -> None:
        token = os.environ.get("DANDELION_TOKEN")
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}

    @task
    def predict(self) -> None:
        label, content = random.choice(images)  # noqa: S311 - any image will do
        with self.client.post(
            "/predict", data=content, headers=self._headers, catch_response=True
        ) as response:
            if not response.status_code:
                response.failure(f"no answer: {response.error}")
                time.sleep(PATIENCE_SECONDS)
                return
            try:
                [prediction] = response.json()["predictions"]
                scores = prediction["scores"]
                sound = (
                    math.isclose(sum(scores.values()), 1, abs_tol=1e-3)
                    and max(scores.values()) == scores[prediction["label"]]
                )
            except (KeyError, TypeError, ValueError):
                response.failure(f"{response.status_code}: {(response.text or '')[:300]}")
                return
            if not sound:
                response.failure(f"the label does not follow from the scores: {prediction}")
                return
            if label in scores:
                answers[prediction["label"] == label] += 1


events.init_command_line_parser.add_listener(add_arguments)
events.init.add_listener(read_images)
events.test_start.add_listener(check_host)
events.quitting.add_listener(tell_agreement)
