"""The console's own account at the API server: for what a person may have done, and not do there.

The kubelet renews the token in its file, so it is read anew each time.
"""

from __future__ import annotations

from pathlib import Path

from dandelion_console.ports.session import Person


class AccountError(Exception):
    """Its token cannot be read; the message says why, and holds nothing of it."""


class Account:
    def __init__(self, token_file: Path | None) -> None:
        """None: the console has no account, and everything goes with a person's own token."""
        self._token_file = token_file

    def __bool__(self) -> bool:
        return self._token_file is not None

    def caller(self) -> Person:
        """Whom to ask the API server as. Raises AccountError, without an account too."""
        if self._token_file is None:
            raise AccountError("this console has no account")
        try:
            token = self._token_file.read_text(encoding="ascii").strip()
        except (OSError, ValueError) as error:
            why = error.strerror if isinstance(error, OSError) else "it is no text"
            raise AccountError(f"cannot read {self._token_file}: {why}") from None
        if not token:
            raise AccountError(f"{self._token_file} is empty")
        return Person("the console", token)
