from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from rules.core.change import ChangedFile, Entry, Hunk, UnreadableFileError
from tests.worker.git.git_repository import GitRepository
from worker.git.command import (
    NotARepositoryError,
    UnknownRevisionError,
    UnrelatedHistoriesError,
    UnsupportedRepositoryError,
)
from worker.git.repository import READ_LIMIT, Repository

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def made(tmp_path: Path) -> GitRepository:
    return GitRepository(tmp_path / "made")


@pytest.fixture
def repository(made: GitRepository) -> Iterator[Repository]:
    with Repository(made.path) as opened:
        yield opened


def test_a_tree_has_the_regular_files_of_a_commit(
    made: GitRepository, repository: Repository
) -> None:
    made.write({"a.py": "a\n", "pkg/b é\t\n.py": b"\0\xff", "empty.py": ""})
    (made.path / "link.py").symlink_to("a.py")
    sha = made.commit()

    tree = repository.tree(sha)

    assert tree.entries() == {
        "a.py": Entry("78981922613b2afb6025042ff6bd878ac1994e85", 2),
        "empty.py": Entry("e69de29bb2d1d6434b8b29ae775ad8c2e48c5391", 0),
        "pkg/b é\t\n.py": Entry(made.git("rev-parse", "HEAD:pkg/b é\t\n.py").strip(), 2),
    }
    assert [tree.read(path) for path in tree.entries()] == [b"a\n", b"", b"\0\xff"]


def test_a_submodule_is_left_out(made: GitRepository, repository: Repository) -> None:
    base = made.commit({"a.py": "a\n"})
    made.git("update-index", "--add", "--cacheinfo", f"160000,{base},module")
    made.git("commit", "-qm", "a submodule")

    assert list(repository.tree("HEAD").entries()) == ["a.py"]
    assert repository.diff(base, "HEAD") == ()


def test_a_file_that_is_not_there_or_too_large_cannot_be_read(
    made: GitRepository, repository: Repository
) -> None:
    made.commit({"large.py": b"#" * (READ_LIMIT + 1)})

    for path in ("missing.py", "large.py"):
        with pytest.raises(UnreadableFileError, match=path):
            repository.tree("HEAD").read(path)


def test_a_damaged_blob_costs_only_itself(made: GitRepository, repository: Repository) -> None:
    made.commit({"bad.py": "bad\n", "good.py": "good\n"})
    blob = made.git("rev-parse", "HEAD:bad.py").strip()
    tree = repository.tree("HEAD")
    tree.entries()
    file = made.path / ".git" / "objects" / blob[:2] / blob[2:]
    file.chmod(0o600)
    file.write_bytes(b"damaged")

    with pytest.raises(UnreadableFileError):
        tree.read("bad.py")

    assert tree.read("good.py") == b"good\n"


def test_every_kind_of_change_is_told(made: GitRepository, repository: Repository) -> None:
    lines = [f"line {number}\n" for number in range(40)]
    same = "".join(f"same {number}\n" for number in range(9))
    base = made.commit(
        {
            "changed.py": "".join(lines),
            "moved.py": same,
            "moved_changed.py": "".join(lines) + "tail\n",
            "mode.py": "m\n",
            "gone.py": "gone\n",
            'quo"ted é.py': "q\n",
            "to_link.py": "to link\n",
            "binary.py": b"\0\1",
            "crlf.py": "a\r\nb\r\n",
        }
    )
    lines[2] = "new 2\n"
    lines[30] = "new 30\nnew 31\n"
    made.write(
        {
            "changed.py": "".join(lines),
            "moved.py": None,
            "pkg/moved.py": same,
            "moved_changed.py": None,
            "pkg/moved_changed.py": "".join(lines[5:30]) + "tail",
            "gone.py": None,
            'quo"ted é.py': "q\nr",
            "to_link.py": None,
            "binary.py": b"\0\2",
            "crlf.py": "a\r\nB\r\n",
            "added.py": "a",
            "empty.py": "",
        }
    )
    (made.path / "mode.py").chmod(0o755)
    (made.path / "to_link.py").symlink_to("mode.py")
    head = made.commit()

    none: frozenset[int] = frozenset()
    assert repository.diff(base, head) == (
        ChangedFile("added.py", None, "added", (Hunk(1, 1),), frozenset({1})),
        ChangedFile("binary.py", "binary.py", "modified", (), none),
        ChangedFile(
            "changed.py",
            "changed.py",
            "modified",
            (Hunk(1, 6), Hunk(28, 35)),
            frozenset({3, 31, 32}),
        ),
        ChangedFile("crlf.py", "crlf.py", "modified", (Hunk(1, 2),), frozenset({2})),
        ChangedFile("empty.py", None, "added", (), none),
        ChangedFile("gone.py", "gone.py", "removed", (), none),
        ChangedFile("mode.py", "mode.py", "modified", (), none),
        ChangedFile("pkg/moved.py", "moved.py", "renamed", (), none),
        ChangedFile(
            "pkg/moved_changed.py",
            "moved_changed.py",
            "renamed",
            (Hunk(1, 3), Hunk(23, 26)),
            frozenset({26}),
        ),
        ChangedFile('quo"ted é.py', 'quo"ted é.py', "modified", (Hunk(1, 2),), frozenset({2})),
        ChangedFile("to_link.py", "to_link.py", "removed", (), none),
    )


def test_attributes_and_drivers_of_the_repository_are_not_honoured(
    made: GitRepository, repository: Repository, tmp_path: Path
) -> None:
    base = made.commit({"a.py": "a\n", ".gitattributes": "*.py -diff diff=evil filter=evil\n"})
    for key in ("diff.evil.textconv", "diff.evil.command", "diff.external"):
        made.git("config", key, f"touch {tmp_path}/ran")
    head = made.commit({"a.py": "a\nb\n"})
    (tmp_path / "ran").unlink(missing_ok=True)

    assert repository.diff(base, head) == (
        ChangedFile("a.py", "a.py", "modified", (Hunk(1, 2),), frozenset({2})),
    )
    assert not (tmp_path / "ran").exists()


def test_revisions_are_resolved_to_commits(made: GitRepository, repository: Repository) -> None:
    sha = made.commit()
    made.git("tag", "-am", "a tag", "v1")

    assert {repository.resolve(name) for name in ("HEAD", "main", "v1", sha[:9])} == {sha}


@pytest.mark.parametrize("revision", ["nope", "--all", "-h", "", "HEAD^9", "HEAD:a.py", "a\0b"])
def test_a_revision_that_is_not_there_is_named(
    made: GitRepository, repository: Repository, revision: str
) -> None:
    made.commit({"a.py": "a\n"})

    with pytest.raises(UnknownRevisionError) as caught:
        repository.resolve(revision)

    assert str(caught.value) == f"{made.path} has no commit {revision!r}."


def test_the_merge_base_of_two_branches_is_where_they_part(
    made: GitRepository, repository: Repository
) -> None:
    base = made.commit()
    made.git("checkout", "-qb", "topic")
    made.commit({"a.py": "a\n"})
    made.git("checkout", "-q", "main")
    made.commit({"b.py": "b\n"})

    assert repository.merge_base("main", "topic") == base


def test_unrelated_histories_have_no_merge_base(
    made: GitRepository, repository: Repository
) -> None:
    made.commit({"a.py": "a\n"})
    made.git("checkout", "-q", "--orphan", "other")
    made.commit({"b.py": "b\n"})

    with pytest.raises(UnrelatedHistoriesError) as caught:
        repository.merge_base("main", "other")

    assert str(caught.value) == (
        "'main' and 'other' have no common ancestor: their histories are unrelated."
    )


def test_a_shallow_clone_is_read_and_says_when_it_is_too_shallow(
    made: GitRepository, tmp_path: Path
) -> None:
    first = made.commit({"a.py": "a\n"})
    made.git("checkout", "-qb", "topic")
    made.commit({"a.py": "b\n"})
    made.git("checkout", "-q", "main")
    made.commit({"b.py": "b\n"})
    made.git("clone", "-q", "--depth=1", "--no-single-branch", f"file://{made.path}", "../shallow")

    with Repository(tmp_path / "shallow") as shallow:
        assert shallow.tree("main").read("b.py") == b"b\n"
        with pytest.raises(UnrelatedHistoriesError, match="too shallow"):
            shallow.merge_base("main", "origin/topic")
        with pytest.raises(UnknownRevisionError, match="shallow clone"):
            shallow.resolve(first)


def test_bare_repositories_worktrees_and_folders_inside_are_read(
    made: GitRepository, tmp_path: Path
) -> None:
    sha = made.commit({"pkg/a.py": "a\n"})
    made.git("clone", "-q", "--bare", ".", "../bare.git")
    made.git("worktree", "add", "-q", "../linked", "-b", "linked")

    for path in ("bare.git", "linked", "linked/pkg", "made/pkg/a.py", "made/.git"):
        with Repository(tmp_path / path) as opened:
            assert opened.tree(sha).read("pkg/a.py") == b"a\n"


def test_a_repository_of_another_user_is_read(made: GitRepository) -> None:
    made.commit({"a.py": "a\n"})
    if os.geteuid() == 0:  # Only root can give a repository away.
        for path in (made.path, made.path / ".git"):
            os.chown(path, 12345, 12345)

    with Repository(made.path) as opened:
        assert opened.tree("HEAD").read("a.py") == b"a\n"


def test_the_git_variables_of_a_hook_lead_nobody_astray(
    made: GitRepository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made.commit({"a.py": "a\n"})
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(tmp_path / "index"))

    with Repository(made.path) as opened:
        assert list(opened.tree("HEAD").entries()) == ["a.py"]


def test_a_sha256_repository_is_refused(tmp_path: Path) -> None:
    GitRepository(tmp_path / "other", "--object-format=sha256")

    with pytest.raises(UnsupportedRepositoryError, match="SHA-256"):
        Repository(tmp_path / "other")


def test_what_is_not_a_repository_is_refused(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()

    for name, reason in (("folder", "is not in a git repository"), ("none", "does not exist")):
        with pytest.raises(NotARepositoryError, match=reason):
            Repository(tmp_path / name)
