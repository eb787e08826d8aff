"""The end of a pod: nothing that was accepted goes without its answer."""

from __future__ import annotations

import http.client
import signal
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import pictures
import pytest
from fakes.s3 import FakeS3
from given import artifacts
from running.logging_service import events, eventually, logging_environment, rows
from running.service import Service, environment, started

CLIENTS = 8
# Of uploads, none of which is too slow.
PATIENT = {"DANDELION_UPLOAD_SECONDS": "3600", "DANDELION_UPLOAD_WINDOW_SECONDS": "3600"}


@pytest.fixture
def wanted(s3: FakeS3, tmp_path: Path) -> dict[str, str]:
    stored = artifacts.stored()
    s3.objects.update(stored.objects())
    return environment(stored, s3.url, tmp_path)


def connected(service: Service) -> http.client.HTTPConnection:
    return http.client.HTTPConnection(urlsplit(service.url).netloc, timeout=60)


def predict(connection: http.client.HTTPConnection, data: bytes) -> http.client.HTTPResponse:
    connection.request("POST", "/predict", body=data)
    response = connection.getresponse()
    response.read()
    return response


class Load:
    """Clients that behave as those behind a Service: each keeps its connection until told to close
    it, and opens a new one only while the pod is among the Service's endpoints."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._in_endpoints = True
        self._lock = threading.Lock()
        self.answered = 0
        self.told_to_close = 0

    def leave_endpoints(self) -> None:
        self._in_endpoints = False

    def run_client(self, number: int) -> None:
        data = pictures.encoded(pictures.noise((400 + number, 300)), "JPEG")
        connection = connected(self._service)
        while True:
            response = predict(connection, data)
            assert response.status == 200
            closing = response.getheader("Connection") == "close"
            with self._lock:
                self.answered += 1
                self.told_to_close += closing
            if closing:
                connection.close()
                if not self._in_endpoints:
                    return
                connection = connected(self._service)


def test_no_request_is_lost_when_a_pod_ends_under_load(wanted: dict[str, str]) -> None:
    # A machine that is busy with others for a while does not come to ask, and so the drain is long.
    told = {"DANDELION_DRAIN_SECONDS": "10", "DANDELION_GRACE_SECONDS": "120"}
    with started(wanted | told) as service:
        service.wait_ready()
        load = Load(service)
        with ThreadPoolExecutor(CLIENTS) as pool:
            clients = [pool.submit(load.run_client, number) for number in range(CLIENTS)]
            while load.answered < 5 * CLIENTS:
                time.sleep(0.01)
            service.terminate()
            service.wait_for(503, "Draining")
            before = load.answered
            # The endpoints follow a moment later; until then new connections still come.
            while load.answered < before + 3 * CLIENTS:
                time.sleep(0.01)
            load.leave_endpoints()
            for client in clients:
                client.result(timeout=60)
        assert load.told_to_close > CLIENTS
        assert service.wait() == 0
        assert "Traceback" not in "".join(service.log)


def test_a_pod_accepts_for_as_long_as_connections_come(wanted: dict[str, str]) -> None:
    """Proxies on a busy node learn late that it is going."""
    # A machine that did not come to ask in every drain is given a longer one.
    assert any(is_accepted_in_every_drain(wanted, drain) for drain in (1.0, 4.0, 16.0))


def is_accepted_in_every_drain(wanted: dict[str, str], drain: float) -> bool:
    """False where nobody asked for a whole drain, and so the pod may have ended."""
    told = {"DANDELION_DRAIN_SECONDS": str(drain), "DANDELION_GRACE_SECONDS": str(60 * drain)}
    with started(wanted | told) as service:
        service.wait_ready()
        service.terminate()
        newest = time.monotonic()
        late = newest + 3 * drain
        while time.monotonic() < late:
            connection = connected(service)
            try:
                connection.connect()
            except ConnectionRefusedError:
                assert time.monotonic() - newest >= drain, "refused, and somebody came all the time"
                return False
            # Where it connects late it may be in a queue that nobody looks at any more.
            came, newest = time.monotonic() - newest, time.monotonic()
            try:
                response = predict(connection, pictures.plain())
            except OSError:
                assert came >= drain
                return False
            assert (response.status, response.getheader("Connection")) == (200, "close")
            connection.close()
            time.sleep(0.1)
        assert service.wait() == 0
    return True


def test_what_came_while_the_process_had_no_processor_is_answered(wanted: dict[str, str]) -> None:
    # A machine that did not come to stop it within the drain is given a longer one.
    assert any(is_answered_after_a_stop(wanted, drain) for drain in (1.0, 4.0, 16.0))


def is_answered_after_a_stop(wanted: dict[str, str], drain: float) -> bool:
    """False where the drain may have been over before the process was stopped."""
    told = {"DANDELION_DRAIN_SECONDS": str(drain), "DANDELION_GRACE_SECONDS": str(60 * drain)}
    with started(wanted | told) as service:
        service.wait_ready()
        kept, new = connected(service), connected(service)
        assert predict(kept, pictures.plain()).status == 200
        drained = time.monotonic() + drain
        service.terminate()
        eventually(lambda: bool(events(service, "draining")))
        service.process.send_signal(signal.SIGSTOP)
        if time.monotonic() >= drained:
            return False
        for connection in (kept, new):
            connection.request("POST", "/predict", body=pictures.plain())
        time.sleep(2 * drain)
        service.process.send_signal(signal.SIGCONT)
        for connection in (kept, new):
            assert connection.getresponse().status == 200
            connection.close()
        assert service.wait() == 0
    return True


def test_connections_that_never_end_do_not_hold_the_end_up(wanted: dict[str, str]) -> None:
    with started(wanted | {"DANDELION_GRACE_SECONDS": "9"}) as service:
        service.wait_ready()
        service.terminate()
        while accepts(service):
            time.sleep(0.05)
        assert service.wait() == 0


def test_an_upload_that_is_still_arriving_is_answered(wanted: dict[str, str]) -> None:
    data = pictures.plain(pictures.GREEN, size=(200, 200))
    drain = 0.5
    with started(wanted | PATIENT | {"DANDELION_DRAIN_SECONDS": str(drain)}) as service:
        service.wait_ready()
        connection = begun(service, data)
        service.terminate()
        while accepts(service):
            time.sleep(2 * drain)
        assert service.probe("/readyz").status_code == 503
        connection.send(data[10:])
        response = connection.getresponse()
        assert response.status == 200
        assert b'"green"' in response.read()
        connection.close()
        assert service.wait() == 0


def begun(service: Service, data: bytes) -> http.client.HTTPConnection:
    """An upload of which ten bytes have arrived, and which the service counts as in progress."""
    connection = connected(service)
    connection.putrequest("POST", "/predict")
    connection.putheader("Content-Length", str(len(data)))
    connection.endheaders()
    connection.send(data[:10])
    while "dandelion_requests_in_progress 1.0" not in service.metrics():
        time.sleep(0.01)
    return connection


def test_a_request_is_waited_for_as_long_as_the_pod_has_time(wanted: dict[str, str]) -> None:
    """Longer than the quarter of a minute that once was the end of every request."""
    data = pictures.plain(pictures.GREEN, size=(200, 200))
    with started(wanted | PATIENT | {"DANDELION_GRACE_SECONDS": "120"}) as service:
        service.wait_ready()
        connection = begun(service, data)
        service.terminate()
        for second in range(1, 18):
            time.sleep(1)
            connection.send(data[10 * second : 10 * second + 10])
        connection.send(data[180:])
        response = connection.getresponse()
        assert response.status == 200
        assert b'"green"' in response.read()
        connection.close()
        assert service.wait() == 0


def test_the_log_is_written_before_the_pod_is_killed(s3: FakeS3, tmp_path: Path) -> None:
    """An upload that never ends takes no time from it, however little there is."""
    grace = 20.0  # of which a busy machine may miss some
    told = {"DANDELION_GRACE_SECONDS": str(grace), "DANDELION_LOG_FLUSH_SECONDS": "1000"}
    with started(logging_environment(s3, tmp_path) | PATIENT | told) as service:
        service.wait_ready()
        assert service.post("/predict", content=pictures.plain()).status_code == 200
        connection = begun(service, pictures.plain())
        service.terminate()
        kubelet = threading.Timer(grace, service.process.kill)
        kubelet.start()
        assert service.wait() == 0
        kubelet.cancel()
        connection.close()
    assert len(rows(s3, "predictions")) == 1


def accepts(service: Service) -> bool:
    """Whether it listens; it does for longer where somebody asks in every drain."""
    address = urlsplit(service.url)
    try:
        socket.create_connection((str(address.hostname), address.port or 0)).close()
    except ConnectionRefusedError:
        return False
    return True


def test_idle_connections_do_not_hold_the_end_up(wanted: dict[str, str]) -> None:
    with started(wanted) as service:
        service.wait_ready()
        connections = [connected(service) for _ in range(3)]
        for connection in connections:
            assert predict(connection, pictures.plain()).status == 200
        service.terminate()
        assert service.wait() == 0
        for connection in connections:
            connection.close()


def test_a_pod_that_was_never_ready_ends_well_too(wanted: dict[str, str]) -> None:
    with started(wanted | {"DANDELION_S3_ENDPOINT": "http://127.0.0.1:1"}) as service:
        service.wait_for(503, "StorageUnreachable")
        service.terminate()
        assert service.wait() == 0


def test_a_pod_that_has_barely_started_ends_well_too(wanted: dict[str, str]) -> None:
    with started(wanted) as service:
        assert service.url
        service.terminate()
        assert service.wait() == 0


def test_a_second_signal_ends_the_drain_at_once(wanted: dict[str, str]) -> None:
    endless = {"DANDELION_DRAIN_SECONDS": "1000", "DANDELION_GRACE_SECONDS": "10000"}
    with started(wanted | endless) as service:
        service.wait_ready()
        service.terminate()
        service.wait_for(503, "Draining")
        service.terminate()
        assert service.wait() == 0
