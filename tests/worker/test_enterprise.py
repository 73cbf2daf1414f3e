"""A GitHub Enterprise Server: its API, its GraphQL and its git have addresses of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.worker.service import settings_for, working
from tests.worker.test_whole_way import BOUND, INJECTION

if TYPE_CHECKING:
    from tests.worker.service import Service


async def test_all_that_is_needed_is_the_address_of_its_api(standing: Service):
    github, given = standing.github, standing.settings
    settings = settings_for(
        github,
        standing.app,
        github_api_url=f"{github.url}/api/v3",
        github_url="",
        redis_url=given.redis_url,
        database_url=given.database_url,
        data_dir=given.data_dir,
    )
    github.repositories.commit("alice/shop", "orders", {"app/orders.py": INJECTION})
    pull = github.pulls.open("alice/shop", "orders", author="bob")

    async with working(settings):
        await standing.idle()
        github.pulls.push(pull, {"app/orders.py": BOUND})
        await standing.idle()

    (comment,) = pull.review_comments
    assert f"fixed in [`{pull.head_sha[:7]}`]({github.url}/alice/shop/commit/" in comment.body
    assert comment.minimized == "resolved"
    fetched = {one.path for one in github.requests if ".git/" in one.path}
    assert fetched == {"/alice/shop.git/info/refs", "/alice/shop.git/git-upload-pack"}
