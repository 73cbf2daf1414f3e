from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from worker.analysis.facts_cache import FactsCache

if TYPE_CHECKING:
    from pathlib import Path

PLENTY = 2**30


def test_facts_are_found_again_by_a_later_process(tmp_path: Path) -> None:
    with FactsCache(tmp_path, PLENTY) as cache:
        cache["a"] = b"\0a"
        cache.put_many({"b": b"", "c": b"c"})

    with FactsCache(tmp_path, PLENTY) as cache:
        assert dict(cache) == {"a": b"\0a", "b": b"", "c": b"c"}
        assert cache.get_many(["c", "a", "none"]) == {"a": b"\0a", "c": b"c"}
        assert "none" not in cache


def test_a_fact_can_be_replaced_and_removed(tmp_path: Path) -> None:
    with FactsCache(tmp_path, PLENTY) as cache:
        cache["a"] = b"old"
        cache["a"] = b"new"
        assert cache["a"] == b"new"
        del cache["a"]
        assert list(cache) == []
        with pytest.raises(KeyError):
            del cache["a"]


def test_versions_of_the_engine_do_not_see_each_others_facts(tmp_path: Path) -> None:
    with FactsCache(tmp_path, PLENTY, "1") as one, FactsCache(tmp_path, PLENTY, "2") as two:
        one["a"] = b"one"
        two["b"] = b"two"

        assert (dict(one), dict(two)) == ({"a": b"one"}, {"b": b"two"})


def test_many_keys_are_asked_for_at_once(tmp_path: Path) -> None:
    facts = {str(number): b"%d" % number for number in range(1200)}
    with FactsCache(tmp_path, PLENTY) as cache:
        cache.put_many(facts)

        assert cache.get_many(facts) == facts


def test_the_least_recently_used_facts_go_when_there_are_too_many(tmp_path: Path) -> None:
    with FactsCache(tmp_path, PLENTY) as cache:
        cache.put_many({str(number): os.urandom(5000) for number in range(200)})
    with closing(sqlite3.connect(tmp_path / "facts.sqlite3")) as connection, connection:
        connection.execute("UPDATE facts SET used = rowid")

    with FactsCache(tmp_path, 500_000) as cache:
        assert cache.get_many(["0"]), "which makes it the most recently used"

    with FactsCache(tmp_path, PLENTY) as cache:
        kept = [number for number in range(200) if str(number) in cache]
    assert 20 < len(kept) < 100
    assert kept == [0, *range(201 - len(kept), 200)]


def test_a_damaged_file_is_made_anew(tmp_path: Path) -> None:
    (tmp_path / "facts.sqlite3").write_bytes(b"not a database at all" * 1000)

    with FactsCache(tmp_path, PLENTY) as cache:
        cache["a"] = b"a"
        assert dict(cache) == {"a": b"a"}


def test_a_file_that_is_damaged_while_in_use_is_made_anew(tmp_path: Path) -> None:
    with FactsCache(tmp_path, PLENTY) as cache:
        cache.put_many({str(number): os.urandom(5000) for number in range(200)})
    size = (tmp_path / "facts.sqlite3").stat().st_size
    with (tmp_path / "facts.sqlite3").open("r+b") as file:
        file.seek(8192)
        file.write(os.urandom(size - 8192))

    with FactsCache(tmp_path, PLENTY) as cache:
        cache.get_many(map(str, range(200)))
        cache["a"] = b"a"
        assert cache["a"] == b"a"


def test_a_damaged_fact_was_never_there(tmp_path: Path) -> None:
    with FactsCache(tmp_path, PLENTY) as cache:
        cache.put_many({"a": b"a" * 100, "b": b"b"})
    with closing(sqlite3.connect(tmp_path / "facts.sqlite3")) as connection, connection:
        connection.execute("UPDATE facts SET value = zeroblob(99) WHERE key = ':a'")

    with FactsCache(tmp_path, PLENTY) as cache:
        assert cache.get_many(["a", "b"]) == {"b": b"b"}


def test_where_nothing_can_be_written_facts_last_as_long_as_the_cache(tmp_path: Path) -> None:
    (tmp_path / "facts.sqlite3").mkdir()

    with FactsCache(tmp_path, PLENTY) as cache:
        cache["a"] = b"a"
        assert cache["a"] == b"a"


WRITER = """
import sys
from pathlib import Path
from worker.analysis.facts_cache import FactsCache

with FactsCache(Path(sys.argv[1]), 2**30) as cache:
    for number in range(50):
        cache[f"{sys.argv[2]}{number}"] = b"value"
"""


def test_processes_share_a_cache(tmp_path: Path) -> None:
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path), name]) for name in "abc"
    ]
    assert [writer.wait() for writer in writers] == [0, 0, 0]

    with FactsCache(tmp_path, PLENTY) as cache:
        assert len(cache) == 150
