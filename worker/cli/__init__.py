"""The `backend-expert` command."""

from __future__ import annotations

from worker.cli.command import main

__all__ = ["main"]
