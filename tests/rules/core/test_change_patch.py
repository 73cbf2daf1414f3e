from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rules.core.change import Hunk
from rules.core.patch import Patch, parse_diff, parse_patch

if TYPE_CHECKING:
    from pathlib import Path

PATCH = "@@ -1,3 +1,4 @@ def f():\n a\n-b\n+B\n+C\n d\n@@ -10 +11,2 @@\n x\n+y"


def test_the_hunks_and_the_added_lines_of_a_patch_are_found() -> None:
    assert parse_patch(PATCH) == Patch((Hunk(1, 4), Hunk(11, 12)), frozenset({2, 3, 12}))


def test_a_patch_may_end_with_a_line_end() -> None:
    assert parse_patch(PATCH + "\n") == parse_patch(PATCH)


def test_an_empty_patch_has_no_hunks() -> None:
    assert parse_patch("") == Patch()


def test_the_no_newline_marker_is_not_a_line() -> None:
    patch = "@@ -1 +1,2 @@\n-a\n\\ No newline at end of file\n+a\n+b\n\\ No newline at end of file"
    assert parse_patch(patch) == Patch((Hunk(1, 2),), frozenset({1, 2}))


def test_a_hunk_that_only_removes_shows_no_line_of_the_head() -> None:
    assert parse_patch("@@ -1,2 +0,0 @@\n-a\n-b") == Patch()


def test_carriage_returns_stay_within_their_line() -> None:
    patch = "@@ -1,2 +1,3 @@\n a\r\n+b\rc\r\n+\x0c\x1c\u2028d\r\n-e\r"
    assert parse_patch(patch) == Patch((Hunk(1, 3),), frozenset({2, 3}))


def test_removed_and_added_lines_that_look_like_headers_are_lines() -> None:
    patch = "@@ -1,2 +1,2 @@\n--- a/x\n-diff --git a/x b/x\n+++ b/x\n+@@ -1 +1 @@"
    assert parse_patch(patch) == Patch((Hunk(1, 2),), frozenset({1, 2}))


@pytest.mark.parametrize(
    "patch",
    [
        "@@ -1,3 +1,9 @@\n a\n+b",
        "@@ -1 +1,1 @@\n-a\n+b\n+c",
        "@@ -1 +1 @@\n-a\n+b\n+++ b/other\n",
        "@@ -1 +1 @@\n-a\n+b\n@@ -1 +1 @@\n-a\n+b",
        "@@ -1 +1 @@\nnonsense",
        "@@ -1 +1 @@",
        "nonsense",
        "-- a/file\n+++ b/file",
        "diff --git a/x b/x\n@@ -1 +1 @@\n-a\n+b",
        f"@@ -1 +{'9' * 5000} @@\n-a\n+b",
        "Binary files a/x and b/x differ",
    ],
)
def test_a_patch_that_lies_is_no_patch(patch: str) -> None:
    assert parse_patch(patch) is None


@given(st.text())
def test_no_text_makes_parsing_fail(text: str) -> None:
    parse_patch(text)
    parse_patch(f"@@ -1 +1 @@\n{text}")


LINES = st.lists(st.sampled_from(["a", "b", "\r", "", "-- x", "++ y", "@@ -1 +1 @@"]), max_size=8)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(old=LINES, new=LINES, ends=st.tuples(st.booleans(), st.booleans()))
def test_added_lines_put_into_the_old_version_make_the_new_one(
    tmp_path: Path, old: list[str], new: list[str], ends: tuple[bool, bool]
) -> None:
    for name, lines, end in (("old", old, ends[0]), ("new", new, ends[1])):
        (tmp_path / name).write_bytes(("\n".join(lines) + "\n" * end).encode())
    command = ["git", "diff", "--no-index", "--raw", "-z", "-p", "old", "new"]
    output = subprocess.run(command, cwd=tmp_path, capture_output=True, check=False).stdout

    files = parse_diff(output)

    after = (tmp_path / "new").read_bytes().split(b"\n")
    shown = {
        line for file in files for hunk in file.hunks for line in range(hunk.start, hunk.end + 1)
    }
    added = {line for file in files for line in file.added}
    assert added <= shown
    assert shown <= set(range(1, len(after) + 1))
    kept = [line for number, line in enumerate(after, 1) if number not in added]
    remaining = iter((tmp_path / "old").read_bytes().split(b"\n"))
    assert all(line in remaining for line in kept if line)


@pytest.mark.parametrize("output", [b"", b"\0\0"])
def test_no_change_has_no_files(output: bytes) -> None:
    assert parse_diff(output) == ()
