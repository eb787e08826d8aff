"""The fields of a form: few and short, or refused before they are read to the end."""

from __future__ import annotations

from urllib.parse import parse_qsl

from starlette.requests import Request

MEDIA_TYPE = "application/x-www-form-urlencoded"
BODY_BYTES = 64 * 1024
FIELDS = 20


class FormError(Exception):
    """It is no form of these pages; `status` is what to answer."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


async def fields(request: Request) -> dict[str, str]:
    """Raises FormError."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != MEDIA_TYPE:
        raise FormError(415, f"Send the form as {MEDIA_TYPE}.")
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > BODY_BYTES:
            raise FormError(413, f"The form is longer than {BODY_BYTES // 1024} KiB.")
    try:
        return dict(
            parse_qsl(
                body.decode("ascii"),
                keep_blank_values=True,
                strict_parsing=bool(body),
                max_num_fields=FIELDS,
                errors="strict",
            )
        )
    except ValueError:  # UnicodeDecodeError among them
        raise FormError(400, "The form cannot be read.") from None
