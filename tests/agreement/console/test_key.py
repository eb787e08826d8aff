"""The key that is made in the cluster is one that the console's sessions take."""

from __future__ import annotations

from pathlib import Path

from dandelion_console.ports.session import Person, Sessions
from dandelion_operator.setup.credentials import Wanted

ENVIRONMENT = {
    "DANDELION_NAMESPACE": "dandelion-system",
    "DANDELION_INSTANCE": "dandelion",
    "DANDELION_CONSOLE_SECRET": "dandelion-console",
}


def test_a_session_is_sealed_with_it_and_read_by_no_other(tmp_path: Path) -> None:
    person = Person("somebody", "a-token")
    sessions = []
    for number in range(2):
        made = Wanted.from_environment(ENVIRONMENT).generated()
        assert made.keys() == {"dandelion-console"}
        file = tmp_path / str(number)
        file.write_text(made["dandelion-console"]["key"])
        sessions.append(Sessions(file, 60, lambda: 0.0))
    sealed = sessions[0].seal(person)
    assert sessions[0].open(sealed) == person
    assert sessions[1].open(sealed) is None
