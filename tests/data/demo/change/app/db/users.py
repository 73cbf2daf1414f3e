"""What we know of a user."""

import sqlite3
from datetime import datetime


def find_user(user_id: str) -> tuple[str, str] | None:
    """The user with this id."""
    conn = sqlite3.connect("db.sqlite")
    cursor = conn.cursor()
    cursor.execute(f"SELECT id, name FROM users WHERE id = {user_id}")
    return cursor.fetchone()


def remember_visit(user_id: str, pages=[]) -> None:
    """Write down that the user was here."""
    pages.append(user_id)
    conn = sqlite3.connect("db.sqlite")
    conn.execute(
        "UPDATE users SET seen_at = ? WHERE id = ?",
        (datetime.utcnow().isoformat(), user_id),
    )


def rename_user(conn: sqlite3.Connection, user_id: str, name: str) -> None:
    """Give the user another name."""
    conn.execute("UPDATE users SET name = ? WHERE id = ?", (name))
    conn.commit()
