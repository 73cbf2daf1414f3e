"""What stood there when a project began with us is left alone until somebody rewrites it."""

from __future__ import annotations

import pytest

from rules.core.baseline import Baseline
from rules.core.config import Config
from rules.core.review import review
from tests.rules.trees import change_of

ONLY = Config(select=("ASY106",))
FILE = ONLY.baseline
CALL = "import asyncio\n\n\nasync def go(n: int) -> None:\n    asyncio.run(go(1))\n"
MORE = "\n\nasync def more(n: int) -> None:\n    asyncio.run(more(1))\n"


type Files = dict[str, str | bytes | None]


def _baseline() -> Baseline:
    return Baseline.of(review(change_of(None, {"a.py": CALL}), ONLY).findings)


def test_whole_files_are_told_without_what_is_in_the_baseline():
    found = review(change_of(None, {"a.py": CALL + MORE}), ONLY, baseline=_baseline())

    assert [one.line for one in found.findings] == [9]
    assert found.baselined == 1


def test_a_full_review_of_a_change_reads_the_baseline_of_the_base():
    base: Files = {"a.py": CALL, FILE: _baseline().text()}
    head: Files = {"a.py": "# moved\n" + CALL + MORE, FILE: Baseline().text()}

    full = review(change_of(base, head), ONLY, full=True)

    assert [one.line for one in full.findings] == [10]
    assert full.baselined == 1


def test_what_stood_there_goes_with_its_file():
    base: Files = {"a.py": CALL, FILE: _baseline().text()}
    moved: Files = {"b/c.py": CALL + MORE, FILE: _baseline().text()}

    renaming = review(change_of(base, moved, {"b/c.py": "a.py"}), ONLY, full=True)
    later = review(change_of(moved, {**moved, "b/c.py": CALL + MORE + "\n"}), ONLY, full=True)
    known = _baseline().within(lambda _: False)
    whole = review(change_of(None, {"b/c.py": CALL + MORE}), ONLY, baseline=known)

    assert [[one.line for one in found.findings] for found in (renaming, later, whole)] == [[9]] * 3
    assert [found.baselined for found in (renaming, later, whole)] == [1] * 3


def test_a_copy_of_a_file_that_is_still_there_is_new():
    known = _baseline().within(lambda path: path == "a.py")

    found = review(change_of(None, {"a.py": CALL, "b.py": CALL}), ONLY, baseline=known)

    assert [one.path for one in found.findings] == ["b.py"]


def test_pruning_writes_down_what_moved_by_its_new_path():
    moved = review(change_of(None, {"b.py": CALL + MORE}), ONLY).findings

    kept = _baseline().within(lambda _: False).kept(moved)

    assert [line.split()[0] for line in kept.lines] == ["b.py"]
    assert kept == Baseline.of(moved[:1])


@pytest.mark.parametrize("full", [True, False])
def test_who_rewrites_the_statement_is_told_all_the_same(full: bool):
    base: Files = {"a.py": CALL, FILE: _baseline().text()}
    rewritten = CALL.replace("    asyncio.run(go(1))", "    done = asyncio.run(go(1))")

    found = review(change_of(base, {**base, "a.py": rewritten}), ONLY, full=full)

    assert [one.line for one in found.findings] == [5]
    assert found.baselined == 0


def test_the_file_is_sorted_small_and_read_again():
    found = review(change_of(None, {"b.py": CALL, "a.py": CALL + MORE}), ONLY).findings
    baseline = Baseline.of(reversed(found))

    assert baseline.text() == Baseline.of(found).text()
    assert [line.split()[:2] for line in sorted(baseline.lines)] == [
        ["a.py", "ASY106"],
        ["a.py", "ASY106"],
        ["b.py", "ASY106"],
    ]
    assert Baseline.read(baseline.text().encode(), FILE) == (baseline, ())


def test_pruned_it_only_shrinks():
    both = Baseline.of(review(change_of(None, {"a.py": CALL + MORE}), ONLY).findings)
    now = review(change_of(None, {"a.py": CALL, "b.py": CALL}), ONLY).findings

    assert both.kept(now) == _baseline()


@pytest.mark.parametrize("text", ["{", "[]", '{"version": 2, "findings": []}', "[" * 9999])
def test_what_is_no_baseline_is_told_and_silences_nothing(text: str):
    base: Files = {"a.py": CALL, FILE: text}

    found = review(change_of(base, {**base, "a.py": CALL + MORE}), ONLY, full=True)

    assert [one.line for one in found.findings] == [5, 9]
    assert [note.split("`")[1] for note in found.notes] == [FILE]
