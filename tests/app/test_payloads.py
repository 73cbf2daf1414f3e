import json
from datetime import UTC, datetime

import pytest

from app.db.pull_requests import PullRequestFacts
from app.models import PullRequestState
from app.payloads import (
    CheckRunEvent,
    InstallationEvent,
    IssueCommentEvent,
    PayloadError,
    PullRequestEvent,
    parse,
)

REPOSITORY = {"id": 70, "name": "shop", "full_name": "octo/shop", "owner": None}
PULL_REQUEST = {
    "number": 1,
    "state": "closed",
    "merged": True,
    "updated_at": "2026-03-01T12:00:00Z",
    "title": None,
    "user": None,
    "head": {"sha": "a", "ref": "feature", "repo": None},
    "base": {"sha": "b", "ref": "main", "new_field": []},
}


def test_a_pull_request_of_a_deleted_account_and_fork_is_understood():
    payload = {
        "action": "stacked",
        "repository": REPOSITORY,
        "pull_request": PULL_REQUEST,
        "sender": None,
        "changes": {"base": {"ref": {"from": "old"}}},
    }

    event = parse("pull_request", json.dumps(payload).encode())

    assert isinstance(event, PullRequestEvent)
    assert (event.action, event.base_changed) == ("stacked", True)
    assert event.repository.owner_login == "octo"
    assert event.pull_request.facts(70) == PullRequestFacts(
        repository_id=70,
        number=1,
        state=PullRequestState.MERGED,
        draft=False,
        title="",
        author_login=None,
        author_id=None,
        head_sha="a",
        base_ref="main",
        base_sha="b",
        updated_at=datetime(2026, 3, 1, 12, tzinfo=UTC),
    )


@pytest.mark.parametrize(("link", "on_pull_request"), [({"url": "x"}, True), (None, False)])
def test_a_comment_says_whether_it_stands_on_a_pull_request(link: object, on_pull_request: bool):
    payload = {
        "action": "created",
        "repository": REPOSITORY,
        "issue": {"number": 1, "pull_request": link},
        "comment": {"id": 9, "body": None, "user": {"id": 2, "login": "x[bot]", "type": "Bot"}},
    }

    event = parse("issue_comment", json.dumps(payload).encode())

    assert isinstance(event, IssueCommentEvent)
    assert event.on_pull_request is on_pull_request
    assert event.comment.user is not None
    assert (event.comment.body, event.comment.user.is_bot) == ("", True)


def test_null_lists_and_maps_are_empty():
    check = {"repository": REPOSITORY, "check_run": {"id": 1, "pull_requests": None}}
    installation = {"installation": {"id": 7, "permissions": None}, "repositories": None}

    events = [
        parse("check_run", json.dumps(check).encode()),
        parse("installation", json.dumps(installation).encode()),
    ]

    assert isinstance(events[0], CheckRunEvent)
    assert isinstance(events[1], InstallationEvent)
    assert events[0].check_run.pull_requests == ()
    assert (events[1].installation.permissions, events[1].repositories) == ({}, ())


def test_an_event_that_is_not_read_is_nothing_and_a_broken_one_is_named():
    assert parse("star", b"{}") is None
    with pytest.raises(PayloadError, match="the payload of pull_request is not usable at: "):
        parse("pull_request", b'{"repository": {"id": 1}}')
