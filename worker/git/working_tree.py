"""What is in a worktree but not committed yet, as a tree that can be compared with any commit."""

from __future__ import annotations

import shutil
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Self

from worker.git.command import GitError, run
from worker.git.repository import Repository


class WorkingTree:
    """The files of a worktree as they are on disk now, tracked or new, nothing ignored.

    Use it as a context manager: `repository` can read both the commits and `tree`, the id of a
    tree object. Objects are written to a temporary folder, the repository is left as it was, and
    no filter of its configuration runs.
    """

    tree: str
    repository: Repository

    def __init__(self, path: Path | str) -> None:
        found = run(["rev-parse", "--show-toplevel"], cwd=Path(path))
        self._top = Path(found.decode().rstrip("\n"))

    def __enter__(self) -> Self:
        self._folder = TemporaryDirectory(prefix="backend-expert-")
        self.objects = Path(self._folder.name)
        with Repository(self._top) as committed:
            self._extra = {
                "GIT_DIR": str(committed.git_dir),
                "GIT_WORK_TREE": str(self._top),
                "GIT_INDEX_FILE": str(self.objects / "index"),
                "GIT_OBJECT_DIRECTORY": str(self.objects),
                "GIT_ALTERNATE_OBJECT_DIRECTORIES": str(_objects_of(committed)),
            }
            self.tree = self._write_tree(committed)
        self.repository = Repository(self._top, objects=self.objects)
        return self

    def __exit__(self, *_: object) -> None:
        self.repository.close()
        self._folder.cleanup()

    def _git(self, *arguments: str, given: bytes = b"") -> bytes:
        return run(arguments, cwd=self._top, given=given, extra=self._extra)

    def _write_tree(self, committed: Repository) -> str:
        index = committed.git_dir / "index"
        if index.exists():
            shutil.copy2(index, self.objects / "index")
        changed = self._git("ls-files", "-z", "--modified", "--others", "--exclude-standard")
        paths = {path for path in changed.split(b"\0") if path}
        self._git("update-index", "-z", "--index-info", given=b"".join(map(self._item, paths)))
        return self._git("write-tree", "--missing-ok").decode().strip()

    def _item(self, path: bytes) -> bytes:
        """One line for `update-index --index-info`; a mode of 0 takes the path out."""
        file = self._top / path.decode("utf-8", "surrogateescape")
        if file.is_symlink() or not file.is_file():
            return b"0 " + b"0" * 40 + b"\t" + path + b"\0"
        sha = self._git("hash-object", "-w", "--no-filters", "--stdin", given=file.read_bytes())
        return b"100644 " + sha.strip() + b"\t" + path + b"\0"


def _objects_of(repository: Repository) -> Path:
    """The folder of objects; that of the main worktree when this is a linked one."""
    try:
        found = run([f"--git-dir={repository.git_dir}", "rev-parse", "--git-path", "objects"])
    except GitError:
        return repository.git_dir / "objects"
    return (repository.git_dir / found.decode().rstrip("\n")).resolve()
