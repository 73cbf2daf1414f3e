"""Running git: the same guarded environment for every command, and errors with a clear sentence."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

KEPT = frozenset(
    {
        "PATH",
        "TMPDIR",
        "SSL_CERT_FILE",
        "SSL_CERT_DIR",
        "GIT_SSL_CAINFO",
        "GIT_SSL_CAPATH",
        "HTTP_PROXY",
        "HTTPS_PROXY",
        "ALL_PROXY",
        "NO_PROXY",
    }
)
"""What git may see of our environment: how to reach the network. No secrets, no GIT_DIR of a hook."""

EMPTY_TREE = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"

OPTIONS = (
    "-c",
    "safe.directory=*",
    "-c",
    "core.hooksPath=/dev/null",
    "-c",
    "core.fsmonitor=false",
    "-c",
    "core.attributesFile=/dev/null",
    "-c",
    "core.bigFileThreshold=2m",
    # git maps a gigabyte of a pack at once, more than the memory limit of an analysis may leave.
    "-c",
    "core.packedGitWindowSize=32m",
    "-c",
    "core.packedGitLimit=256m",
)
"""Settings that keep a repository's own configuration from running or slowing anything."""


class GitError(Exception):
    """git could not do what was asked; the message is a sentence for the user."""


class NotARepositoryError(GitError):
    """The path is not inside a git repository."""


class UnsupportedRepositoryError(GitError):
    """A repository of a kind that cannot be reviewed, such as one with SHA-256 names."""


class UnknownRevisionError(GitError):
    """A revision that the repository does not have."""


class UnrelatedHistoriesError(GitError):
    """Two commits without a common ancestor in this repository."""


def environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment for git; it is passed on here, never read for a setting."""
    kept = {name: value for name, value in os.environ.items() if name.upper() in KEPT}
    return kept | {
        "LC_ALL": "C",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_NO_REPLACE_OBJECTS": "1",
        "GIT_ATTR_SOURCE": EMPTY_TREE,
        "GIT_ALLOW_PROTOCOL": "",
        **(extra or {}),
    }


def run(
    arguments: Sequence[str],
    *,
    cwd: Path | None = None,
    given: bytes | None = None,
    extra: Mapping[str, str] | None = None,
    timeout: float = 120,
) -> bytes:
    """The standard output of `git ARGUMENTS`; raises `GitError` with git's own last words."""
    try:
        done = subprocess.run(
            ["git", *OPTIONS, *arguments],
            cwd=cwd,
            input=given if given is not None else b"",
            env=environment(extra),
            capture_output=True,
            timeout=timeout,
            check=False,
        )
    except FileNotFoundError:
        message = "git is not installed, or the folder does not exist."
        raise GitError(message) from None
    except subprocess.TimeoutExpired:
        message = f"git took longer than {timeout:.0f} s and was stopped."
        raise GitError(message) from None
    if done.returncode:
        raise GitError(last_words(done.stderr))
    return done.stdout


def last_words(stderr: bytes) -> str:
    """The most telling line of git's standard error, without its `fatal:`."""
    lines = stderr.decode("utf-8", "replace").strip().splitlines()
    fatal = [line for line in lines if line.startswith(("fatal:", "error:"))]
    line = (fatal or lines or ["git failed without a word"])[-1]
    return line.removeprefix("fatal:").removeprefix("error:").strip()
