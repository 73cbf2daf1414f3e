"""The service of `tests/worker`, of which the stories tell."""

from tests.app.conftest import (  # noqa: F401 fixtures are found by name
    database_url,
    postgresql_url,
    sqlite_template,
)
from tests.worker.conftest import (  # noqa: F401
    github,
    redis_url,
    sandboxed,
    service,
    standing,
)
