"""Trials in processes of their own, which nobody asks before they are killed."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torchvision.models
from dandelion_training.search.records import TrialResult
from fakes.folder import FolderStore
from fakes.images import with_dataset
from fakes.s3 import MemoryStore
from given.runs import DATASET, short_resnet
from given.searches import FOLDER, search

PROGRAM = Path(__file__).with_name("trying.py")


class Pods:
    """Of two trials, on one store."""

    def __init__(self, folder: Path, images: MemoryStore) -> None:
        self._folder, stored = folder, folder / "store"
        stored.mkdir()
        self.store = FolderStore(stored)
        for uri, content in images.objects.items():
            self.store.put(uri, content)

    def start(self, number: int, *seen: str) -> subprocess.Popen[bytes]:
        work = self._folder / f"work-{number}"
        work.mkdir(exist_ok=True)
        environment = {
            "PYTHONPATH": os.pathsep.join(sys.path),
            "PYTHONHASHSEED": str(number + 1),
            "PATH": os.environ["PATH"],
            "HOME": str(self._folder),
            "MLFLOW_DISABLE_TELEMETRY": "true",
        }
        arguments = [sys.executable, PROGRAM, work, self._folder / "store", str(number), *seen]
        return subprocess.Popen(arguments, env=environment, stderr=subprocess.PIPE)

    def kill_once(self, number: int, seen: str) -> None:
        """As soon as it has left an object that is called so, however fast it would go on."""
        pod = self.start(number, seen)
        _, status = os.waitpid(pod.pid, os.WUNTRACED)
        assert os.WIFSTOPPED(status), pod.stderr and pod.stderr.read()
        assert any(seen in uri for uri in self.store.uris())
        pod.send_signal(signal.SIGKILL)
        pod.communicate()

    def parameters(self, number: int) -> bytes | None:
        return self.store.get(f"{FOLDER}/trials/{number}/parameters.json")

    def result(self, number: int) -> TrialResult:
        content = self.store.get(f"{FOLDER}/trials/{number}/result.json")
        assert content is not None
        return TrialResult.model_validate_json(content)


def test_a_killed_trial_goes_on_with_its_parameters_and_ends_as_if_nothing_had_happened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torchvision.models, "resnet18", short_resnet)
    undisturbed = MemoryStore()
    with_dataset(undisturbed, DATASET)
    pods = Pods(tmp_path, undisturbed)
    (tmp_path / "undisturbed").mkdir()
    expected = search(tmp_path / "undisturbed", undisturbed, epochs=3)[:2]
    for number in range(2):
        pods.kill_once(number, f"/trials/{number}/folds/0/checkpoint")
    before = [pods.parameters(number) for number in range(2)]
    for number, pod in enumerate([pods.start(0), pods.start(1)]):
        _, said = pod.communicate()
        assert pod.returncode == 0, said.decode()
        assert pods.parameters(number) == before[number]
        result = pods.result(number).model_dump(exclude={"seconds"})
        assert result == expected[number].model_dump(exclude={"seconds"})
    left = [uri for uri in pods.store.uris() if "checkpoint" in uri]
    assert left == []
