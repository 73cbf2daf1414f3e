"""Talking to the local GitHub as an App."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import httpx
import pytest

from app.github import comments, people, pulls
from app.github.app import GitHubApp
from app.github.errors import (
    AmbiguousError,
    GitHubError,
    NotFoundError,
    RateLimitedError,
    SuspendedError,
    TransientError,
)
from app.github.people import Permission, Permissions
from app.github.transport import Retry
from tests.github import LocalGitHub

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from app.github.repository import Repository
    from tests.github.state import Installation, PullRequest

AT_ONCE = Retry((timedelta(milliseconds=1), timedelta(milliseconds=1)))


@pytest.fixture
def github() -> Iterator[LocalGitHub]:
    with LocalGitHub() as running:
        yield running


@pytest.fixture
def pull(github: LocalGitHub) -> PullRequest:
    shop = github.repositories.create("alice/shop", {"main.py": "x = 1\n"})
    github.repositories.commit(shop, "feature", {"main.py": "x = 2\n", "new.py": "y = 1\n"})
    return github.pulls.open(shop, "feature", title="Two")


@pytest.fixture
def installation(github: LocalGitHub, pull: PullRequest) -> Installation:
    return github.apps.install(github.apps.create(), [pull.repository])


@pytest.fixture
async def client(github: LocalGitHub, installation: Installation) -> AsyncIterator[GitHubApp]:
    app = installation.app
    made = GitHubApp(app.id, app.private_key, api_url=github.url, retry=AT_ONCE)
    yield made
    await made.close()


@pytest.fixture
def shop(client: GitHubApp, installation: Installation) -> Repository:
    return client.repository(installation.id, "alice", "shop")


def mints(github: LocalGitHub) -> int:
    return sum("access_tokens" in request.path for request in github.requests)


async def test_a_pull_request_is_read_into_our_own_model(shop: Repository, pull: PullRequest):
    read = await pulls.read(shop, pull.number)

    assert (read.number, read.state, read.title, read.changed_files) == (1, "open", "Two", 2)
    assert (read.head.sha, read.base.sha) == (pull.head_sha, pull.base_sha)
    assert read.base.repo is not None
    assert read.base.repo.full_name == "alice/shop"


async def test_the_merge_base_is_the_commit_where_the_branch_began(
    github: LocalGitHub, shop: Repository, pull: PullRequest
):
    began = pull.merge_base
    github.repositories.commit(pull.repository, "main", {"other.py": "z = 1\n"})

    found = await pulls.merge_base(shop, "main", pull.head_sha)

    assert found == began


async def test_every_page_of_the_files_is_read_and_counted(
    github: LocalGitHub, shop: Repository, pull: PullRequest
):
    github.pulls.push(pull, {f"many/file_{number}.py": "x = 1\n" for number in range(248)})

    found = await pulls.files(shop, pull.number, 250)

    assert len({file.filename for file in found.files}) == 250
    assert found.complete
    assert found.files[0].patch == "@@ -1 +1 @@\n-x = 1\n+x = 2"
    assert not (await pulls.files(shop, pull.number, 4000)).complete


async def test_ten_requests_at_once_mint_one_token(github: LocalGitHub, shop: Repository):
    await asyncio.gather(*(pulls.read(shop, 1) for _ in range(10)))

    assert mints(github) == 1


async def test_a_token_is_replaced_five_minutes_before_it_expires(
    github: LocalGitHub, shop: Repository
):
    github.limits.token_seconds = 290

    await pulls.read(shop, 1)
    await pulls.read(shop, 1)

    assert mints(github) == 2


async def test_a_refused_token_is_replaced_once_for_all_who_used_it(
    github: LocalGitHub, shop: Repository
):
    await pulls.read(shop, 1)
    for token in github.world.tokens.values():
        token.expires_at = datetime.now(UTC) - timedelta(seconds=1)

    await asyncio.gather(*(pulls.read(shop, 1) for _ in range(5)), comments.say(shop, 1, "Hello"))

    assert mints(github) == 2


async def test_a_token_tells_what_was_granted(client: GitHubApp, installation: Installation):
    token = await client.token(installation.id)

    assert token.may_write("pull_requests")
    assert not token.may_write("contents")
    assert token.token not in repr(token)


@pytest.mark.parametrize(
    ("needed", "granted"),
    [
        ("pull_requests=write", True),
        ("pull_requests=write,contents=read", True),
        ("pull_requests=write,contents=write", False),
        ("administration=write; checks=read", True),
        ("", False),
    ],
)
async def test_a_token_is_held_against_what_github_asks_for(
    client: GitHubApp, installation: Installation, needed: str, granted: bool
):
    assert (await client.token(installation.id)).grants(needed) is granted


async def test_a_refusal_for_a_permission_that_is_granted_passes(
    github: LocalGitHub, shop: Repository
):
    """It is tried once more, and then put off; nobody is told to grant what is granted."""
    refusal = {
        "status": 403,
        "body": {"message": "Resource not accessible by integration"},
        "headers": {"X-Accepted-GitHub-Permissions": "pull_requests=read"},
    }
    github.faults.add(path="/pulls/1$", **refusal)
    assert (await pulls.read(shop, 1)).number == 1

    github.faults.add(path="/pulls/1$", times=2, **refusal)
    with pytest.raises(TransientError):
        await pulls.read(shop, 1)


async def test_a_removed_installation_is_not_asked_again(
    github: LocalGitHub, shop: Repository, installation: Installation
):
    github.apps.uninstall(installation)

    with pytest.raises(SuspendedError):
        await pulls.read(shop, 1)


async def test_who_we_are_is_asked_once(
    github: LocalGitHub, client: GitHubApp, installation: Installation
):
    found = await asyncio.gather(*(client.identity(installation.id) for _ in range(3)))

    bot = installation.app.bot
    assert {(one.app_id, one.user_id, one.login) for one in found} == {
        (installation.app.id, bot.id, bot.login)
    }
    assert sum(request.path == "/app" for request in github.requests) == 1


async def test_a_read_that_breaks_is_tried_again(github: LocalGitHub, shop: Repository):
    github.faults.add(method="GET", path=r"/pulls/1$", status=502, times=2)

    assert (await pulls.read(shop, 1)).number == 1


async def test_a_read_that_stays_broken_is_a_passing_failure(github: LocalGitHub, shop: Repository):
    github.faults.add(method="GET", path=r"/pulls/1$", drop=True, times=3)

    with pytest.raises(TransientError):
        await pulls.read(shop, 1)


@pytest.mark.parametrize("fault", [{"status": 502}, {"drop": True}])
async def test_a_write_that_breaks_is_never_sent_again_blindly(
    github: LocalGitHub, shop: Repository, pull: PullRequest, fault: dict[str, object]
):
    github.faults.add(method="POST", path=r"/comments$", when="after", **fault)

    with pytest.raises(AmbiguousError):
        await comments.say(shop, 1, "Hello")

    assert [one.body for one in pull.comments] == ["Hello"]


async def test_a_github_that_cannot_be_reached_did_nothing(installation: Installation):
    app = installation.app
    client = GitHubApp(app.id, app.private_key, api_url="http://127.0.0.1:9", retry=AT_ONCE)

    with pytest.raises(TransientError):
        await comments.say(client.repository(1, "alice", "shop"), 1, "Hello")

    await client.close()


async def test_a_renamed_repository_is_followed_for_reads_and_writes(
    github: LocalGitHub, shop: Repository, pull: PullRequest
):
    github.repositories.rename(pull.repository, "store")

    read = await pulls.read(shop, 1)
    await comments.say(shop, 1, "Hello")

    assert read.base.repo is not None
    assert read.base.repo.full_name == "alice/store"
    assert [one.body for one in pull.comments] == ["Hello"]


async def test_a_redirect_to_another_host_is_refused(installation: Installation):
    def elsewhere(_: httpx.Request) -> httpx.Response:
        return httpx.Response(301, headers={"location": "http://evil.example/repos"})

    app = installation.app
    client = GitHubApp(app.id, app.private_key, transport=httpx.MockTransport(elsewhere))

    with pytest.raises(GitHubError, match=r"evil\.example"):
        await client.client.call("GET", "/app")


async def test_an_enterprise_server_has_its_graphql_beside_its_rest(installation: Installation):
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url))
        expires = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
        return httpx.Response(200, json={"token": "t", "expires_at": expires, "data": {"a": 1}})

    app = installation.app
    client = GitHubApp(
        app.id,
        app.private_key,
        api_url="https://git.example/api/v3",
        transport=httpx.MockTransport(answer),
    )

    data = await client.installation(5).graphql("{ a }")
    await client.installation(5).call("GET", "/rate_limit")

    assert data == {"a": 1}
    assert asked == [
        "https://git.example/api/v3/app/installations/5/access_tokens",
        "https://git.example/api/graphql",
        "https://git.example/api/v3/rate_limit",
    ]


@pytest.mark.parametrize(
    ("method", "answer", "kind"),
    [
        ("GET", httpx.Response(200, text="<html>"), TransientError),
        ("POST", httpx.Response(201, text="<html>"), AmbiguousError),
        ("POST", httpx.Response(502, text="<html>"), AmbiguousError),
        ("GET", httpx.Response(429, headers={"retry-after": "tomorrow"}), RateLimitedError),
    ],
)
async def test_an_answer_that_makes_no_sense_is_still_one_of_our_errors(
    installation: Installation, method: str, answer: httpx.Response, kind: type[GitHubError]
):
    app = installation.app
    transport = httpx.MockTransport(lambda _: answer)
    client = GitHubApp(app.id, app.private_key, transport=transport, retry=Retry(()))

    with pytest.raises(kind):
        await client.client.call(method, "/app")


async def test_a_fresh_pull_request_is_looked_for_again(github: LocalGitHub, shop: Repository):
    github.faults.add(method="GET", path=r"/pulls/1$", status=404, body={"message": "Not Found"})

    assert (await pulls.read(shop, 1, fresh=True)).number == 1


async def test_what_is_not_there_is_final(shop: Repository):
    with pytest.raises(NotFoundError):
        await pulls.read(shop, 99)


@pytest.mark.parametrize("permission", ["admin", "write", "read", "none"])
async def test_the_permission_of_a_person_is_what_github_says(
    github: LocalGitHub, shop: Repository, pull: PullRequest, permission: str
):
    github.repositories.set_permission(pull.repository, "bob", permission)

    assert await people.permission(shop, "bob") == permission


async def test_a_permission_that_github_cannot_tell_is_none_or_an_error(
    github: LocalGitHub, shop: Repository
):
    assert await people.permission(shop, "nobody-at-all") is Permission.NONE

    github.faults.add(path="/collaborators/", status=502, times=3)
    with pytest.raises(TransientError):
        await people.permission(shop, "alice")


async def test_a_permission_is_believed_for_a_minute(github: LocalGitHub, shop: Repository):
    clock = [0.0]
    permissions = Permissions(lambda: clock[0])

    assert await permissions.of(shop, "alice") is Permission.ADMIN
    clock[0] = 59.0
    await permissions.of(shop, "Alice")
    asked = sum("/permission" in request.path for request in github.requests)
    clock[0] = 61.0
    await permissions.of(shop, "alice")

    assert asked == 1
    assert sum("/permission" in request.path for request in github.requests) == 2


async def test_a_reaction_is_a_courtesy(github: LocalGitHub, shop: Repository, pull: PullRequest):
    comment = github.comments.write(pull, "bob", "/recheck")

    assert await comments.react(shop, "issues", comment.id, "eyes")
    assert await comments.react(shop, "issues", comment.id, "eyes")
    assert not await comments.react(shop, "issues", 99, "eyes")
    assert [one.content for one in comment.reactions] == ["eyes"]
