"""No text that a pull request brings along may hold a rule up."""

from __future__ import annotations

from time import process_time

import pytest

from rules.catalog import all_rules
from rules.core.engine import check
from rules.core.project import Project
from rules.core.source import SourceFile
from rules.core.suppress import Suppressions

_RULES = tuple(all_rules().values())
_SMALL, _LARGE = 2_000, 20_000
_NOISE = 0.05
"""Seconds of the processor below which a comparison says nothing."""

_TEXT = '''
import logging, re, sqlite3
import httpx
from fastapi import APIRouter
from fastapi.responses import HTMLResponse, RedirectResponse

router = APIRouter()
logger = logging.getLogger(__name__)
API_KEY = TEXT
SCHEMA = """CREATE TABLE t (a TEXT TEXTPART)"""
INDEX = """CREATE INDEX i ON t (TEXTPART"""

@router.get("/x/" TEXT)
async def route(q: str, password: str = TEXT):
    """TEXTPART"""
    name = TEXT + q  # TEXTPART
    connection = sqlite3.connect("a.db")
    connection.execute(f"SELECT * FROM t WHERE a = '{q}' TEXTPART")
    connection.execute("SELECT a FROM t WHERE TEXTPART")
    logger.info(f"{password} TEXTPART")
    async with httpx.AsyncClient() as client:
        await client.get(f"https://TEXTPART/{q}", headers={"Authorization": TEXT})
    if password == TEXT:
        return RedirectResponse(TEXT)
    return HTMLResponse("<p>" + TEXT + f"<b>{name}</b>")
'''


def _seconds(piece: str, length: int) -> float:
    part = (piece * (length // len(piece) + 1))[:length]
    text = _TEXT.replace("TEXTPART", part).replace("TEXT", f'"{part}"')
    start = process_time()
    file = SourceFile("app/example.py", text)
    file.project = Project.of_files([SourceFile("app/example.py", text)])
    Suppressions.of(text)
    report = check(file, _RULES)
    assert report.crashes == ()
    return process_time() - start


@pytest.mark.parametrize(
    "piece",
    ["-", "a", "A", "0", " ", "(", "[", "<", "/", "'", "a ", "a.", "a, ", "a_", "=", "/*", "/* ", "/**/ ", "--",
     "eyJ.", "http://", "%s", "x=y&", ":a ", "?,", "SELECT ", "<a ", "a(", "FROM a, "],
)  # fmt: skip
def test_ten_times_the_text_takes_about_ten_times_as_long(piece: str) -> None:
    small = _seconds(piece, _SMALL)

    large = _seconds(piece, _LARGE)

    assert large < 15 * max(small, _NOISE)
