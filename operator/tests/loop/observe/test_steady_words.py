"""What kubelet says twice about the same is the same in a status, whatever it writes around it."""

from __future__ import annotations

from typing import Any

import pytest
from dandelion_operator.api.words import steady
from dandelion_operator.loop.observe import readings, waiting

UIDS = "2f0c1c9e-8f5d-4b1e-9a52-0c8d1f6f7a10", "7b1dd0f3-60f7-4f6f-8a7e-5a2a3c4d5e6f"
IDS = "4a" * 32, "b7" * 32
DIGEST = f"ghcr.io/dandelion/inference@sha256:{'c3' * 32}"


@pytest.mark.parametrize(
    ("first", "second", "shown"),
    [
        pytest.param(
            f"back-off 10s restarting failed container=inference pod=lawn-a_default({UIDS[0]})",
            f"back-off 2m40s restarting failed container=inference pod=lawn-b_default({UIDS[1]})",
            "back-off restarting failed container=inference",
            id="a container that crashes",
        ),
        pytest.param(
            'failed to pull image "r/x:1": dial tcp: lookup r on 10.96.0.10:53: read udp '
            "10.244.1.7:48211->10.96.0.10:53: i/o timeout",
            'failed to pull image "r/x:1": dial tcp: lookup r on 10.96.0.10:53: read udp '
            "10.244.1.7:39010->10.96.0.10:53: i/o timeout",
            'failed to pull image "r/x:1": dial tcp: lookup r on 10.96.0.10:53: read udp '
            "10.244.1.7->10.96.0.10:53: i/o timeout",
            id="the port of a client",
        ),
        pytest.param(
            "read tcp [fd00::7]:48211->[fd00::a]:443: connection reset by peer",
            "read tcp [fd00::7]:5120->[fd00::a]:443: connection reset by peer",
            "read tcp [fd00::7]->[fd00::a]:443: connection reset by peer",
            id="the port of a client of IPv6",
        ),
        pytest.param(
            f'failed to setup network for sandbox "{IDS[0]}": plugin type="calico" failed (add)',
            f'failed to setup network for sandbox "{IDS[1]}": plugin type="calico" failed (add)',
            'failed to setup network for sandbox "…": plugin type="calico" failed (add)',
            id="a sandbox",
        ),
        pytest.param(
            f"name lawn_default_{UIDS[0]} of &PodSandboxMetadata{{Name:lawn,Attempt:3,}} is taken",
            f"name lawn_default_{UIDS[1]} of &PodSandboxMetadata{{Name:lawn,Attempt:14,}} is taken",
            None,
            id="attempts at a sandbox",
        ),
        pytest.param(
            'MountVolume.SetUp failed for volume "s3" : secret "lawn-s3" not found',
            "(combined from similar events): "
            'MountVolume.SetUp failed for volume "s3" : secret "lawn-s3" not found',
            'MountVolume.SetUp failed for volume "s3" : secret "lawn-s3" not found',
            id="Events that were put together",
        ),
        pytest.param(
            "Operation failed. No retries permitted until 2026-11-26 01:02:03.123456789 +0000 UTC "
            "m=+3600.5 (durationBeforeRetry 1m4s). Error: rpc error",
            "Operation failed. No retries permitted until 2026-11-26 01:04:07.9 +0000 UTC "
            "m=+3724.1 (durationBeforeRetry 2m2s). Error: rpc error",
            "Operation failed. Error: rpc error",
            id="a volume's retries",
        ),
        pytest.param(
            "unmounted volumes=[work], unattached volumes=[work kube-api-access-x7k2p s3]: "
            "timed out waiting for the condition",
            "unmounted volumes=[work], unattached volumes=[s3 kube-api-access-b2c4d work]: "
            "timed out waiting for the condition",
            "unmounted volumes=[work], unattached volumes=[kube-api-access-… s3 work]: "
            "timed out waiting for the condition",
            id="volumes in any order",
        ),
        pytest.param(
            "toomanyrequests: retry-after: 603.914µs, allowed: 44000/minute",
            "toomanyrequests: retry-after: 1.2ms, allowed: 44000/minute",
            "toomanyrequests: retry-after …, allowed: 44000/minute",
            id="a registry that is asked too often",
        ),
        pytest.param(
            "x509: certificate has expired: current time 2026-11-26T01:02:03Z is after "
            "2026-01-01T00:00:00Z",
            "x509: certificate has expired: current time 2026-11-26T01:07:09Z is after "
            "2026-01-01T00:00:00Z",
            "x509: certificate has expired: current time … is after 2026-01-01T00:00:00Z",
            id="a certificate that has expired",
        ),
        pytest.param(
            f"AccessDenied: no permission (RequestID: {UIDS[0]}, attempt 2)",
            f"AccessDenied: no permission (RequestID: {UIDS[1]}, attempt 3)",
            "AccessDenied: no permission (RequestID: …, attempt …)",
            id="a request of a cloud",
        ),
        pytest.param(
            "failed to mount /var/lib/containerd/tmpmounts/containerd-mount1938475: no space",
            "failed to mount /var/lib/containerd/tmpmounts/containerd-mount9912: no space",
            "failed to mount /var/lib/containerd/tmpmounts/containerd-mount…: no space",
            id="a folder of a container runtime",
        ),
    ],
)
def test_the_same_situation_is_told_in_the_same_words(
    first: str, second: str, shown: str | None
) -> None:
    assert steady(first) == steady(second) == (shown or steady(second))
    assert waiting.cleaned(first) == waiting.cleaned(second)


@pytest.mark.parametrize(
    "said",
    [
        pytest.param(f'Failed to pull image "{DIGEST}": not found', id="the digest of an image"),
        pytest.param('secret "lawn-training-s3" not found', id="names"),
        pytest.param("0/5 nodes are available: 3 Insufficient cpu.", id="counts of nodes"),
        pytest.param("exceeded quota: gpu, used: pods=8, limited: pods=8", id="a quota"),
        pytest.param("dial tcp 10.96.0.1:443: connect: connection refused", id="who was asked"),
        pytest.param("Back-off pulling image", id="a wait of no length"),
    ],
)
def test_what_tells_something_stays(said: str) -> None:
    assert steady(said) == said


def waits(reason: str, message: str) -> tuple[str | None, str | None]:
    pod: dict[str, Any] = {
        "metadata": {"name": "p"},
        "status": {
            "phase": "Pending",
            "containerStatuses": [{"state": {"waiting": {"reason": reason, "message": message}}}],
        },
    }
    seen = readings.pod(pod, None)
    return seen.reason, seen.message


def test_an_image_that_cannot_be_pulled_is_told_alike_between_two_pulls() -> None:
    cause = 'failed to pull and unpack image "r/x:1": not found'
    pulled = waits("ErrImagePull", cause)
    assert pulled == ("ErrImagePull", cause)
    assert waits("ImagePullBackOff", f'Back-off pulling image "r/x:1": ErrImagePull: {cause}') == (
        pulled
    )
