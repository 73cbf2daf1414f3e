"""What was learnt of files already seen, on disk: a bounded mapping shared by all processes."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Iterator, MutableMapping
from contextlib import suppress
from hashlib import blake2b
from itertools import batched
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

SCHEMA = """
PRAGMA journal_mode = WAL;
PRAGMA synchronous = OFF;
PRAGMA busy_timeout = 2000;
CREATE TABLE IF NOT EXISTS facts (key TEXT PRIMARY KEY, used INTEGER NOT NULL, value BLOB NOT NULL);
CREATE INDEX IF NOT EXISTS facts_used ON facts (used);
"""

AT_ONCE = 500
"""Keys in one statement, so that what it answers stays small."""

FRESH = 3600
"""Seconds within which a use is not noted again, so that reading seldom writes."""


class FactsCache(MutableMapping[str, bytes]):
    """Facts by key in `folder`, about `max_bytes` large; the least recently used go first.

    `version` separates what different versions of the engine learnt. It is only a cache: what is
    damaged is thrown away and counts as never seen, and what cannot be written is not kept.
    """

    def __init__(self, folder: Path, max_bytes: int, version: str = "") -> None:
        with suppress(OSError):  # A folder that cannot be made is a file that cannot be opened.
            folder.mkdir(parents=True, exist_ok=True)
        self._path = folder / "facts.sqlite3"
        self._max_bytes = max_bytes
        self._prefix = f"{version}:"
        self._connection = self._open()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Make room if there is too much, and let go of the file."""
        self._guarded(self._evict)
        self._connection.close()

    def get_many(self, keys: Iterable[str]) -> dict[str, bytes]:
        """The known ones of these keys; faster than asking one by one."""
        found: dict[str, bytes] = {}
        for some in batched(keys, AT_ONCE):
            found |= self._guarded(lambda some=some: self._select(some)) or {}
        return found

    def put_many(self, facts: Mapping[str, bytes]) -> None:
        """Keep these; one transaction for all."""
        now = int(time.time())
        rows = [(self._prefix + key, now, _sealed(value)) for key, value in facts.items()]
        self._guarded(lambda: self._insert(rows))

    def __getitem__(self, key: str) -> bytes:
        return self.get_many([key])[key]

    def __setitem__(self, key: str, value: bytes) -> None:
        self.put_many({key: value})

    def __delitem__(self, key: str) -> None:
        sql = "DELETE FROM facts WHERE key = ?"
        cursor = self._guarded(lambda: self._connection.execute(sql, (self._prefix + key,)))
        if cursor is None or not cursor.rowcount:
            raise KeyError(key)

    def __iter__(self) -> Iterator[str]:
        sql = "SELECT key FROM facts WHERE substr(key, 1, ?) = ?"
        asked = (len(self._prefix), self._prefix)
        rows = self._guarded(lambda: self._connection.execute(sql, asked).fetchall()) or []
        return iter([key.removeprefix(self._prefix) for (key,) in rows])

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def _select(self, keys: tuple[str, ...]) -> dict[str, bytes]:
        rows = self._connection.execute(
            "SELECT key, used, value FROM facts WHERE key IN (SELECT value FROM json_each(?))",
            (json.dumps([self._prefix + key for key in keys]),),
        ).fetchall()
        now = int(time.time())
        self._connection.executemany(
            "UPDATE facts SET used = ? WHERE key = ?",
            [(now, key) for key, used, _ in rows if used < now - FRESH],
        )
        opened = ((key.removeprefix(self._prefix), _unsealed(value)) for key, _, value in rows)
        return {key: value for key, value in opened if value is not None}

    def _insert(self, rows: list[tuple[str, int, bytes]]) -> None:
        with self._connection:
            self._connection.execute("BEGIN")
            self._connection.executemany("INSERT OR REPLACE INTO facts VALUES (?, ?, ?)", rows)

    def _evict(self) -> None:
        """Remove the tenth least recently used until the rest fits."""
        while self._size() > self._max_bytes:
            count = self._connection.execute("SELECT count(*) FROM facts").fetchone()[0]
            if not count:
                return
            self._connection.execute(
                "DELETE FROM facts WHERE key IN (SELECT key FROM facts ORDER BY used LIMIT ?)",
                (count // 10 + 1,),
            )

    def _size(self) -> int:
        pages, free, size = (
            self._connection.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("page_count", "freelist_count", "page_size")
        )
        return (pages - free) * size

    def _guarded[Result](self, work: Callable[[], Result]) -> Result | None:
        """Do it; None when the file is busy, full or damaged, after making a new one of that."""
        try:
            return work()
        except sqlite3.OperationalError:  # Busy, read-only, no room: another time, perhaps.
            return None
        except sqlite3.DatabaseError:
            self._connection.close()
            self._remove()
            self._connection = self._open()
            return None

    def _open(self) -> sqlite3.Connection:
        try:
            return self._connect(str(self._path))
        except sqlite3.DatabaseError:
            self._remove()
        try:
            return self._connect(str(self._path))
        except sqlite3.DatabaseError:  # Nothing can be kept here; forget at the end.
            return self._connect(":memory:")

    def _connect(self, name: str) -> sqlite3.Connection:
        connection = sqlite3.connect(name, isolation_level=None)
        try:
            connection.executescript(SCHEMA)
        except sqlite3.DatabaseError:
            connection.close()
            raise
        return connection

    def _remove(self) -> None:
        for suffix in ("", "-wal", "-shm"):
            with suppress(OSError):
                self._path.with_name(self._path.name + suffix).unlink()


def _sealed(value: bytes) -> bytes:
    return blake2b(value, digest_size=8).digest() + value


def _unsealed(sealed: bytes) -> bytes | None:
    """The value, or None if a byte of it is not what was written."""
    value = sealed[8:]
    return value if _sealed(value) == sealed else None
