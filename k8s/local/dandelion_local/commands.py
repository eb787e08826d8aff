"""Running other programs so that a failure shows what they said and not a Python traceback.

Used by every module that starts a program and waits for it. `SetupError` is the one error that the
command line turns into a message and exit code 1; everything else is a bug and keeps its trace.
"""

import os
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

TAIL_LINES = 40
Command = list[str | Path]


class SetupError(Exception):
    """Something a person can mend; the text names the cause and the way out."""


def tail(path: Path, lines: int = TAIL_LINES) -> str:
    """The last lines of a log, indented, for an error message."""
    if not path.exists():
        return f"    (no log at {path})"
    text = path.read_text(errors="replace").splitlines()[-lines:]
    return "\n".join(f"    {line}" for line in text)


def output(
    command: Sequence[str | Path],
    *,
    stdin: str | None = None,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    check: bool = True,
    timeout: float = 120,
) -> str:
    """What a short program prints; raises `SetupError` with its error output where it fails."""
    arguments = [str(part) for part in command]
    try:
        done = subprocess.run(
            arguments,
            input=stdin,
            env={**os.environ, **(env or {})},
            cwd=cwd,
            capture_output=True,
            text=True,
            timeout=timeout,
        )
    except FileNotFoundError:
        raise SetupError(f"the program {arguments[0]} is not installed") from None
    except subprocess.TimeoutExpired:
        raise SetupError(f"{' '.join(arguments)} gave no answer within {timeout:.0f} s") from None
    if check and done.returncode != 0:
        said = (done.stderr or done.stdout).strip()
        raise SetupError(f"{' '.join(arguments)} ended with {done.returncode}:\n{said}")
    return done.stdout


def logged(
    command: Sequence[str | Path],
    log: Path,
    *,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    on_line: Callable[[str], None] | None = None,
) -> None:
    """Runs a long program; all it says goes to `log`, each line to `on_line` for a figure."""
    arguments = [str(part) for part in command]
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("a") as sink:
        sink.write(f"$ {' '.join(arguments)}\n")
        sink.flush()
        try:
            process = subprocess.Popen(
                arguments,
                env={**os.environ, **(env or {})},
                cwd=cwd,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
            )
        except FileNotFoundError:
            raise SetupError(f"the program {arguments[0]} is not installed") from None
        assert process.stdout is not None
        with process:
            try:
                for line in process.stdout:
                    sink.write(line)
                    sink.flush()
                    if on_line is not None:
                        on_line(line.rstrip("\n"))
            except BaseException:
                process.terminate()
                raise
    if process.returncode != 0:
        raise SetupError(
            f"{arguments[0]} ended with {process.returncode}. The end of {log}:\n{tail(log)}"
        )
