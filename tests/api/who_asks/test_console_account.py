"""The console's account does what somebody asked for, in that name, and nothing else."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.server import ApiServer, KubectlError
from tests.api.who_asks.asking import ACCOUNT, MOMENT, TEAM, asked, patch

SIGNED_PAUSE = {**asked(by=f"suspend=true at {MOMENT} by somebody"), "spec": {"suspend": True}}


@pytest.mark.parametrize(
    "body",
    [
        asked(retrain=MOMENT, by=f"retrain={MOMENT} by somebody"),
        asked(ingest=MOMENT, by=f"ingest={MOMENT} by somebody"),
        asked(promote=f"3/{MOMENT}", by=f"promote=3/{MOMENT} by somebody"),
        asked(promote=f"5/{MOMENT}", by=f"promote=5/{MOMENT} by somebody"),
        SIGNED_PAUSE,
    ],
)
def test_the_consoles_account_does_what_somebody_asked_for(
    lawn: ApiServer, body: dict[str, Any]
) -> None:
    assert not patch(lawn, ACCOUNT, body)
    assert not patch(lawn, ACCOUNT, body)  # the form is sent twice


@pytest.mark.parametrize(
    ("body", "words"),
    [
        pytest.param(asked(retrain="1"), "without the name of who asked", id="unsigned"),
        pytest.param(asked(ingest="1"), "without the name of who asked", id="unsigned images"),
        pytest.param(
            asked(ingest="1", retrain="1", by="retrain=1 by a"),
            "without the name of who asked",
            id="images beside a run that is signed",
        ),
        pytest.param({"spec": {"suspend": True}}, "without the name of who asked", id="a pause"),
        pytest.param(
            {**asked(retrain="1", by="retrain=1 by a"), "spec": {"suspend": True}},
            "without the name of who asked",
            id="signed for something else",
        ),
        pytest.param(
            asked(retrain="1", promote="3", by="retrain=1 by a"),
            "without the name of who asked",
            id="signed for one of two",
        ),
        *(
            pytest.param(
                {**asked(retrain="1", by="retrain=1 by a"), "spec": spec},
                "and nothing else",
                id=f"{next(iter(spec))} too",
            )
            for spec in (
                {"training": {"epochs": 3}},
                {"dataset": {"storageUri": "s3://other/lawn"}},
                {"serving": {"replicas": 3}},
            )
        ),
        *(
            pytest.param(
                {
                    "metadata": {
                        **asked(retrain="1", by="retrain=1 by a")["metadata"],
                        name: value,
                    }
                },
                "and nothing else",
                id=name,
            )
            for name, value in (
                ("labels", {"a": "b"}),
                ("finalizers", ["example.com/never"]),
            )
        ),
        pytest.param(
            {"metadata": {"annotations": {"dandelion.dev/adopt": "3"}}},
            "and nothing else",
            id="another annotation",
        ),
    ],
)
def test_the_consoles_account_does_nothing_else(
    lawn: ApiServer, body: dict[str, Any], words: str
) -> None:
    assert words in patch(lawn, ACCOUNT, body)


def test_the_consoles_account_has_no_other_right(lawn: ApiServer) -> None:
    what = "modeldeployments.dandelion.dev"
    account = ACCOUNT.removeprefix("system:serviceaccount:")
    assert lawn.may(account, "patch", what, TEAM)
    for verb in ("create", "update", "delete", "deletecollection"):
        assert not lawn.may(account, verb, what, TEAM)
    for other in (f"{what}:status", f"{what}:scale", "secrets", "pods"):
        for verb in ("get", "patch", "create"):
            assert not lawn.may(account, verb, other, TEAM)


def test_its_policy_holds_even_where_somebody_gives_it_more(lawn: ApiServer) -> None:
    lawn.kubectl(
        *("create", "rolebinding", "more", "--clusterrole=cluster-admin", "-n", TEAM),
        f"--serviceaccount={ACCOUNT.removeprefix('system:serviceaccount:')}",
    )
    try:
        with pytest.raises(KubectlError, match="does nothing else with them"):
            lawn.kubectl("delete", "mdep", "lawn", "-n", TEAM, "--as", ACCOUNT)
        status = ("--subresource=status", "--type=merge", "-p", '{"status":{"phase":"Ready"}}')
        with pytest.raises(KubectlError, match="does nothing else with them"):
            lawn.kubectl("patch", "mdep", "lawn", "-n", TEAM, *status, "--as", ACCOUNT)
    finally:
        lawn.kubectl("delete", "rolebinding", "more", "-n", TEAM)
