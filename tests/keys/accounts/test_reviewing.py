"""Answers are reviewed where there are no keys: by an account, at a real MinIO."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from dandelion_training.commands.review.service.reviews import Model, Places, Reviews, Said
from dandelion_training.ports.storage import Location, s3
from dandelion_training.ports.storage.credentials import SECRET_KEY, SIGNING_SECRET
from dandelion_training.review import decisions
from dandelion_training.review.decisions import Known, Signer
from dandelion_training.review.pages import Share

from tests.console.reviewing import CLASSES, logged
from tests.console.served import TEAM
from tests.keys.accounts.conftest import Made
from tests.keys.accounts.given import LIFE
from tests.keys.minio import Store

SECRET = "what the Secret of the installation holds"
MODELS, LOG = Location("models", ""), Location("predictions", "")


def secret_in(folder: Path, name: str) -> Path:
    folder.mkdir()
    (folder / name).write_text(SECRET)
    return folder


def test_reviews_outlive_a_key_and_count_as_those_signed_with_a_key(
    trusting: Store, pod: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in pod("training").environment.items():
        monkeypatch.setenv(name, value)
    mounted = secret_in(tmp_path / "mounted", SIGNING_SECRET)
    store = s3.connect(trusting.url, "us-east-1", mounted, "", attempts=1, pool=4)
    places = Places(LOG, MODELS, mounted)
    reviews = Reviews(store, places, timedelta(1), lambda: datetime.now(UTC), time.monotonic)
    uid = tmp_path.name
    model = Model(TEAM, uid, uid)
    logged(trusting, uid, uid, 2, share=1.0)

    def decide_one() -> None:
        waiting = reviews.queue(model, Share.SAMPLE, "ada", 1, 10).page.waiting[0]
        item = waiting.item
        said = Said(item.answer.key, item.image, waiting.where, CLASSES[2], item.source)
        assert reviews.decide(model, "ada", 1, [said]).decided == 1

    decide_one()
    time.sleep(LIFE + 2)
    decide_one()
    key = decisions.key_in(secret_in(tmp_path / "former", SECRET_KEY))
    place = decisions.place_of(MODELS, TEAM, uid)
    assert len(Known(store, place, Signer(TEAM, uid, key)).read().by_image) == 2
