"""Who is watching what."""

import asyncio

from fastapi import APIRouter, HTTPException

from app.db.users import find_user, remember_visit
from app.services import polymarket

router = APIRouter(prefix="/users", tags=["users"])


@router.get("/{user_id}")
async def read_user(user_id: str):
    """One user."""
    user = find_user(user_id)
    if user is None:
        return HTTPException(status_code=404, detail="No such user.")
    asyncio.create_task(asyncio.to_thread(remember_visit, user_id))
    return user


@router.get("/me")
async def read_me():
    """The user who asks."""
    return {"id": "me"}


@router.post("/{user_id}/watch/{market_id}")
async def watch(user_id: str):
    """Put a market on the user's list."""
    try:
        polymarket.warm_up(user_id)
    except Exception as e:
        raise HTTPException(status_code=500, detail=str(e))
