"""A process of its own that sends what means no good at a steady rate: `python -m
running.hostile_sender URL RATE SECONDS`. It says so when it is ready, sends when its standard input
tells it to, and its last line says as JSON what came of it.

Started by `soak.py`: within one process, making such requests would hold up the good ones. Making
the corpus takes seconds of a processor, which are not the service's to answer for.
"""

from __future__ import annotations

import json
import random
import socket
import sys
import threading
import time
from collections.abc import Iterator
from itertools import chain

import hostile
from given.hostile_traffic import (
    HostileRequest,
    RawRequest,
    forms,
    heads,
    inferences,
    json_documents,
    mutations,
)
from running.attack import Attack
from running.connections import head, opened

SEED = 3
# Connections that announce a body and say no more.
SILENT = 32


def _all() -> Iterator[tuple[str, HostileRequest | RawRequest]]:
    """Half of them by chance, half of the same ones again and again."""
    chance = random.Random(SEED)
    pictures = [(name, HostileRequest("/predict", data)) for name, data in hostile.corpus().items()]
    others = [
        *forms.requests().items(),
        *inferences.requests().items(),
        *json_documents.images().items(),
        *heads.odd().items(),
    ]
    number = 0
    while True:
        yield from mutations.requests(SEED, number, 2)
        yield chance.choice(pictures)
        yield chance.choice(others)
        number += 2


def _paced(
    found: Iterator[tuple[str, HostileRequest | RawRequest]], rate: float, seconds: float
) -> Iterator[tuple[str, HostileRequest | RawRequest]]:
    """Evenly spaced, for whoever takes the next one when it comes."""
    began = time.monotonic()
    for number in range(int(rate * seconds)):
        wait = began + number / rate - time.monotonic()
        if wait > 0:
            time.sleep(wait)
        yield next(found)


def _keep_silent(url: str, ended: threading.Event) -> None:
    """Opens each anew when the service has given it up."""
    silent: list[socket.socket] = []
    while not ended.wait(0.5):
        for connection in list(silent):
            connection.setblocking(False)
            try:
                given_up = bool(connection.recv(1))
            except BlockingIOError:
                continue
            except OSError:
                given_up = True
            if given_up:
                connection.close()
                silent.remove(connection)
        while len(silent) < SILENT:
            silent.append(opened(url))
            silent[-1].sendall(head("/predict", "Content-Length: 1000000"))
    for connection in silent:
        connection.close()


def main(url: str, rate: float, seconds: float) -> None:
    found = _all()
    made = [next(found) for _ in range(3)]  # the whole corpus is there with the first picture
    print("ready", flush=True)
    sys.stdin.readline()
    ended = threading.Event()
    silence = threading.Thread(target=_keep_silent, args=(url, ended))
    silence.start()
    attack = Attack(url, _paced(chain(made, found), rate, seconds))
    attack.run()
    ended.set()
    silence.join()
    print(json.dumps({"answers": dict(attack.answers), "wrong": attack.wrong}))


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]), float(sys.argv[3]))
