from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from rules.core.change import ChangedFile, Hunk, UnreadableFileError
from tests.worker.git.git_repository import GitRepository
from worker.git.folder import FolderTree
from worker.git.working_tree import WorkingTree

if TYPE_CHECKING:
    from pathlib import Path


def write(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)


def test_a_folder_outside_of_git_is_walked(tmp_path: Path) -> None:
    write(
        tmp_path,
        "a.py",
        "pkg/b.py",
        "pkg/.hidden/c.py",
        ".github/backend-expert.toml",
        "env/pyvenv.cfg",
        "env/lib/d.py",
        "node_modules/e.py",
        "pkg/_vendor/f.py",
    )
    (tmp_path / "link.py").symlink_to("a.py")
    os.mkfifo(tmp_path / "pipe")

    tree = FolderTree([tmp_path], start=tmp_path)

    assert list(tree.entries()) == [".github/backend-expert.toml", "a.py", "pkg/b.py"]
    assert tree.read("pkg/b.py") == b"pkg/b.py"


def test_gitignore_files_are_followed_without_git(tmp_path: Path) -> None:
    write(tmp_path, "a.py", "out/b.py", "pkg/c.gen.py", "pkg/kept.gen.py", "pkg/sub/d.gen.py")
    (tmp_path / ".gitignore").write_text("out/\n*.gen.py\n")
    (tmp_path / "pkg/.gitignore").write_text("!kept.gen.py\n")

    tree = FolderTree([tmp_path], start=tmp_path)

    assert [name for name in tree.entries() if name.endswith(".py")] == ["a.py", "pkg/kept.gen.py"]


def test_git_says_what_is_ignored_in_a_repository(tmp_path: Path) -> None:
    made = GitRepository(tmp_path)
    write(tmp_path, "a.py", "out/b.py", "forced/c.py", "new.py", "gone.py", ".hidden/d.py")
    (tmp_path / ".gitignore").write_text("out/\nforced/\n")
    made.git("add", "a.py", "gone.py")
    made.git("add", "-f", "forced/c.py")
    (tmp_path / "gone.py").unlink()

    tree = FolderTree([tmp_path], start=tmp_path)

    assert list(tree.entries()) == [".gitignore", "a.py", "forced/c.py", "new.py"]


def test_what_is_given_is_looked_into_though_it_is_ignored(tmp_path: Path) -> None:
    GitRepository(tmp_path)
    write(tmp_path, ".venv/lib/site-packages/a.py", ".venv/.gitignore", "b.py")
    (tmp_path / ".gitignore").write_text(".venv\n")

    tree = FolderTree([".venv/lib/site-packages", "b.py"], start=tmp_path)

    assert list(tree.entries()) == [".venv/lib/site-packages/a.py", "b.py"]


def test_a_single_file_is_read_whatever_its_name_and_place(tmp_path: Path) -> None:
    write(tmp_path, "here/x", "there/y.py")

    tree = FolderTree(["x", "../there/y.py"], start=tmp_path / "here")

    assert list(tree.entries()) == [str(tmp_path / "there/y.py"), "x"]
    assert tree.read("x") == b"here/x"


def test_a_changed_file_has_another_id(tmp_path: Path) -> None:
    write(tmp_path, "a.py")
    before = FolderTree(["a.py"], start=tmp_path).entries()
    same = FolderTree(["a.py"], start=tmp_path).entries()
    (tmp_path / "a.py").write_text("b.py")
    after = FolderTree(["a.py"], start=tmp_path).entries()

    assert before == same != after


def test_a_path_that_does_not_exist_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"none\.py does not exist"):
        FolderTree(["none.py"], start=tmp_path)


def test_a_file_that_vanished_cannot_be_read(tmp_path: Path) -> None:
    write(tmp_path, "a.py")
    tree = FolderTree(["a.py"], start=tmp_path)
    (tmp_path / "a.py").unlink()

    with pytest.raises(UnreadableFileError, match=r"a\.py cannot be read: No such file"):
        tree.read("a.py")


def test_uncommitted_work_is_compared_with_a_commit(tmp_path: Path) -> None:
    made = GitRepository(tmp_path / "made")
    base = made.commit({"a.py": "a\n", "gone.py": "g\n", "same.py": "s\n", ".gitignore": "out\n"})
    made.write({"a.py": "a\nb\n", "gone.py": None, "new.py": "n\n", "out": "ignored"})
    made.write({"staged.py": "s\nt\n"})
    made.git("add", "staged.py")
    objects = sorted((made.path / ".git/objects").rglob("*"))

    with WorkingTree(made.path) as working:
        files = working.repository.diff(base, working.tree)
        content = working.repository.tree(working.tree).read("a.py")

    assert content == b"a\nb\n"
    assert files == (
        ChangedFile("a.py", "a.py", "modified", (Hunk(1, 2),), frozenset({2})),
        ChangedFile("gone.py", "gone.py", "removed", (), frozenset()),
        ChangedFile("new.py", None, "added", (Hunk(1, 1),), frozenset({1})),
        ChangedFile("staged.py", None, "added", (Hunk(1, 2),), frozenset({1, 2})),
    )
    assert sorted((made.path / ".git/objects").rglob("*")) == objects


def test_uncommitted_work_in_a_linked_worktree_is_seen(tmp_path: Path) -> None:
    made = GitRepository(tmp_path / "made")
    made.commit({"a.py": "a\n"})
    made.git("worktree", "add", "-q", "../linked", "-b", "linked")
    (tmp_path / "linked/a.py").write_text("b\n")

    with WorkingTree(tmp_path / "linked") as working:
        assert working.repository.tree(working.tree).read("a.py") == b"b\n"
