"""`python -m dandelion_training.review.rendering`: a picture that browsers do not show, as a JPEG.

The file comes in on standard input, the JPEG goes out on standard output, upright and in the
colours that the model sees; why there is none goes out in its place, with the exit status REFUSED.
`commands/review/service/renderer.py` starts it, for each picture anew.

Whoever writes a log writes these files, and a decoder may be fooled by one. So this process is
given no key and no environment, and before it looks at the file it gives up for good what it could
do harm with: it opens no file and no connection, starts no program, and holds and computes only so
much. (It may start threads, since decoders do.)
"""

import ctypes
import io
import os
import resource
import signal
import sys
from contextlib import suppress
from pathlib import Path

from dandelion_pictures import Limits, Preprocessing, Reader, Unreadable
from PIL import Image

LARGEST_FILE = 32 << 20  # bytes
LONGEST_SIDE = 2048  # pixels
SHORT_SIDE = 1024
QUALITY = 90
REFUSED = 3
LIMITS = Limits()
SECONDS = 20
# Beside what is counted: the JPEG, and pieces too small to count.
UNCOUNTED_BYTES = 96 << 20

PR_SET_PDEATHSIG = 1
PR_SET_NO_NEW_PRIVS = 38


def main() -> int:
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    data = sys.stdin.buffer.read(LARGEST_FILE + 1)
    _load()
    _give_up()
    try:
        sys.stdout.buffer.write(rendered(data))
    except Unreadable as refusal:
        sys.stdout.buffer.write(refusal.words.encode())
        return REFUSED
    return 0


def rendered(data: bytes) -> bytes:
    """The JPEG, of 2048 x 2048 pixels at most; never larger than the picture. Raises Unreadable."""
    reader = Reader(LIMITS)
    width, height = reader.open(data, _resized_to(1)).size
    short, long = sorted((width, height))
    side = max(1, min(short, SHORT_SIDE, LONGEST_SIDE * short // long))
    image = reader.open(data, _resized_to(side)).resized()
    if max(image.size) > LONGEST_SIDE:  # as narrow as a hair
        image = image.resize((min(image.width, LONGEST_SIDE), min(image.height, LONGEST_SIDE)))
    return _jpeg(image)


def _resized_to(side: int) -> Preprocessing:
    return Preprocessing(side, 1, 1.0, (0.0, 0.0, 0.0), (1.0, 1.0, 1.0))


def _jpeg(image: Image.Image) -> bytes:
    made = io.BytesIO()
    image.save(made, "JPEG", quality=QUALITY)
    return made.getvalue()


def _load() -> None:
    """What is loaded when it is needed first; afterwards no file can be opened. Colours of this
    kind take all that reading a picture may need, but for HEIC.
    """
    with suppress(ImportError):  # HEIC is refused then, with words
        import pi_heif  # noqa: F401
    made = io.BytesIO()
    Image.new("LAB", (1, 1)).save(made, "TIFF")
    rendered(made.getvalue())


def _give_up() -> None:
    ctypes.CDLL(None).prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000", encoding="utf-8")
    held = int(Path("/proc/self/statm").read_text(encoding="utf-8").split()[5])
    data = held * os.sysconf("SC_PAGE_SIZE") + LIMITS.max_memory + UNCOUNTED_BYTES
    for what, most in (
        (resource.RLIMIT_DATA, data),
        (resource.RLIMIT_CPU, SECONDS),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, 0),
    ):
        resource.setrlimit(what, (most, most))


if __name__ == "__main__":
    sys.exit(main())
