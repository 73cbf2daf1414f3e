from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from app.db import commands, repositories
from app.db.commands import CommandFacts
from app.models import CommandState
from tests.worker.test_whole_way import BOUND, INJECTION
from worker.events.commands import help_text

if TYPE_CHECKING:
    from tests.github.state import IssueComment, PullRequest
    from tests.worker.service import Service


@pytest.fixture
async def pull(service: Service) -> PullRequest:
    """A pull request of bob's that was reviewed."""
    github = service.github
    github.repositories.commit("alice/shop", "orders", {"app/orders.py": INJECTION})
    pull = github.pulls.open("alice/shop", "orders", author="bob")
    await service.idle()
    return pull


def _reactions(comment: IssueComment) -> list[str]:
    return [one.content for one in comment.reactions]


async def _fates(service: Service, pull: PullRequest) -> dict[str, str]:
    return {one.rule: str(one.state) for one in await service.findings(pull)}


async def _state(service: Service, comment: IssueComment) -> CommandState | None:
    async with service.database.read() as session:
        found = await commands.find(session, comment.id)
    return found.state if found else None


async def test_recheck_reviews_again_and_says_when_it_is_done(service: Service, pull: PullRequest):
    comment = service.github.comments.write(pull, "bob", "/recheck full\n\nI am curious.")
    await service.idle()

    assert _reactions(comment) == ["eyes", "rocket"]
    assert await _state(service, comment) is CommandState.DONE
    assert len(await service.reviews(pull)) == 2
    assert len(pull.review_comments) == 1


async def test_what_a_full_recheck_said_stays_said_until_it_is_fixed(service: Service):
    github = service.github
    github.repositories.commit("alice/shop", "main", {"app/old.py": INJECTION})
    github.repositories.commit("alice/shop", "more", {"app/old.py": f"{INJECTION}\n\nLIMIT = 5\n"})
    pull = github.pulls.open("alice/shop", "more", author="bob")
    await service.idle()
    fates = [await _fates(service, pull)]

    github.comments.write(pull, "bob", "/recheck full")
    await service.idle()
    fates.append(await _fates(service, pull))
    for files in ({"app/new.py": "X = 1\n"}, {"app/old.py": f"{BOUND}\n\nLIMIT = 5\n"}):
        github.pulls.push(pull, files)
        await service.idle()
        fates.append(await _fates(service, pull))

    assert fates == [{}, {"SEC101": "open"}, {"SEC101": "open"}, {"SEC101": "fixed"}]
    assert [run.conclusion for run in service.checks(pull)] == ["success"]


async def test_who_may_write_may_recheck_and_others_may_not(service: Service, pull: PullRequest):
    github = service.github
    github.repositories.set_permission("alice/shop", "carol", "write")

    allowed = github.comments.write(pull, "carol", "/recheck")
    refused = github.comments.write(pull, "mallory", "/recheck")
    await service.idle()

    assert (_reactions(allowed), _reactions(refused)) == (["eyes", "rocket"], ["confused"])
    assert await _state(service, refused) is CommandState.REFUSED


async def test_a_permission_that_github_does_not_tell_is_none(service: Service, pull: PullRequest):
    service.github.repositories.set_permission("alice/shop", "carol", "write")
    service.github.faults.add(path=r"/permission$", status=403, body={"message": "No"})

    comment = service.github.comments.write(pull, "carol", "/recheck")
    await service.idle()

    assert _reactions(comment) == ["confused"]


async def test_a_wrong_use_is_met_with_confusion(service: Service, pull: PullRequest):
    comment = service.github.comments.write(pull, "bob", "/recheck everything --force")
    await service.idle()

    assert _reactions(comment) == ["confused"]
    assert len(await service.reviews(pull)) == 1


async def test_help_is_one_comment_that_commands_nothing(service: Service, pull: PullRequest):
    comment = service.github.comments.write(pull, "bob", "/help")
    await service.idle()

    assert _reactions(comment) == ["eyes", "rocket"]
    summary, answer = service.comments(pull)
    assert help_text() in answer
    assert not re.search(r"^\s*/", answer, re.MULTILINE)
    assert "`/recheck`" in summary + answer


@pytest.mark.parametrize("body", ["/lgtm", "> /recheck", "```\n/recheck\n```", "Do /recheck"])
async def test_what_is_no_command_of_ours_is_left_alone(
    service: Service, pull: PullRequest, body: str
):
    comment = service.github.comments.write(pull, "bob", body)
    await service.idle()

    assert (_reactions(comment), await _state(service, comment)) == ([], None)


async def test_bots_give_no_commands(service: Service, pull: PullRequest):
    service.github.world.user("robot[bot]", "Bot")
    by_bot = service.github.comments.write(pull, "robot[bot]", "/recheck")
    by_us = service.github.comments.write(pull, "backend-expert[bot]", "/recheck")
    await service.idle()

    assert (_reactions(by_bot), _reactions(by_us)) == ([], [])
    assert len(await service.reviews(pull)) == 1


async def test_an_account_that_is_gone_gives_no_commands(service: Service):
    """GitHub shows it as nobody, or as `ghost`, whoever it was."""
    github = service.github
    github.repositories.commit("alice/shop", "orders", {"app/orders.py": INJECTION})
    pull = github.pulls.open("alice/shop", "orders", author="ghost")
    await service.idle()

    by_ghost = github.comments.write(pull, "ghost", "/recheck")
    github.comments.delete_account("alice")
    by_nobody = github.comments.write(pull, "alice", "/recheck")
    await service.idle()

    assert (_reactions(by_ghost), _reactions(by_nobody)) == ([], [])
    assert len(await service.reviews(pull)) == 1


async def test_an_edited_comment_gives_no_command(service: Service, pull: PullRequest):
    comment = service.github.comments.write(pull, "bob", "Nice")
    service.github.comments.edit(comment, "bob", "/recheck")
    await service.idle()

    assert _reactions(comment) == []


async def test_a_closed_pull_request_cannot_be_rechecked(service: Service, pull: PullRequest):
    service.github.pulls.close(pull)
    await service.idle()

    comment = service.github.comments.write(pull, "bob", "/recheck")
    await service.idle()

    assert _reactions(comment) == ["eyes", "confused"]


async def test_a_command_in_a_repository_that_is_gone_waits_for_nothing(
    service: Service, pull: PullRequest
):
    row, now = await service.row(pull), datetime.now(UTC)
    async with service.database.write() as session:
        gone = [pull.repository.id]
        await repositories.remove(session, service.installation.id, gone, now)
        await commands.record(session, CommandFacts(row.id, 1, "recheck", "", "bob"), now)

    await service.idle()

    async with service.database.read() as session:
        found = await commands.find(session, 1)
    assert found is not None
    assert found.state is CommandState.FAILED


async def test_an_account_that_never_stops_is_not_heard_any_more(
    service: Service, pull: PullRequest
):
    row, now = await service.row(pull), datetime.now(UTC)
    async with service.database.write() as session:
        for number in range(30):
            facts = CommandFacts(row.id, number + 1, "help", "", "bob")
            await commands.record(session, facts, now)
            await commands.finish(session, number + 1, CommandState.DONE, now)

    ignored = service.github.comments.write(pull, "bob", "/help")
    heard = service.github.comments.write(pull, "alice", "/help")
    await service.idle()

    assert (_reactions(ignored), _reactions(heard)) == ([], ["eyes", "rocket"])
