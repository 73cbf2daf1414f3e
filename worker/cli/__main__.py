"""`python -m worker.cli` is `backend-expert`."""

from __future__ import annotations

from worker.cli.command import main

raise SystemExit(main())
