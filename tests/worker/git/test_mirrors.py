from __future__ import annotations

import asyncio
import os
import threading
from typing import TYPE_CHECKING

import pytest

from tests.worker.git.git_repository import GitRepository
from tests.worker.git.git_server import GitServer, git_server
from worker.git import mirrors as mirrors_module
from worker.git.fetch import (
    AuthenticationFailedError,
    CommitNotFoundError,
    FetchError,
    RepositoryNotFoundError,
    TransientFetchError,
)
from worker.git.mirrors import Mirrors
from worker.git.repository import Repository

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TOKEN = "ghs_secret"
PLENTY = 2**30


@pytest.fixture
def server(tmp_path: Path) -> Iterator[GitServer]:
    with git_server(tmp_path / "served") as served:
        yield served


@pytest.fixture
def origin(tmp_path: Path) -> GitRepository:
    repository = GitRepository(tmp_path / "served/owner/name.git")
    repository.git("config", "uploadpack.allowAnySHA1InWant", "true")
    return repository


@pytest.fixture
def mirrors(tmp_path: Path) -> Mirrors:
    return Mirrors(tmp_path / "mirrors", PLENTY)


def url_of(server: GitServer) -> str:
    return f"{server.url}/owner/name.git/.git"


def read(mirror: Path, sha: str, path: str) -> bytes:
    with Repository(mirror) as repository:
        return repository.tree(sha).read(path)


async def test_exactly_the_commits_that_are_asked_for_are_fetched(
    server: GitServer, origin: GitRepository, mirrors: Mirrors
) -> None:
    shas = [origin.commit({"a.py": f"{number}\n"}) for number in range(4)]

    async with mirrors.fetched(url_of(server), 7, [shas[0], shas[2]]) as mirror:
        assert read(mirror, shas[0], "a.py") == b"0\n"
        with Repository(mirror) as repository:
            files = repository.diff(shas[0], shas[2])
            listed = [sha for sha in shas if _has(mirror, sha)]

    assert [file.path for file in files] == ["a.py"]
    assert listed == [shas[0], shas[2]]


def _has(mirror: Path, sha: str) -> bool:
    return (mirror / "refs/backend-expert" / sha).exists()


async def test_what_is_there_is_not_asked_for_again(
    server: GitServer, origin: GitRepository, mirrors: Mirrors
) -> None:
    sha = origin.commit({"a.py": "a\n"})
    await mirrors.fetch(url_of(server), 7, [sha])
    server.requests.clear()

    mirror = await mirrors.fetch(url_of(server), 7, [sha])

    assert server.requests == []
    assert read(mirror, sha, "a.py") == b"a\n"


async def test_a_later_commit_brings_only_its_new_objects(
    server: GitServer, origin: GitRepository, mirrors: Mirrors
) -> None:
    first = origin.commit({f"{number}.py": os.urandom(99) for number in range(50)})
    await mirrors.fetch(url_of(server), 7, [first])
    second = origin.commit({"0.py": "new\n"})
    server.answers.clear()

    mirror = await mirrors.fetch(url_of(server), 7, [second])

    assert max(server.answers) < 3000, "a commit, a tree and a blob"
    assert read(mirror, second, "0.py") == b"new\n"


async def test_the_token_is_sent_and_left_nowhere(
    server: GitServer, origin: GitRepository, mirrors: Mirrors
) -> None:
    server.token = TOKEN
    sha = origin.commit({"a.py": "a\n"})

    mirror = await mirrors.fetch(url_of(server), 7, [sha], TOKEN)

    assert read(mirror, sha, "a.py") == b"a\n"
    assert not [path for path in mirror.rglob("*") if path.is_file() and _tells(path)]


def _tells(path: Path) -> bool:
    content = path.read_bytes()
    return TOKEN.encode() in content or b"Authorization" in content


@pytest.mark.parametrize(
    ("name", "token", "failing", "error"),
    [
        ("owner/name.git/.git", None, None, AuthenticationFailedError),
        ("owner/name.git/.git", "ghs_expired", None, AuthenticationFailedError),
        ("owner/name.git/.git", TOKEN, 403, AuthenticationFailedError),
        ("owner/name.git/.git", TOKEN, 404, RepositoryNotFoundError),
        ("owner/name.git/.git", TOKEN, 503, TransientFetchError),
        ("owner/name.git/.git", TOKEN, 429, TransientFetchError),
        ("owner/other.git", TOKEN, None, RepositoryNotFoundError),
    ],
)
async def test_a_failed_fetch_is_told_in_its_kind_without_the_token(
    server: GitServer,
    origin: GitRepository,
    mirrors: Mirrors,
    *,
    name: str,
    token: str | None,
    failing: int | None,
    error: type[FetchError],
) -> None:
    sha = origin.commit()
    server.token, server.failing = TOKEN, failing

    with pytest.raises(FetchError) as caught:
        await mirrors.fetch(f"{server.url}/{name}", 7, [sha], token)

    assert type(caught.value) is error
    assert not token or token not in str(caught.value)


async def test_a_commit_that_is_not_there_is_told(
    server: GitServer, origin: GitRepository, mirrors: Mirrors
) -> None:
    origin.commit()

    with pytest.raises(CommitNotFoundError):
        await mirrors.fetch(url_of(server), 7, ["0123456789" * 4])


async def test_a_server_that_is_not_there_may_come_back(mirrors: Mirrors) -> None:
    with pytest.raises(TransientFetchError):
        await mirrors.fetch("http://127.0.0.1:9/owner/name.git", 7, ["0123456789" * 4])


@pytest.mark.parametrize(
    "url", ["file:///tmp/x", "ext::sh -c true", "--upload-pack=true", "https://me:pw@host/x"]
)
async def test_only_http_urls_without_credentials_are_fetched(mirrors: Mirrors, url: str) -> None:
    with pytest.raises(RepositoryNotFoundError):
        await mirrors.fetch(url, 7, ["0123456789" * 4])


async def test_a_commit_is_named_by_its_full_sha(mirrors: Mirrors) -> None:
    with pytest.raises(ValueError, match="full sha"):
        await mirrors.fetch("http://127.0.0.1:9/x", 7, ["--all"])


async def test_a_server_that_does_not_answer_is_left_in_time(
    server: GitServer, origin: GitRepository, tmp_path: Path
) -> None:
    sha = origin.commit()
    mirrors = Mirrors(tmp_path / "mirrors", PLENTY, seconds=0.2)
    server.silent = threading.Event()

    with pytest.raises(TransientFetchError, match="took longer"):
        await mirrors.fetch(url_of(server), 7, [sha])

    server.silent.set()


@pytest.mark.parametrize("damage", ["objects", "HEAD", "refs"])
async def test_a_damaged_mirror_is_fetched_anew(
    server: GitServer, origin: GitRepository, mirrors: Mirrors, damage: str
) -> None:
    first = origin.commit({"a.py": "a\n"})
    second = origin.commit({"a.py": "b\n"})
    mirror = await mirrors.fetch(url_of(server), 7, [first])
    _damage(mirror, damage)

    assert await mirrors.fetch(url_of(server), 7, [first, second]) == mirror

    assert read(mirror, first, "a.py") == b"a\n"
    assert read(mirror, second, "a.py") == b"b\n"


def _damage(mirror: Path, damage: str) -> None:
    if damage == "HEAD":
        (mirror / "HEAD").write_text("nonsense")
        return
    for path in (mirror / damage).rglob("*"):
        if path.is_file():
            path.chmod(0o600)
            path.write_bytes(b"damaged")


async def test_the_longest_unused_mirrors_go_when_there_is_no_room(
    server: GitServer, origin: GitRepository, tmp_path: Path
) -> None:
    sha = origin.commit({"a.py": os.urandom(30_000)})
    mirrors = Mirrors(tmp_path / "mirrors", 100_000)

    async with mirrors.fetched(url_of(server), 1, [sha]):
        for repository_id in (2, 3, 4, 5):
            await mirrors.fetch(url_of(server), repository_id, [sha])

        assert _names(tmp_path / "mirrors") == ["1.git", "4.git", "5.git"]


def _names(root: Path) -> list[str]:
    return sorted(path.name for path in root.glob("*.git*"))


async def test_a_mirror_in_use_is_not_evicted_and_the_newest_always_stays(
    server: GitServer, origin: GitRepository, tmp_path: Path
) -> None:
    sha = origin.commit({"a.py": os.urandom(30_000)})
    mirrors = Mirrors(tmp_path / "mirrors", 1)

    async with mirrors.fetched(url_of(server), 1, [sha]):
        await mirrors.fetch(url_of(server), 2, [sha])
        assert _names(tmp_path / "mirrors") == ["1.git", "2.git"]

    assert _names(tmp_path / "mirrors") == ["1.git"]


async def test_many_fetches_at_once_into_one_mirror_all_succeed(
    server: GitServer, origin: GitRepository, tmp_path: Path
) -> None:
    shas = [origin.commit({"a.py": f"{number}\n"}) for number in range(6)]
    pair = [Mirrors(tmp_path / "mirrors", PLENTY), Mirrors(tmp_path / "mirrors", PLENTY)]

    paths = await asyncio.gather(
        *(pair[number % 2].fetch(url_of(server), 7, [sha]) for number, sha in enumerate(shas))
    )

    assert len(set(paths)) == 1
    assert [read(paths[0], sha, "a.py") for sha in shas] == [b"%d\n" % n for n in range(6)]


async def test_old_commits_are_forgotten_and_can_come_back(
    server: GitServer, origin: GitRepository, mirrors: Mirrors, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mirrors_module, "KEPT_COMMITS", 2)
    shas = [origin.commit({"a.py": f"{number}\n"}) for number in range(5)]

    mirror, *_ = [await mirrors.fetch(url_of(server), 7, [sha]) for sha in shas]

    assert [sha for sha in shas if _has(mirror, sha)] == shas[3:]
    await mirrors.fetch(url_of(server), 7, [shas[0]])
    assert [read(mirror, sha, "a.py") for sha in (shas[0], shas[4])] == [b"0\n", b"4\n"]


async def test_a_discarded_mirror_is_gone(
    server: GitServer, origin: GitRepository, mirrors: Mirrors
) -> None:
    mirror = await mirrors.fetch(url_of(server), 7, [origin.commit()])

    await mirrors.discard(7)

    assert not mirror.exists()
