"""`python -m tests.demo [--once]`: what `make demo` runs."""

from __future__ import annotations

import argparse
import signal
import sys
import threading
from typing import TYPE_CHECKING

from rich.console import Console

from tests.demo.progress import check_of, follow
from tests.demo.review import show
from tests.demo.stage import REPOSITORY, DemoFailedError, open_pull_request, set_up

if TYPE_CHECKING:
    from tests.demo.stage import Stage
    from tests.github.state import PullRequest


def main() -> int:
    """Play it; status 0 only when the review was posted."""
    parser = argparse.ArgumentParser(prog="python -m tests.demo", description=__doc__)
    parser.add_argument("--once", action="store_true", help="stop after showing the review")
    once = parser.parse_args().once
    console = Console()
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        return _play(console, once=once)
    except DemoFailedError as error:
        console.print(f"[red]{error}[/]", highlight=False)
        return 1
    except KeyboardInterrupt:
        console.print("\nStopped.")
        return 130


def _play(console: Console, *, once: bool) -> int:
    with console.status("starting a local GitHub and the service …"):
        setting = set_up()
        stage = setting.__enter__()
    try:
        console.print(f"  [green]✓[/] local GitHub at {stage.github.url}")
        console.print(f"  [green]✓[/] service at {stage.url} (web, worker, Valkey, SQLite)")
        pull = open_pull_request(stage)
        console.print(f"  [green]✓[/] pull request opened: [bold]{pull.title}[/]")
        follow(console, stage, pull)
        show(console, stage.app, pull)
        _show_urls(console, stage, pull)
        if once:
            return 0 if pull.reviews else 1
        return _stay(console)
    finally:
        setting.__exit__(*sys.exc_info())


def _show_urls(console: Console, stage: Stage, pull: PullRequest) -> None:
    check = check_of(pull)
    repository = f"{stage.github.url}/{REPOSITORY}"
    pages = {
        "pull request": f"{repository}/pull/{pull.number}",
        "check": f"{repository}/checks/{check.id}" if check else "",
        "history": f"{stage.url}/pulls/{REPOSITORY}/{pull.number}",
    }
    console.print("\n[bold]Look at it[/]")
    for name, url in pages.items():
        console.print(f"  {name:<13} {url}", highlight=False, soft_wrap=True)


def _stay(console: Console) -> int:
    """Go on until Ctrl-C: the pages can be looked at meanwhile."""
    console.print("\nPress Ctrl-C to stop.")
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        console.print("\nStopped.")
    return 0


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    raise SystemExit(main())
