import csv
import io
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from app.charts import columns, weeks
from app.config import Settings
from app.db import deliveries, findings, history, tallies
from app.db.deliveries import Arrival
from app.db.engine import Database
from app.db.tallies import Day
from app.models import FindingPlace
from tests.app.conversation import talking_to
from tests.app.rows import NOON, add_pull_request, add_review
from tests.app.tables import rows_under
from tests.app.test_history_of_reviews import FINDING
from tests.bench.past import PEOPLE, Size, invent

PERSON = {"Accept": "text/html"}
SMALL = Size(repositories=3, reviews=60, findings=400)


@pytest.fixture
async def http(settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    local = settings.model_copy(update={"history_local": True})
    async with talking_to(local) as (client, services):
        await invent(services.database, SMALL, datetime.now(UTC))
        client.headers.update(PERSON)
        yield client


async def test_following_older_shows_every_finding_once(http: httpx.AsyncClient):
    seen: list[int] = []
    before: int | None = 10**9
    while before:
        page = (await http.get(f"/api/v1/findings?limit=70&before={before}")).json()
        seen += [one["id"] for one in page["findings"]]
        before = page["older"]

    assert seen == list(range(SMALL.findings, 0, -1))


@pytest.mark.parametrize(
    ("path", "first", "count"),
    [
        ("/deliveries", "Received", SMALL.reviews),
        ("/deliveries?state=done", "Received", SMALL.reviews),
        ("/deliveries?state=failed", "Received", 0),
        ("/audit", "When", SMALL.reviews),
        ("/audit?actor=maya&action=command", "When", SMALL.reviews // len(PEOPLE)),
        ("/repositories/octo/service-01", "Pull request", SMALL.pulls // SMALL.repositories),
    ],
)
async def test_the_links_of_a_list_lead_through_every_row_once(
    http: httpx.AsyncClient, path: str, first: str, count: int
):
    rows: list[tuple[str, ...]] = []
    link = path
    while link:
        page = (await http.get(link)).text
        rows += map(tuple, rows_under(page, first))
        link = page.partition('rel="next" href="')[2].partition('"')[0].replace("&amp;", "&")

    assert (len(rows), len(set(rows))) == (count, count)


@pytest.mark.parametrize(
    ("path", "place", "mark", "count"),
    [
        ("/api/v1/deliveries", None, "guid", SMALL.reviews),
        ("/api/v1/audit", None, "id", SMALL.reviews),
        ("/api/v1/reviews", "reviews", "id", SMALL.reviews),
        ("/api/v1/repositories/octo/service-01/pulls", "pull_requests", "number", 4),
    ],
)
async def test_programs_come_through_every_row_once(
    http: httpx.AsyncClient, path: str, place: str | None, mark: str, count: int
):
    marks: list[object] = []
    before = ""
    while page := (await http.get(f"{path}?limit=7{before}")).json():
        rows = page[place] if place else page
        marks += [row[mark] for row in rows]
        if not rows or (place and page["older"] is None):
            break
        before = f"&before={page['older'] if place else marks[-1]}"

    assert (len(marks), len(set(marks))) == (count, count)


async def test_deliveries_that_came_at_once_are_not_lost_between_two_pages(database: Database):
    guids = [f"g-{number}" for number in range(5)]
    async with database.write() as session:
        for guid in guids:
            arrival = Arrival(guid, "push", None, None, None, b"{}")
            await deliveries.accept(session, arrival, NOON)
        first = await history.deliveries(session, limit=2)
        second = await history.deliveries(session, before=first[-1].guid, limit=2)
        last = await history.deliveries(session, before=second[-1].guid, limit=2)
        forgotten = await history.deliveries(session, before="gone")

    assert [line.guid for line in (*first, *second, *last)] == guids[::-1]
    assert forgotten == []


async def test_a_filter_in_the_address_holds_for_page_csv_and_data(http: httpx.AsyncClient):
    query = "repository=octo/service-01&state=fixed&q=PART_"
    page = await http.get(f"/findings?{query}")
    table = list(csv.DictReader(io.StringIO((await http.get(f"/findings.csv?{query}")).text)))
    data = (await http.get(f"/api/v1/findings?limit=200&{query}")).json()["findings"]

    assert [row["id"] for row in table] == [str(one["id"]) for one in data]
    assert {(one["repository"], one["state"]) for one in data} == {("octo/service-01", "fixed")}
    assert all("part_" in one["path"] for one in data)
    assert all(f"#finding-{one['id']}" in page.text for one in data[:50])
    assert "<option selected>octo/service-01</option>" in page.text


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("state=gone", 422),
        ("severity=x", 422),
        ("repository=octo/none", 404),
        ("q=%25", 200),
        ("rule=%3Cscript%3E", 200),
        ("before=x", 422),
    ],
)
async def test_a_filter_that_means_nothing_is_told(
    http: httpx.AsyncClient, query: str, status: int
):
    answer = await http.get(f"/findings?{query}")

    assert answer.status_code == status
    assert "<script>" not in answer.text


async def test_who_has_the_page_already_is_not_sent_it_again(http: httpx.AsyncClient):
    for path in ("/", "/reviews/3", "/api/v1/overview", "/rules"):
        first = await http.get(path)
        again = await http.get(path, headers={"If-None-Match": first.headers["etag"]})
        assert (first.status_code, again.status_code, again.content) == (200, 304, b""), path
        assert first.headers["cache-control"] == "private, no-cache"
        assert first.headers["vary"] == "Cookie"


async def test_a_file_keeps_the_tag_that_it_has(http: httpx.AsyncClient):
    first = await http.get("/static/style.css")
    again = await http.get("/static/style.css", headers={"If-None-Match": first.headers["etag"]})

    assert (first.status_code, again.status_code) == (200, 304)
    assert first.text.startswith(":root")


async def test_the_pages_of_a_list_are_led_to_by_links(http: httpx.AsyncClient):
    first = await http.get("/findings?state=fixed")
    link = first.text.split('rel="next" href="')[1].split('"')[0].replace("&amp;", "&")
    second = await http.get(link)

    assert "state=fixed" in link
    assert second.status_code == 200
    assert second.text != first.text


async def test_the_interface_describes_itself(http: httpx.AsyncClient):
    described = (await http.get("/api/v1/openapi.json")).json()
    page = await http.get("/api/v1/docs")

    assert described["openapi"].startswith("3.")
    for path in described["paths"]:
        assert path in page.text


async def test_a_reader_of_the_interface_gets_what_the_pages_show(http: httpx.AsyncClient):
    review = (await http.get("/api/v1/reviews/5")).json()
    pull = (await http.get("/api/v1/repositories/octo/service-01/pulls/1")).json()
    overview = (await http.get("/api/v1/overview")).json()
    rule = (await http.get("/api/v1/rules/SEC101")).json()

    assert (review["id"], review["repository"]) == (5, "octo/service-00")
    assert {one["rule"] for one in review["findings"]} != set()
    assert [one["generation"] for one in pull["reviews"]] == [5, 4, 3, 2, 1]
    assert len(overview["weeks"]) == 12
    assert set(rule["states"]) <= {"open", "fixed", "dismissed"}


async def test_what_a_spreadsheet_would_run_is_text(settings: Settings):
    local = settings.model_copy(update={"history_local": True})
    async with talking_to(local) as (client, services):
        async with services.database.write() as session:
            number = await add_pull_request(session)
            review = await add_review(session, number)
            await findings.record_open(
                session,
                pull_request_id=number,
                review_id=review,
                findings=[replace(FINDING, path="=cmd()", message="+1")],
                places={},
                now=NOON,
            )
        row = next(csv.DictReader(io.StringIO((await client.get("/findings.csv")).text)))

    assert (row["path"], row["message"]) == ("'=cmd()", "'+1")


async def test_a_review_counts_itself_what_it_found_and_what_it_saw_fixed(database: Database):
    async with database.write() as session:
        number = await add_pull_request(session)
        first = await add_review(session, number, 1)
        other = replace(FINDING, fingerprint="f-2", group="sqlite")
        await _record(session, number, first, [FINDING, other])
        await tallies.count_review(session, 70, first, [], NOON)
        second = await add_review(session, number, 2)
        await _record(session, number, second, [other])
        fixed = await findings.mark_fixed(
            session,
            pull_request_id=number,
            fingerprints=["f-1"],
            head_sha="c" * 40,
            review_id=second,
            now=NOON + timedelta(hours=2),
        )
        await tallies.count_review(session, 70, second, fixed, NOON + timedelta(hours=2))
        here = await tallies.since(session, NOON, [70])
        everywhere = await tallies.since(session, NOON)

    assert here == everywhere
    assert sorted(here, key=lambda one: one.group) == [
        Day("2026-03-01", "", 0, 0, 0, 2),
        Day("2026-03-01", "security", 1, 1, 7200, 0),
        Day("2026-03-01", "sqlite", 1, 0, 0, 0),
    ]


async def _record(session, number: int, review: int, found: list) -> None:  # noqa: ANN001
    await findings.record_open(
        session,
        pull_request_id=number,
        review_id=review,
        findings=found,
        places={"f-1": FindingPlace.INLINE},
        now=NOON,
        frames={"f-1": {"start": 1, "lines": ["import sqlite3"]}},
    )


async def test_the_code_of_a_finding_stays_when_a_later_review_has_none(database: Database):
    async with database.write() as session:
        number = await add_pull_request(session)
        await _record(session, number, await add_review(session, number, 1), [FINDING])
        await findings.record_open(
            session,
            pull_request_id=number,
            review_id=await add_review(session, number, 2),
            findings=[FINDING],
            places={},
            now=NOON,
        )
        row = (await findings.of_pull_request(session, number))[0]

    assert row.frame == {"start": 1, "lines": ["import sqlite3"]}


def test_a_week_in_which_nothing_was_done_is_in_the_chart_too():
    shown = weeks([Day("2026-02-27", "security", 3, 1, 60, 0)], NOON, 4)

    assert [week.total for week in shown] == [0, 0, 0, 3]
    assert [f"{week.start:%m-%d}" for week in shown] == ["02-02", "02-09", "02-16", "02-23"]
    svg = columns(shown)
    assert 'role="img" aria-label="3 found and 1 fixed in 4 weeks' in svg
    assert "<title>Security, week of 23 February: 3</title>" in svg
    assert "style=" not in svg
