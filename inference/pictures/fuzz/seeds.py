"""Writes the files that the fuzzer begins with: made by code, for every format and way through it.

Usage: `python seeds.py FOLDER`, with `inference/pictures/tests` on the path.
"""

from __future__ import annotations

import hashlib
import sys
from itertools import chain
from pathlib import Path

import bombs
import hostile

LONGEST = 65_536


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    whole = hostile.every_good_file().items()
    for _, data in chain(whole, hostile.lies(), hostile.rubbish(), bombs.small()):
        if data and len(data) <= LONGEST:
            (folder / hashlib.sha256(data).hexdigest()[:16]).write_bytes(data)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
