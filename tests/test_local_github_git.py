"""The local GitHub serves real git, behind GitHub's rules of access."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.github import LocalGitHub
from tests.github.client import as_app
from tests.github.git import environment

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.github.state import Installation, Repository


@pytest.fixture
def github() -> Iterator[LocalGitHub]:
    with LocalGitHub() as it:
        yield it


@pytest.fixture
def shop(github: LocalGitHub) -> Repository:
    return github.repositories.create("alice/shop", {"main.py": "a = 1\n"}, private=True)


def installed(github: LocalGitHub, shop: Repository, contents: str = "read") -> Installation:
    return github.apps.install(github.apps.create(), [shop], permissions={"contents": contents})


def token(github: LocalGitHub, installation: Installation) -> str:
    with as_app(github, installation.app) as client:
        return client.post(f"/app/installations/{installation.id}/access_tokens").json()["token"]


def url(github: LocalGitHub, secret: str | None, name: str = "alice/shop") -> str:
    host = github.url.removeprefix("http://")
    return f"http://{f'x-access-token:{secret}@' if secret else ''}{host}/{name}.git"


def git(*arguments: str) -> subprocess.CompletedProcess[str]:
    settings = {**environment(), "GIT_TERMINAL_PROMPT": "0"}
    return subprocess.run(
        ["git", *arguments], capture_output=True, text=True, env=settings, check=False
    )


def test_a_private_repository_asks_for_a_token(
    github: LocalGitHub, shop: Repository, tmp_path: Path
) -> None:
    good = token(github, installed(github, shop))

    nobody = git("ls-remote", url(github, None))
    wrong = git("ls-remote", url(github, "ghs_wrong"))
    clone = git("clone", "--quiet", url(github, good), str(tmp_path / "shop"))

    assert "could not read Username" in nobody.stderr
    assert "Authentication failed" in wrong.stderr
    assert (clone.returncode, (tmp_path / "shop/main.py").read_text()) == (0, "a = 1\n")


def test_an_expired_token_no_longer_reads(github: LocalGitHub, shop: Repository) -> None:
    github.limits.token_seconds = -1

    answer = git("ls-remote", url(github, token(github, installed(github, shop))))

    assert "Authentication failed" in answer.stderr


def test_any_commit_can_be_fetched_by_its_sha(
    github: LocalGitHub, shop: Repository, tmp_path: Path
) -> None:
    github.repositories.commit(shop, "feature", {"main.py": "a = 2\n"})
    pull = github.pulls.open(shop, "feature")
    old = pull.head_sha
    github.pulls.push(pull, {"main.py": "a = 3\n"}, onto="main")
    remote = url(github, token(github, installed(github, shop)))
    git("init", "--quiet", "--bare", str(tmp_path))

    fetched = git("-C", str(tmp_path), "fetch", "--quiet", "--depth=1", remote, old, pull.head_sha)

    assert (fetched.returncode, fetched.stderr) == (0, "")


def test_a_push_needs_contents_write_and_synchronizes(
    github: LocalGitHub, shop: Repository, tmp_path: Path
) -> None:
    github.repositories.commit(shop, "feature", {"main.py": "a = 2\n"})
    pull = github.pulls.open(shop, "feature")
    installation = installed(github, shop)
    git(
        "clone",
        "--quiet",
        "--branch=feature",
        url(github, token(github, installation)),
        str(tmp_path / "w"),
    )
    who = ("-c", "user.name=a", "-c", "user.email=a@example.com")
    git("-C", str(tmp_path / "w"), *who, "commit", "--quiet", "--allow-empty", "-m", "Empty")

    refused = git("-C", str(tmp_path / "w"), "push", "--quiet")
    github.apps.accept_permissions(installation, {"contents": "write"})
    remote = url(github, token(github, installation))
    allowed = git("-C", str(tmp_path / "w"), "push", "--quiet", remote, "feature")

    assert "403" in refused.stderr
    assert allowed.returncode == 0
    head = git("-C", str(tmp_path / "w"), "rev-parse", "HEAD").stdout.strip()
    assert shop.git.branch("feature") == head == pull.head_sha


def test_a_renamed_repository_is_still_found(github: LocalGitHub, shop: Repository) -> None:
    remote = url(github, token(github, installed(github, shop)))
    github.repositories.rename(shop, "store")

    listed = git("ls-remote", remote)

    assert "refs/heads/main" in listed.stdout
