"""A real bare git repository, driven through the git command."""

from __future__ import annotations

import os
import subprocess
from functools import lru_cache
from typing import TYPE_CHECKING

from tests.github.state import now

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

CONFIG = {
    "uploadpack.allowAnySHA1InWant": "true",
    "uploadpack.allowFilter": "true",
    "http.receivepack": "true",
    "receive.advertisePushOptions": "false",
    "gc.auto": "0",
    "core.quotePath": "false",
}


def environment() -> dict[str, str]:
    """Return an environment in which no configuration of this machine reaches git."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    return {**kept, "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull}


class GitError(Exception):
    """git ended with an error; the text is what it said."""


class GitRepository:
    """One bare repository in `path`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.merge_base = lru_cache(maxsize=512)(self._merge_base)
        self.run_cached = lru_cache(maxsize=512)(self.run)

    def run(self, *arguments: str, data: bytes | None = None) -> bytes:
        """Run git here and return what it wrote. Raises `GitError`."""
        done = subprocess.run(
            ["git", "-C", str(self.path), *arguments],
            input=data,
            capture_output=True,
            env=environment(),
            check=False,
        )
        if done.returncode:
            raise GitError(done.stderr.decode(errors="replace").strip() or str(arguments))
        return done.stdout

    def create(self) -> None:
        """Make the folder a bare repository, configured as GitHub's are."""
        self.path.mkdir(parents=True)
        self.run("init", "--quiet", "--bare", "--template=", "--initial-branch=main")
        with (self.path / "config").open("a") as config:
            for key, value in CONFIG.items():
                section, name = key.split(".")
                config.write(f"[{section}]\n\t{name} = {value}\n")

    def resolve(self, revision: str) -> str | None:
        """Return the commit that `revision` names, or None."""
        try:
            return (
                self.run("rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}")
                .decode()
                .strip()
            )
        except GitError:
            return None

    def branch(self, name: str) -> str | None:
        """Return the head of a branch, or None."""
        return self.resolve(f"refs/heads/{name}")

    def refs(self) -> dict[str, str]:
        """Return every branch and tag with its commit."""
        lines = self.run(
            "for-each-ref", "--format=%(refname) %(objectname)", "refs/heads", "refs/tags"
        )
        return dict(line.split(" ", 1) for line in lines.decode().splitlines())

    def set_ref(self, ref: str, sha: str) -> None:
        """Point `ref` at `sha`, fast-forward or not."""
        self.run("update-ref", ref, sha)

    def delete_ref(self, ref: str) -> None:
        """Remove `ref`."""
        self.run("update-ref", "-d", ref)

    def _merge_base(self, one: str, other: str) -> str:
        try:
            return self.run("merge-base", one, other).decode().split()[0]
        except GitError:
            return one

    def is_ancestor(self, old: str, new: str) -> bool:
        """Whether `new` contains `old`."""
        return self.merge_base(old, new) == old

    def commit(
        self,
        branch: str,
        files: Mapping[str, str | bytes | None],
        *,
        message: str,
        author: str,
        parent: str | None,
        renames: Mapping[str, str] | None = None,
    ) -> str:
        """Commit `files` (None deletes) and `renames` (old to new path) on `branch`; return the SHA."""
        stream = [_heading(branch, message, author)]
        if parent:
            stream.append(f"from {parent}\n".encode())
        stream += [
            f"R {_quoted(old)} {_quoted(new)}\n".encode() for old, new in (renames or {}).items()
        ]
        stream += [_file(path, content) for path, content in files.items()]
        stream.append(b"\nget-mark :1\n")
        out = self.run(
            "fast-import", "--quiet", "--force", "--cat-blob-fd=1", data=b"".join(stream)
        )
        return out.decode().strip()

    def merge(self, base: str, head: str, message: str, author: str) -> str:
        """Return a new merge commit of two commits. Raises `GitError` on a conflict."""
        tree = self.run("merge-tree", "--write-tree", base, head).decode().split()[0]
        return self.commit_tree(tree, (base, head), message, author)

    def commit_tree(self, tree: str, parents: tuple[str, ...], message: str, author: str) -> str:
        """Return a new commit of `tree`."""
        who = ("-c", f"user.name={author}", "-c", f"user.email={_email(author)}")
        flags = [word for parent in parents for word in ("-p", parent)]
        out = self.run(*who, "commit-tree", tree, *flags, data=message.encode())
        return out.decode().strip()

    def blob(self, revision: str, path: str) -> bytes | None:
        """Return the bytes of a file, or None."""
        try:
            return self.run("cat-file", "blob", f"{revision}:{path}")
        except GitError:
            return None

    def fetch_from(self, other: GitRepository, sha: str) -> None:
        """Copy a commit and what it needs from `other`."""
        self.run("fetch", "--quiet", "--no-tags", str(other.path), sha)


def _heading(branch: str, message: str, author: str) -> bytes:
    who = f"{author} <{_email(author)}> {int(now().timestamp())} +0000"
    text = message.encode()
    lines = (
        f"commit refs/heads/{branch}\nmark :1\nauthor {who}\ncommitter {who}\ndata {len(text)}\n"
    )
    return lines.encode() + text + b"\n"


def _file(path: str, content: str | bytes | None) -> bytes:
    if content is None:
        return f"D {_quoted(path)}\n".encode()
    data = content.encode() if isinstance(content, str) else content
    return f"M 100644 inline {_quoted(path)}\ndata {len(data)}\n".encode() + data + b"\n"


def _quoted(path: str) -> str:
    escaped = path.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def _email(author: str) -> str:
    return f"{author}@users.noreply.github.com"
