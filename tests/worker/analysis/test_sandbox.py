from __future__ import annotations

import asyncio
import mmap
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import psutil
import pytest
import pytest_asyncio

from rules.core.findings import Review, Skipped, Verdict
from tests.worker.git.git_repository import GitRepository
from worker.analysis.job import Commits, Folders, Job, Limits
from worker.analysis.sandbox import AnalysisFailedError, Sandbox, review_job
from worker.git.repository import Repository

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from pathlib import Path

    type Run = Callable[[Job], Awaitable[Review]]

LIMITS = Limits(file_seconds=0.3, review_seconds=20, memory_bytes=2**30)


pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def sandbox() -> AsyncIterator[Sandbox]:
    """One server for all, as in a worker."""
    async with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture(params=["fork", "server"])
def run(request: pytest.FixtureRequest, sandbox: Sandbox) -> Run:
    """Both ways in which a job is run."""

    async def forked(job: Job) -> Review:
        return review_job(job)

    return forked if request.param == "fork" else sandbox.analyse


def job_of(folder: Path, analyse: str, **files: str) -> Job:
    """A job over files `NAME.py`."""
    made = GitRepository(folder)
    base = made.commit()
    head = made.commit({f"{name}.py": content for name, content in files.items()})
    with Repository(folder) as repository:
        changed = repository.diff(base, head)
    source = Commits(folder, head, base)
    return Job(
        source, changed, limits=LIMITS, analyse=f"tests.worker.analysis.bad_analysis:{analyse}"
    )


async def test_a_review_comes_back_whole(run: Run, tmp_path: Path) -> None:
    job = job_of(tmp_path, "fine", a="good", b="bad")

    assert await run(job) == Review(reviewed=2)


@pytest.mark.parametrize(
    ("harm", "reason"),
    [
        ("allocate", "the analysis ran out of memory"),
        ("crash", "the analysis crashed (signal 11)"),
        ("vanish", "the analysis ended without a result (status 0)"),
        ("stall", "the analysis was stopped after 0.3 s"),
        ("spin", "the analysis was stopped after 0.3 s"),
        ("fail", "the analysis failed (ZeroDivisionError)"),
    ],
)
async def test_a_file_that_does_harm_costs_only_itself(
    run: Run, tmp_path: Path, harm: str, reason: str
) -> None:
    job = job_of(tmp_path, harm, a="good", b="bad", c="good")

    assert await run(job) == Review(
        skipped=(Skipped("b.py", reason),), verdict=Verdict.PARTIAL, reviewed=2
    )


async def test_processor_time_is_bounded(run: Run, tmp_path: Path) -> None:
    job = job_of(tmp_path, "spin", a="bad")
    job = replace(job, limits=replace(LIMITS, file_seconds=20, cpu_seconds=1))

    assert (await run(job)).skipped == (
        Skipped("a.py", "the analysis used more than 1 s of processor time"),
    )


async def test_after_too_many_deaths_the_unreached_files_are_left_out(
    run: Run, tmp_path: Path
) -> None:
    job = job_of(tmp_path, "crash", a="good", b="bad", c="bad", d="bad", e="good")
    job = replace(job, limits=replace(LIMITS, restarts=1))

    reason = "the analysis crashed (signal 11)"
    assert await run(job) == Review(
        skipped=(
            Skipped("b.py", reason),
            Skipped("c.py", reason),
            Skipped("d.py", f"left out, because {reason}"),
            Skipped("e.py", f"left out, because {reason}"),
        ),
        verdict=Verdict.PARTIAL,
        reviewed=1,
    )


async def test_when_the_time_is_up_the_rest_is_left_out(run: Run, tmp_path: Path) -> None:
    job = job_of(tmp_path, "stall", a="good", b="bad", c="good")
    job = replace(job, limits=replace(LIMITS, file_seconds=20, review_seconds=2))

    review = await run(job)

    assert [skipped.path for skipped in review.skipped] == ["b.py", "c.py"]
    assert review.reviewed == 1


async def test_a_review_that_always_dies_still_says_what_was_not_reviewed(
    run: Run, tmp_path: Path
) -> None:
    job = job_of(tmp_path, "always_crash", a="good", b="good")

    reason = "the analysis crashed (signal 6)"
    assert await run(job) == Review(
        skipped=(Skipped("a.py", reason), Skipped("b.py", f"left out, because {reason}")),
        verdict=Verdict.PARTIAL,
    )


async def test_a_failure_that_no_file_is_to_blame_for_rises(run: Run, tmp_path: Path) -> None:
    job = job_of(tmp_path, "fail_before_any_file", a="good")

    with pytest.raises(AnalysisFailedError, match=r"failed \(ValueError\)") as caught:
        await run(job)

    assert "of my own" in caught.value.trace


async def test_a_repository_that_cannot_be_read_is_named(run: Run, tmp_path: Path) -> None:
    job = job_of(tmp_path, "fine", a="good")
    job = replace(job, source=Commits(tmp_path, "0123456789" * 4))

    with pytest.raises(AnalysisFailedError, match="has no tree '0123456789"):
        await run(job)


async def test_a_result_that_is_too_large_is_refused(run: Run, tmp_path: Path) -> None:
    job = job_of(tmp_path, "talk", a="good")
    job = replace(job, limits=replace(LIMITS, result_bytes=50_000))

    with pytest.raises(AnalysisFailedError, match="more than can be told"):
        await run(job)


async def test_facts_are_kept_from_one_review_to_the_next(run: Run, tmp_path: Path) -> None:
    job = replace(job_of(tmp_path / "made", "count_visits", a="good"), cache=tmp_path / "cache")

    assert [(await run(job)).reviewed for _ in range(3)] == [1, 2, 3]


async def test_what_the_parent_had_mapped_is_not_counted(tmp_path: Path) -> None:
    job = replace(job_of(tmp_path / "made", "count_visits", a="good"), cache=tmp_path / "cache")

    with mmap.mmap(-1, LIMITS.memory_bytes):  # With no room, SQLite could not map its own file.
        assert [review_job(job).reviewed for _ in range(2)] == [1, 2]


async def test_folders_are_reviewed_whole(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("good")
    job = Job(Folders((tmp_path,), tmp_path), analyse="tests.worker.analysis.bad_analysis:fine")

    assert await run(job) == Review(reviewed=1)


async def test_the_child_does_not_see_our_secrets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_PRIVATE_KEY", "secret")
    async with Sandbox() as own:
        review = await own.analyse(job_of(tmp_path, "tell_surroundings", a="good"))

    assert "PATH" in review.notes
    assert "GITHUB_PRIVATE_KEY" not in review.notes
    assert review.notes[-1] == "nice 5"


async def test_progress_is_told_as_it_happens(sandbox: Sandbox, tmp_path: Path) -> None:
    told: list[str] = []
    await sandbox.analyse(job_of(tmp_path, "fine", a="good", b="good"), told.append)

    assert told == ["a.py", "b.py"]


async def test_the_event_loop_stays_free(sandbox: Sandbox, tmp_path: Path) -> None:
    job = job_of(tmp_path, "spin", a="bad", b="good")
    used = time.thread_time()
    review = asyncio.create_task(sandbox.analyse(job))
    turns = 0
    while not review.done():
        await asyncio.sleep(0.002)
        turns += 1

    assert (await review).reviewed == 1
    assert turns > 10
    assert time.thread_time() - used < 0.3, "0.3 s of work are the child's"


async def test_a_cancelled_review_leaves_no_process(tmp_path: Path) -> None:
    job = job_of(tmp_path, "stall", a="bad")
    job = replace(job, limits=replace(LIMITS, file_seconds=60, review_seconds=60))
    begun = asyncio.Event()
    async with Sandbox() as own:
        review = asyncio.create_task(own.analyse(job, lambda _: begun.set()))
        await begun.wait()
        review.cancel()
        with pytest.raises(asyncio.CancelledError):
            await review
        server = _server()
        await _until(lambda: not server.children(recursive=True))

    assert not server.is_running()


async def test_a_server_that_was_killed_is_started_again(tmp_path: Path) -> None:
    job = job_of(tmp_path, "fine", a="good")
    async with Sandbox() as own:
        await own.analyse(job)
        server = _server()
        server.kill()
        await _until(lambda: not psutil.pid_exists(server.pid))

        assert await own.analyse(job) == Review(reviewed=1)


async def test_reviews_run_side_by_side(sandbox: Sandbox, tmp_path: Path) -> None:
    job = job_of(tmp_path, "fine", a="good")
    reviews = await asyncio.gather(*(sandbox.analyse(job) for _ in range(5)))

    assert reviews == [Review(reviewed=1)] * 5


def _server() -> psutil.Process:
    """The server that was started last."""
    children = psutil.Process().children()
    servers = [child for child in children if "worker.analysis.forks" in child.cmdline()]
    return max(servers, key=lambda server: (server.create_time(), server.pid))


async def _until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not condition():  # noqa: ASYNC110 a process, which sets no event
            await asyncio.sleep(0.01)
