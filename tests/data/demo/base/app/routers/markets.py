"""Markets as we know them."""

from typing import Annotated

import aiosqlite
from fastapi import APIRouter, Depends, HTTPException, Query
from pydantic import BaseModel

from app.db.connection import connection

router = APIRouter(prefix="/markets", tags=["markets"])
Db = Annotated[aiosqlite.Connection, Depends(connection)]


class Market(BaseModel):
    """One market."""

    id: str
    question: str
    volume: float


@router.get("")
async def list_markets(db: Db, limit: Annotated[int, Query(ge=1, le=100)] = 20) -> list[Market]:
    """The markets with the most volume."""
    sql = "SELECT id, question, volume FROM markets ORDER BY volume DESC LIMIT ?"
    async with db.execute(sql, (limit,)) as cursor:
        rows = await cursor.fetchall()
    return [Market(id=row[0], question=row[1], volume=row[2]) for row in rows]


@router.get("/{market_id}", responses={404: {"description": "No such market"}})
async def read_market(market_id: str, db: Db) -> Market:
    """One market."""
    sql = "SELECT id, question, volume FROM markets WHERE id = ?"
    async with db.execute(sql, (market_id,)) as cursor:
        row = await cursor.fetchone()
    if row is None:
        raise HTTPException(status_code=404, detail="No such market.")
    return Market(id=row[0], question=row[1], volume=row[2])
