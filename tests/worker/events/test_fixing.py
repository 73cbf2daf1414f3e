"""Conversations in which somebody asks for a commit with all fixes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from app.models import FindingState
from tests.github.state import PERMISSIONS
from tests.worker.service import until
from tests.worker.test_whole_way import BOUND, INJECTION, UNVERIFIED

if TYPE_CHECKING:
    from tests.github.state import IssueComment, PullRequest
    from tests.worker.service import Service

WRITING = {**PERMISSIONS, "contents": "write"}
FILES = {"app/orders.py": INJECTION, "app/rates.py": UNVERIFIED}


@pytest.fixture
async def pull(service: Service) -> PullRequest:
    """A pull request of bob's, reviewed, in a repository where the App may write to branches."""
    github = service.github
    github.apps.accept_permissions(service.installation, WRITING)
    github.repositories.commit("alice/shop", "orders", FILES, author="bob")
    pull = github.pulls.open("alice/shop", "orders", author="bob")
    await service.idle()
    return pull


async def _ask(service: Service, pull: PullRequest, login: str = "alice") -> list[str]:
    """How we react to the command."""
    comment = service.github.comments.write(pull, login, "/fix")
    await service.idle()
    return _reactions(comment)


def _reactions(comment: IssueComment) -> list[str]:
    return [one.content for one in comment.reactions]


def _answers(service: Service, pull: PullRequest) -> list[str]:
    """What we said in the conversation besides the summary, without the markers."""
    said = [one.partition("\n")[2] for one in service.comments(pull)]
    return [text for text in said if not text.startswith("## Code Review")]


def _message(pull: PullRequest) -> str:
    return pull.repository.git.run("show", "-s", "--format=%B", pull.head_sha).decode()


async def test_all_fixes_become_one_commit_in_the_name_of_who_asked(
    sandboxed: Service,
):
    service, github = sandboxed, sandboxed.github
    github.apps.accept_permissions(service.installation, WRITING)
    github.repositories.commit("alice/shop", "orders", FILES, author="bob")
    pull = github.pulls.open("alice/shop", "orders", author="bob")
    await service.idle()
    before = pull.head_sha

    assert await _ask(service, pull) == ["eyes", "rocket"]

    git, alice = pull.repository.git, github.world.user("alice")
    assert git.run("rev-list", f"{before}..{pull.head_sha}").decode().split() == [pull.head_sha]
    assert (git.blob(pull.head_sha, "app/orders.py") or b"").decode() == BOUND
    assert b"verify=False" not in (git.blob(pull.head_sha, "app/rates.py") or b"")
    headline, _, body = _message(pull).partition("\n\n")
    assert headline.startswith("Fix 2 findings")
    assert "- sql-injection (SEC101): 1 place" in body
    assert f"Co-authored-by: alice <{alice.id}+alice@users.noreply.127.0.0.1>" in body
    assert {one.state for one in await service.findings(pull) if one.fix} == {FindingState.FIXED}
    assert all(f"fixed in [`{pull.head_sha[:7]}`]" in one.body for one in pull.review_comments)
    assert _answers(service, pull) == []


async def test_who_may_not_write_gets_no_commit(service: Service, pull: PullRequest):
    head = pull.head_sha

    assert await _ask(service, pull, "bob") == ["confused"]
    assert pull.head_sha == head


async def test_without_the_permission_it_says_which(service: Service, pull: PullRequest):
    service.github.apps.accept_permissions(service.installation, PERMISSIONS)
    service.github.world.tokens.clear()
    head = pull.head_sha

    assert await _ask(service, pull) == ["eyes", "confused"]
    assert "`contents: write`" in _answers(service, pull)[0]
    assert pull.head_sha == head


async def test_a_fork_is_not_written_to(service: Service):
    github = service.github
    github.apps.accept_permissions(service.installation, WRITING)
    fork = github.repositories.fork("alice/shop", "bob")
    github.repositories.commit(fork, "orders", FILES)
    pull = github.pulls.open("alice/shop", "orders", head_repository=fork, author="bob")
    await service.idle()

    assert await _ask(service, pull) == ["eyes", "confused"]
    assert "comes from a fork" in _answers(service, pull)[0]


async def test_a_closed_pull_request_gets_no_commit(service: Service, pull: PullRequest):
    service.github.pulls.close(pull)
    await service.idle()

    assert await _ask(service, pull) == ["eyes", "confused"]
    assert "is closed" in _answers(service, pull)[0]


async def test_in_a_locked_conversation_the_reaction_has_to_do(service: Service, pull: PullRequest):
    service.github.pulls.lock(pull)
    head = pull.head_sha

    assert await _ask(service, pull) == ["eyes", "confused"]
    assert (_answers(service, pull), pull.head_sha) == ([], head)


async def test_nothing_to_fix_is_said(service: Service, pull: PullRequest):
    service.github.pulls.push(pull, {"app/orders.py": BOUND, "app/rates.py": None})
    await service.idle()

    assert await _ask(service, pull) == ["eyes", "confused"]
    assert "no open finding" in _answers(service, pull)[0]


async def test_what_was_dismissed_is_not_fixed(service: Service, pull: PullRequest):
    names = {one.rule: one.fingerprint[:8] for one in await service.findings(pull)}
    service.github.comments.write(pull, "alice", f"/dismiss {names['SEC101']} it is ours")
    await service.idle()

    assert await _ask(service, pull) == ["eyes", "rocket"]
    git = pull.repository.git
    assert (git.blob(pull.head_sha, "app/orders.py") or b"").decode() == INJECTION
    assert b"verify=False" not in (git.blob(pull.head_sha, "app/rates.py") or b"")


async def test_a_push_in_between_is_never_overwritten(service: Service, pull: PullRequest):
    github = service.github
    fault = github.faults.add(method="POST", path=r"^/graphql$", status=None, delay=1.0)
    comment = github.comments.write(pull, "alice", "/fix")
    await until(lambda: fault.hits == 1)
    pushed = github.pulls.push(pull, {"README.md": "A shop\n"})
    await service.idle()

    assert _reactions(comment) == ["eyes", "confused"]
    assert "Somebody pushed" in _answers(service, pull)[0]
    assert pull.head_sha == pushed


@pytest.mark.parametrize("when", ["before", "after"])
async def test_an_uncertain_commit_is_looked_for_before_it_is_made_again(
    service: Service, pull: PullRequest, when: str
):
    github, head = service.github, pull.head_sha
    github.faults.add(method="POST", path=r"^/graphql$", status=502, when=when)

    assert await _ask(service, pull) == ["eyes", "rocket"]
    made = pull.repository.git.run("rev-list", f"{head}..{pull.head_sha}").decode().split()
    assert len(made) == 1


async def test_a_commit_whose_end_was_not_recorded_is_found_again(
    service: Service, pull: PullRequest
):
    github, head = service.github, pull.head_sha
    commit = github.faults.add(method="POST", path=r"^/graphql$", status=502, when="after")
    comment = github.comments.write(pull, "alice", "/fix")
    await until(lambda: commit.hits == 1)
    # The look for it fails until its delivery is put off, and taken up again from the start.
    look = github.faults.add(method="GET", path=r"/commits$", status=502, times=3)
    await until(lambda: look.hits == 3)
    await service.idle()

    assert _reactions(comment) == ["eyes", "rocket"]
    made = pull.repository.git.run("rev-list", f"{head}..{pull.head_sha}").decode().split()
    assert len(made) == 1


async def test_a_commit_that_the_branch_refuses_is_told(service: Service, pull: PullRequest):
    pull.repository.protected.add("orders")

    assert await _ask(service, pull) == ["eyes", "confused"]
    assert "GitHub refused the commit: Repository rule violations" in _answers(service, pull)[0]
