"""Whatever happens to a pull request, in the end it says once and rightly what is wrong with it.

`EXAMPLES=200 pytest tests/stories/test_whatever_happens.py` tries other lives, and more of them.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import shutil
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from app.db.engine import Database
from app.main import create_app
from tests.app.serving import Served
from tests.app.settings import SECRET
from tests.github import LocalGitHub
from tests.stories.faults import FAULTS
from tests.stories.life import VARIANTS, Die, Fail, Happen, Life, Push, Say
from tests.worker.service import Service, settings_for, valkey

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.stories.life import Step

EXAMPLES = int(os.environ.get("EXAMPLES", "0"))
FEW = settings(
    max_examples=EXAMPLES or 6,
    derandomize=not EXAMPLES,
    deadline=None,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
NUMBERS = itertools.count(1)
COMMANDS = (
    "/recheck", "/recheck full", "/pause", "/resume", "/help", "/dismiss ID on purpose",
    "/dismiss path ID as agreed", "/restore ID", "/dismiss", "/nothing",
)  # fmt: skip
TURNS = (
    "worker stopped", "valkey flushed", "time passes", "deliveries lost", "draft", "ready",
    "closed", "reopened", "base moved", "suspended", "unsuspended", "nothing",
    "comment deleted", "summary deleted", "locked", "unlocked", "archived", "unarchived",
    "repository deleted",
)  # fmt: skip
VARIANT = st.integers(0, len(VARIANTS) - 1)
STEPS: st.SearchStrategy[Step] = st.one_of(
    st.builds(Push, st.tuples(VARIANT, VARIANT), st.booleans(), st.booleans()),
    st.builds(Fail, st.sampled_from(sorted(FAULTS)), st.integers(1, 2)),
    st.builds(Die, st.integers(0, 25), st.sampled_from(["before", "after"])),
    st.builds(Say, st.sampled_from(["alice", "bob", "eve"]), st.sampled_from(COMMANDS)),
    st.builds(Happen, st.sampled_from(TURNS)),
)


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Iterator[Service]:
    """A web process and GitHub, for all lives; each has workers of its own."""
    folder = tmp_path_factory.mktemp("lives")
    shutil.copyfile(sqlite_template, folder / "test.sqlite3")
    with LocalGitHub() as github:
        app = github.apps.create(webhook_secret=SECRET)
        for redis_url in valkey(folder):
            ours = settings_for(
                github,
                app,
                redis_url=redis_url,
                database_url=f"sqlite+aiosqlite:///{folder / 'test.sqlite3'}",
                data_dir=folder / "data",
                max_attempts=1000,
                log_level="error",
            )
            with Served(create_app(ours)) as web:
                app.webhook_url = f"{web.url}/webhook"
                installation = github.apps.install(app, account="nobody")
                yield Service(github, app, installation, ours, Database(ours.database_url))


@pytest.mark.long
@pytest.mark.filterwarnings("ignore:Unclosed client session:ResourceWarning")  # As in tests/worker.
@pytest.mark.timeout(0 if EXAMPLES else 800)
@given(steps=st.lists(STEPS, min_size=4, max_size=14))
@example([Fail("suspended"), Push((1, 1)), Happen("nothing"), Say("alice", "/pause")])
@example([Happen("suspended"), Happen("repository deleted"), Push((2, 4))])
@example([Push((1, 1)), Happen("archived"), Say("alice", "/dismiss"), Happen("suspended")])
@example([Push((1, 4)), Happen("repository deleted"), Die(5, "after"), Push((1, 1))])
@example([Say("alice", "/recheck"), Push((1, 1)), Happen("repository deleted")])
@example(
    [
        *(Happen("nothing"), Happen("comment deleted"), Push((1, 2), moved=True), Happen("locked")),
        *(
            Push((1, 1), anew=True),
            Happen("archived"),
            Fail("gone, a read", 2),
            Happen("unarchived"),
        ),
    ]
)
@FEW
def test_whatever_happens_the_pull_request_is_right_in_the_end(service: Service, steps: list[Step]):
    asyncio.run(_live(service, steps))


async def _live(service: Service, steps: list[Step]) -> None:
    service.database = Database(service.settings.database_url)
    try:
        await Life(service, next(NUMBERS)).live(steps)
    finally:
        await service.database.close()
        # A transaction that is still being rolled back would lock the database for the next life.
        if left := asyncio.all_tasks() - {asyncio.current_task()}:
            await asyncio.wait(left, timeout=9)
