"""What the files of a project together say about its database."""

from __future__ import annotations

from rules.core.project import Project
from rules.core.source import SourceFile

CONNECTION = """\
import sqlite3


def connect():
    connection = sqlite3.connect("news.db", timeout=10)
    connection.execute("PRAGMA journal_mode = WAL")
    return connection


def finish(connection):
    connection.commit()


def add(connection: sqlite3.Connection, title: str) -> None:
    connection.execute("INSERT INTO articles VALUES (?)", (title,))
"""

SERVICE = """\
from app.connection import add, connect, finish


def save(title: str) -> None:
    connection = connect()
    add(connection, title)
    finish(connection)
"""


def _project() -> Project:
    return Project.of_files(
        [
            SourceFile("app/connection.py", CONNECTION),
            SourceFile("app/service.py", SERVICE),
        ]
    )


def test_who_commits_is_known_through_calls() -> None:
    database = _project().database

    found = {
        name: database.commits(name)
        for name in ("app.connection.finish", "app.service.save", "app.connection.add")
    }

    assert found == {
        "app.connection.finish": True,
        "app.service.save": True,
        "app.connection.add": False,
    }


def test_who_opens_and_who_writes_is_known() -> None:
    database = _project().database

    assert database.opens("app.connection.connect")
    assert database.writes("app.connection.add")
    assert not database.writes("app.service.save")


def test_pragmas_and_timeouts_are_found_anywhere() -> None:
    project = _project()

    assert project.pragmas() == {"journal_mode=wal", "timeout"}
    assert [(c.path, c.line, c.driver) for c in project.database.connects] == [
        ("app/connection.py", 5, "sqlite3")
    ]
