"""Web, worker and arq with a Redis that speaks TLS only."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.app.tls import HERE, Authority, tls_server
from tests.worker.test_whole_way import UNVERIFIED

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.worker.service import Service


@pytest.fixture
def redis_url(tmp_path: Path) -> Iterator[str]:
    authority = Authority(tmp_path)
    own = authority.identity("server", HERE)
    arguments = ("--save", "", "--tls-auth-clients", "no")
    with tls_server(tmp_path, authority, own, *arguments) as port:
        yield f"rediss://127.0.0.1:{port}/0?ssl_ca_certs={authority.file}"


async def test_a_pull_request_is_reviewed(service: Service):
    """arq gives up at the start where Redis does not let it in, so this worker was let in."""
    github = service.github
    github.repositories.commit("alice/shop", "rates", {"app/rates.py": UNVERIFIED}, author="bob")
    pull = github.pulls.open("alice/shop", "rates", title="Rates", author="bob")
    await service.idle()

    assert [check.conclusion for check in service.checks(pull)] == ["failure"]
