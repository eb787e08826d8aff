"""Connections to the review service, which are everybody's."""

from __future__ import annotations

import asyncio
from pathlib import Path

import httpx
import pytest
from dandelion_console.ports import review_service
from dandelion_console.ports.review_service import AT_ONCE, ReviewError, ReviewService
from fakes.review import PNG

IMAGE = f"{1:064x}"


def test_images_that_are_read_slowly_take_no_connection_from_other_namespaces(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(review_service, "PATIENCE", 0.01)
    token = tmp_path / "token"
    token.write_text("a-token")

    def answer(_request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, content=PNG, headers={"content-type": "image/png"})

    async def shown(service: ReviewService, namespace: str) -> bytes:
        async with service.image(namespace, "lawn", IMAGE) as (_, content):
            return b"".join([chunk async for chunk in content])

    async def asked() -> None:
        transport = httpx.MockTransport(answer)
        http = httpx.AsyncClient(transport=transport, base_url="http://review")
        service = ReviewService(http, token)
        slow = [service.image("team", "lawn", IMAGE) for _ in range(AT_ONCE)]
        for each in slow:
            await each.__aenter__()
        with pytest.raises(ReviewError) as refused:
            await shown(service, "team")
        assert refused.value.status == 503
        assert await shown(service, "other") == PNG
        for each in slow:
            await each.__aexit__(None, None, None)
        assert await shown(service, "team") == PNG

    asyncio.run(asked())
