"""What a child process does: read the change, review it, and tell what happens on the way."""

from __future__ import annotations

import faulthandler
import functools
import json
import os
import pickle
import pkgutil
import resource
import signal
import sys
import traceback
import warnings
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

import rules
from worker.analysis.facts_cache import FactsCache
from worker.git.command import GitError

if TYPE_CHECKING:
    import socket
    from collections.abc import Generator, Mapping, MutableMapping

    from worker.analysis.job import Job, Limits

OUT_OF_MEMORY = b'{"failed": "the analysis ran out of memory"}\n'
"""Written before it is needed, when there is no memory left to write it."""


def review_in_child(pickled: bytes, channel: socket.socket) -> None:
    """Do the job and report on the channel, one JSON object a line; never raises.

    `{"at": PATH}` before a file, then one of `{"result": REVIEW}`, `{"failed": SENTENCE}` (the
    file is to blame) and `{"error": SENTENCE}` (the repository is).
    """
    job: Job = pickle.loads(pickled)  # noqa: S301 written by our own parent
    try:
        _settle_down(job.limits)
        _review(job, channel)
    except MemoryError:
        channel.sendall(OUT_OF_MEMORY)
    except (GitError, FileNotFoundError) as error:
        _send(channel, {"error": str(error)})
    except Exception as error:  # noqa: BLE001 the outermost boundary of this process
        reason = f"the analysis failed ({type(error).__name__})"
        _send(channel, {"failed": reason, "trace": traceback.format_exc()[-8000:]})


def _review(job: Job, channel: socket.socket) -> None:
    review = pkgutil.resolve_name(job.analyse)

    def progress(path: str) -> None:
        _send(channel, {"at": path})

    with job.source.opened(job.files) as change, _facts(job) as facts:
        result = review(
            change,
            job.config,
            facts=facts,
            avoid=job.avoid,
            progress=progress,
            full=job.full,
            fixes=job.fixes,
            **({"wanted": job.wanted} if job.wanted else {}),
        )
    _send(channel, {"result": result.to_json()})


def _send(channel: socket.socket, message: Mapping[str, object]) -> None:
    channel.sendall(json.dumps(message).encode("ascii") + b"\n")


def _settle_down(limits: Limits) -> None:
    """Take on the limits, and be silent: parsing hostile code warns on standard error."""
    warnings.simplefilter("ignore")
    silence = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(silence, stream)
    os.nice(limits.niceness)
    _bound(resource.RLIMIT_CORE, 0)
    # The soft limit ends it by SIGXCPU, by which it is told; the hard one would by SIGKILL.
    _bound(resource.RLIMIT_CPU, limits.cpu_seconds, limits.cpu_seconds + 1)
    _bound(resource.RLIMIT_NOFILE, limits.open_files)
    if sys.platform == "linux":  # Elsewhere the address space says nothing of the memory used.
        _bound(resource.RLIMIT_AS, _address_space() + limits.memory_bytes)


def _address_space() -> int:
    """Bytes that this process has mapped; a fork starts with all that its parent had."""
    pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[0]
    return int(pages) * resource.getpagesize()


def _bound(what: int, soft: int, hard: int | None = None) -> None:
    wanted = (soft, soft if hard is None else hard)
    _, most = resource.getrlimit(what)
    if most != resource.RLIM_INFINITY:
        wanted = (min(wanted[0], most), min(wanted[1], most))
    resource.setrlimit(what, wanted)


@contextmanager
def _facts(job: Job) -> Generator[MutableMapping[str, bytes]]:
    if job.cache is None:
        yield {}
        return
    with FactsCache(job.cache, job.limits.cache_bytes, engine_version()) as cache:
        yield cache


@functools.cache
def engine_version() -> str:
    """Changes whenever the rules or the Python that parses do."""
    root = Path(rules.__file__).parent
    files = ((path, path.stat()) for path in sorted(root.rglob("*.py")))
    seen = [(path.name, about.st_size, about.st_mtime_ns) for path, about in files]
    return sha256(repr((sys.version, seen)).encode()).hexdigest()[:16]


def forget_the_parent() -> None:
    """Undo what a fork inherits: its signal handlers are not ours."""
    faulthandler.disable()
    signal.set_wakeup_fd(-1)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGCHLD):
        signal.signal(number, signal.SIG_DFL)
