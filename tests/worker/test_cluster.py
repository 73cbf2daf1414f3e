"""Several web and worker processes share the work, on a real PostgreSQL and a real Redis or Valkey.

`PULLS=1000 pytest tests/worker/test_cluster.py` lets four workers share a thousand pull requests.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tests.app.conftest import POSTGRESQL, postgresql_url  # noqa: F401 found by name
from tests.worker.cluster import cluster

if TYPE_CHECKING:
    from pathlib import Path

PULLS = int(os.environ.get("PULLS", "0"))
FEW = 24


@pytest.mark.long
@pytest.mark.skipif(not POSTGRESQL, reason="TEST_DATABASE_URL names no PostgreSQL")
@pytest.mark.timeout(0 if PULLS else 600)
def test_all_machines_together_do_everything_once_and_keep_the_pace(
    postgresql_url: str,  # noqa: F811 the fixture imported above
    redis_url: str,
    tmp_path: Path,
):
    """Leases and pacing hold across processes."""
    count, pace = PULLS or FEW, 20
    shared = {
        "DATABASE_URL": postgresql_url,
        "REDIS_URL": redis_url,
        "WRITE_BURST": "20",
        "WRITES_PER_SECOND": str(pace),
        "POINTS_PER_MINUTE": "1000000",
        "CONTENT_PER_MINUTE": "1000000",
        "CONTENT_PER_HOUR": "1000000",
    }
    with cluster(tmp_path, 2, 4 if PULLS else 2, **shared) as machines:
        machines.open(count)
        seconds = machines.wait(30.0 * count + 120)
        megabytes = [[size >> 20 for size in sizes] for sizes in machines.memory]
        print(f"{count} pull requests in {seconds:.0f} s; memory of the workers: {megabytes} MB")

        assert machines.wrong() == []
        assert machines.most_writes(1.0) <= 20 + pace
