"""`python -m tests.github --port 9000`: a local GitHub as a process of its own."""

from __future__ import annotations

import argparse
import signal
import sys
import threading

from tests.github.local import LocalGitHub


def main() -> None:
    """Serve until SIGINT or SIGTERM; print the root URL first."""
    parser = argparse.ArgumentParser(prog="tests.github", description="A local GitHub.")
    parser.add_argument("--port", type=int, default=0, help="0 takes any free port")
    port = parser.parse_args().port
    done = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: done.set())
    with LocalGitHub(port) as github:
        sys.stdout.write(f"{github.url}\n")
        sys.stdout.flush()
        done.wait()


if __name__ == "__main__":
    main()
