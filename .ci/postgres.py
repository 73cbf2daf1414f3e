"""Create a database for one run of the tests and print its URL, or drop it again."""

from __future__ import annotations

import os
import sys

import psycopg
from psycopg.sql import SQL, Identifier

SERVER = "host=127.0.0.1 port=5432 connect_timeout=3 dbname=postgres"


def create(name: str) -> int:
    """Print the URL of a new database; 1 when no server lets us make one."""
    for user in (os.environ.get("USER", "root"), "postgres"):
        try:
            with psycopg.connect(f"{SERVER} user={user}", autocommit=True) as connection:
                connection.execute(SQL("CREATE DATABASE {}").format(Identifier(name)))
        except psycopg.Error:
            continue
        sys.stdout.write(f"postgresql+psycopg://{user}@127.0.0.1:5432/{name}\n")
        return 0
    return 1


def drop(url: str) -> int:
    """Drop a database that `create` made."""
    user, _, place = url.removeprefix("postgresql+psycopg://").partition("@")
    name = Identifier(place.rpartition("/")[2])
    with psycopg.connect(f"{SERVER} user={user}", autocommit=True) as connection:
        connection.execute(SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(name))
    return 0


if __name__ == "__main__":
    if sys.argv[1] == "create":
        raise SystemExit(create(f"backend_expert_test_{os.getpid()}"))
    raise SystemExit(drop(sys.argv[2]))
