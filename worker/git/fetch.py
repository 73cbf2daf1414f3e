"""One `git fetch` over the network, watched, and what went wrong with it in our own words."""

from __future__ import annotations

import asyncio
import base64
import os
import re
import signal
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from worker.git.command import OPTIONS, GitError, environment, last_words

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

REFS = "refs/backend-expert"
"""Each fetched commit stays under a ref of its own; without one it would be fetched again."""

SETTINGS = (
    "-c",
    "gc.auto=0",
    "-c",
    "maintenance.auto=false",
    "-c",
    "fetch.fsckObjects=false",
    "-c",
    "transfer.credentialsInUrl=die",
    "-c",
    "credential.helper=",
    "-c",
    "http.lowSpeedLimit=1000",
    "-c",
    "http.lowSpeedTime=30",
)

FETCH_OPTIONS = (
    "--quiet",
    "--depth=1",
    "--no-tags",
    "--no-write-fetch-head",
    "--no-recurse-submodules",
    "--no-auto-maintenance",
    "--force",
    "--end-of-options",
)


class FetchError(GitError):
    """A repository could not be fetched."""


class AuthenticationFailedError(FetchError):
    """The token is missing, expired, or may not read this repository (HTTP 401 or 403)."""


class RepositoryNotFoundError(FetchError):
    """There is no such repository, or the token does not see it (HTTP 404)."""


class CommitNotFoundError(FetchError):
    """The repository does not have the commit (any more)."""


class TransientFetchError(FetchError):
    """The network or the server failed in a way that may pass; try again later."""


class DamagedMirrorError(FetchError):
    """The local mirror is not usable; fetching into a new one may be."""


MEANINGS: tuple[tuple[re.Pattern[str], type[FetchError]], ...] = (
    (
        re.compile(r"Authentication failed|could not read (Username|Password)|error: 40[13]\b"),
        AuthenticationFailedError,
    ),
    (re.compile(r"repository '.*' not found|error: 404\b"), RepositoryNotFoundError),
    (
        re.compile(r"not our ref|couldn't find remote ref|unadvertised object"),
        CommitNotFoundError,
    ),
    (
        re.compile(
            r"unable to access|Could not resolve|RPC failed|early EOF|hung up|timed out"
            r"|unexpected disconnect|Connection (reset|refused)|error: (429|5\d\d)\b"
            r"|remote error|expected flush|protocol error|No space left"
        ),
        TransientFetchError,
    ),
)
"""What git says on standard error to what it means; the first that matches counts."""


async def fetch_commits(
    mirror: Path, clone_url: str, shas: Sequence[str], token: str | None, *, seconds: float
) -> None:
    """Fetch just these commits, without history, each to a ref of its own; raises `FetchError`.

    The token reaches git by its environment alone: neither the command line nor any file has it.
    """
    refspecs = [f"+{sha}:{REFS}/{sha}" for sha in shas]
    header = authorization(clone_url, token)
    access = {"GIT_ALLOW_PROTOCOL": "http:https", **header}
    try:
        await run_watched(
            [f"--git-dir={mirror}", *SETTINGS, "fetch", *FETCH_OPTIONS, clone_url, *refspecs],
            extra=access,
            seconds=seconds,
        )
    except TimeoutError:
        message = f"fetching took longer than {seconds:.0f} s and was stopped"
        raise TransientFetchError(message) from None
    except GitError as error:
        raise _meaning(str(error), [token or "", *header.values()]) from None


def _meaning(said: str, secrets: Sequence[str]) -> FetchError:
    for secret in filter(None, secrets):
        said = said.replace(secret, "***")
    for pattern, meaning in MEANINGS:
        if pattern.search(said):
            return meaning(said)
    return DamagedMirrorError(said)


def authorization(clone_url: str, token: str | None) -> dict[str, str]:
    """Environment variables that make git send the token to the server of this URL only."""
    url = urlsplit(clone_url)
    if url.scheme not in ("http", "https") or not url.hostname or "@" in url.netloc:
        message = "the clone URL is not an http(s) URL without credentials"
        raise RepositoryNotFoundError(message)
    if not token:
        return {}
    credentials = base64.b64encode(f"x-access-token:{token}".encode()).decode("ascii")
    return {
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"http.{url.scheme}://{url.netloc}/.extraHeader",
        "GIT_CONFIG_VALUE_0": f"Authorization: Basic {credentials}",
    }


async def run_watched(
    arguments: Sequence[str],
    *,
    extra: Mapping[str, str] | None = None,
    given: bytes = b"",
    seconds: float = 60,
) -> bytes:
    """The standard output of git; it and its children are killed on a timeout or cancellation.

    Raises `GitError` with git's last words, or `TimeoutError`.
    """
    process = await asyncio.create_subprocess_exec(
        "git",
        *OPTIONS,
        *arguments,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=environment(extra),
        start_new_session=True,
    )
    try:
        async with asyncio.timeout(seconds):
            output, said = await process.communicate(given)
    finally:
        if process.returncode is None:
            os.killpg(process.pid, signal.SIGKILL)
            await process.wait()
    if process.returncode:
        raise GitError(last_words(said))
    return output
