"""What people think of a rule, shown to those who may see where."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from app.config import Settings
from app.db import dismissals, pull_requests, repositories
from app.db.dismissals import DismissalFacts
from app.models import DismissalScope, Vote
from app.pages import day
from app.services import Services
from tests.app.conversation import talking_to
from tests.app.rows import PULL_REQUEST, REPOSITORY, add_repository
from tests.app.tables import rows_under

NOW = datetime.now(UTC)
HOSTILE = "<script>alert(1)</script>"
FACTS = DismissalFacts(
    repository_id=70,
    number=1,
    scope=DismissalScope.FINDING,
    rule="SEC101",
    path="shop/db.py",
    fingerprint="f-1",
    reason=HOSTILE,
    dismissed_by="maya",
    given_in="comment:1",
    expires_at=NOW + timedelta(days=30),
)
OVER = replace(
    FACTS, scope=DismissalScope.PATH, given_in="comment:2", expires_at=NOW - timedelta(days=1)
)
EVERYWHERE = replace(FACTS, scope=DismissalScope.REPOSITORY, given_in="comment:3")


@pytest.fixture
async def http(settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    local = settings.model_copy(update={"history_local": True})
    async with talking_to(local) as (client, services):
        await fill(services)
        client.headers["Accept"] = "text/html"
        yield client


async def fill(services: Services) -> None:
    async with services.database.write() as session:
        await add_repository(session)
        await repositories.upsert(session, replace(REPOSITORY, id=71, name="till"))
        for home, up, down in ((70, 2, 30), (71, 5, 0)):
            number = await pull_requests.upsert(session, replace(PULL_REQUEST, repository_id=home))
            session.add(
                Vote(
                    comment_id=home,
                    repository_id=home,
                    pull_request_id=number,
                    rule="SEC101",
                    up=up,
                    down=down,
                    created_at=NOW,
                )
            )
        for facts in (FACTS, OVER, EVERYWHERE):
            await dismissals.record(session, facts, NOW)
        (restored, *_) = await dismissals.newest(session, [70])
        await dismissals.restore(session, [restored.dismissal.id], "jonas", NOW)


async def test_the_page_of_a_rule_tells_where_people_find_it_wrong_first(http: httpx.AsyncClient):
    page = (await http.get("/rules/SEC101")).text

    assert rows_under(page, "Repository") == [
        ["octo/shop", "2", "30", "6 %", "summary only"],
        ["octo/till", "5", "0", "100 %", "on the lines"],
    ]


async def test_the_page_of_a_repository_tells_what_its_people_voted(http: httpx.AsyncClient):
    pages = [(await http.get(f"/repositories/octo/{name}")).text for name in ("shop", "till")]

    assert [rows_under(page, "Rule") for page in pages] == [
        [["SEC101", "2", "30", "6 %", "summary only"]],
        [["SEC101", "5", "0", "100 %", "on the lines"]],
    ]


@pytest.mark.parametrize("path", ["/rules/SEC101", "/repositories/octo/shop"])
async def test_a_dismissal_says_who_decided_what_and_whether_it_holds(
    http: httpx.AsyncClient, path: str
):
    page = (await http.get(path)).text

    where = ["maya", "octo/shop#1"]
    assert rows_under(page, "What") == [
        ["SEC101 in the whole repository", HOSTILE, *where, "restored by jonas"],
        ["SEC101 all in shop/db.py", HOSTILE, *where, f"ended {day(OVER.expires_at)}"],
        ["SEC101 one finding in shop/db.py", HOSTILE, *where, day(FACTS.expires_at)],
    ]
    assert HOSTILE not in page


async def test_a_repository_where_nobody_decided_anything_has_no_empty_tables(
    http: httpx.AsyncClient,
):
    page = (await http.get("/repositories/octo/till")).text

    assert rows_under(page, "What") == []
    assert "dismissals" not in page


async def test_programs_get_the_same(http: httpx.AsyncClient):
    rule = (await http.get("/api/v1/rules/SEC101")).json()

    assert rule["votes"] == [
        {"repository": "octo/shop", "up": 2, "down": 30, "demoted": True},
        {"repository": "octo/till", "up": 5, "down": 0, "demoted": False},
    ]
    assert [(one["scope"], one["restored_by"], one["reason"]) for one in rule["dismissals"]] == [
        ("repository", "jonas", HOSTILE),
        ("path", None, HOSTILE),
        ("finding", None, HOSTILE),
    ]
