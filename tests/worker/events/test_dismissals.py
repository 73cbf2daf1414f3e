"""Conversations in which people decide to live with findings."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import select, update

from app.models import Dismissal, FindingState, Round
from tests.worker.service import until
from tests.worker.test_whole_way import INJECTION

if TYPE_CHECKING:
    from tests.github.state import IssueComment, PullRequest, ReviewComment
    from tests.worker.service import Service

MANY = '"""Orders."""\n\nimport sqlite3\n' + "".join(
    f'''

def find_{number}(connection: sqlite3.Connection, name: str) -> list[tuple[int]]:
    """The orders of a customer."""
    return connection.execute(f"SELECT id FROM t{number} WHERE n = '{{name}}'").fetchall()
'''
    for number in range(7)
)


def _open(service: Service, branch: str = "orders", text: str = INJECTION) -> PullRequest:
    service.github.repositories.commit("alice/shop", branch, {"app/orders.py": text})
    return service.github.pulls.open("alice/shop", branch, author="bob")


def _reactions(comment: IssueComment | ReviewComment) -> list[str]:
    return [one.content for one in comment.reactions]


async def _say(service: Service, pull: PullRequest, login: str, body: str) -> list[str]:
    """How we react to a comment."""
    comment = service.github.comments.write(pull, login, body)
    await service.idle()
    return _reactions(comment)


async def _dismissals(service: Service) -> list[Dismissal]:
    async with service.database.read() as session:
        return list(await session.scalars(select(Dismissal).order_by(Dismissal.id)))


async def test_a_finding_is_dismissed_remembered_and_restored(service: Service):
    github = service.github
    pull = _open(service)
    await service.idle()
    (finding,) = await service.findings(pull)
    name = finding.fingerprint[:8]

    assert await _say(service, pull, "bob", f"/dismiss {name} it is mine") == ["confused"]
    assert await _say(service, pull, "alice", f"/dismiss {name} the @team name is *ours*") == [
        "eyes",
        "rocket",
    ]

    (kept,) = await service.findings(pull)
    assert (kept.state, kept.dismissed_by) == (FindingState.DISMISSED, "alice")
    (summary,) = service.comments(pull)
    assert "- [x] ~~**sql-injection**" in summary
    (held,) = await _dismissals(service)
    told = "dismissed by **alice** until {}: the @\u200bteam name is \\*ours\\*"
    assert told.format(held.expires_at.date()) in summary
    (comment,) = pull.review_comments
    assert "✅ Dismissed by **alice**" in comment.body
    assert comment.minimized == "resolved"
    assert [run.conclusion for run in service.checks(pull)] == ["failure", "success"]
    assert [one.verdict for one in await service.reviews(pull)] == ["findings", "passed"]

    github.pulls.push(pull, {"README.md": "A shop\n"})
    other = _open(service, "orders-again")
    await service.idle()
    assert [run.conclusion for run in service.checks(pull)] == ["success"]
    assert [run.conclusion for run in service.checks(other)] == ["success"]
    assert other.review_comments == []
    assert "dismissed by **alice**" in service.comments(other)[0]

    assert await _say(service, pull, "alice", f"/restore {name}") == ["eyes", "rocket"]
    assert await _say(service, other, "alice", "/recheck") == ["eyes", "rocket"]

    (open_again,) = await service.findings(pull)
    assert (open_again.id, open_again.state) == (finding.id, FindingState.OPEN)
    assert (open_again.comment_id, open_again.dismissed_by) == (finding.comment_id, None)
    assert [one.id for one in pull.review_comments] == [comment.id]
    assert ("Dismissed" in comment.body, comment.minimized) == (False, None)
    assert [run.conclusion for run in service.checks(pull)][-1] == "failure"
    assert [one.original.path for one in other.review_comments] == ["app/orders.py"]
    (record,) = await _dismissals(service)
    assert (record.restored_by, record.reason) == ("alice", "the @team name is *ours*")
    assert await _say(service, pull, "alice", f"/restore {name}") == ["eyes", "confused"]


async def test_a_dismissal_ends_with_its_day(service: Service):
    pull = _open(service)
    await service.idle()
    (finding,) = await service.findings(pull)
    await _say(service, pull, "alice", f"/dismiss {finding.fingerprint[:8]} for 30d until then")
    (kept,) = await _dismissals(service)
    left = kept.expires_at - datetime.now(UTC)
    assert (left.days, kept.reason) == (29, "until then")

    async with service.database.write() as session:
        past = datetime.now(UTC) - timedelta(seconds=1)
        await session.execute(update(Dismissal).values(expires_at=past))
    # The sweep looks once a minute, and did so at its start.
    async with service.database.write() as session:
        await session.execute(update(Round).values(ran_at=past - timedelta(hours=1)))
    await until(lambda: service.checks(pull)[-1].conclusion == "failure")
    await service.idle()

    (open_again,) = await service.findings(pull)
    assert open_again.state is FindingState.OPEN
    assert service.checks(pull)[-1].conclusion == "failure"


async def test_an_answer_to_our_comment_dismisses_all_that_it_says(service: Service):
    github = service.github
    pull = _open(service, text=MANY)
    await service.idle()
    (comment,) = pull.review_comments

    by_bob = github.comments.reply(comment, "bob", "dismiss: no")
    idle = github.comments.reply(comment, "alice", "We should dismiss: this")
    empty = github.comments.reply(comment, "alice", "dismiss:")
    await service.idle()
    assert [_reactions(one) for one in (by_bob, idle, empty)] == [["confused"], [], ["confused"]]
    assert "An answer that dismisses is written `dismiss: " in service.comments(pull)[-1]
    assert comment.minimized is None

    taken = github.comments.reply(comment, "alice", "Dismiss: path only names of tables")
    await service.idle()

    assert _reactions(taken) == ["eyes", "rocket"]
    assert {one.state for one in await service.findings(pull)} == {FindingState.DISMISSED}
    assert len(await _dismissals(service)) == 7
    assert "✅ Dismissed by **alice**: only names of tables" in comment.body
    assert comment.minimized == "resolved"
    assert service.checks(pull)[-1].conclusion == "success"


async def test_one_of_a_group_is_dismissed_and_a_rule_in_a_whole_file(service: Service):
    pull = _open(service, text=MANY)
    await service.idle()
    (comment,) = pull.review_comments
    first, *_ = await service.findings(pull)
    name = first.fingerprint[:8]

    assert await _say(service, pull, "alice", f"/dismiss {name} a test") == ["eyes", "rocket"]

    assert "· 6 places" in comment.body
    assert name not in comment.body
    assert await _say(service, pull, "alice", f"/dismiss {name} path all of it") == [
        "eyes",
        "rocket",
    ]
    end = (await _dismissals(service))[-1].expires_at
    assert service.comments(pull)[-1].endswith(
        f"`SEC101` is dismissed in `app/orders.py` until {end:%Y-%m-%d}. For good, write "
        '`per-path-ignores = { "app/orders.py" = ["SEC101"] }` into the configuration.'
    )
    assert {one.state for one in await service.findings(pull)} == {FindingState.DISMISSED}
    assert service.checks(pull)[-1].conclusion == "success"


async def test_a_wrong_use_is_answered_with_a_sentence(service: Service):
    pull = _open(service)
    await service.idle()

    assert await _say(service, pull, "alice", "/dismiss") == ["confused"]
    assert service.comments(pull)[-1].endswith(
        "That was not understood. It is written "
        "`/dismiss ID [finding|path|repository] [for 30d] REASON`."
    )
    assert await _say(service, pull, "alice", "/dismiss abcd1234 no such") == ["eyes", "confused"]
    assert service.comments(pull)[-1].endswith(
        "There is no finding `abcd1234` on this pull request."
    )
    assert len(await service.reviews(pull)) == 1
