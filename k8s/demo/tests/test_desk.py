"""What somebody at the review desk does to the folder that was handed out."""

from __future__ import annotations

from dandelion_demo.desk import QUEUE, REVIEW, Desk


class Job:
    """Holds one folder of images, and remembers what was run in it."""

    def __init__(self, *paths: str) -> None:
        self.paths, self.ran = paths, [("",)]

    def __call__(self, *arguments: str, stdin: str | None = None, timeout: float = 120) -> str:
        assert arguments[:3] == ("exec", "job/digits-review", "--")
        command = arguments[3:]
        self.ran.append(command)
        if command[0] == "find":
            return "\n".join(f"{QUEUE}/{path}" for path in self.paths)
        if command[: len(REVIEW) + 1] == (*REVIEW, "export"):
            return f"{len(self.paths)} images in {QUEUE}: …" if self.paths else "There is nothing"
        return "kept"


def test_what_is_handed_out_is_told_by_its_digest() -> None:
    assert Desk(Job("3/aa.png", "7/bb.png"), "digits").export() == ["aa", "bb"]
    assert Desk(Job(), "digits").export() == []


def test_an_image_goes_where_it_belongs_and_away_where_nobody_knows() -> None:
    job = Job("3/aa.png", "7/bb.png", "7/cc.png", "1/dd.png")
    said = Desk(job, "digits").decide({"aa": "8", "bb": "7", "dd": "_reject"}, "ada")
    assert said == "kept"
    moved = next(command[2] for command in job.ran if command[0] == "sh")
    assert moved.splitlines() == [
        "set -e",
        f"mv {QUEUE}/3/aa.png {QUEUE}/8/",
        f"rm {QUEUE}/7/cc.png",
        f"mv {QUEUE}/1/dd.png {QUEUE}/_reject/",
    ]
    assert job.ran[-1] == (*REVIEW, "import", QUEUE, "--by", "ada")
