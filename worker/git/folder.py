"""Files on disk as a tree, for `backend-expert check PATH...`."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from rules.core.change import Entry, UnreadableFileError
from worker.git.command import GitError, run

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from pathspec import GitIgnoreSpec

    type Rules = tuple[tuple[Path, GitIgnoreSpec], ...]

SKIPPED = frozenset(
    {"__pycache__", "node_modules", "site-packages", "third_party", "vendor", "_vendor", "venv"}
)
"""Folders that hold other people's code, left out unless given themselves."""

SHOWN = frozenset({".github"})
"""Hidden folders that are looked into all the same."""


class FolderTree:
    """The files in some folders, and single files, by their path as seen from `start`, a `Tree`.

    Within a git repository what git ignores is left out, elsewhere what `.gitignore` files name;
    so are hidden folders, virtual environments and vendored code. What is given itself is always
    looked into. Raises `FileNotFoundError` for a path that does not exist.
    """

    def __init__(self, paths: Iterable[Path | str], *, start: Path | None = None) -> None:
        self._start = start or Path.cwd()
        self._files: dict[str, Path] = {}
        self._entries: dict[str, Entry] | None = None
        for given in paths:
            for path in _files(self._start / given):
                self._files.setdefault(self._name(path), path)

    def _name(self, path: Path) -> str:
        absolute = Path(os.path.normpath(path))
        inside = absolute.is_relative_to(self._start)
        name = os.fsencode((absolute.relative_to(self._start) if inside else absolute).as_posix())
        return name.decode("utf-8", "backslashreplace")

    def entries(self) -> Mapping[str, Entry]:
        """Every file; its id changes when the file does, without the file being read."""
        if self._entries is None:
            found = ((name, _entry(path)) for name, path in sorted(self._files.items()))
            self._entries = {name: entry for name, entry in found if entry is not None}
        return self._entries

    def read(self, path: str) -> bytes:
        """The content of a file; raises `UnreadableFileError`."""
        try:
            return self._files[path].read_bytes()
        except (KeyError, OSError) as error:
            reason = error.strerror if isinstance(error, OSError) else "not in this folder"
            message = f"{path} cannot be read: {reason}"
            raise UnreadableFileError(message) from error


def _entry(path: Path) -> Entry | None:
    try:
        about = path.stat()
    except OSError:
        return None
    if not stat.S_ISREG(about.st_mode):  # A pipe or a device would block or never end.
        return None
    facts = (about.st_dev, about.st_ino, about.st_size, about.st_mtime_ns, about.st_ctime_ns)
    return Entry("stat:" + ":".join(map(str, facts)), about.st_size)


def _files(given: Path) -> Iterator[Path]:
    if not given.exists():
        message = f"{given} does not exist"
        raise FileNotFoundError(message)
    if not given.is_dir():
        return iter((given,))
    listed = _listed_by_git(given)
    return _walk(given) if listed is None else listed


def _listed_by_git(folder: Path) -> Iterator[Path] | None:
    """The tracked and the not ignored files, or None outside of a repository's worktree."""
    if not any((parent / ".git").exists() for parent in (folder, *folder.absolute().parents)):
        return None
    options = ["-z", "--cached", "--others", "--exclude-standard", "--deduplicate"]
    try:
        listing = run(["ls-files", *options, "--", "."], cwd=folder)
    except GitError:
        return None
    if not listing:  # The folder itself is ignored, and yet was asked for.
        return None
    paths = (Path(os.fsdecode(item)) for item in listing.split(b"\0") if item)
    return (
        folder / path
        for path in paths
        if not any(map(_is_skipped, path.parts[:-1])) and not (folder / path).is_symlink()
    )


def _is_skipped(name: str) -> bool:
    return name in SKIPPED or (name.startswith(".") and name not in SHOWN)


def _walk(folder: Path) -> Iterator[Path]:
    """Every file below, by an own stack of folders with the ignore rules that hold there."""
    pending: list[tuple[Path, Rules]] = [(folder, ())]
    while pending:
        place, rules = pending.pop()
        rules = (*rules, *_own_rules(place))
        for item in sorted(place.iterdir()):
            if item.is_symlink() or _is_ignored(item, rules):
                continue
            if not item.is_dir():
                yield item
            elif not _is_skipped(item.name) and not (item / "pyvenv.cfg").exists():
                pending.append((item, rules))


def _own_rules(place: Path) -> Iterator[tuple[Path, GitIgnoreSpec]]:
    file = place / ".gitignore"
    if file.is_file():
        # Slow to import and seldom needed.
        from pathspec import GitIgnoreSpec

        lines = file.read_text("utf-8", "replace").splitlines()
        yield place, GitIgnoreSpec.from_lines(lines)


def _is_ignored(item: Path, rules: Rules) -> bool:
    """The word of the deepest file that says anything of the item counts."""
    for place, spec in reversed(rules):
        name = item.relative_to(place).as_posix() + ("/" if item.is_dir() else "")
        verdict = spec.check_file(name).include
        if verdict is not None:
            return verdict
    return False
