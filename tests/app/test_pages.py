import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

import rules
from app.config import Settings
from app.db import findings, pull_requests, reviews
from app.db.reviews import ReviewOutcome
from app.models import FindingPlace, ReviewState
from app.services import Services
from rules.catalog import all_rules
from rules.docs import references
from tests.app.conversation import deliver, talking_to
from tests.app.rows import NOON, PULL_REQUEST, add_pull_request, add_review
from tests.app.test_history_of_reviews import FINDING

HOSTILE = "<script>alert(1)</script>"
PERSON = {"Accept": "text/html"}


async def fill(services: Services) -> None:
    async with services.database.write() as session:
        number = await add_pull_request(session)
        later = NOON + timedelta(seconds=1)
        await pull_requests.upsert(
            session, replace(PULL_REQUEST, title=HOSTILE, author_login=None, updated_at=later)
        )
        review = await add_review(session, number)
        await findings.record_open(
            session,
            pull_request_id=number,
            review_id=review,
            findings=[replace(FINDING, message=HOSTILE)],
            places={"f-1": FindingPlace.INLINE},
            now=NOON,
        )
        skipped = [{"path": "big.py", "reason": "too large"}]
        outcome = ReviewOutcome("partial", {"critical": 1}, {"analysis": 0.25}, skipped, [HOSTILE])
        await reviews.finish(session, review, ReviewState.DONE, NOON, outcome)


@pytest.fixture
async def browser(settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    settings = settings.model_copy(update={"history_local": True})
    async with talking_to(settings) as (http, services):
        await fill(services)
        http.headers.update(PERSON)
        yield http


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("/", ["octo/shop #1", "partial", 'href="/reviews/1"']),
        ("/repositories/octo/shop", ["#1", "ghost", "open"]),
        ("/repositories/OCTO/Shop", ["#1"]),
        ("/pulls/octo/shop/1", ["SEC101", "shop/db.py:3", "https://github.com/octo/shop/pull/1"]),
        ("/reviews/1", ["too large", "big.py", "250 ms", "SEC101", "shop/api.py:9"]),
    ],
)
async def test_the_history_is_shown_and_everything_in_it_escaped(
    browser: httpx.AsyncClient, path: str, shown: list[str]
):
    answer = await browser.get(path)

    assert answer.status_code == 200
    assert [text for text in shown if text not in answer.text] == []
    assert HOSTILE not in answer.text


@pytest.mark.parametrize(
    "path", ["/repositories/octo/none", "/pulls/octo/shop/9", "/reviews/9", "/nothing"]
)
async def test_what_is_not_known_is_a_page_for_people_and_json_for_programs(
    browser: httpx.AsyncClient, path: str
):
    page = await browser.get(path)
    data = await browser.get(path, headers={"Accept": "application/json"})

    assert (page.status_code, data.status_code) == (404, 404)
    assert "<h1>Not Found</h1>" in page.text
    assert "<p>Not Found</p>" not in page.text
    assert list(data.json()) == ["error"]


@pytest.mark.parametrize(
    ("client", "host", "headers", "status"),
    [
        ("127.0.0.1", "localhost", {}, 200),
        ("::1", "[::1]", {}, 200),
        ("203.0.113.9", "localhost", {}, 403),
        ("127.0.0.1", "reviews.example", {}, 403),
        ("127.0.0.1", "localhost", {"X-Forwarded-For": "203.0.113.9"}, 403),
    ],
)
@pytest.mark.parametrize("path", ["/", "/metrics", "/reviews/1", "/audit"])
async def test_only_this_machine_sees_what_needs_no_sign_in_here(
    settings: Settings, client: str, host: str, headers: dict[str, str], status: int, path: str
):
    local = settings.model_copy(update={"history_local": True})
    async with talking_to(local, (client, 1), host) as (http, services):
        await fill(services)
        answer = await http.get(path, headers=headers)

    refused = 403 if path == "/metrics" else 401
    assert answer.status_code == (status if status == 200 else refused)


@pytest.mark.parametrize("path", ["/", "/reviews/1", "/audit"])
async def test_not_even_this_machine_sees_the_history_unless_the_operator_says_so(
    settings: Settings, path: str
):
    async with talking_to(settings, ("127.0.0.1", 1), "localhost") as (http, services):
        await fill(services)
        answer = await http.get(path)

    assert answer.status_code == 401


async def test_the_operator_may_open_history_and_metrics(settings: Settings):
    opened = settings.model_copy(update={"history_public": True, "metrics_public": True})
    async with talking_to(opened, ("203.0.113.9", 1), "reviews.example") as (http, _):
        answers = [await http.get(path) for path in ("/", "/metrics")]

    assert [answer.status_code for answer in answers] == [200, 200]


async def test_every_rule_has_a_page_that_anybody_may_read(settings: Settings):
    async with talking_to(settings, ("203.0.113.9", 1), "reviews.example") as (http, _):
        catalogue = await http.get("/rules")
        for code, rule in all_rules().items():
            page = await http.get(f"/rules/{code}")
            assert f"<h1>{code} {rule.name}</h1>" in page.text
            assert f'href="/rules/{code}"' in catalogue.text


async def test_every_service_has_a_page_that_anybody_may_read(settings: Settings):
    async with talking_to(settings, ("203.0.113.9", 1), "reviews.example") as (http, _):
        answers = [await http.get(f"/references/{name}") for name in (*references(), "nobody")]

    assert [answer.status_code for answer in answers] == [200, 200, 200, 404]
    assert "<h1>Polymarket API</h1>" in answers[0].text


async def test_a_rule_is_found_by_its_name_and_in_small_letters(settings: Settings):
    code, rule = next(iter(all_rules().items()))
    async with talking_to(settings) as (http, _):
        answers = [await http.get(f"/rules/{word}") for word in (rule.name, code.lower(), "NO999")]

    assert [answer.status_code for answer in answers] == [308, 308, 404]
    assert [answer.headers.get("location") for answer in answers[:2]] == [f"/rules/{code}"] * 2


async def test_pages_let_a_browser_run_nothing(browser: httpx.AsyncClient):
    for path in ("/", "/rules", "/static/style.css", "/healthz", "/nothing"):
        answer = await browser.get(path)
        policy = answer.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; style-src 'self'")
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "style=" not in answer.text
        assert "<style" not in answer.text


async def test_health_says_which_part_is_missing(settings: Settings):
    async with talking_to(settings) as (http, _):
        live = await http.get("/healthz")
        without_redis = await http.get("/readyz")

    assert live.json() == {"status": "ok"}
    assert without_redis.status_code == 200
    assert without_redis.json() == {
        "status": "degraded",
        "database": "ok",
        "redis": "unreachable",
    }


async def test_metrics_count_deliveries_and_the_age_of_the_queue(settings: Settings):
    async with talking_to(settings) as (http, _):
        await deliver(http, {"action": "opened"})
        await deliver(http, {}, "made_up_by_somebody")
        text = (await http.get("/metrics")).text

    assert 'deliveries_total{event="pull_request",outcome="new"} 1.0' in text
    assert 'deliveries_total{event="other",outcome="ignored"} 1.0' in text
    assert 'backend_expert_deliveries_stored{state="received"} 1.0' in text
    assert "backend_expert_webhook_seconds_count 2.0" in text


async def test_editors_find_the_schema_of_the_configuration(browser: httpx.AsyncClient):
    answer = await browser.get("/config.schema.json")

    shipped = (Path(rules.__file__).parent / "config.schema.json").read_text()
    assert answer.json() == json.loads(shipped)
